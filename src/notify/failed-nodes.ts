/** Which nodes of a graph failed, for those who are told that it did. */
import type { ExecutionEvent } from '../store/execution-events.js';
import { splitExecutionId } from '../domain/execution-id.js';
import { isTerminal, type Status } from '../domain/status.js';
import type { Store } from '../store/store.js';

const FAILURES = ['FAILED', 'TIMEOUT', 'REJECTED'] as const;
/** One more than are named: then there are others. */
const MOST = 6;

/** The ids of its first nodes that failed; none of what is no graph's end, and where the store does not say. */
export async function failedNodes(
  { executions }: Pick<Store, 'executions'>,
  { executionId, kind, status }: ExecutionEvent,
): Promise<string[]> {
  if (kind !== 'graph' || !isTerminal(status) || status === 'COMPLETED') return [];
  const ended = async (as: readonly Status[]): Promise<string[]> => {
    const query = { status: as, limit: MOST };
    const page = await executions.children(executionId, query).catch(() => undefined);
    return (page?.executions ?? []).map((one) => splitExecutionId(one.executionId).nodeId ?? '');
  };
  const failed = await ended(FAILURES);
  // Of a graph in which nothing failed, what was cancelled by itself made it fail.
  return failed.length === 0 && status === 'FAILED' ? await ended(['CANCELLED']) : failed;
}
