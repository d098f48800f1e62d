/** Events: read from the outbox from a position on, by readers that remember how far they are, and forgotten. */
import { sql } from 'kysely';
import { EVENT_NAMES, type EventName } from '../domain/event.js';
import { splitExecutionId } from '../domain/execution-id.js';
import { transact, type Database } from './database.js';
import { eventsOf, type ExecutionEvent, type Telling } from './execution-events.js';
import { COUNTER, EVENTS_KEPT_MS } from './outbox.js';
import { limitOf, someOf } from './paging.js';

const DAY_MS = 86_400_000;
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
   * @returns how many changes of executions they told of
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
  { after, limit, executionId, project, kinds = [] }: EventQuery,
  upTo: number,
): Promise<EventPage> {
  const most = limitOf(limit);
  const wanted = kinds.length > 0 ? someOf('kinds', kinds, EVENT_NAMES) : EVENT_NAMES;
  let select = db
    .selectFrom('outbox')
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
  if (kinds.length > 0)
    select = select.where((either) =>
      either.or(wanted.map((kind) => either('names', 'like', `% ${kind} %`))),
    );
  const rows = await select.execute();
  const found = rows
    .flatMap(({ position, body }) => eventsOf(JSON.parse(body) as Telling, position))
    .filter(({ event, position }) => position > after && wanted.includes(event));
  const events = found.slice(0, most);
  const more = found.length > most || rows.length === most;
  // Of the last row some may be left for the next page.
  const last = found.length > most ? events.at(-1) : rows.at(-1);
  return { events, more, next: more ? (last?.position ?? after) : Math.max(after, upTo) };
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
      let oldest = connection.selectFrom('outbox').select('position');
      if (least !== null) oldest = oldest.where('position', '<=', least);
      const { numDeletedRows } = await connection
        .deleteFrom('outbox')
        .where('position', 'in', oldest.orderBy('position').limit(PRUNED_AT_ONCE))
        .where('at', '<', now - EVENTS_KEPT_MS - GRACE_MS)
        .executeTakeFirst();
      return Number(numDeletedRows);
    });
    pruned += deleted;
    if (deleted < PRUNED_AT_ONCE) return pruned;
  }
}
