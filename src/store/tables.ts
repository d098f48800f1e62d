/**
 * The tables, the same on both databases. Times are epoch milliseconds, JSON is text, yes and no are 1 and 0.
 *
 * `ord` orders executions: newest last, unique, made of the time of creation and a hash of the id
 * (`execution-order.ts`). It is wider than a JavaScript number, so it is written as a bigint and read as text.
 */
import type { ColumnType, Generated } from 'kysely';

type Ord = ColumnType<never, bigint, bigint>;

export interface Tables {
  executions: ExecutionTable;
  execution_labels: { label: string; ord: Ord };
  /** FTS5 on SQLite, where `ord` is the rowid; a tsvector on PostgreSQL. Written and asked in `execution-text.ts`. */
  execution_text: { ord: Ord };
  /** Every word that was ever written. */
  execution_vocabulary: { word: string };
  execution_past_runs: { execution_id: string; run_id: string; state: string };
  execution_stats: StatsTable;
  catalogue_projects: {
    id: string;
    name: string;
    description: string;
    /** Of name and description, each after a space: what a text is looked for in. */
    words: string;
    archived: number;
    created_at: number;
    updated_at: number;
  };
  catalogue_tasks: TaskColumns & { id: string; archived: number; created_at: number };
  catalogue_task_versions: TaskColumns & { task_id: string };
  cache_entries: {
    project: string;
    cache_key: string;
    task: string;
    task_version: string;
    value: string;
    created_at: number;
    expires_at: number | null;
  };
  cache_claims: { project: string; cache_key: string; holder: string; until: number };
  circuits: { project: string; name: string; mode: string; state: string; updated_at: number };
  error_lists: {
    project: string;
    list: string;
    code: string;
    added_at: number;
    added_by: string | null;
  };
  counters: { name: string; value: number };
  leases: { name: string; holder: string; until: number };
  idempotency_keys: {
    project: string;
    request_key: string;
    execution_id: string;
    until: number;
  };
  /** Events: `body` is a telling of one or more, the columns beside it are what they are looked for by. */
  outbox: {
    /** Of the last of them. */
    position: number;
    /** The graph of a node, the batch of an item, else the execution itself. */
    family: string;
    execution_id: string;
    parent_id: string | null;
    project: string | null;
    /** The names of them, each between spaces. */
    names: string;
    /** When the last of them happened. */
    at: number;
    body: string;
  };
  event_cursors: { consumer: string; position: number; updated_at: number };
  /** What tasks log; written in batches, kept for a while. */
  log_lines: LogLineTable;
  dead_letters: {
    sink: string;
    event_id: string;
    position: number;
    event: string;
    tries: number;
    error: string;
    at: number;
    due: number;
  };
  api_keys: {
    id: string;
    name: string;
    /** The name for as long as no other key may have it. */
    live_name: string | null;
    scope: string;
    /** A list; null: all. */
    projects: string | null;
    secret_hash: string;
    /** Of the secret before the last rotation, and when it ends. */
    previous_hash: string | null;
    previous_until: number | null;
    created_at: number;
    created_by: string;
    expires_at: number | null;
    revoked_at: number | null;
    last_used_at: number | null;
  };
  audit_log: {
    id: Generated<number>;
    at: number;
    who: string;
    what: string;
    target: string;
    reason: string | null;
    details: string | null;
  };
}

export interface LogLineTable {
  position: number;
  /** Who numbered it, and its number there: a batch that is written twice is kept once. */
  writer: string;
  sequence: number;
  /** What was submitted; `execution_id` is that or somewhere below it. */
  family: string;
  execution_id: string;
  run_started_at: number;
  attempt: number;
  at: number;
  /** 20 debug, 30 info, 40 warn, 50 error. */
  level: number;
  source: string;
  text: string;
  fields: string | null;
}

interface TaskColumns {
  project_id: string;
  name: string;
  description: string;
  words: string;
  priority: number | null;
  run: string | null;
  defaults: string;
  version: number;
  updated_at: number;
}

/** Narrow columns first: SQLite reads wide rows only as far as it must. */
export interface ExecutionTable {
  ord: Ord;
  execution_id: string;
  kind: string;
  status: string;
  /** 1 until it ends. */
  open: number;
  project: string | null;
  task_id: string | null;
  parent_id: string | null;
  session_id: string | null;
  request_id: string | null;
  rerun_of: string | null;
  catalogue_task_id: string | null;
  catalogue_task_version: number | null;
  task_version: string | null;
  priority: number | null;
  reason: string | null;
  workflow_id: string | null;
  run_id: string | null;
  run_started_at: number | null;
  sequence: number;
  created_at: number;
  scheduled_time: number | null;
  started_at: number | null;
  ended_at: number | null;
  duration_ms: number | null;
  execution_time_ms: number | null;
  wait_ms: number | null;
  attempts: number | null;
  max_retries: number | null;
  next_retry_at: number | null;
  updated_at: number;
  manifest_ref: string | null;
  /** What a text is looked for in, each word after a space; `execution_text` is the index of it. */
  words: string;
  /** Which sequence wrote which field: `merge-execution.ts`. */
  stamps: string;
  node_counts: string | null;
  tags: string | null;
  metadata: string | null;
  dependencies: string | null;
  progress: string | null;
  error: string | null;
  warnings: string | null;
  metrics: string | null;
  status_history: string | null;
  artifacts: string | null;
  deadline_ms: number | null;
  deadline_risk: string | null;
  input: string | null;
  output: string | null;
}

/** One row per kind and period, and per project and per task of these. */
export interface StatsTable {
  /** What is summed up: 0 all, 1 one project, 2 one task of a project. */
  grain: number;
  /** The length of the period: 0 an hour, 1 a day, 2 a month (UTC). */
  level: number;
  /** Its beginning. */
  period: number;
  kind: string;
  /** Empty: none. */
  project: string;
  task_id: string;
  /** Of each terminal status: `stats-figures.ts`. */
  figures: string;
}
