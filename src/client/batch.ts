/**
 * Batches: many tasks in one call. Items share a run where they can (`shared-runs.ts`); each has an execution id, a status
 * and a cancel of its own all the same.
 */
import { createHash } from 'node:crypto';
import { SpecInvalidError, TaskStateError } from '../domain/errors.js';
import type { Fault } from '../domain/fault.js';
import { validateGraph } from '../domain/validate.js';
import { answerTwin, errorOf, type BatchAnswer } from './batch-answer.js';
import {
  itemsOf,
  looked,
  nameOf,
  type AnyItem,
  type BatchOfTasks,
  type BatchOptions,
  type ItemsDoor,
  type ItemWork,
  type PlannedItem,
} from './batch-items.js';
import type { LoneSubmission } from './lone-task.js';
import { programKind, splitProgram } from './program-fields.js';
import { mayShare, runSpec, scheduleRuns, type RunsDoor } from './shared-runs.js';
import { startDelayMs, submissionOf } from './submission.js';

/** What a batch is scheduled with: the engine's own ways of starting. */
export interface BatchDoor extends ItemsDoor, RunsDoor {
  scheduleTask(item: LoneSubmission): Promise<{ executionId: string }>;
}

/** Schedules many tasks; never all or nothing. @throws TaskError CONFIGURATION when there is no list */
export async function scheduleBatch(
  door: BatchDoor,
  given: readonly AnyItem[] | BatchOfTasks,
  options: BatchOptions = {},
): Promise<BatchAnswer> {
  const { items: said, common: all } = itemsOf(given, options);
  const { idempotencyKey: requestKey, ...common } = all;
  const items = await looked(door, said, common);
  const answer: BatchAnswer = { successful: [], failed: [] };
  const first = new Map<string, number>();
  const twins: [index: number, of: number][] = [];
  const shared = new Map<string, PlannedItem[]>();
  const single: PlannedItem[] = [];
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
    if (!mayShare(item)) return void single.push({ index, taskId, item });
    const group = JSON.stringify([item.project, item.sessionId]);
    const alike = shared.get(group);
    if (alike) alike.push({ index, taskId, item });
    else shared.set(group, [{ index, taskId, item }]);
  });
  await Promise.all([
    scheduleRuns(door, [...shared.values()], requestKey, answer),
    scheduleSingles(door, single, requestKey, answer),
  ]);
  for (const [index, of] of twins) answerTwin(answer, index, of);
  answer.successful.sort((a, b) => a.index - b.index);
  answer.failed.sort((a, b) => a.index - b.index);
  return answer;
}

/** What is wrong with an item, which is asked of a run of its own. */
function itemFaults(item: ItemWork): Fault[] {
  if (item.workflowType !== undefined) return []; // it has an execution of its own, which is checked where it begins
  if (nameOf(item.task) === '' && (item.task !== undefined || !programKind(item)))
    return [
      { path: 'task', code: 'MISSING', message: 'expected the name of a task, or its definition' },
    ];
  const faults: Fault[] = [];
  startDelayMs(item.scheduledTime, faults);
  if (faults.length > 0) return faults; // no spec can be made of a date that is none
  const { idempotencyKey: _key, task: _task, input: _input, ...options } = splitProgram(item).rest;
  const spec = runSpec([{ index: 0, taskId: nameOf(item.task), item }], 'item');
  const { faults: found } = validateGraph(spec, submissionOf(withoutStart(options)));
  return onceEach([...faults, ...found.map(inItem)]);
}

/** A fault at its place in the item: in a run its options are its node's, beside the submission they are the graph's. */
const inItem = (one: Fault): Fault => ({
  ...one,
  path: one.path.replace(/^(?:tasks\[0\]|submission\.options|submission)\./, ''),
});

const onceEach = (faults: readonly Fault[]): Fault[] => [
  ...new Map(faults.map((one) => [`${one.path}: ${one.message}`, one])).values(),
];

const withoutStart = <T extends { scheduledTime?: unknown }>(
  options: T,
): Omit<T, 'scheduledTime'> => {
  const { scheduledTime: _scheduledTime, ...rest } = options;
  return rest;
};

/** Starts at once: connections have streams enough, and the server takes them in any order. */
const SINGLES_AT_ONCE = 20;

async function scheduleSingles(
  door: BatchDoor,
  single: PlannedItem[],
  requestKey: string | undefined,
  answer: BatchAnswer,
): Promise<void> {
  const queue = [...single];
  const drain = async (): Promise<void> => {
    for (let next = queue.shift(); next; next = queue.shift()) {
      const { index, taskId, item } = next;
      try {
        const executionId = await scheduleSingle(door, item, keyedId(next, requestKey));
        answer.successful.push({ index, taskId, executionId });
      } catch (error) {
        answer.failed.push({ index, taskId, error: errorOf(error) });
      }
    }
  };
  await Promise.all(Array.from({ length: SINGLES_AT_ONCE }, drain));
}

/** @param keyed the id that its key stands for: where it is there already, the same request came before */
async function scheduleSingle(
  door: BatchDoor,
  { idempotencyKey: _key, ...item }: ItemWork,
  keyed: string | undefined,
): Promise<string> {
  if (keyed === undefined) return (await door.scheduleTask(item)).executionId;
  try {
    await door.scheduleTask({ ...item, executionId: keyed, reuse: 'never' });
  } catch (error) {
    if (!(error instanceof TaskStateError)) throw error;
  }
  return keyed;
}

/** The id of an item that has a key, its own or its request's, and neither an `executionId` nor a `requestId`. */
function keyedId({ index, item }: PlannedItem, requestKey: string | undefined): string | undefined {
  const { idempotencyKey: key, project = '', executionId, requestId } = item;
  if ((executionId ?? requestId) !== undefined || (key ?? requestKey) === undefined)
    return undefined;
  const stands = key === undefined ? ['batch', requestKey, index] : ['item', key];
  const hash = createHash('sha256')
    .update(JSON.stringify([project, ...stands]))
    .digest('hex');
  return `item-${hash.slice(0, 32)}`;
}
