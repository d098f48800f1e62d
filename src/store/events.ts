/**
 * The outbox: what happened to executions, appended by `executions.record` in the transaction that accepts it.
 *
 * Positions are taken from a counter whose row stays locked until the transaction ends, so they become visible in their
 * order: whoever has read up to a position has missed nothing before it.
 */
import { sql } from 'kysely';
import { EVENT_NAMES, type EventName } from '../domain/event.js';
import { splitExecutionId } from '../domain/execution-id.js';
import { insertRows } from './bulk.js';
import { transact, type Connection, type Database, type Dialect } from './database.js';
import { eventsOf, type ExecutionEvent, type NewEvent } from './execution-events.js';
import type { RunState } from './execution-runs.js';
import { limitOf, someOf } from './paging.js';

const COUNTER = 'events';
const DAY_MS = 86_400_000;
/**
 * How long events are kept. What is older than that when it is heard of is not told: it may have been, and forgotten.
 */
export const EVENTS_KEPT_MS = 7 * DAY_MS;
/** Events are forgotten a little later than they cease to be told, so that none is told twice. */
const GRACE_MS = 3_600_000;
const PRUNED_AT_ONCE = 1_000;
const CONSUMER_GONE_MS = 30 * DAY_MS;

export interface EventQuery {
  /** Those after this position; 0 for all that are kept. */
  after: number;
  /** From 1 to 1,000; 100 by default. */
  limit?: number;
  /** An execution and its nodes. */
  executionId?: string;
  project?: string;
  /** Default: all. */
  kinds?: readonly EventName[];
}

export interface EventPage {
  /** Oldest first. */
  events: ExecutionEvent[];
  /** Where to go on. */
  next: number;
  /** False when everything up to now has been read. */
  more: boolean;
}

export interface Events {
  /** @throws TaskError CONFIGURATION for a limit or a kind that is none */
  read(query: EventQuery): Promise<EventPage>;
  /** The position of the latest event; 0 where there was none. */
  head(): Promise<number>;
  /** How far a consumer has read. */
  cursor(consumer: string): Promise<number | undefined>;
  /** Begins a consumer at a position, by default at the latest; one that has begun stays where it is. */
  begin(consumer: string, now: number, position?: number): Promise<number>;
  /** Says how far a consumer has read; never goes back. */
  advance(consumer: string, position: number, now: number): Promise<void>;
  /**
   * Forgets events that are older than a week and that every consumer has read; one that has not moved for a month does
   * not count.
   *
   * @returns how many
   */
  prune(now: number): Promise<number>;
}

export function eventsIn(database: Database): Events {
  const { sql: db } = database;
  const head = async (): Promise<number> =>
    (await db.selectFrom('counters').select('value').where('name', '=', COUNTER).executeTakeFirst())
      ?.value ?? 0;
  const cursor = async (consumer: string): Promise<number | undefined> =>
    (
      await db
        .selectFrom('event_cursors')
        .select('position')
        .where('consumer', '=', consumer)
        .executeTakeFirst()
    )?.position;
  return {
    head,
    cursor,
    read: async (query) => await readEvents(database, query, await head()),
    begin: async (consumer, now, position) => {
      const at = position ?? (await head());
      await transact(database, (connection) =>
        connection
          .insertInto('event_cursors')
          .values({ consumer, position: at, updated_at: now })
          .onConflict((conflict) => conflict.column('consumer').doNothing())
          .execute(),
      );
      return (await cursor(consumer)) ?? at;
    },
    advance: async (consumer, position, now) => {
      await transact(database, (connection) =>
        connection
          .insertInto('event_cursors')
          .values({ consumer, position, updated_at: now })
          .onConflict((conflict) =>
            conflict
              .column('consumer')
              .doUpdateSet({ position, updated_at: now })
              .where(sql<boolean>`event_cursors.position < ${position}`),
          )
          .execute(),
      );
    },
    prune: (now) => prune(database, now),
  };
}

