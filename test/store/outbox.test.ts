import { expect, it } from '@jest/globals';
import type { ExecutionEvent } from '../../src/store/execution-events.js';
import type { ExecutionWrite } from '../../src/store/execution-row.js';
import type { Store } from '../../src/store/store.js';
import { changeStore } from '../support/change-store.js';
import { describeDatabases } from '../support/databases.js';

const T = Date.UTC(2026, 2, 14, 9, 30);

/** As migration 0002 made it. */
const EVENTS_TABLE = `create table events (
  position bigint primary key not null, id text not null unique, family text not null,
  execution_id text not null, parent_id text, project text, event text not null,
  at bigint not null, body text not null
)`;

const pending = (executionId: string): ExecutionWrite => ({
  ...{ executionId, kind: 'task', taskId: 'send-report', createdAt: T, sequence: 1 },
  ...{ status: 'PENDING', run: { id: 'run-1', startedAt: T } },
});
const all = async ({ events }: Store): Promise<ExecutionEvent[]> =>
  (await events.read({ after: 0 })).events;

describeDatabases('the outbox', (database) => {
  it('takes over the events of a store that was made before it', async () => {
    const store = await database.fresh();
    await store.executions.record(
      [pending('a'), { ...pending('a'), status: 'COMPLETED', sequence: 9, endedAt: T + 9 }],
      T,
    );
    const before = await all(store);
    const url = await database.freshUrl();
    await database.open(url);
    await changeStore(
      url,
      'drop table outbox',
      EVENTS_TABLE,
      ...before.map(
        ({ position, ...event }) =>
          `insert into events values (${position}, '${event.id}', 'a', 'a', null, null,
            '${event.event}', ${Date.parse(event.at)}, '${JSON.stringify(event)}')`,
      ),
      `insert into counters (name, value) values ('events', ${before.length})`,
      "delete from tempograph_migrations where name = '0007-outbox'",
    );

    const migrated = await database.open(url);

    expect(await all(migrated)).toEqual(before);
    await migrated.executions.record([pending('b')], T);
    expect((await all(migrated)).map(({ position }) => position)).toEqual([1, 2, 3]);
  });
});
