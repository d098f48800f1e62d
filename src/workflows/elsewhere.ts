/** Nodes whose attempts end elsewhere: nobody there hears a cancel, so a worker answers it. */
import { CancellationScope, log, workflowInfo } from '@temporalio/workflow';
import { ACTIVITY } from './messages.js';
import type { LetGoRequest } from './requests.js';
import { work } from './work.js';

/** Has the server told that a node of this workflow, which was asked to stop, has stopped. */
export async function letGo(nodeId: string): Promise<void> {
  const request: LetGoRequest = { workflowId: workflowInfo().workflowId, nodeId };
  try {
    await CancellationScope.nonCancellable(() => work(ACTIVITY.letGo, [request]));
  } catch (error) {
    log.warn(`${nodeId} stops only with its time: ${String(error)}`);
  }
}
