import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { showsEnd } from '../../src/store/merge-execution.js';
import { ExecutionRuns } from '../../src/store/execution-runs.js';
import type { ExecutionRow, ExecutionWrite, StatusEntry } from '../../src/store/execution-row.js';
import { TERMINAL_STATUSES } from '../../src/domain/status.js';
import { describeDatabases } from '../support/databases.js';

const T = Date.UTC(2026, 2, 14);
const LIVE = ['PENDING', 'SCHEDULED', 'PREPARING', 'RUNNING', 'RETRYING', 'PAUSED'] as const;

const maybe = <V>(value: fc.Arbitrary<V>) => fc.option(value, { nil: undefined });
const time = fc.integer({ min: T, max: T + 7_200_000 });
const fields = fc.record({
  startedAt: maybe(time),
  attempts: maybe(fc.integer({ min: 1, max: 4 })),
  taskId: maybe(fc.constantFrom('load', 'save', null)),
  project: maybe(fc.constantFrom('p', 'q')),
  tags: maybe(fc.subarray(['x', 'y', 'z'])),
  warnings: maybe(fc.subarray(['slow', 'odd'])),
  metadata: maybe(fc.constantFrom({ a: 1 }, { a: 2, b: 'c' })),
  reason: maybe(fc.constantFrom('queue', null)),
  progress: maybe(fc.integer()),
});

/** The writes about one run in the order in which they happened: any number of live ones, then perhaps the end. */
const runOf = (number: number) =>
  fc
    .tuple(
      fc.array(fc.tuple(maybe(fc.constantFrom(...LIVE)), fields), { maxLength: 4 }),
      maybe(fc.tuple(fc.constantFrom(...TERMINAL_STATUSES), fields, time)),
    )
    .map(([live, end]): ExecutionWrite[] => {
      const steps = [
        ...live.map(([status, said]) => ({ status, ...said })),
        ...(end ? [{ status: end[0], ...end[1], endedAt: end[2] }] : []),
      ];
      return steps.map((said, i) => {
        const statusHistory: StatusEntry[] = said.status
          ? [{ status: said.status, at: T + i }]
          : [];
        const known = Object.entries(said).filter(([, value]) => value !== undefined);
        return {
          ...{
            executionId: 'e',
            kind: 'task' as const,
            sequence: i + 1,
            statusHistory,
            createdAt: T + number,
          },
          run: { id: `run-${9 - number}`, startedAt: T + number * 60_000 },
          ...Object.fromEntries(known),
        };
      });
    });

/** Two ends of one run that disagree, after any live writes: a worker was cut off, and the server said something else. */
const corrected = fc
  .tuple(runOf(0), fc.record({ by: fields, output: maybe(fc.string()) }))
  .filter(([story]) => story.at(-1)?.endedAt !== undefined)
  .map(([story, { by, output }]): ExecutionWrite[] => {
    const wrong = story.at(-1) as ExecutionWrite;
    const status = wrong.status === 'TIMEOUT' ? 'FAILED' : 'TIMEOUT';
    const said = Object.fromEntries(Object.entries(by).filter(([, value]) => value !== undefined));
    const right: ExecutionWrite = {
      ...{ executionId: 'e', kind: 'task', run: wrong.run as NonNullable<ExecutionWrite['run']> },
      ...said,
      ...{ status, sequence: wrong.sequence + 1, endedAt: T + 9_000_000 },
      ...{ createdAt: T, statusHistory: [{ status, at: T + 50 }] },
    };
    return [...story.slice(0, -1), { ...wrong, ...(output ? { output } : {}) }, right];
  })
  .chain((story) =>
    fc.record({
      story: fc.constant(story),
      mixed: fc.shuffledSubarray([...story, ...story], { minLength: story.length * 2 }),
      size: fc.integer({ min: 1, max: 4 }),
    }),
  );

