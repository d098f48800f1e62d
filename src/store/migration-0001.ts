/**
 * The first tables. A migration that has been released never changes: what comes later is a new file.
 *
 * Every index of `executions` ends with `ord`, so that each list is a walk along one index from the newest on. SQL as
 * text, because the builder says the same in three times the words.
 */
import type { Migration } from 'kysely';
import type { Dialect } from './database.js';
import { migrationOf } from './migration.js';

export function firstMigration(dialect: Dialect): Migration {
  return migrationOf(dialect, [
    ...executionTables(dialect),
    ...EXECUTION_INDEXES,
    ...executionText(dialect),
    EXECUTION_STATS,
    ...CATALOGUE,
    ...SHARED,
    ...auditLog(dialect),
  ]);
}

const executionTables = (dialect: Dialect): string[] => [
  `create table executions (
    ord bigint primary key not null,
    execution_id text not null unique,
    kind text not null,
    status text not null,
    open smallint not null,
    project text,
    task_id text,
    parent_id text,
    session_id text,
    request_id text,
    catalogue_task_id text,
    catalogue_task_version bigint,
    task_version text,
    priority bigint,
    reason text,
    workflow_id text,
    run_id text,
    run_started_at bigint,
    sequence bigint not null,
    created_at bigint not null,
    scheduled_time bigint,
    started_at bigint,
    ended_at bigint,
    duration_ms bigint,
    execution_time_ms bigint,
    wait_ms bigint,
    attempts bigint,
    max_retries bigint,
    next_retry_at bigint,
    updated_at bigint not null,
    manifest_ref text,
    words text not null,
    stamps text not null,
    node_counts text,
    tags text,
    metadata text,
    dependencies text,
    progress text,
    error text,
    warnings text,
    metrics text,
    status_history text,
    artifacts text,
    input text,
    output text
  )`,
  `create table execution_past_runs (
    execution_id text not null,
    run_id text not null,
    state text not null,
    primary key (execution_id, run_id)
  )`,
  `create table execution_labels (
    label text not null,
    ord bigint not null,
    primary key (label, ord)
  )${dialect === 'sqlite' ? ' without rowid' : ''}`,
];

const EXECUTION_INDEXES = [
  'create index executions_kind on executions (kind, ord)',
  'create index executions_status on executions (kind, status, ord)',
  'create index executions_project on executions (kind, project, ord)',
  'create index executions_project_status on executions (kind, project, status, ord)',
  'create index executions_task on executions (kind, task_id, ord)',
  'create index executions_task_status on executions (kind, task_id, status, ord)',
  'create index executions_parent on executions (parent_id, status, ord) where parent_id is not null',
  'create index executions_session on executions (session_id, ord) where session_id is not null',
  'create index executions_request on executions (request_id, ord) where request_id is not null',
  `create index executions_catalogue on executions (catalogue_task_id, ord)
    where catalogue_task_id is not null`,
  // For the counts of what has not ended, and for the reconciler.
  'create index executions_open on executions (kind, project, task_id, status) where open = 1',
  'create index executions_open_ord on executions (ord) where open = 1',
];

const executionText = (dialect: Dialect): string[] => [
  // To find whole words by their beginnings: see text-query.ts. In the order of code points on both.
  `create table execution_vocabulary (
    word text${dialect === 'sqlite' ? '' : ' collate "C"'} primary key not null
  )${dialect === 'sqlite' ? ' without rowid' : ''}`,
  ...textTable(dialect),
];

const textTable = (dialect: Dialect): string[] =>
  dialect === 'sqlite'
    ? [
        // Only which rows have a word: no positions, no copy of the text. The words are split before they get here.
        `create virtual table execution_text using fts5(words, content = '', contentless_delete = 1, detail = none,
          tokenize = "unicode61 remove_diacritics 0 categories 'L* N* M* Co'")`,
      ]
    : [
        'create table execution_text (ord bigint primary key, words tsvector not null)',
        'create index execution_text_words on execution_text using gin (words)',
      ];

const EXECUTION_STATS = `create table execution_stats (
  grain smallint not null,
  level smallint not null,
  period bigint not null,
  kind text not null,
  project text not null,
  task_id text not null,
  figures text not null,
  primary key (grain, level, period, kind, project, task_id)
)`;

const TASK_COLUMNS = `
    project_id text not null,
    name text not null,
    description text not null,
    words text not null,
    priority bigint,
    run text,
    defaults text not null,
    version bigint not null,
    updated_at bigint not null`;

const CATALOGUE = [
  `create table catalogue_projects (
    id text primary key not null,
    name text not null unique,
    description text not null,
    words text not null,
    archived smallint not null,
    created_at bigint not null,
    updated_at bigint not null
  )`,
  `create table catalogue_tasks (
    id text primary key not null,${TASK_COLUMNS},
    archived smallint not null,
    created_at bigint not null,
    unique (project_id, name),
    foreign key (project_id) references catalogue_projects (id)
  )`,
  `create table catalogue_task_versions (
    task_id text not null,${TASK_COLUMNS},
    primary key (task_id, version),
    foreign key (task_id) references catalogue_tasks (id) on delete cascade
  )`,
];

const SHARED = [
  `create table cache_entries (
    project text not null,
    cache_key text not null,
    task text not null,
    task_version text not null,
    value text not null,
    created_at bigint not null,
    expires_at bigint,
    primary key (project, cache_key)
  )`,
  'create index cache_entries_task on cache_entries (task, task_version)',
  'create index cache_entries_expires on cache_entries (expires_at) where expires_at is not null',
  `create table cache_claims (
    project text not null,
    cache_key text not null,
    holder text not null,
    until bigint not null,
    primary key (project, cache_key)
  )`,
  'create index cache_claims_until on cache_claims (until)',
  `create table circuits (
    project text not null,
    name text not null,
    mode text not null,
    state text not null,
    updated_at bigint not null,
    primary key (project, name)
  )`,
  `create table error_lists (
    project text not null,
    list text not null,
    code text not null,
    added_at bigint not null,
    added_by text,
    primary key (project, list, code)
  )`,
  'create table counters (name text primary key not null, value bigint not null)',
  'create table leases (name text primary key not null, holder text not null, until bigint not null)',
  `create table idempotency_keys (
    project text not null,
    request_key text not null,
    execution_id text not null,
    until bigint not null,
    primary key (project, request_key)
  )`,
  'create index idempotency_keys_until on idempotency_keys (until)',
  'create index idempotency_keys_execution on idempotency_keys (project, execution_id)',
];

const auditLog = (dialect: Dialect): string[] => [
  `create table audit_log (
    id ${dialect === 'sqlite' ? 'bigint primary key autoincrement' : 'bigint generated always as identity primary key'},
    at bigint not null,
    who text not null,
    what text not null,
    target text not null,
    reason text,
    details text
  )`,
  'create index audit_log_target on audit_log (target, id)',
];
