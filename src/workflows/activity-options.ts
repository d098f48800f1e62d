/** With what options a node's activity is scheduled: its times, the server's retries, and where it waits for a worker. */
import { workflowInfo, type ActivityOptions } from '@temporalio/workflow';
import { cutBytes } from '../domain/json.js';
import type { NodeClass } from '../domain/plan.js';
import { PRIORITY_KEY } from '../domain/priority.js';
import { fallbackPolicy } from '../domain/retry.js';
import { nodeQueue } from './queues.js';
import type { NodeOrder, NodeRequest } from './requests.js';

/** Ends after which the server must not try again by itself. */
const UNKNOWN_ENDS = ['TemporalTimeout:StartToClose', 'TemporalTimeout:Heartbeat'];

/** Whose activity it is: a node, by its order and the class of its options. */
export interface Placed {
  order: NodeOrder;
  of: NodeClass;
  /** Of the execution. */
  project: string | undefined;
}

export function activityOptions(node: Placed, request: NodeRequest): ActivityOptions {
  const { order, of } = node;
  const { timeoutMs, heartbeatTimeoutMs, retry } = of;
  const fallback = fallbackPolicy(retry, order.round?.attemptsUsed);
  return {
    activityId: order.id,
    summary: order.id,
    startToCloseTimeout: timeoutMs,
    heartbeatTimeout: heartbeatTimeoutMs,
    // Again by the queue: the worker that decides may be one that does not know the task, or cannot do it.
    ...(order.round ? { allowEagerDispatch: false } : {}),
    // Explicit: the SDK's own default behaves as TRY_CANCEL, and the slot would be free while the task runs on.
    cancellationType: 'WAIT_CANCELLATION_COMPLETED',
    retry: {
      ...serverRetries(fallback),
      ...(request.holdUnknown
        ? { nonRetryableErrorTypes: UNKNOWN_ENDS }
        : fallback.nonRetryableErrorTypes.length > 0
          ? { nonRetryableErrorTypes: fallback.nonRetryableErrorTypes }
          : {}),
    },
    ...(request.totalLeftMs === undefined ? {} : { scheduleToCloseTimeout: request.totalLeftMs }),
    ...placing(node),
  };
}

/** The retries that the server makes by itself, as Temporal has them. */
export function serverRetries(
  fallback: ReturnType<typeof fallbackPolicy>,
): NonNullable<ActivityOptions['retry']> {
  return {
    maximumAttempts: fallback.maximumAttempts,
    initialInterval: fallback.initialIntervalMs,
    backoffCoefficient: fallback.backoffCoefficient,
    maximumInterval: fallback.maximumIntervalMs,
  };
}

/** Where it stands among what waits for a worker, and for how long. */
export function placing({
  order,
  of,
  project,
}: Placed): Pick<ActivityOptions, 'priority' | 'scheduleToStartTimeout' | 'taskQueue'> {
  const { priority, queueTimeoutMs } = of;
  return {
    priority: {
      priorityKey: PRIORITY_KEY[order.priority ?? priority],
      ...(project === undefined ? {} : { fairnessKey: cutBytes(project, 64) }),
    },
    ...(queueTimeoutMs === null ? {} : { scheduleToStartTimeout: queueTimeoutMs }),
    ...queueOf(of),
  };
}

/** The queue whose workers run it, where that is not its workflow's own. */
export function queueOf(of: Pick<NodeClass, 'queue' | 'run'>): { taskQueue?: string } {
  const own = workflowInfo().taskQueue;
  const taskQueue = nodeQueue(own, of);
  return taskQueue === own ? {} : { taskQueue };
}
