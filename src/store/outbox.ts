/**
 * The outbox: what happened to executions, appended by `executions.record` in the transaction that accepts it.
 *
 * Positions are taken from a counter whose row stays locked until the transaction ends, so they become visible in their
 * order: whoever has read up to a position has missed nothing before it. What one change of an execution tells stands in
 * one row: five events of a quick task cost a third of what they cost in rows of their own.
 */
import { CompiledQuery, sql } from 'kysely';
import { insertRows, isOneOf, listParameter } from './bulk.js';
import type { Connection, Dialect } from './database.js';
import { eventsOf, tellingOf, type Telling } from './execution-events.js';
import type { RunState } from './execution-runs.js';

/** Its row in `counters`. */
export const COUNTER = 'events';
/**
 * How long events are kept. What is older than that when it is heard of is not told: it may have been, and forgotten.
 */
export const EVENTS_KEPT_MS = 7 * 86_400_000;

const COLUMNS = [
  'position',
  'family',
  'execution_id',
  'parent_id',
  'project',
  'names',
  'at',
  'body',
];

/** Appends what changes of executions say. The last statement of a transaction: from here on, others wait for it. */
export async function appendEvents(
  connection: Connection,
  dialect: Dialect,
  changes: Iterable<RunState>,
  now: number,
): Promise<void> {
  const [fresh, known]: [Telling[], Telling[]] = [[], []];
  for (const { before, after } of changes) {
    const telling = tellingOf(before?.row, after.row, now);
    telling.steps = telling.steps.filter(({ at }) => at > now - EVENTS_KEPT_MS);
    (before ? known : fresh).push(telling);
  }
  const tellings = inOrder([...fresh, ...(await unheard(connection, dialect, withSteps(known)))]);
  const count = tellings.reduce((sum, { telling }) => sum + telling.steps.length, 0);
  if (count === 0) return;
  const { value: last } = await connection
    .insertInto('counters')
    .values({ name: COUNTER, value: count })
    .onConflict((conflict) =>
      conflict.column('name').doUpdateSet({ value: sql`counters.value + ${count}` }),
    )
    .returning('value')
    .executeTakeFirstOrThrow();
  let position = last - count;
  await insertRows(connection, dialect, {
    table: 'outbox',
    columns: COLUMNS,
    rows: tellings.map(({ telling, at }) => {
      position += telling.steps.length;
      return [position, ...valuesOf(telling, at)];
    }),
  });
}

const withSteps = (tellings: readonly Telling[]): Telling[] =>
  tellings.filter(({ steps }) => steps.length > 0);

/** Without what was told before: heard of in another order, a step may have gone by another name in between. */
async function unheard(
  connection: Connection,
  dialect: Dialect,
  tellings: readonly Telling[],
): Promise<Telling[]> {
  if (tellings.length === 0) return [];
  const ids = listParameter(
    dialect,
    tellings.map(({ executionId }) => executionId),
  );
  const text = `select body from outbox where ${isOneOf(dialect, 'execution_id')}`;
  const { rows } = await connection.executeQuery<{ body: string }>(CompiledQuery.raw(text, [ids]));
  const told = new Set(
    rows.flatMap(({ body }) => eventsOf(JSON.parse(body) as Telling, 0)).map(({ id }) => id),
  );
  return tellings.map((telling) => {
    const events = eventsOf(telling, 0);
    const steps = telling.steps.filter((_, nth) => !told.has(events[nth]?.id ?? ''));
    return { ...telling, steps };
  });
}

function valuesOf({ steps, ...subject }: Telling, at: number): unknown[] {
  const { executionId, parentId, project } = subject;
  const names = ` ${steps.map(({ event }) => event).join(' ')} `;
  const body = JSON.stringify({ ...subject, steps });
  return [parentId ?? executionId, executionId, parentId, project, names, at, body];
}

/** By the time of their last step, whatever the clocks say of the others, and a graph's end after all else. */
function inOrder(tellings: readonly Telling[]): { telling: Telling; at: number }[] {
  return withSteps(tellings.flatMap(endApart))
    .map((telling) => {
      const at = Math.max(...telling.steps.map((step) => step.at));
      return { telling, at, time: isGraphsEnd(telling) ? Infinity : at };
    })
    .sort((a, b) => (a.time === b.time ? 0 : a.time - b.time));
}

const isGraphsEnd = ({ kind, steps }: Telling): boolean =>
  kind === 'graph' && steps.at(-1)?.durationMs !== undefined;

/** A graph that is heard of only once it has ended began before its nodes all the same. */
function endApart(telling: Telling): Telling[] {
  if (!isGraphsEnd(telling)) return [telling];
  return [false, true].map((isEnd) => ({
    ...telling,
    steps: telling.steps.filter(({ durationMs }) => (durationMs !== undefined) === isEnd),
  }));
}
