/**
 * The ways to the executions that a filter lets through, newest or oldest first: along the rows of a label, along the
 * rows of a text, or along an index of columns. The last takes one walk for each kind and status, since an index gives
 * the newest of one status at once, but not those of three; the database merges the walks and stops after a page.
 */
import { sql, type RawBuilder, type SqlBool } from 'kysely';
import { STATUSES } from '../domain/status.js';
import type { Dialect } from './database.js';
import {
  boundsOf,
  columnConditions,
  hasLabel,
  hasWords,
  kindCondition,
  statusCondition,
  type Condition,
  type Filter,
  type FilterColumn,
} from './execution-filter.js';
import { textMatches } from './text-query.js';

export type Way =
  | { along: 'columns' }
  | { along: 'label'; label: string }
  /** `ords`: all rows that have the text, when they are known. */
  | { along: 'text'; ords?: readonly string[] };

/** A filter, with what the text index is asked. */
export interface Search {
  filter: Filter;
  /** Undefined: any text. */
  text: string | undefined;
}

/** The walks of a way: each selects `place`, in no order. */
export function walksOf(
  dialect: Dialect,
  search: Search,
  way: Way,
  after?: { ord: bigint; direction: 'newest' | 'oldest' },
): RawBuilder<unknown>[] {
  const { filter, text } = search;
  const walk = (ord: string, from: string, where: readonly Condition[]) => {
    const column = sql.raw(ord);
    const conditions = [
      ...where,
      ...(ord === 'e.ord' ? [] : [sql<SqlBool>`e.ord = ${column}`]),
      ...boundsOf(filter, ord),
      ...(after === undefined
        ? []
        : [
            sql<SqlBool>`${column} ${sql.raw(after.direction === 'newest' ? '<' : '>')} ${after.ord}`,
          ]),
    ];
    return sql`select ${column} as place from ${sql.raw(from)} where ${sql.join(conditions, sql` and `)}`;
  };
  const { labels } = filter;
  const row = [...columnConditions(filter), kindCondition(filter), ...statusCondition(filter)];
  const textOfRow = hasWords(filter);
  // On SQLite a cross join also says which table comes first.
  if (way.along === 'text' && way.ords) {
    const known = sql<SqlBool>`e.ord = any(${way.ords}::bigint[])`;
    return [walk('e.ord', 'executions e', [known, ...row, ...labels.map(hasLabel)])];
  }
  if (way.along === 'text' && text !== undefined) {
    const where = [textMatches(dialect, text), ...row, ...labels.map(hasLabel)];
    const ord = dialect === 'sqlite' ? 'execution_text.rowid' : 'execution_text.ord';
    return [walk(ord, 'execution_text cross join executions e', where)];
  }
  if (way.along === 'label') {
    const others = labels.filter((label) => label !== way.label).map(hasLabel);
    const where = [sql<SqlBool>`t.label = ${way.label}`, ...row, ...others, ...textOfRow];
    return [walk('t.ord', 'execution_labels t cross join executions e', where)];
  }
  const rest = [...columnConditions(filter), ...labels.map(hasLabel), ...textOfRow];
  return columnArms(dialect, filter).flatMap(({ from, arms }) =>
    arms.map((arm) => walk('e.ord', from, [...arm, ...rest])),
  );
}

interface Index {
  column: FilterColumn;
  index: string | undefined;
  by: 'kind' | 'status' | undefined;
}

/**
 * Which index answers a column, and what it has between that and `ord`; without one the database finds it, for the column
 * is unique. The first that fits is taken.
 */
const INDEXES: readonly Index[] = [
  { column: 'execution_id', index: undefined, by: undefined },
  { column: 'request_id', index: 'executions_request', by: undefined },
  { column: 'rerun_of', index: 'executions_rerun', by: undefined },
  { column: 'session_id', index: 'executions_session', by: undefined },
  { column: 'catalogue_task_id', index: 'executions_catalogue', by: undefined },
  { column: 'parent_id', index: 'executions_parent', by: 'status' },
  { column: 'task_id', index: 'executions_task', by: 'kind' },
  { column: 'project', index: 'executions_project', by: 'kind' },
];

/** Walks along one index, with the conditions of each. */
interface Arms {
  from: string;
  arms: Condition[][];
}

/** No row is on two walks: one that has the task's name and the catalogue's id is found by its name. */
function columnArms(dialect: Dialect, filter: Filter): Arms[] {
  const chosen = INDEXES.find(({ column }) => filter.columns[column] !== undefined);
  const task = filter.columns.task_id;
  if (chosen?.column !== 'task_id' || task === undefined)
    return [armsAlong(dialect, filter, chosen)];
  const byId = INDEXES.find(({ column }) => column === 'catalogue_task_id');
  return [
    withCondition(armsAlong(dialect, filter, chosen), sql`e.task_id = ${task}`),
    withCondition(
      armsAlong(dialect, filter, byId),
      sql`e.catalogue_task_id = ${task} and (e.task_id is null or e.task_id <> ${task})`,
    ),
  ];
}

const withCondition = ({ from, arms }: Arms, condition: Condition): Arms => ({
  from,
  arms: arms.map((arm) => [condition, ...arm]),
});

function armsAlong(dialect: Dialect, filter: Filter, chosen: Index | undefined): Arms {
  const { index, by } = chosen ?? { index: 'executions', by: 'kind' };
  const byKindAndStatus = by === 'kind' && filter.statuses !== undefined;
  const own = chosen ? index : 'executions_kind';
  const name = byKindAndStatus ? `${index}_status` : own;
  const kinds =
    by === 'kind'
      ? filter.kinds.map((kind) => [sql<SqlBool>`e.kind = ${kind}`])
      : [[kindCondition(filter)]];
  const statuses =
    byKindAndStatus || by === 'status'
      ? (filter.statuses ?? STATUSES).map((status) => [sql<SqlBool>`e.status = ${status}`])
      : [statusCondition(filter)];
  return {
    from:
      dialect === 'sqlite' && name !== undefined
        ? `executions e indexed by ${name}`
        : 'executions e',
    arms: kinds.flatMap((kind) => statuses.map((status) => [...kind, ...status])),
  };
}
