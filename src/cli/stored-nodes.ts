/** How the nodes of an execution stood when a worker last wrote of them into the store: for when no worker answers. */
import type { ExecutionRecord, ListQuery } from '../client.js';
import type { StatusReason } from '../domain/status.js';
import type { NodeView } from '../workflows/messages.js';
import type { GraphView } from './graph-view.js';
import type { Session } from './session.js';

export interface StoredNodes {
  /** Of the nodes that the store knows, the oldest first; each id is that of its execution. */
  records: ExecutionRecord[];
  /** The last time that the store has something of them from, an ISO time. */
  asOf: string;
}

const PAGE = 1_000;
/** Nodes of a graph, and items of a batch. */
const KINDS: NonNullable<ListQuery['kind']> = ['node', 'item'];

/** Undefined where there is no store, or where it knows of no node. */
export async function storedNodes(
  { engine }: Pick<Session, 'engine'>,
  parentId: string,
): Promise<StoredNodes | undefined> {
  const records: ExecutionRecord[] = [];
  let cursor: string | undefined;
  try {
    do {
      const query = { parentId, kind: KINDS, limit: PAGE };
      const page = await engine.listExecutions(cursor === undefined ? query : { ...query, cursor });
      records.push(...page.executions);
      cursor = page.nextCursor;
    } while (cursor !== undefined);
  } catch {
    return undefined; // there is no store, or it cannot be used: what the server knows is all there is
  }
  return records.length === 0
    ? undefined
    : { records: records.reverse(), asOf: latestOf(records.flatMap(timesOf)) };
}

const latestOf = (times: readonly string[]): string =>
  times.reduce((last, time) => (time > last ? time : last), '');

const timesOf = ({ createdAt, statusHistory = [] }: ExecutionRecord): string[] => [
  createdAt,
  ...statusHistory.map(({ at }) => at),
];

/** Shows them; a node that the store does not know has not been seen to start, and what it waits for nobody can say. */
export function showStored(view: GraphView, { records }: StoredNodes): void {
  const known = records.map((record) => viewOf(record, nodeIdOf(view.executionId, record)));
  const ids = new Set(known.map(({ id }) => id));
  const others = [...view.nodes.values()].filter(({ id }) => !ids.has(id));
  for (const { id, task } of others)
    view.nodes.set(id, { id, task, status: 'PENDING', attempts: 0, maxRetries: 0 });
  for (const node of known) view.nodes.set(node.id, node);
}

export const nodeIdOf = (parentId: string, { executionId }: ExecutionRecord): string =>
  executionId.slice(parentId.length + 1);

function viewOf(record: ExecutionRecord, id: string): NodeView {
  const { taskId, status, reason, attempts, maxRetries, error } = record;
  const { startedAt, endedAt, durationMs, nextRetryAt, warnings } = record;
  return {
    ...{ id, task: taskId ?? id, status, attempts: attempts ?? 0, maxRetries: maxRetries ?? 0 },
    ...(reason === null ? {} : { reason: reason as StatusReason }),
    ...(error === null ? {} : { error }),
    ...(warnings.length > 0 ? { warnings } : {}),
    ...(startedAt === null ? {} : { startedAt }),
    ...(endedAt === null ? {} : { endedAt }),
    ...(durationMs === null ? {} : { durationMs }),
    ...(nextRetryAt === null ? {} : { nextRetryAt }),
  };
}
