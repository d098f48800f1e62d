/** Executions: recording what happens to them, and asking for them. */
import type { PastGraph } from '../domain/overhead.js';
import type { Status, StatusReason } from '../domain/status.js';
import type { Database } from './database.js';
import { readExecutions } from './execution-columns.js';
import type { ExecutionKind, ExecutionRow, ExecutionWrite } from './execution-row.js';
import { listExecutions } from './list-executions.js';
import { openDeadlines, type OpenDeadline } from './open-deadlines.js';
import { openExecutions } from './open-executions.js';
import { pastGraphs } from './past-graphs.js';
import { recordExecutions } from './record-executions.js';
import { runningCounts } from './running-counts.js';

export interface Executions {
  /**
   * Merges writes into rows and counts what ended, in one transaction per few hundred rows. Writes may be repeated, late
   * and out of order:
   * - of two writes of one run the greater sequence wins, field by field; a late one fills what nobody has said since;
   * - a terminal status is final for its run: a live write with a greater sequence is ignored, and so is a second end,
   *   unless it has a greater sequence and disagrees: then it corrects the row, its figures and its history;
   * - a write of a later run starts the row anew, a write of an earlier run is ignored (but counted, if it ended).
   *
   * @returns how many writes changed a row, and how many said nothing new
   * @throws TaskError STORE
   */
  record(
    writes: readonly ExecutionWrite[],
    now: number,
  ): Promise<{ changed: number; ignored: number }>;
  get(executionId: string): Promise<ExecutionRow | undefined>;
  /** The rows that exist, in the order of the ids. */
  getMany(executionIds: readonly string[]): Promise<ExecutionRow[]>;
  /** Nodes of a graph or items of a batch, oldest first. */
  children(parentId: string, query?: ChildrenQuery): Promise<ExecutionPage>;
  /** Newest first. @throws TaskError CONFIGURATION for a limit, an offset or a cursor that is none */
  list(query?: ExecutionQuery): Promise<ExecutionPage>;
  /**
   * The nodes of those of these graphs that have not ended, by status, as far as the store has heard of them. None of what
   * is beyond 200,000 nodes.
   */
  nodeCounts(rows: readonly ExecutionRow[]): Promise<Map<string, Partial<Record<Status, number>>>>;
  /** Ids of executions that have not ended, oldest first: what the reconciler looks at. */
  openIds(query: OpenQuery): Promise<OpenPage>;
  /** Those with a deadline that have begun, that have not ended, and of which nobody was told that they may miss it. */
  openDeadlines(): Promise<OpenDeadline[]>;
  /** The newest graphs of 20 to 5,000 nodes that have completed, created at or after this time, ten at most. */
  pastGraphs(since: number): Promise<PastGraph[]>;
}

export interface ExecutionQuery {
  status?: Status | readonly Status[];
  /** `approval`: what waits for an answer, and so RUNNING where no status is asked for. */
  reason?: StatusReason | readonly StatusReason[];
  /** Default: all but nodes; with a parent, an id or a reason, all. */
  kind?: ExecutionKind | readonly ExecutionKind[];
  /** The task's name, or the id that the catalogue has it under. */
  taskId?: string;
  project?: string;
  sessionId?: string;
  /** This one alone. */
  executionId?: string;
  parentId?: string;
  requestId?: string;
  /** Reruns of this execution. */
  rerunOf?: string;
  catalogueTaskId?: string;
  /** All of them. */
  tags?: readonly string[];
  /** All of them: top-level keys of the metadata with these values. */
  metadata?: Readonly<Record<string, string | number | boolean | null>>;
  /** Created at or after. */
  since?: number;
  /** Created before. */
  until?: number;
  /** Words, or their beginnings, of the id, the task's name and the error's message; all of them, in any order. */
  text?: string;
  /** From 1 to 1,000; 100 by default. */
  limit?: number;
  /** Not together with a cursor. */
  offset?: number;
  /** `nextCursor` of the page before. */
  cursor?: string;
  /** Counts all matches too, which may take long. */
  withTotal?: boolean;
}

export interface ChildrenQuery {
  status?: Status | readonly Status[];
  /** From 1 to 1,000; 100 by default. */
  limit?: number;
  cursor?: string;
}

export interface ExecutionPage {
  executions: ExecutionRow[];
  /** Absent on the last page. */
  nextCursor?: string;
  /** Only when asked for. */
  total?: number;
}

export interface OpenQuery {
  /** Default: all. */
  kinds?: readonly ExecutionKind[];
  /** Created before this time. */
  olderThan?: number;
  /** From 1 to 1,000; 1,000 by default. */
  limit?: number;
  cursor?: string;
}

export interface OpenPage {
  executions: {
    executionId: string;
    kind: ExecutionKind;
    status: Status;
    workflowId: string | null;
    runId: string | null;
    createdAt: number;
    updatedAt: number;
  }[];
  nextCursor?: string;
}

export function executionsOf(database: Database): Executions {
  const { sql, dialect } = database;
  const getMany = async (ids: readonly string[]): Promise<ExecutionRow[]> => {
    const rows = await readExecutions(sql, dialect, 'execution_id', [...new Set(ids)]);
    const byId = new Map(rows.map(({ row }) => [row.executionId, row]));
    return ids.flatMap((id) => byId.get(id) ?? []);
  };
  return {
    record: (writes, now) => recordExecutions(database, writes, now),
    get: async (id) => (await getMany([id]))[0],
    getMany,
    children: (parentId, query = {}) => listExecutions(database, { ...query, parentId }, 'oldest'),
    list: (query = {}) => listExecutions(database, query),
    nodeCounts: (rows) => runningCounts(database, rows),
    openIds: (query) => openExecutions(database, query),
    openDeadlines: () => openDeadlines(database),
    pastGraphs: (since) => pastGraphs(database, since),
  };
}
