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

/** What a source is asked for: nodes behind an id, in the order of their ids, and how many may be wanted. */
export interface Wanted {
  /** `''`: from the first. */
  after: string;
  atLeast: number;
  /** Of others it need give none. */
  status: readonly Status[] | undefined;
}

/** Gives nodes in the order of their ids, some at a time, for as long as more are wanted. */
export type NodeSource = (wanted: Wanted) => AsyncIterable<readonly NodeView[]>;

/** All of them, or those of a status. */
export function nodeList(all: readonly NodeView[], { status }: NodeListQuery): NodeList {
  return { nodes: all.filter((node) => status?.includes(node.status) ?? true) };
}

/**
 * A page. Pages go by id: nodes may be added between two of them, and of a big graph the order is another one once it has
 * ended.
 *
 * @throws TaskError CONFIGURATION for a cursor or a limit that is none
 */
export async function nodePage(
  source: NodeSource,
  { status, limit, cursor }: NodeListQuery,
): Promise<NodeList> {
  const after = cursor === undefined ? '' : decodeCursor('nodes', cursor)[0];
  const most = limitOf(limit);
  const nodes: NodeView[] = [];
  for await (const some of source({ after, atLeast: most + 1, status })) {
    for (const view of some) if (status?.includes(view.status) ?? true) nodes.push(view);
    if (nodes.length > most) break;
  }
  const page = nodes.slice(0, most);
  const last = page.at(-1);
  return {
    nodes: page,
    ...(nodes.length > most && last ? { nextCursor: encodeCursor('nodes', [last.id]) } : {}),
  };
}

/** A copy in the order of the ids. */
export const byId = (views: readonly NodeView[]): NodeView[] =>
  views.toSorted((one, other) => (one.id < other.id ? -1 : 1));

/** What comes behind an id. */
export const behind = (views: readonly NodeView[], after: string): readonly NodeView[] =>
  after === '' ? views : views.filter(({ id }) => id > after);
