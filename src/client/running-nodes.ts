/** The nodes of a running execution in the order of their ids, asked for as they are wanted: no more than a page is carried. */
import type { Client } from '@temporalio/client';
import { isTerminal } from '../domain/status.js';
import { QUERY, type NodesPage, type NodeView } from '../workflows/messages.js';
import { firstLook } from './first-look.js';
import { changedNodes, pendingAttempts, withPending } from './live.js';
import { query } from './query.js';
import { behind, byId, type Wanted } from './node-list.js';

/** Nodes of an answer where others than those that are asked for may be among them. */
const LOOK_THROUGH = 1_000;

/** @throws TaskError NOT_FOUND, NO_WORKER */
export async function* runningNodes(
  client: Client,
  executionId: string,
  { after, atLeast, status }: Wanted,
): AsyncGenerator<NodeView[]> {
  const now = await firstLook(client, executionId);
  const pending = isTerminal(now.status)
    ? new Map<string, never>()
    : await pendingAttempts(client, now);
  const live = (views: readonly NodeView[]): NodeView[] =>
    views.map((view) => withPending(view, pending.get(view.id), Date.now()));
  const limit = status === undefined ? atLeast : LOOK_THROUGH;
  for (let from = after; ;) {
    const asked = { after: from, limit };
    const page = await query<NodesPage>(client, executionId, QUERY.nodes, asked);
    if (!page.byId && page.nodes.length > 0) {
      // A worker that is older than this: it gives them in the order of the spec.
      const { nodes } = await changedNodes(client, executionId, 0);
      yield live(behind(byId(nodes), from));
      return;
    }
    yield live(page.nodes);
    const last = page.nodes.at(-1);
    if (page.next === undefined || !last) return;
    from = last.id;
  }
}
