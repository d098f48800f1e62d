/** The nodes of an execution as a list: all of them, those of a status, or a page. */
import type { Status } from '../domain/status.js';
import { decodeCursor, encodeCursor, limitOf } from '../store/paging.js';
import type { NodeView } from '../workflows/messages.js';

export interface NodeListQuery {
  status?: readonly Status[] | undefined;
  /** At most 1,000. Without it and without a cursor all; with a cursor 100. */
  limit?: number | undefined;
  /** `nextCursor` of the page before. */
  cursor?: string | undefined;
}

export interface NodeList {
  nodes: NodeView[];
  /** Absent on the last page. */
  nextCursor?: string;
}

/**
 * Those that were asked for. Pages go by id: nodes may be added between two of them, and of a big graph the order is
 * another one once it has ended.
 *
 * @throws TaskError CONFIGURATION for a cursor or a limit that is none
 */
export function nodeList(
  all: readonly NodeView[],
  { status, limit, cursor }: NodeListQuery,
): NodeList {
  const nodes = all.filter((node) => status?.includes(node.status) ?? true);
  if (limit === undefined && cursor === undefined) return { nodes };
  const after = cursor === undefined ? undefined : String(decodeCursor(cursor, 1)[0]);
  const rest = nodes
    .filter(({ id }) => after === undefined || id > after)
    .sort((one, other) => (one.id < other.id ? -1 : 1));
  const page = rest.slice(0, limitOf(limit));
  const last = page.at(-1);
  return {
    nodes: page,
    ...(rest.length > page.length && last ? { nextCursor: encodeCursor([last.id]) } : {}),
  };
}
