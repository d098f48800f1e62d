/** How another execution stands, for one that waits for it. */
import { getClient } from '@temporalio/activity';
import { WorkflowNotFoundError } from '@temporalio/client';
import { splitExecutionId } from '../domain/execution-id.js';
import { isTerminal } from '../domain/status.js';
import { awaitEnding, loadManifest, manifestNodes } from '../observe/closing.js';
import { getJson } from '../store/blob-store.js';
import type { ExecutionLook } from '../workflows/between.js';
import type { Deps } from './deps.js';

/** @param executionId an execution's id, or `<execution>/<node>` */
export async function lookAt(deps: Deps, executionId: string): Promise<ExecutionLook> {
  const { graphId, nodeId } = splitExecutionId(executionId);
  const handle = getClient().workflow.getHandle(graphId);
  try {
    const { status } = await handle.describe();
    if (status.name === 'RUNNING' || status.name === 'CONTINUED_AS_NEW') return { state: 'open' };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return { state: 'unknown' };
    throw error;
  }
  const { status, close } = await awaitEnding(handle);
  if (nodeId === undefined || !close) return { state: 'closed', status };
  const readJson = (ref: string) => getJson(deps.blobs, ref);
  const nodes = await manifestNodes(await loadManifest(close, readJson), readJson);
  const node = nodes.find(({ id }) => id === nodeId);
  if (!node) return { state: 'unknown' };
  const { status: nodeStatus, reason } = node;
  // The manifest of a closed execution has no node that is open.
  return isTerminal(nodeStatus)
    ? { state: 'closed', status: nodeStatus, ...(reason === undefined ? {} : { reason }) }
    : { state: 'closed', status };
}
