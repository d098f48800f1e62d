/** What is pinned for an execution: the plan, or where its pages lie, with all that its nodes need of it. */
import { append } from '../domain/append.js';
import type { AwaitSpec } from '../domain/awaited.js';
import { fitting, splitOf } from '../domain/budget.js';
import { SpecInvalidError } from '../domain/errors.js';
import { fault, type Fault } from '../domain/fault.js';
import { jsonBytes, type Json, type JsonObject } from '../domain/json.js';
import { INLINE_LIMIT, type Value } from '../domain/outcome.js';
import { bodiesOf, type NodeBody, type Plan } from '../domain/plan.js';
import { planPages } from '../domain/plan-page.js';
import type { ValidGraph } from '../domain/validate.js';
import { putJson, type BlobStore } from '../store/blob-store.js';
import type {
  ExecutionInfo,
  PagedBody,
  PlanPages,
  Prepared,
  PrepareResult,
} from '../workflows/requests.js';
import { partsOf, storeGiven } from './below-specs.js';
import type { Deps } from './deps.js';
import { closeLimits, openLimits, openPlace } from './limits.js';
import { recordOpen } from './record-open.js';

/** Faults in one answer, and their bytes: a payload has at most 2 MB. */
const MAX_FAULTS = 1_000;
const MAX_FAULT_BYTES = 500_000;
/** Bytes of what is pinned in the history. */
const MAX_PINNED_BYTES = 1_800_000;
/** Bytes of plan nodes in a page, well below the 2 MB that a payload may have. */
const PLAN_PAGE_BYTES = 1_000_000;
/** Each node reads the page that its body stands in. */
export const BODIES_PER_PAGE = 100;
/** Bytes of a body that has a blob of its own, so that a page stays small. */
const LARGE_BODY_BYTES = 4_096;
/** Metadata stand in the input of every node. */
const METADATA_INLINE = 512;

/** As many faults as fit into an answer. */
export const bounded = (faults: readonly Fault[]): Fault[] =>
  faults.slice(0, fitting(faults, MAX_FAULTS, MAX_FAULT_BYTES));

/** What an execution is pinned by, beside its plan. */
export interface PinParts {
  execution: Omit<ExecutionInfo, 'graph' | 'version' | 'hooks' | 'metadata'>;
  valid: ValidGraph;
  plan: Plan;
  /** Called with why it is refused after all. */
  refuse: (faults: readonly Fault[]) => void;
  /** More that is pinned: of an execution below another one. */
  more?: Pick<Prepared, 'below' | 'depth' | 'options' | 'rerun'>;
  /** Bytes of the nodes' bodies, where they are not the spec's. */
  bodies?: readonly NodeBody[];
  /** The workflow does not hold the spec, so every node's body is read from where it lies. */
  byReference?: boolean;
  /** It leaves its own row to the execution above it. */
  unrecorded?: boolean;
}

/** Pins an execution: limits opened, large values stored, the first row written. */
export async function pin(deps: Deps, parts: PinParts): Promise<PrepareResult> {
  const { execution, valid, plan, refuse } = parts;
  const { graph, submission: said } = valid;
  const executionId = execution.id;
  const metadata = { ...(graph.metadata ?? {}), ...(said.metadata ?? {}) } as JsonObject;
  const opening = {
    executionId,
    project: said.project,
    waits: (said.dependencies ?? []).length > 0,
  };
  const opened = await openLimits(deps, plan, opening);
  if ('faults' in opened) {
    deps.log.warn({ executionId, to: 'REJECTED' }, new SpecInvalidError(opened.faults).message);
    refuse(opened.faults);
    return opened;
  }
  const { limits } = opened;
  const place = parts.more?.below ? undefined : await placeOf(deps, execution.kind, plan, opening);
  const given = partsOf(plan);
  await storeGiven(deps.blobs, plan);
  const bodies = parts.bodies ?? bodiesOf(graph.tasks, plan);
  const split = splitOf(plan, jsonBytes(bodies), deps.settings, parts.byReference);
  const tags = [...new Set([...(graph.tags ?? []), ...(said.tags ?? [])])];
  // A lone task's execution has what its node has.
  const [lone = {}] = execution.kind === 'task' ? given : [];
  Object.assign(metadata, lone.metadata);
  append(tags, lone.tags ?? []);
  deps.log.info(
    {
      executionId,
      graph: graph.name,
      nodes: plan.nodes.length,
      split: split.pieces === 'segments',
      from: 'PENDING',
      to: 'RUNNING',
    },
    `${graph.name}: PENDING → RUNNING`,
  );
  const prepared: Prepared = {
    execution: {
      ...execution,
      graph: graph.name,
      version: graph.version,
      hooks: { pre: graph.hooks?.pre ?? [], post: graph.hooks?.post ?? [] },
      ...(Object.keys(metadata).length > 0
        ? { metadata: await inlineOrStored(deps.blobs, metadata, METADATA_INLINE) }
        : {}),
    },
    params: await inlineOrStored(deps.blobs, valid.params, paramsLimit(valid, plan)),
    serverWaitsMs: deps.settings.serverWaitsMs,
    ...(deps.recorder ? { records: true as const } : {}),
    plan:
      split.pieces === 'one' ? plan : await storePlan(deps, plan, bodies, split.nodesPerSegment),
    ...(tags.length > 0 ? { tags } : {}),
    ...(said.dependencies?.length ? { awaits: awaitSpec(said.dependencies, valid) } : {}),
    ...startOf(said.scheduledTime, execution.run),
    ...(limits.length > 0 ? { limits } : {}),
    ...(place ? { place } : {}),
    ...parts.more,
  };
  const bytes = jsonBytes(prepared);
  if (bytes <= MAX_PINNED_BYTES) {
    if (!parts.unrecorded)
      recordOpen(deps, prepared, plan, { graph, submission: said, metadata, tags, given });
    return { prepared };
  }
  await closeLimits(place ? [...limits, place.limit] : limits);
  const message = `the plan of this graph is ${bytes} bytes; the limit is ${MAX_PINNED_BYTES}`;
  return { faults: [fault([], 'TOO_LARGE', message, 'give fewer different retry options')] };
}