/** A story of one to three runs, and the same with repeats and in another order. */
const told = fc
  .integer({ min: 1, max: 3 })
  .chain((runs) => fc.tuple(...Array.from({ length: runs }, (_, i) => runOf(i))))
  .map((runs) => runs.flat())
  .filter((story) => story.length > 0)
  .chain((story) =>
    fc.record({
      story: fc.constant(story),
      mixed: fc
        .array(fc.constantFrom(...story), { maxLength: 5 })
        .chain((repeats) =>
          fc.shuffledSubarray([...story, ...repeats], { minLength: story.length + repeats.length }),
        ),
      size: fc.integer({ min: 1, max: 4 }),
    }),
  );

const timeless = (row: ExecutionRow | undefined) => row && { ...row, updatedAt: 0 };

describe('ExecutionRuns', () => {
  it.each([
    ['the same writes', told],
    ['writes with two ends of a run', corrected],
  ])(
    'ends in the same row and past runs for every order and repetition of %s',
    (_what, stories) => {
      const stateAfter = (writes: readonly ExecutionWrite[]) => {
        const runs = new ExecutionRuns(undefined);
        for (const write of writes) runs.apply(write, T);
        const past = [...runs.past].map(([id, { after }]) => [id, after.row] as const);
        return { row: runs.current?.after.row, past: past.sort(([a], [b]) => (a < b ? -1 : 1)) };
      };
      fc.assert(
        fc.property(stories, ({ story, mixed }) => {
          expect(stateAfter(mixed)).toEqual(stateAfter(story));
        }),
        { numRuns: 1_000 },
      );
    },
  );

  it('changes nothing when the same writes come again', () => {
    fc.assert(
      fc.property(fc.oneof(told, corrected), ({ mixed }) => {
        const runs = new ExecutionRuns(undefined);
        for (const write of mixed) runs.apply(write, T);
        const before = runs.states.map(({ after }) => after);
        for (const write of mixed) expect(runs.apply(write, T + 1)).toBe(false);
        expect(runs.states.map(({ after }) => after)).toEqual(before);
      }),
      { numRuns: 500 },
    );
  });

  it('changes nothing by an end that the row is said to show', () => {
    let shown = 0;
    fc.assert(
      fc.property(fc.oneof(told, corrected), ({ story, mixed }) => {
        const runs = new ExecutionRuns(undefined);
        for (const write of mixed) runs.apply(write, T);
        const before = runs.states.map(({ after }) => after);
        for (const write of story) {
          const row = runs.current?.after.row;
          if (!row || !showsEnd(row, { ...write, sequence: 1_000 })) continue;
          shown++;
          expect(runs.apply({ ...write, sequence: 1_000 }, T + 1)).toBe(false);
        }
        expect(runs.states.map(({ after }) => after)).toEqual(before);
      }),
      { numRuns: 500 },
    );
    expect(shown).toBeGreaterThan(100);
  });
});

describeDatabases('record', (database) => {
  it('ends in the same row, list and counters however the writes are mixed and cut into calls', async () => {
    const store = await database.fresh();
    let tellings = 0;
    /** Each telling has an execution, a session and projects of its own, and so counters of its own. */
    const tell = async (writes: readonly ExecutionWrite[], size: number): Promise<unknown> => {
      const mark = `telling-${tellings++}-`;
      const own = writes.map((write) => ({
        ...write,
        ...{ executionId: mark, sessionId: mark },
        ...(write.project ? { project: mark + write.project } : {}),
      }));
      for (let from = 0; from < own.length; from += size)
        await store.executions.record(own.slice(from, from + size), T);
      const { events } = await store.events.read({ after: 0, limit: 1_000, executionId: mark });
      expect(new Set(events.map(({ id }) => id)).size).toBe(events.length);
      const row = await store.executions.get(mark);
      const query = { sessionId: mark, tags: row?.tags ?? [] };
      const answers = {
        row: timeless(row),
        listed: (await store.executions.list(query)).executions.length,
        counted: await Promise.all(
          ['p', 'q'].map((project) =>
            store.stats.getExecutionStats({ project: mark + project, by: ['task', 'hour'] }),
          ),
        ),
      };
      return JSON.parse(JSON.stringify(answers).replaceAll(mark, ''));
    };
    await fc.assert(
      fc.asyncProperty(fc.oneof(told, corrected), async ({ story, mixed, size }) => {
        expect(await tell(mixed, size)).toEqual(await tell(story, story.length));
      }),
      { numRuns: 60 },
    );
  });
});
