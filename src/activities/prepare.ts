/**
 * The first step of every execution: the spec against the worker's registry. What it answers is pinned for the
 * execution, so a later deployment changes nothing about a graph that runs.
 */
import type { AwaitSpec } from '../domain/awaited.js';
import { withoutRefused } from '../domain/batch.js';
import { SpecInvalidError } from '../domain/errors.js';
import { fault, type Fault } from '../domain/fault.js';
import { isObject, jsonBytes, type Json, type JsonObject } from '../domain/json.js';
import { INLINE_LIMIT, type Value } from '../domain/outcome.js';
import { makePlan, type PlanContext } from '../domain/make-plan.js';
import { fitting, splitOf } from '../domain/budget.js';
import { nodeBody, type NodeBody, type Plan } from '../domain/plan.js';
import type { GraphSpec } from '../domain/spec.js';
import { validateGraph, type KnownTasks, type ValidGraph } from '../domain/validate.js';
import { inputProblems, type TaskRegistry } from '../registry.js';
import { putJson, type BlobStore } from '../store/blob-store.js';
import type { CheckAnswer, CheckRequest } from '../workflows/asks.js';
import type {
  ExecutionInfo,
  PlanPages,
  Prepared,
  PrepareRequest,
  PrepareResult,
} from '../workflows/requests.js';
import type { Deps } from './deps.js';
import { recordOpen, recordRefused } from './record-open.js';
import { closeLimits, openLimits } from './limits.js';

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

/** What the worker's settings say of tasks. */
type PlanSettings = Pick<PlanContext, 'circuits'>;
type Planned = { faults: Fault[] } | { valid: ValidGraph; plan: Plan };

/** The plan of a spec, or everything that is wrong with it. Nothing is stored. */
export function planSpec(
  registry: TaskRegistry,
  spec: Json,
  submission: Json,
  settings: PlanSettings = {},
): Planned {
  const planned = planWhole(registry, spec, submission, settings);
  if (!('faults' in planned) || !isObject(submission) || submission['kind'] !== 'batch')
    return 'faults' in planned ? { faults: bounded(planned.faults) } : planned;
  const rest = withoutRefused(spec as unknown as GraphSpec, planned.faults);
  const again = rest && planWhole(registry, rest.spec as unknown as Json, submission, settings);
  if (!again || 'faults' in again) return { faults: bounded((again ?? planned).faults) };
  again.plan.nodes.forEach((node, index) => {
    const message = rest.refused.get(index);
    if (message !== undefined) node.refused = message.slice(0, REFUSAL_LIMIT);
  });
  return again;
}

/** Characters that are kept of why an item of a batch was refused. */
const REFUSAL_LIMIT = 1_000;

function planWhole(
  registry: TaskRegistry,
  spec: Json,
  submission: Json,
  settings: PlanSettings,
): Planned {
  const { faults, valid } = validateGraph(spec, submission ?? {}, knownTasks(registry));
  if (!valid) return { faults };
  try {
    return { valid, plan: makePlan(valid, { ...planContext(registry, valid), ...settings }) };
  } catch (error) {
    if (error instanceof SpecInvalidError) return { faults: [...error.faults] };
    throw error;
  }
}

/** What was submitted, which may be anything. */
function kindOf(submission: Json): ExecutionInfo['kind'] {
  const kind = isObject(submission) ? submission['kind'] : undefined;
  return kind === 'task' || kind === 'batch' ? kind : 'graph';
}

/** @throws SpecInvalidError never: faults are an answer */
export async function prepare(
  deps: Deps,
  { spec, submission, executionId, run }: PrepareRequest,
): Promise<PrepareResult> {
  const refuse = (faults: readonly Fault[]): void => {
    const name = isObject(spec) && typeof spec['name'] === 'string' ? spec['name'] : '';
    recordRefused(
      deps,
      { id: executionId, run, graph: name, kind: kindOf(submission) },
      new SpecInvalidError(faults).message,
    );
  };
  const { circuits } = deps.settings;
  const planned = planSpec(deps.registry, spec, submission, { circuits });
  if ('faults' in planned) {
    deps.log.warn(
      { executionId, to: 'REJECTED', faults: planned.faults.length },
      new SpecInvalidError(planned.faults).message,
    );
    refuse(planned.faults);
    return { faults: planned.faults };
  }
  const { valid, plan } = planned;
  const { graph, submission: said } = valid;
  const metadata = { ...(graph.metadata ?? {}), ...(said.metadata ?? {}) } as JsonObject;
  const opened = await openLimits(deps, plan, {
    executionId,
    project: said.project,
    waits: (said.dependencies ?? []).length > 0,
  });
  if ('faults' in opened) {
    deps.log.warn({ executionId, to: 'REJECTED' }, new SpecInvalidError(opened.faults).message);
    refuse(opened.faults);
    return opened;
  }
  const { limits } = opened;
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
      kind: said.kind ?? 'graph',
      run,
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
    ...(deps.recorder ? { records: true as const } : {}),
    plan:
      split.pieces === 'one' ? plan : await storePlan(deps, plan, bodies, split.nodesPerSegment),
    ...(tags.length > 0 ? { tags } : {}),
    ...(said.dependencies?.length ? { awaits: awaitSpec(said.dependencies, valid) } : {}),
    ...(limits.length > 0 ? { limits } : {}),
  };
  const bytes = jsonBytes(prepared);
  if (bytes <= MAX_PINNED_BYTES) {
    recordOpen(deps, prepared, plan, { graph, submission: said, metadata, tags });
    return { prepared };
  }
  await closeLimits(limits);
  const message = `the plan of this graph is ${bytes} bytes; the limit is ${MAX_PINNED_BYTES}`;
  return { faults: [fault([], 'TOO_LARGE', message, 'give fewer different retry options')] };
}

const bounded = (faults: readonly Fault[]): Fault[] =>
  faults.slice(0, fitting(faults, MAX_FAULTS, MAX_FAULT_BYTES));

/** Everything that is wrong with a spec, for a client that does not know this worker's tasks. */
export function check(deps: Deps, { spec, submission }: CheckRequest): CheckAnswer {
  const { circuits } = deps.settings;
  const planned = planSpec(deps.registry, spec, submission, { circuits });
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
          external: task.definition.completion === 'external',
        }
      );
    },
  };
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
