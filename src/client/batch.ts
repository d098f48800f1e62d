/**
 * Batches: many tasks in one call. Items share a run where they can, because a node costs the server an eighth of what a
 * workflow does; each has an execution id, a status and a cancel of its own all the same.
 */
import { createHash, randomUUID } from 'node:crypto';
import { ITEMS_PER_RUN } from '../domain/batch.js';
import { catalogueMark } from '../domain/catalogue-mark.js';
import { fitting } from '../domain/budget.js';
import { messageOf, SpecInvalidError, TaskError } from '../domain/errors.js';
import type { CatalogueEntry } from './catalogue-nodes.js';
import { schedulable } from './catalogue-submission.js';
import {
  escapeExpressions,
  slug,
  startDelayMs,
  submissionOf,
  type SubmitOptions,
} from './submission.js';
import { validateGraph } from '../domain/validate.js';
import type { Fault } from '../domain/fault.js';
import type { Json } from '../domain/json.js';
import type { GraphSpec } from '../domain/spec.js';
import type { AnyTask } from '../registry.js';
import type { TaskSubmission } from './submission.js';

/** One item of a batch. */
export interface BatchItem extends TaskSubmission {
  /** Items with the same key are one execution. */
  idempotencyKey?: string;
}

/** An item by the id of a catalogue task; what is said here wins over its defaults. */
export interface CatalogueItem extends Omit<BatchItem, 'task'> {
  taskId: string;
}

/** What all items have in common; what an item says itself wins. */
export interface BatchOptions extends Omit<SubmitOptions, 'executionId' | 'requestId'> {
  /** Of the whole request: sent again, it gives the same executions and starts none. */
  idempotencyKey?: string;
}

/** All tasks by catalogue id or by name, with the same options; the form of document 002. */
export interface BatchOfTasks extends BatchOptions {
  taskIds: readonly (string | AnyTask)[];
  input?: unknown;
}

/** One entry an item, in their order. */
export interface BatchAnswer {
  successful: { index: number; taskId: string; executionId: string }[];
  failed: {
    index: number;
    taskId: string;
    error: { code: string; message: string; details?: unknown };
  }[];
}

