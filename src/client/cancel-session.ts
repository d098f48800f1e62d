/** Cancels what runs of a session. */
import pMap from 'p-map';
import { LIVE_STATUSES } from '../domain/status.js';
import type { Answer } from '../workflows/messages.js';
import type { ExecutionList, ListQuery } from './listing.js';
import type { CancelOptions } from './node-handle.js';
import type { ExecutionRecord } from './record.js';

/** Executions that are looked up, and asked, at once. */
const PAGE = 1_000;
const AT_ONCE = 10;

/** Who lists executions, and cancels one: an engine, or a server's. */
export interface Canceller {
  listExecutions(query: ListQuery): Promise<ExecutionList>;
  cancelExecution(executionId: string, options: CancelOptions): Promise<Answer>;
}

/** Of all that is listed of a session and has not ended. @returns the ids of those that were asked to stop */
export async function cancelSession(
  engine: Canceller,
  sessionId: string,
  options: CancelOptions,
): Promise<string[]> {
  const asked: string[] = [];
  const cancel = async ({ executionId }: ExecutionRecord): Promise<void> => {
    if ((await engine.cancelExecution(executionId, options)).success) asked.push(executionId);
  };
  let cursor: string | undefined;
  do {
    const query = { sessionId, status: LIVE_STATUSES, limit: PAGE };
    const page = await engine.listExecutions({ ...query, ...(cursor ? { cursor } : {}) });
    await pMap(page.executions, cancel, { concurrency: AT_ONCE });
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  return asked;
}
