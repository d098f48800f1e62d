/**
 * Runs that items of a batch share, because a node costs the server an eighth of what a workflow does: which items may, how
 * many go into one, and how one is started.
 */
import { createHash, randomUUID } from 'node:crypto';
import { ITEMS_PER_RUN } from '../domain/batch.js';
import { fitting } from '../domain/budget.js';
import type { Json } from '../domain/json.js';
import type { GraphSpec } from '../domain/spec.js';
import { errorOf, type BatchAnswer } from './batch-answer.js';
import { nameOf, type ItemWork, type PlannedItem } from './batch-items.js';
import { escapeExpressions, slug, startDelayMs, type SubmitOptions } from './submission.js';

/** Items that start later than this do not share a run: it would stay open for them. */
const SHARED_DELAY_MS = 600_000;
const SHARED_CONCURRENCY = ITEMS_PER_RUN;
/** Bytes of JSON in one run: a payload has at most 2 MB. */
const RUN_BYTES = 1_200_000;

/** How runs are started that items share. */
export interface RunsDoor {
  /** For each key the execution that owns it, the one given here or an earlier one; without a store the given ones. */
  claim(project: string, keys: readonly KeyedExecution[]): Promise<string[]>;
  /** Gives back keys whose executions could not be started. */
  release(project: string, executionIds: readonly string[]): Promise<void>;
  /** Starts a run that items share; one that runs or ran under this id already is fine. */
  startShared(spec: GraphSpec, options: SubmitOptions): Promise<void>;
}

export interface KeyedExecution {
  key: string;
  executionId: string;
}

/** True for an item that may share a run. As a node of one, what a `workflowType` runs would lose the name of its task. */
export function mayShare({
  executionId,
  requestId,
  dependencies = [],
  reuse,
  workflowType,
  scheduledTime,
}: ItemWork): boolean {
  const one = executionId ?? requestId ?? reuse ?? workflowType;
  const own = one !== undefined || dependencies.length > 0;
  return !own && startDelayMs(scheduledTime, []) <= SHARED_DELAY_MS;
}

/** Starts runs for items that are alike, a group each; the answer has an entry for each item then. */
export async function scheduleRuns(
  door: RunsDoor,
  groups: readonly PlannedItem[][],
  requestKey: string | undefined,
  answer: BatchAnswer,
): Promise<void> {
  await Promise.all(
    groups
      .flatMap((group) => inRuns(group))
      .map((run, nth) => scheduleShared(door, run, runId(requestKey, run, nth), answer)),
  );
}

function inRuns(group: PlannedItem[]): PlannedItem[][] {
  const runs: PlannedItem[][] = [];
  for (let rest = group; rest.length > 0;) {
    const count = Math.max(1, fitting(rest, ITEMS_PER_RUN, RUN_BYTES));
    runs.push(rest.slice(0, count));
    rest = rest.slice(count);
  }
  return runs;
}

/** The same for the same request: sent twice it names the run that is there already. */
function runId(
  idempotencyKey: string | undefined,
  run: readonly PlannedItem[],
  nth: number,
): string {
  if (idempotencyKey === undefined) return `${prefixOf(run)}-${randomUUID().slice(-12)}`;
  const { project = '' } = run[0]?.item ?? {};
  const hash = createHash('sha256')
    .update(JSON.stringify([project, idempotencyKey]))
    .digest('hex');
  return `batch-${hash.slice(0, 24)}-${nth}`;
}

/** `<task>-batch`; `batch` of several tasks, or of one that is called so. */
function prefixOf([first, ...others]: readonly PlannedItem[]): string {
  const alone = others.every(({ taskId }) => taskId === first?.taskId);
  const name = slug(alone ? (first?.taskId ?? '') : 'batch');
  return name === 'batch' ? name : `${name}-batch`;
}

async function scheduleShared(
  door: RunsDoor,
  run: PlannedItem[],
  batchId: string,
  answer: BatchAnswer,
): Promise<void> {
  const { project, sessionId } = run[0]?.item ?? {};
  const placed = run.map((planned) => ({
    ...planned,
    executionId: `${batchId}/${planned.index}`,
  }));
  const keyed = placed.flatMap(({ item, executionId }) =>
    item.idempotencyKey === undefined ? [] : [{ key: item.idempotencyKey, executionId }],
  );
  const mine = new Set(placed.map(({ executionId }) => executionId));
  try {
    const owners = keyed.length > 0 ? await door.claim(project ?? '', keyed) : [];
    keyed.forEach(({ executionId }, at) => {
      const owner = owners[at];
      if (owner === undefined || owner === executionId) return;
      mine.delete(executionId);
      const { index, taskId } = placed.find(
        (one) => one.executionId === executionId,
      ) as PlannedItem;
      answer.successful.push({ index, taskId, executionId: owner });
    });
    const own = placed.filter(({ executionId }) => mine.has(executionId));
    if (own.length === 0) return;
    await door.startShared(runSpec(own, batchId), {
      executionId: batchId,
      ...(project === undefined ? {} : { project }),
      ...(sessionId === undefined ? {} : { sessionId }),
    });
    for (const { index, taskId, executionId } of own)
      answer.successful.push({ index, taskId, executionId });
  } catch (error) {
    const failed = placed.filter(({ executionId }) => mine.has(executionId));
    const ids = failed.map(({ executionId }) => executionId);
    if (keyed.length > 0) await door.release(project ?? '', ids).catch(() => undefined);
    for (const { index, taskId } of failed)
      answer.failed.push({ index, taskId, error: errorOf(error) });
  }
}

/**
 * The graph whose nodes are these items. A node's id is the item's index in the request, also where items before it were
 * refused, are elsewhere, or stand in another run: the ids of a run need not follow each other.
 */
export function runSpec(run: readonly PlannedItem[], name: string): GraphSpec {
  const tasks = run.map(({ item, index }) => {
    const { task, input, scheduledTime, idempotencyKey, ...rest } = item;
    const {
      project: _project,
      sessionId: _session,
      executionId: _id,
      requestId: _request,
      reuse: _reuse,
      workflowType: _type,
      ...options
    } = rest;
    const {
      dependencies: _d,
      awaitUnknown: _a,
      dependencyTimeout: _t,
      trigger: _r,
      ...own
    } = options;
    const metadata =
      idempotencyKey === undefined ? own.metadata : { ...own.metadata, requestId: idempotencyKey };
    return {
      ...own,
      id: String(index),
      ...(task === undefined ? {} : { task: nameOf(task) }),
      ...(input === undefined ? {} : { input: escapeExpressions(input as Json) }),
      ...(metadata === undefined ? {} : { metadata }),
      ...(scheduledTime === undefined
        ? {}
        : {
            scheduledTime:
              scheduledTime instanceof Date ? scheduledTime.toISOString() : scheduledTime,
          }),
    };
  });
  return { name, concurrency: SHARED_CONCURRENCY, tasks };
}
