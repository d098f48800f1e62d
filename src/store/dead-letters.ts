/** Events that a sink did not take, with a copy of each: they outlive the outbox. */
import { transact, type Database } from './database.js';
import type { ExecutionEvent } from './execution-events.js';
import { limitOf } from './paging.js';

/** An event that a sink did not take. */
export interface DeadLetter {
  sink: string;
  event: ExecutionEvent;
  /** How often it was sent in vain. */
  tries: number;
  /** What the last try ended with. */
  error: string;
  /** When it was given up. */
  at: number;
  /** It is to be sent again. */
  due: boolean;
}

export interface DeadLetters {
  /** Oldest events first. */
  list(query?: { sink?: string; due?: boolean; limit?: number }): Promise<DeadLetter[]>;
  /** Puts an event away; of one that is there already, adds the tries. */
  put(letter: Omit<DeadLetter, 'due'>): Promise<void>;
  /** Has them sent again, all of a sink or the events with these ids. @returns how many */
  retry(sink: string, eventIds?: readonly string[]): Promise<number>;
  /** Forgets one: it was delivered, or nobody wants it. */
  remove(sink: string, eventId: string): Promise<boolean>;
}

export function deadLettersOf(database: Database): DeadLetters {
  return {
    list: async ({ sink, due, limit } = {}) => {
      let select = database.sql
        .selectFrom('dead_letters')
        .selectAll()
        .orderBy('position')
        .orderBy('sink')
        .limit(limitOf(limit));
      if (sink !== undefined) select = select.where('sink', '=', sink);
      if (due !== undefined) select = select.where('due', '=', Number(due));
      const rows = await select.execute();
      return rows.map(({ event, due: again, sink: of, tries, error, at }) => ({
        ...{ sink: of, tries, error, at },
        event: JSON.parse(event) as ExecutionEvent,
        due: again === 1,
      }));
    },
    put: ({ sink, event, tries, error, at }) =>
      transact(database, async (connection) => {
        await connection
          .insertInto('dead_letters')
          .values({
            ...{ sink, tries, error, at, due: 0 },
            event_id: event.id,
            position: event.position,
            event: JSON.stringify(event),
          })
          .onConflict((conflict) =>
            conflict.columns(['sink', 'event_id']).doUpdateSet((row) => ({
              tries: row('dead_letters.tries', '+', row.ref('excluded.tries')),
              ...{ error, at, due: 0 },
            })),
          )
          .execute();
      }),
    retry: async (sink, eventIds) => {
      if (eventIds?.length === 0) return 0;
      return await transact(database, async (connection) => {
        let update = connection
          .updateTable('dead_letters')
          .set({ due: 1 })
          .where('sink', '=', sink);
        if (eventIds) update = update.where('event_id', 'in', [...eventIds]);
        return Number((await update.executeTakeFirst()).numUpdatedRows);
      });
    },
    remove: (sink, eventId) =>
      transact(database, async (connection) => {
        const { numDeletedRows } = await connection
          .deleteFrom('dead_letters')
          .where('sink', '=', sink)
          .where('event_id', '=', eventId)
          .executeTakeFirst();
        return numDeletedRows > 0n;
      }),
  };
}
