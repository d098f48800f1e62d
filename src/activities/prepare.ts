/**
 * The first step of every execution: the spec against the worker's registry. What it answers is pinned for the
 * execution, so a later deployment changes nothing about a graph that runs.
 */
import { SpecInvalidError } from '../domain/errors.js';
import { fault, type Fault } from '../domain/fault.js';
import { jsonBytes, type Json, type JsonObject } from '../domain/json.js';
import { INLINE_LIMIT, type Value } from '../domain/outcome.js';
import { makePlan, type PlanContext } from '../domain/make-plan.js';
import { fitting, splitOf } from '../domain/budget.js';
import { nodeBody, type NodeBody, type Plan } from '../domain/plan.js';
import { validateGraph, type KnownTasks, type ValidGraph } from '../domain/validate.js';
import { inputProblems, type TaskRegistry } from '../registry.js';
import { putJson, type BlobStore } from '../store/blob-store.js';
import type {
  CheckAnswer,
  CheckRequest,
  PlanPages,
  Prepared,
  PrepareRequest,
  PrepareResult,
} from '../workflows/messages.js';
import type { Deps } from './deps.js';

/** Faults in one answer, and their bytes: a payload has at most 2 MB. */
const MAX_FAULTS = 1_000;
const MAX_FAULT_BYTES = 500_000;
/** Bytes of what is pinned in the history. */
const MAX_PINNED_BYTES = 1_800_000;
/** Bytes of plan nodes in a page, well below the 2 MB that a payload may have. */
const PLAN_PAGE_BYTES = 1_000_000;
const BODIES_PER_PAGE = 500;
/** Metadata stand in the input of every node. */
const METADATA_INLINE = 512;

/** What the registry says of the tasks that a graph names. */
export function knownTasks(registry: TaskRegistry): KnownTasks {
  return {
    names: registry.names,
    hooks: registry.hookNames,
    schemas: (name) => {
      const task = registry.get(name);
      return task && registry.schemas(task);
    },
    checkInput: (name, input) => {
      const task = registry.get(name);
      return task ? inputProblems(task, input) : [];
    },
  };
}

/** The plan of a spec, or everything that is wrong with it. Nothing is stored. */
export function planSpec(
  registry: TaskRegistry,
  spec: Json,
  submission: Json,
): { faults: Fault[] } | { valid: ValidGraph; plan: Plan } {
  const { faults, valid } = validateGraph(spec, submission ?? {}, knownTasks(registry));
  if (!valid) return { faults: bounded(faults) };
  try {
    return { valid, plan: makePlan(valid, planContext(registry, valid)) };
  } catch (error) {
    if (error instanceof SpecInvalidError) return { faults: bounded(error.faults) };
    throw error;
  }
}

/** @throws SpecInvalidError never: faults are an answer */
export async function prepare(
  deps: Deps,
  { spec, submission, executionId }: PrepareRequest,
): Promise<PrepareResult> {
  const planned = planSpec(deps.registry, spec, submission);
  if ('faults' in planned) {
    deps.log.warn(
      { executionId, to: 'REJECTED', faults: planned.faults.length },
      new SpecInvalidError(planned.faults).message,
    );
    return { faults: planned.faults };
  }
  const { valid, plan } = planned;
  const { graph, submission: said } = valid;
  const metadata = { ...(graph.metadata ?? {}), ...(said.metadata ?? {}) } as JsonObject;
  const { serverWaitsMs } = deps.settings;
  const bodies = graph.tasks.map((node) => nodeBody(node));
  const split = splitOf(plan, jsonBytes(bodies), deps.settings);
  const tags = [...new Set([...(graph.tags ?? []), ...(said.tags ?? [])])];
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
      id: executionId,
      graph: graph.name,
      version: graph.version,
      hooks: { pre: graph.hooks?.pre ?? [], post: graph.hooks?.post ?? [] },
      ...(said.project === undefined ? {} : { project: said.project }),
      ...(said.sessionId === undefined ? {} : { sessionId: said.sessionId }),
      ...(Object.keys(metadata).length > 0
        ? { metadata: await inlineOrStored(deps.blobs, metadata, METADATA_INLINE) }
        : {}),
    },
    params: await inlineOrStored(deps.blobs, valid.params, paramsLimit(valid.readsParams)),
    serverWaitsMs,
    plan:
      split.pieces === 'one' ? plan : await storePlan(deps, plan, bodies, split.nodesPerSegment),
    ...(tags.length > 0 ? { tags } : {}),
  };
  const bytes = jsonBytes(prepared);
  if (bytes <= MAX_PINNED_BYTES) return { prepared };
  const message = `the plan of this graph is ${bytes} bytes; the limit is ${MAX_PINNED_BYTES}`;
  return { faults: [fault([], 'TOO_LARGE', message, 'give fewer different retry options')] };
}

const bounded = (faults: readonly Fault[]): Fault[] =>
  faults.slice(0, fitting(faults, MAX_FAULTS, MAX_FAULT_BYTES));

/** Everything that is wrong with a spec, for a client that does not know this worker's tasks. */
export function check(deps: Deps, { spec, submission }: CheckRequest): CheckAnswer {
  const planned = planSpec(deps.registry, spec, submission);
  return { faults: 'faults' in planned ? planned.faults : [] };
}

function planContext(registry: TaskRegistry, { graph }: ValidGraph): PlanContext {
  const common = registry.postHooks(graph.hooks?.post ?? [], '');
  return {
    postHooks: common.length > 0,
    postHooksOnSkipped: common.some((hook) => hook.onSkipped),
    task: (name) => {
      const task = registry.get(name);
      const own = task?.definition.hooks?.post ?? [];
      return (
        task && {
          version: task.version,
          options: task.options,
          postHooks: own.length > 0,
          postHooksOnSkipped: own.some((hook) => hook.onSkipped),
        }
      );
    },
  };
}

/** Parameters stand in the input of every node that reads them: together at most a megabyte. */
function paramsLimit(readsParams: readonly boolean[]): number {
  const readers = readsParams.filter(Boolean).length;
  return Math.min(INLINE_LIMIT, 1_000_000 / Math.max(1, readers));
}

async function inlineOrStored(blobs: BlobStore, value: Json, limit: number): Promise<Value> {
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
  let page: string[] = [];
  let bytes = 0;
  const flush = async (): Promise<void> => {
    if (page.length === 0) return;
    pages.push(await deps.blobs.put(`[${page.join(',')}]`));
    [page, bytes] = [[], 0];
  };
  for (const node of nodes) {
    const text = JSON.stringify(node);
    if (bytes + text.length > PLAN_PAGE_BYTES) await flush();
    page.push(text);
    bytes += text.length + 1;
  }
  await flush();
  const bodies: string[] = [];
  for (let start = 0; start < nodeBodies.length; start += BODIES_PER_PAGE) {
    bodies.push((await putJson(deps.blobs, nodeBodies.slice(start, start + BODIES_PER_PAGE))).ref);
  }
  return {
    nodes: pages,
    bodies,
    bodiesPerPage: BODIES_PER_PAGE,
    head,
    nodeCount: nodes.length,
    segmentNodes,
    coordinatorEvents: deps.settings.coordinatorEvents,
  };
}
