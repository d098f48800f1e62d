/** What the pipeline is asked for a node: made of its order by the workflow, or for many at once by the activity that runs them. */
import type { NodeClass } from '../domain/plan.js';
import type { NodeOrder, NodeRequest, Prepared } from './requests.js';

export interface RequestContext extends Pick<Prepared, 'execution' | 'params' | 'serverWaitsMs'> {
  /** Largest output that stays in the envelope, where the order says nothing else. */
  inlineLimit: number;
}

/** @param now when it is handed over, epoch milliseconds of the server's clock */
export function nodeRequest(
  { execution, params, serverWaitsMs, inlineLimit }: RequestContext,
  {
    task,
    taskVersion,
    retry,
    maxLostWorkers,
    priority: usual,
    timeoutMs,
    heartbeatTimeoutMs,
    queueTimeoutMs,
    totalTimeoutMs,
    lane,
    circuit,
    cache,
    result,
    onUnknown,
    run,
  }: NodeClass,
  order: NodeOrder,
  now: number,
): NodeRequest {
  // Its place in a limit is not kept through a wait, and a circuit may open meanwhile. One of a target's own is asked by
  // each attempt anyway: that it opens is rare, and eleven events for every retry of every function are not.
  const free = lane === undefined && (circuit === undefined || circuit.own);
  const waits = free ? serverWaitsMs : 0;
  const priority = order.priority ?? usual;
  const first = order.round?.firstScheduledAt ?? now;
  return {
    execution,
    node: { id: order.id, task, taskVersion },
    body: order.body,
    retry,
    maxLostWorkers,
    timeoutMs,
    heartbeatTimeoutMs,
    queueTimeoutMs,
    serverWaitsMs: waits,
    inlineLimit: order.inlineLimit ?? inlineLimit,
    ...(priority === 'MEDIUM' ? {} : { priority }), // said of few, and each event carries it
    ...(order.readsParams ? { params } : {}),
    ...(order.reads ? { reads: order.reads } : {}),
    ...(circuit === undefined ? {} : { circuit }),
    ...(cache === undefined ? {} : { cache }),
    ...(result === undefined ? {} : { result }),
    ...(run === undefined ? {} : { run }),
    ...(totalTimeoutMs === null ? {} : { totalLeftMs: Math.max(1, first + totalTimeoutMs - now) }),
    ...(order.round ? { round: order.round } : {}),
    ...(order.item ? { item: order.item } : {}),
    ...(onUnknown === undefined ? {} : { holdUnknown: true as const }),
    ...(order.deadlineAt === undefined
      ? {}
      : { deadlineLeftMs: Math.max(1, order.deadlineAt - now) }),
    ...(order.look ? { look: true as const } : {}),
    ...(order.previous ? { previous: order.previous } : {}),
  };
}
