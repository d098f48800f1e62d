/** What an approval asks, for those who are told that it does: its workflow alone knows. */
import type { Client } from '@temporalio/client';
import { splitExecutionId } from '../domain/execution-id.js';
import type { AskedQuestion } from '../notify/notice.js';
import { QUERY, type NodeView } from '../workflows/messages.js';

/** A worker of its queue has to answer; a message without the question is better than none, in milliseconds. */
const PATIENCE_MS = 4_000;

/** Undefined where nobody answers in time, or where it was answered meanwhile. Never throws. */
export async function openQuestion(
  client: Client,
  executionId: string,
): Promise<AskedQuestion | undefined> {
  const { graphId, nodeId } = splitExecutionId(executionId);
  if (nodeId === undefined) return undefined;
  try {
    const view = await client.withDeadline(Date.now() + PATIENCE_MS, () =>
      client.workflow.getHandle(graphId).query<NodeView | null, [string]>(QUERY.node, nodeId),
    );
    return view?.approval;
  } catch {
    return undefined;
  }
}
