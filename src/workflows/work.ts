/**
 * Work of the engine's own that a worker does for a workflow: to read and write blobs, to look at other workflows, to record.
 *
 * W1. It has a queue of its own (`systemQueue`): it never waits behind long tasks for a slot.
 * W2. Where the workflow hears messages meanwhile, it is a regular activity. A local one's end is written with the workflow
 *     task it ended in; where that task also answers a query, the workflow hears of the end only in the next one, after the
 *     signals that came meanwhile. A replay has the end first: other commands, and the workflow task fails for ever
 *     (docs/decisions/0013; SDK 1.24).
 * W3. The first step of an execution is a local activity, short enough to end within the first workflow task. Our client
 *     asks no execution before that task is done (`client/first-task.ts`), and no other message is in a hurry then.
 */
import {
  ActivityFailure,
  ApplicationFailure,
  isCancellation,
  scheduleActivity,
  scheduleLocalActivity,
  workflowInfo,
} from '@temporalio/workflow';
import { jsonBytes } from '../domain/json.js';
import type { SystemActivity } from './messages.js';
import { systemQueue } from './queues.js';

/** A workflow task is extended after 8 s, and may then have a query with it. */
const FIRST_TASK = '5s';
/**
 * Tries of a local activity, 3 s of waits between them: the time of all its tries ends none that fails at once (SDK 1.24),
 * and while it is tried its workflow answers nobody.
 */
const LOCAL_TRIES = 5;
/** Tries, some 10 minutes of waits between them, of what cannot go through the history. */
const LOCAL_TRIES_LARGE = 60;

/** Bytes of arguments above which work at the start goes through the history, and above which it cannot. */
const SMALL = 300_000;
const LARGEST = 1_500_000;

/**
 * Silence after which its worker is taken for lost, and another has it: a step beats every 2 s. Without it an execution
 * whose last worker was killed while it wrote the end down would stand still for all of that step's time.
 */
const SYSTEM_HEARTBEAT = '10s';

let nth = 0;

export interface WorkOptions {
  /** Time of one try. Default 1 minute. */
  startToCloseTimeout?: `${number}${'s' | 'm'}`;
  /** How long its worker may say nothing. Default 10 seconds. */
  silence?: `${number}${'s' | 'm'}`;
  /** Tries. Default: until it succeeds. */
  attempts?: number;
}

/** For a look at another workflow, or a word to it: not to know is an answer. */
export const LOOK: WorkOptions = { startToCloseTimeout: '15s', attempts: 6 };

/** Has work done while messages may come. Its arguments are in the history: at most 1.5 MB. */
export async function work<T>(
  type: SystemActivity,
  args: unknown[],
  { startToCloseTimeout = '1m', silence = SYSTEM_HEARTBEAT, attempts }: WorkOptions = {},
): Promise<T> {
  return await scheduleActivity<T>(type, args, {
    taskQueue: systemQueue(workflowInfo().taskQueue),
    activityId: `~${++nth}`, // no node's id begins so
    summary: type,
    startToCloseTimeout,
    heartbeatTimeout: silence,
    cancellationType: 'TRY_CANCEL',
    retry: {
      initialInterval: '200ms',
      maximumInterval: '10s',
      ...(attempts === undefined ? {} : { maximumAttempts: attempts }),
    },
  });
}

/**
 * Has the first step of an execution done. What takes longer than its first workflow task, or fails again and again, goes on
 * as {@link work}.
 */
export async function workAtStart<T>(type: SystemActivity, args: unknown[]): Promise<T> {
  const bytes = jsonBytes(args);
  const tooLarge = bytes > LARGEST;
  if (!tooLarge && bytes > SMALL) return await work<T>(type, args);
  try {
    return await scheduleLocalActivity<T>(type, args, {
      startToCloseTimeout: tooLarge ? '1m' : FIRST_TASK,
      scheduleToCloseTimeout: tooLarge ? '10m' : FIRST_TASK,
      localRetryThreshold: '1m',
      retry: {
        ...{ initialInterval: '200ms', maximumInterval: '10s' },
        maximumAttempts: tooLarge ? LOCAL_TRIES_LARGE : LOCAL_TRIES,
      },
    });
  } catch (error) {
    if (tooLarge || isCancellation(error) || isFinal(error)) throw error;
    return await work<T>(type, args);
  }
}

/** A local activity's failure comes bare, with no failure of an activity around it (SDK 1.24). */
function isFinal(error: unknown): boolean {
  const cause = error instanceof ActivityFailure ? error.cause : error;
  return cause instanceof ApplicationFailure && cause.nonRetryable === true;
}
