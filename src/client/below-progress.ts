/** How far the items of a map are, and the nodes of a sub-graph, while it runs: their own execution knows. */
import type { Client } from '@temporalio/client';
import type { BelowEnd } from '../domain/outcome.js';
import type { Progress } from '../domain/progress.js';
import { isTerminal, STATUSES } from '../domain/status.js';
import { QUERY, type GraphStatus, type NodeView } from '../workflows/messages.js';
import { query } from './query.js';

/** Executions that are asked in one look, the first of those that run. */
const ASKED_MOST = 10;
/** What has not answered by then is shown without. */
const PATIENCE_MS = 1_000;

/** The same views, with progress and counts where something runs below. */
export async function withBelow(
  client: Client,
  graphId: string,
  views: NodeView[],
): Promise<NodeView[]> {
  const running = views.filter(
    ({ kind, status }) => status === 'RUNNING' && (kind === 'map' || kind === 'graph'),
  );
  if (running.length === 0) return views;
  const found = new Map<string, Pick<NodeView, 'progress' | 'below'>>();
  const ask = async ({ id }: NodeView): Promise<void> => {
    const below = await belowOf(client, `${graphId}/${id}`);
    if (below) found.set(id, below);
  };
  await Promise.all(running.slice(0, ASKED_MOST).map(ask));
  return views.map((view) => {
    const below = found.get(view.id);
    return below ? { ...view, ...below } : view;
  });
}

async function belowOf(
  client: Client,
  executionId: string,
): Promise<{ progress: Progress; below: BelowEnd } | undefined> {
  try {
    const look = () => query<GraphStatus>(client, executionId, QUERY.status);
    const { counts, total } = await client.withDeadline(Date.now() + PATIENCE_MS, look);
    const done = STATUSES.filter(isTerminal).reduce((sum, one) => sum + (counts[one] ?? 0), 0);
    return total > 0 ? { progress: { done, total }, below: { counts } } : undefined; // else it is being planned
  } catch {
    return undefined;
  }
}