async function readEvents(
  { sql: db }: Database,
  { after, limit, executionId, project, kinds }: EventQuery,
  upTo: number,
): Promise<EventPage> {
  const most = limitOf(limit);
  let select = db
    .selectFrom('events')
    .select(['position', 'body'])
    .where('position', '>', after)
    .where('position', '<=', upTo)
    .orderBy('position')
    .limit(most);
  if (executionId !== undefined) {
    // A node is of its graph's family, but a lone task's id may hold a slash as well.
    const families = [executionId, splitExecutionId(executionId).graphId];
    select = select
      .where('family', 'in', families)
      .where((either) =>
        either.or([
          either('execution_id', '=', executionId),
          either('parent_id', '=', executionId),
        ]),
      );
  }
  if (project !== undefined) select = select.where('project', '=', project);
  if (kinds !== undefined && kinds.length > 0)
    select = select.where('event', 'in', someOf('kinds', kinds, EVENT_NAMES));
  const rows = await select.execute();
  const events = rows.map(({ position, body }): ExecutionEvent => {
    const { id, ...rest } = JSON.parse(body) as NewEvent;
    return { id, position, ...rest };
  });
  const more = events.length === most;
  return { events, more, next: more ? (events.at(-1)?.position ?? after) : Math.max(after, upTo) };
}

/** Appends what changes of executions say. The last statement of a transaction: from here on, others wait for it. */
export async function appendEvents(
  connection: Connection,
  dialect: Dialect,
  changes: Iterable<RunState>,
  now: number,
): Promise<void> {
  const events = inOrder(
    [...changes].map(({ before, after }) => eventsOf(before?.row, after.row, now)),
  ).filter(({ at }) => Date.parse(at) > now - EVENTS_KEPT_MS);
  if (events.length === 0) return;
  const { value: last } = await connection
    .insertInto('counters')
    .values({ name: COUNTER, value: events.length })
    .onConflict((conflict) =>
      conflict.column('name').doUpdateSet({ value: sql`counters.value + ${events.length}` }),
    )
    .returning('value')
    .executeTakeFirstOrThrow();
  const first = last - events.length + 1;
  await insertRows(connection, dialect, {
    table: 'events',
    columns: COLUMNS,
    rows: events.map((event, index) => [first + index, ...valuesOf(event)]),
    then: 'on conflict (id) do nothing',
  });
}

const COLUMNS = [
  'position',
  'id',
  'family',
  'execution_id',
  'parent_id',
  'project',
  'event',
  'at',
  'body',
];

function valuesOf(event: NewEvent): unknown[] {
  const { id, parentId, executionId, project, event: name, at } = event;
  const family = parentId ?? executionId;
  const body = JSON.stringify(event);
  return [id, family, executionId, parentId, project, name, Date.parse(at), body];
}

/**
 * All by time, each execution's own in their order whatever the clocks say, and a graph's end after all that its nodes
 * have to say.
 */
function inOrder(lists: readonly NewEvent[][]): NewEvent[] {
  const placed = lists.flatMap((list) => {
    let time = 0;
    return list.map((event) => {
      time = Math.max(time, Date.parse(event.at));
      const ends = event.kind === 'graph' && event.durationMs !== undefined;
      return { event, time: ends ? Infinity : time };
    });
  });
  return placed.sort((a, b) => (a.time === b.time ? 0 : a.time - b.time)).map(({ event }) => event);
}

async function prune(database: Database, now: number): Promise<number> {
  const { least } = await database.sql
    .selectFrom('event_cursors')
    .select(({ fn }) => fn.min<number | null>('position').as('least'))
    .where('updated_at', '>', now - CONSUMER_GONE_MS)
    .executeTakeFirstOrThrow();
  let pruned = 0;
  for (;;) {
    const deleted = await transact(database, async (connection) => {
      let oldest = connection.selectFrom('events').select('position');
      if (least !== null) oldest = oldest.where('position', '<=', least);
      const { numDeletedRows } = await connection
        .deleteFrom('events')
        .where('position', 'in', oldest.orderBy('position').limit(PRUNED_AT_ONCE))
        .where('at', '<', now - EVENTS_KEPT_MS - GRACE_MS)
        .executeTakeFirst();
      return Number(numDeletedRows);
    });
    pruned += deleted;
    if (deleted < PRUNED_AT_ONCE) return pruned;
  }
}
