/** The log line of a node's transition. */
import { log, workflowInfo } from '@temporalio/workflow';
import type { GraphState } from './graph-state.js';

/** Says that a node has gone from one status to another. */
export function logTransition(
  state: GraphState,
  index: number,
  from: string,
  to: string,
  reason: string | undefined,
): void {
  const { workflowId: executionId } = workflowInfo();
  const { id: nodeId } = state.node(index);
  const { task } = state.classOf(index);
  const why = reason === undefined ? {} : { reason };
  log.info(`${from} → ${to}`, { executionId, nodeId, task, from, to, ...why });
}