/** What runs below an execution is part of it; the items of a batch are executions of their own. */
async function placeOf(
  deps: Deps,
  kind: ExecutionInfo['kind'],
  plan: Plan,
  opening: Omit<Parameters<typeof openPlace>[2], 'weight'>,
): Promise<Prepared['place']> {
  const { maxConcurrentExecutions: max } = deps.settings;
  if (max === null) return undefined;
  const weight = kind === 'batch' ? Math.min(plan.nodes.length, plan.concurrency, max) : 1;
  if (kind === 'batch') plan.concurrency = weight;
  const limit = await openPlace(deps, plan, { ...opening, weight });
  return limit && { limit, weight };
}

function startOf(
  scheduledTime: ValidGraph['submission']['scheduledTime'],
  run: ExecutionInfo['run'],
): Pick<Prepared, 'startsAt'> {
  if (scheduledTime === undefined) return {};
  const isDelay = typeof scheduledTime === 'number';
  return { startsAt: isDelay ? run.startedAt + scheduledTime : Date.parse(scheduledTime) };
}

/** Longest that dependencies are waited for where nobody says otherwise. */
const DEPENDENCY_TIMEOUT_MS = 7 * 86_400_000;

function awaitSpec(dependencies: readonly string[], { graph, submission }: ValidGraph): AwaitSpec {
  const bound = Math.min(DEPENDENCY_TIMEOUT_MS, graph.deadline ?? Infinity);
  return {
    ids: [...new Set(dependencies)],
    trigger: submission.trigger ?? 'all_success',
    awaitUnknown: submission.awaitUnknown ?? false,
    timeoutMs: submission.dependencyTimeout ?? bound,
  };
}

/** Parameters stand in the input of every node that reads them: together at most a megabyte. */
function paramsLimit({ readsParams }: ValidGraph, plan: Plan): number {
  // Of a map, whose nodes all read the same, only the first was looked at.
  const each = plan.nodes.length / Math.max(1, readsParams.length);
  const readers = readsParams.filter(Boolean).length * each;
  return Math.min(INLINE_LIMIT, 1_000_000 / Math.max(1, readers));
}

/** A value itself, or where it lies if its JSON has more characters than that. */
export async function inlineOrStored(blobs: BlobStore, value: Json, limit: number): Promise<Value> {
  const text = JSON.stringify(value);
  return text.length <= limit ? { json: value } : await putJson(blobs, value);
}

async function storePlan(
  deps: Deps,
  plan: Plan,
  nodeBodies: readonly NodeBody[],
  segmentNodes: number,
): Promise<PlanPages> {
  const { nodes, ...head } = plan;
  const pages: string[] = [];
  for (const page of planPages(nodes, PLAN_PAGE_BYTES)) pages.push(await deps.blobs.put(page));
  return {
    nodes: pages,
    bodies: await storeBodies(deps.blobs, nodeBodies),
    bodiesPerPage: BODIES_PER_PAGE,
    head,
    nodeCount: nodes.length,
    segmentNodes,
    coordinatorEvents: deps.settings.coordinatorEvents,
  };
}

/** Pages of {@link BODIES_PER_PAGE} bodies each; in the place of a large one stands where it lies. */
export async function storeBodies(
  blobs: BlobStore,
  bodies: readonly NodeBody[],
): Promise<string[]> {
  const refs: string[] = [];
  for (let start = 0; start < bodies.length; start += BODIES_PER_PAGE) {
    const page: PagedBody[] = [];
    for (const body of bodies.slice(start, start + BODIES_PER_PAGE))
      page.push(
        jsonBytes(body) > LARGE_BODY_BYTES ? { at: (await putJson(blobs, body)).ref } : body,
      );
    refs.push((await putJson(blobs, page)).ref);
  }
  return refs;
}
