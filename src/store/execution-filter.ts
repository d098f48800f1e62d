/** What a list is narrowed by, as conditions on the row `e`. */
import { sql, type RawBuilder, type SqlBool } from 'kysely';
import { STATUS_REASONS, STATUSES, type Status, type StatusReason } from '../domain/status.js';
import { cleanIndexed } from './clean-write.js';
import { metadataLabel, tagLabel } from './execution-labels.js';
import { startOf } from './execution-order.js';
import { EXECUTION_KINDS, SCHEDULED_KINDS, type ExecutionKind } from './execution-row.js';
import { wordPatterns, wordsOf } from './execution-words.js';
import type { ExecutionQuery } from './executions.js';
import { someOf } from './paging.js';

export type Condition = RawBuilder<SqlBool>;

/** A query, read once. */
export interface Filter {
  kinds: readonly ExecutionKind[];
  /** Undefined: any. */
  statuses: readonly Status[] | undefined;
  /** Undefined: any. */
  reasons: readonly StatusReason[] | undefined;
  columns: Partial<Record<FilterColumn, string>>;
  labels: readonly string[];
  /** Empty: any text. */
  words: readonly string[];
  /** Bounds of `ord`: from the first, before the second. */
  from: bigint | undefined;
  before: bigint | undefined;
  /** Nothing can match, for example a text without a word. */
  nothing: boolean;
}

export type FilterColumn =
  | 'execution_id'
  | 'task_id'
  | 'project'
  | 'session_id'
  | 'parent_id'
  | 'request_id'
  | 'rerun_of'
  | 'catalogue_task_id';

const COLUMN_OF = {
  executionId: 'execution_id',
  taskId: 'task_id',
  project: 'project',
  sessionId: 'session_id',
  parentId: 'parent_id',
  requestId: 'request_id',
  rerunOf: 'rerun_of',
  catalogueTaskId: 'catalogue_task_id',
} as const satisfies Partial<Record<keyof ExecutionQuery, FilterColumn>>;

/** @throws TaskError CONFIGURATION for a kind, a status or a reason that is none */
export function filterOf(query: ExecutionQuery): Filter {
  const columns: Filter['columns'] = {};
  for (const [field, column] of Object.entries(COLUMN_OF)) {
    const value = query[field as keyof typeof COLUMN_OF];
    if (value !== undefined) columns[column] = cleanIndexed(value);
  }
  // The children of a graph are nodes: who names the parent wants them, and who names one wants it. Nodes have reasons.
  const isNamed =
    query.parentId !== undefined || query.executionId !== undefined || query.reason !== undefined;
  const otherwise = isNamed ? EXECUTION_KINDS : SCHEDULED_KINDS;
  const words = wordsOf(query.text ?? '');
  const kinds = query.kind === undefined ? otherwise : someOf('kind', query.kind, EXECUTION_KINDS);
  const reasons =
    query.reason === undefined ? undefined : someOf('reason', query.reason, STATUS_REASONS);
  // Questions that are open stand among what runs: no row that has ended is looked at for them.
  const asked =
    query.status ?? (reasons?.every((one) => one === 'approval') ? 'RUNNING' : undefined);
  const statuses = asked === undefined ? undefined : someOf('status', asked, STATUSES);
  const { since, until } = query;
  return {
    kinds,
    statuses,
    reasons,
    columns,
    labels: [
      ...new Set([
        ...(query.tags ?? []).map(tagLabel),
        ...Object.entries(query.metadata ?? {}).map(([key, value]) => metadataLabel(key, value)),
      ]),
    ],
    words,
    from: since === undefined ? undefined : startOf(Math.ceil(since)),
    before: until === undefined ? undefined : startOf(Math.ceil(until)),
    nothing:
      kinds.length === 0 ||
      statuses?.length === 0 ||
      reasons?.length === 0 ||
      (words.length === 0 && (query.text ?? '').trim() !== ''),
  };
}

/** The bounds on a column that holds `ord`. */
export function boundsOf(filter: Filter, ord: string): Condition[] {
  return [
    ...(filter.from === undefined ? [] : [sql<SqlBool>`${sql.raw(ord)} >= ${filter.from}`]),
    ...(filter.before === undefined ? [] : [sql<SqlBool>`${sql.raw(ord)} < ${filter.before}`]),
  ];
}

/** A task is named by its own name, or by the id that the catalogue has it under. */
export function columnConditions(filter: Filter): Condition[] {
  const equal = Object.entries(filter.columns).map(([column, value]) =>
    column === 'task_id'
      ? sql<SqlBool>`(e.task_id = ${value} or e.catalogue_task_id = ${value})`
      : sql<SqlBool>`${sql.ref(`e.${column}`)} = ${value}`,
  );
  const { reasons } = filter;
  return reasons ? [...equal, sql<SqlBool>`e.reason in (${sql.join(reasons)})`] : equal;
}

export const kindCondition = ({ kinds }: Filter): Condition =>
  sql<SqlBool>`e.kind in (${sql.join(kinds)})`;

export const statusCondition = ({ statuses }: Filter): Condition[] =>
  statuses ? [sql<SqlBool>`e.status in (${sql.join(statuses)})`] : [];

/** That the row has a label. */
export const hasLabel = (label: string): Condition =>
  sql<SqlBool>`exists (select 1 from execution_labels l where l.label = ${label} and l.ord = e.ord)`;

/** That the row has all words. */
export const hasWords = ({ words }: Filter): Condition[] =>
  wordPatterns(words).map((pattern) => sql<SqlBool>`e.words like ${pattern}`);