/** What a batch is scheduled with: the engine's own ways of starting. */
export interface BatchDoor {
  scheduleTask(item: TaskSubmission): Promise<{ executionId: string }>;
  /**
   * The catalogue's task of an id.
   *
   * @param needed the id cannot be anything else
   * @throws TaskError NOT_FOUND where it is needed; TaskStateError for one that is archived
   */
  entry(id: string, needed: boolean): Promise<CatalogueEntry | undefined>;
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

interface Planned {
  index: number;
  taskId: string;
  item: BatchItem;
}

/** Items that start later than this do not share a run: it would stay open for them. */
const SHARED_DELAY_MS = 600_000;
const SHARED_CONCURRENCY = ITEMS_PER_RUN;
/** Bytes of JSON in one run: a payload has at most 2 MB. */
const RUN_BYTES = 1_200_000;

/** Schedules many tasks; never all or nothing. @throws TaskError CONFIGURATION when there is no list */
export async function scheduleBatch(
  door: BatchDoor,
  given: readonly (BatchItem | CatalogueItem)[] | BatchOfTasks,
  options: BatchOptions = {},
): Promise<BatchAnswer> {
  const { items: said, common: all } = itemsOf(given, options);
  const { idempotencyKey: requestKey, ...common } = all;
  const items = await looked(door, said, common);
  const answer: BatchAnswer = { successful: [], failed: [] };
  const first = new Map<string, number>();
  const twins: [index: number, of: number][] = [];
  const shared = new Map<string, Planned[]>();
  const single: Planned[] = [];
  items.forEach(({ taskId, item, error }, index) => {
    if (!item) return void answer.failed.push({ index, taskId, error: errorOf(error) });
    const faults = itemFaults(item);
    if (faults.length > 0) {
      answer.failed.push({ index, taskId, error: errorOf(new SpecInvalidError(faults, 'task')) });
      return;
    }
    const { idempotencyKey: key } = item;
    const twin = key === undefined ? undefined : first.get(key);
    if (twin !== undefined) return void twins.push([index, twin]);
    if (key !== undefined) first.set(key, index);
    if (!shares(item)) return void single.push({ index, taskId, item });
    const group = JSON.stringify([item.project, item.sessionId]);
    const alike = shared.get(group);
    if (alike) alike.push({ index, taskId, item });
    else shared.set(group, [{ index, taskId, item }]);
  });
  await Promise.all([
    ...[...shared.values()]
      .flatMap((group) => inRuns(group))
      .map((run, nth) => scheduleShared(door, run, runId(requestKey, run, nth), answer)),
    scheduleSingles(door, single, answer),
  ]);
  for (const [index, of] of twins) answerTwin(answer, index, of);
  answer.successful.sort((a, b) => a.index - b.index);
  answer.failed.sort((a, b) => a.index - b.index);
  return answer;
}

type Said = BatchItem | CatalogueItem | { perhaps: string; input?: unknown };

function itemsOf(
  given: readonly (BatchItem | CatalogueItem)[] | BatchOfTasks,
  options: BatchOptions,
): { items: readonly Said[]; common: BatchOptions } {
  if (Array.isArray(given)) return { items: given as readonly BatchItem[], common: options };
  const { taskIds, input, ...rest } = given as BatchOfTasks;
  if (!Array.isArray(taskIds))
    throw new TaskError(
      'CONFIGURATION',
      `scheduleTaskBatch: expected a list of items, or { taskIds: [...] }, got ${typeof given}`,
    );
  const items = (taskIds as BatchOfTasks['taskIds']).map((task) => ({
    ...(typeof task === 'string' ? { perhaps: task } : { task }),
    ...(input === undefined ? {} : { input }),
  }));
  return { items, common: { ...rest, ...options } };
}

/** An item with all that is said of it, or why it cannot be scheduled. */
interface Looked {
  taskId: string;
  item?: BatchItem;
  error?: unknown;
}

/** Every item as a task: ids of the catalogue become what they run. */
async function looked(
  door: BatchDoor,
  items: readonly Said[],
  common: Omit<BatchOptions, 'idempotencyKey'>,
): Promise<Looked[]> {
  const found = new Map<string, Promise<CatalogueEntry | undefined>>();
  const entryOf = (id: string, needed: boolean): Promise<CatalogueEntry | undefined> => {
    const key = JSON.stringify([id, needed]);
    const asked = found.get(key) ?? door.entry(id, needed);
    found.set(key, asked);
    return asked;
  };
  return await Promise.all(
    items.map(async (said): Promise<Looked> => {
      const id = 'perhaps' in said ? said.perhaps : 'taskId' in said ? said.taskId : undefined;
      if (id === undefined) {
        const item = { ...common, ...(said as BatchItem) };
        return { taskId: nameOf(item.task), item };
      }
      const { perhaps: _perhaps, ...rest } = { perhaps: id, ...said };
      try {
        const entry = await entryOf(id, !('perhaps' in said));
        const item = { ...common, ...rest };
        return {
          taskId: id,
          item: entry ? catalogueItem(item, id, entry) : { ...item, task: id },
        };
      } catch (error) {
        return { taskId: id, error };
      }
    }),
  );
}

function catalogueItem(
  { idempotencyKey, ...said }: Partial<CatalogueItem>,
  taskId: string,
  { task, project }: CatalogueEntry,
): BatchItem {
  const what = schedulable({ ...said, taskId }, task, project);
  if (what.kind === 'graph')
    throw new TaskError(
      'CONFIGURATION',
      `catalogue task ${JSON.stringify(taskId)} runs a graph, and an item of a batch is one task; schedule it by itself, with scheduleTask({ taskId })`,
    );
  const { submission } = what;
  return {
    ...submission,
    ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
    metadata: { ...submission.metadata, ...catalogueMark(task) },
  };
}

function itemFaults(item: BatchItem): Fault[] {
  if (nameOf(item.task) === '')
    return [
      { path: 'task', code: 'MISSING', message: 'expected the name of a task, or its definition' },
    ];
  const faults: Fault[] = [];
  startDelayMs(item.scheduledTime, faults);
  const { idempotencyKey: _key, task: _task, input: _input, ...options } = item;
  const spec = specOf([{ index: 0, taskId: nameOf(item.task), item, place: 0 }], 'item');
  return [...faults, ...validateGraph(spec, submissionOf(withoutStart(options))).faults];
}

const nameOf = (task: unknown): string =>
  typeof task === 'string' ? task : ((task as AnyTask | null | undefined)?.name ?? '');

const withoutStart = <T extends { scheduledTime?: unknown }>(
  options: T,
): Omit<T, 'scheduledTime'> => {
  const { scheduledTime: _scheduledTime, ...rest } = options;
  return rest;
};

/** True for an item that may share a run. */
function shares({
  executionId,
  requestId,
  dependencies = [],
  reuse,
  scheduledTime,
}: BatchItem): boolean {
  const id = executionId ?? requestId;
  const own = id !== undefined || dependencies.length > 0 || reuse !== undefined;
  return !own && startDelayMs(scheduledTime, []) <= SHARED_DELAY_MS;
}

function inRuns(group: Planned[]): Planned[][] {
  const runs: Planned[][] = [];
  for (let rest = group; rest.length > 0;) {
    const count = Math.max(1, fitting(rest, ITEMS_PER_RUN, RUN_BYTES));
    runs.push(rest.slice(0, count));
    rest = rest.slice(count);
  }
  return runs;
}

/** The same for the same request: sent twice it names the run that is there already. */
function runId(idempotencyKey: string | undefined, run: readonly Planned[], nth: number): string {
  const name = slug(
    run.every(({ taskId }) => taskId === run[0]?.taskId) ? (run[0]?.taskId ?? '') : 'batch',
  );
  if (idempotencyKey === undefined) return `${name}-batch-${randomUUID().slice(-12)}`;
  const { project = '' } = run[0]?.item ?? {};
  const hash = createHash('sha256')
    .update(JSON.stringify([project, idempotencyKey]))
    .digest('hex');
  return `batch-${hash.slice(0, 24)}-${nth}`;
}

async function scheduleShared(
  door: BatchDoor,
  run: Planned[],
  batchId: string,
  answer: BatchAnswer,
): Promise<void> {
  const { project, sessionId } = run[0]?.item ?? {};
  const placed = run.map((planned, place): Placed => ({
    ...planned,
    place,
    executionId: `${batchId}/${place}`,
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
      const { index, taskId } = placed.find((one) => one.executionId === executionId) as Placed;
      answer.successful.push({ index, taskId, executionId: owner });
    });
    const own = placed.filter(({ executionId }) => mine.has(executionId));
    if (own.length === 0) return;
    await door.startShared(specOf(own, batchId), {
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

/** An item with its place in a run, which is its node's id. */
interface Placed extends Planned {
  place: number;
  executionId: string;
}

function specOf(run: readonly Omit<Placed, 'executionId'>[], name: string): GraphSpec {
  const tasks = run.map(({ item, place }) => {
    const { task, input, scheduledTime, idempotencyKey, ...rest } = item;
    const {
      project: _project,
      sessionId: _session,
      executionId: _id,
      requestId: _request,
      reuse: _reuse,
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
      id: String(place),
      task: nameOf(task),
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

/** Starts at once: connections have streams enough, and the server takes them in any order. */
const SINGLES_AT_ONCE = 20;

async function scheduleSingles(
  door: BatchDoor,
  single: Planned[],
  answer: BatchAnswer,
): Promise<void> {
  const queue = [...single];
  const drain = async (): Promise<void> => {
    for (let next = queue.shift(); next; next = queue.shift()) {
      const { index, taskId, item } = next;
      const { idempotencyKey: _key, ...submission } = item;
      try {
        const { executionId } = await door.scheduleTask(submission);
        answer.successful.push({ index, taskId, executionId });
      } catch (error) {
        answer.failed.push({ index, taskId, error: errorOf(error) });
      }
    }
  };
  await Promise.all(Array.from({ length: SINGLES_AT_ONCE }, drain));
}

function answerTwin(answer: BatchAnswer, index: number, of: number): void {
  const done = answer.successful.find((entry) => entry.index === of);
  const failed = answer.failed.find((entry) => entry.index === of);
  if (done) answer.successful.push({ ...done, index });
  else if (failed) answer.failed.push({ ...failed, index });
}

function errorOf(error: unknown): BatchAnswer['failed'][number]['error'] {
  const known = error instanceof TaskError ? error : undefined;
  return {
    code: known?.code ?? 'ENGINE',
    message: messageOf(error),
    ...(known?.details === undefined ? {} : { details: known.details }),
  };
}
