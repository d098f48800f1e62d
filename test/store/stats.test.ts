import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { ExecutionWrite } from '../../src/store/execution-row.js';
import {
  addEncoded,
  addTo,
  bucketOf,
  emptyHistogram,
  encode,
  percentiles,
} from '../../src/store/histogram.js';
import { periodOf, stretchesOf } from '../../src/store/stats-period.js';
import type { StatsOrder } from '../../src/domain/statistics.js';
import type { StatsQuery } from '../../src/store/stats.js';
import { describeDatabases } from '../support/databases.js';
import { executionsFrom } from './support/busy-month.js';

const HOUR = 3_600_000;
const T = Date.UTC(2026, 0, 30, 22, 15);

const ended = (executionId: string, rest: Partial<ExecutionWrite> = {}): ExecutionWrite => ({
  executionId,
  kind: 'task',
  sequence: 2,
  run: { id: 'r1', startedAt: T },
  project: 'orders',
  taskId: 'load',
  status: 'COMPLETED',
  createdAt: T,
  startedAt: T + 100,
  endedAt: T + 1_100,
  attempts: 1,
  ...rest,
});

describeDatabases('getExecutionStats', (database) => {
  it('counts as the design says', async () => {
    const { executions, stats } = await database.fresh();
    await executions.record(
      [
        ended('a'),
        ended('b', { attempts: 3, warnings: ['slow'] }),
        ended('c', { status: 'FAILED', attempts: 4 }),
        ended('d', { status: 'TIMEOUT' }),
        ended('e', { status: 'REJECTED', startedAt: null }),
        ended('f', { status: 'CANCELLED' }),
        ended('g', { status: 'SKIPPED', startedAt: null }),
        ended('h', { status: 'RUNNING', endedAt: null, attempts: 2 }),
        ended('i', { status: 'PENDING', endedAt: null, startedAt: null, kind: 'graph' }),
        ended('n', { kind: 'node' }),
      ],
      T,
    );
    await expect(stats.getExecutionStats()).resolves.toEqual({
      ...{ total: 9, successful: 2, failed: 3, cancelled: 1, skipped: 1, active: 2 },
      ...{ retried: 2, totalRetries: 5, withWarnings: 1 },
      byStatus: {
        ...{ COMPLETED: 2, FAILED: 1, TIMEOUT: 1, REJECTED: 1, CANCELLED: 1, SKIPPED: 1 },
        ...{ RUNNING: 1, PENDING: 1 },
      },
      waitMs: { p50: 103, p95: 103, p99: 103 },
      runMs: { p50: expect.closeTo(1_000, -2), p95: expect.anything(), p99: expect.anything() },
    });
    await expect(stats.getExecutionStats({ kind: 'node' })).resolves.toMatchObject({ total: 1 });
  });

  it('groups by all it can be asked for, in order', async () => {
    const { executions, stats } = await database.fresh();
    await executions.record(
      [
        ended('a'),
        ended('b', { project: 'billing', endedAt: T + HOUR }),
        ended('c', { project: 'billing', status: 'FAILED', endedAt: T + HOUR }),
        ended('d', { project: null, taskId: null, endedAt: T + 3 * HOUR }),
        ended('e', { status: 'RUNNING', endedAt: null }),
      ],
      T,
    );
    const keys = async (by: StatsQuery['by']): Promise<unknown[]> =>
      ((await stats.getExecutionStats({ by: by ?? [] })).groups ?? []).map(({ key, total }) => [
        ...Object.values(key),
        total,
      ]);
    await expect(keys('status')).resolves.toEqual([
      ['COMPLETED', 3],
      ['FAILED', 1],
      ['RUNNING', 1],
    ]);
    await expect(keys(['project', 'task'])).resolves.toEqual([
      ['billing', 'load', 2],
      ['orders', 'load', 2],
      [null, null, 1],
    ]);
    const hour = periodOf('hour', T);
    await expect(keys('hour')).resolves.toEqual([
      [hour, 1],
      [hour + HOUR, 2],
      [hour + 3 * HOUR, 1],
      [null, 1],
    ]);
    const day = periodOf('day', T);
    await expect(keys(['day', 'status'])).resolves.toEqual([
      [day, 'COMPLETED', 2],
      [day, 'FAILED', 1],
      [day + 24 * HOUR, 'COMPLETED', 1],
      [null, 'RUNNING', 1],
    ]);
  });

  it('answers as a look at each execution does, for any time, project, task and kind', async () => {
    const { executions, stats } = await database.fresh();
    const writes = executionsFrom(0, 1_500, 1_500);
    await executions.record(writes, T);
    const kinds = ['graph', 'task', 'node', 'item'] as const;
    const begin = writes[0]?.createdAt ?? 0;
    const hours = fc.option(fc.integer({ min: 0, max: 740 }), { nil: undefined });
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          ...{ from: hours, to: hours },
          project: fc.constantFrom('billing', 'orders', undefined),
          taskId: fc.constantFrom('load', 'load-daily', undefined),
          kind: fc.subarray([...kinds], { minLength: 1 }),
          by: fc.subarray(['status', 'task', 'project', 'hour', 'day'] as const),
        }),
        async ({ from, to, project, taskId, kind, by }) => {
          const [since, until] = [from, to].map((at) =>
            at === undefined ? at : begin + at * HOUR,
          );
          const query = {
            kind,
            by,
            ...(project ? { project } : {}),
            ...(taskId ? { taskId } : {}),
          };
          const answer = await stats.getExecutionStats({
            ...query,
            ...(since === undefined ? {} : { since }),
            ...(until === undefined ? {} : { until }),
          });
          const expected = writes.filter(
            (write) =>
              kind.includes(write.kind) &&
              (project ?? write.project) === write.project &&
              (taskId ?? write.taskId) === write.taskId &&
              (write.endedAt == null ||
                (write.endedAt >= (since ?? 0) && write.endedAt < (until ?? Infinity))),
          );
          expect(answer.total).toBe(expected.length);
          const retried = expected.filter((one) => one.endedAt && (one.attempts ?? 0) > 1);
          expect(answer.retried).toBe(retried.length);
          if (by.length > 0)
            expect(answer.groups?.reduce((sum, group) => sum + group.total, 0)).toBe(answer.total);
        },
      ),
      { numRuns: 40 },
    );
  });

  it('counts an execution once, however often it is told to have ended, as its last end says', async () => {
    const { executions, stats } = await database.fresh();
    for (const write of [ended('a'), ended('a'), ended('a', { sequence: 9, status: 'FAILED' })])
      await executions.record([write, write], T);
    await expect(stats.getExecutionStats()).resolves.toMatchObject({
      ...{ total: 1, successful: 0, failed: 1 },
    });
  });

  it('counts an id again for each run, also one that is told of late', async () => {
    const { executions, stats } = await database.fresh();
    const second = { run: { id: 'r2', startedAt: T + HOUR }, endedAt: T + 2 * HOUR };
    await executions.record([ended('a', second)], T);
    for (let i = 0; i < 2; i++)
      await executions.record([ended('a', { status: 'FAILED', endedAt: T })], T);
    await expect(stats.getExecutionStats()).resolves.toMatchObject({
      ...{ total: 2, successful: 1, failed: 1 },
    });
    await expect(executions.get('a')).resolves.toMatchObject({ status: 'COMPLETED', runId: 'r2' });
  });

  it('corrects what a late write adds to an execution that has ended', async () => {
    const { executions, stats } = await database.fresh();
    await executions.record(
      [{ executionId: 'a', kind: 'task', sequence: 5, status: 'COMPLETED', endedAt: T }],
      T,
    );
    await executions.record(
      [{ executionId: 'a', kind: 'task', sequence: 1, project: 'p', attempts: 2 }],
      T,
    );
    const { groups, ...all } = await stats.getExecutionStats({ by: 'project' });
    expect(all).toMatchObject({ total: 1, retried: 1 });
    expect(groups?.map(({ key }) => key.project)).toEqual(['p']);
  });

  it('puts groups in the order that is asked for, and gives the first of them beside figures of all', async () => {
    const { executions, stats } = await database.fresh();
    const failed = { status: 'FAILED', attempts: 2 } as const;
    await executions.record(
      [
        ...['a1', 'a2', 'a3'].map((id) => ended(id, { taskId: 'often' })),
        ...['b1', 'b2'].map((id) => ended(id, { taskId: 'breaks', ...failed })),
        ended('c1', { taskId: 'slow', ...failed, attempts: 9, endedAt: T + HOUR }),
        ended('d1', { taskId: 'late', startedAt: T + 500 }),
        ended('e1', { taskId: 'skipped', status: 'SKIPPED', startedAt: null }),
      ],
      T,
    );
    const first = async (order: StatsOrder, limit?: number): Promise<unknown[]> => {
      const most = limit === undefined ? {} : { limit };
      const { groups = [], total } = await stats.getExecutionStats({ by: 'task', order, ...most });
      return [...groups.map(({ key }) => key.task), total];
    };
    await expect(first('total', 1)).resolves.toEqual(['often', 8]);
    await expect(first('failed', 2)).resolves.toEqual(['breaks', 'slow', 8]);
    await expect(first('retries', 1)).resolves.toEqual(['slow', 8]);
    await expect(first('wait', 1)).resolves.toEqual(['late', 8]);
    const byTime = await first('run');
    expect(byTime[0]).toBe('slow');
    expect(byTime[4]).toBe('skipped'); // nothing was measured
    await expect(first('key')).resolves.toEqual([
      ...['breaks', 'late', 'often', 'skipped', 'slow'],
      8,
    ]);
  });

  it.each([
    ['order', { order: 'fame' as 'run' }],
    ['limit', { limit: 0 }],
  ])('refuses %s that is none', async (name, query) => {
    const { stats } = await database.fresh();
    await expect(stats.getExecutionStats({ by: 'task', ...query })).rejects.toThrow(`${name}: got`);
  });

  it('refuses a grouping that is none', async () => {
    const { stats } = await database.fresh();
    const by = 'week' as 'day';
    await expect(stats.getExecutionStats({ by })).rejects.toThrow(
      'by: got "week", expected status',
    );
  });
});

describe('percentiles', () => {
  it('are within 4 % of the exact ones, and exact below 12 ms', () => {
    const values = fc.array(fc.integer({ min: 0, max: 400 * 86_400_000 }), { minLength: 1 });
    const fraction = fc.double({ min: 0.01, max: 1, noNaN: true });
    fc.assert(
      fc.property(values, fraction, (durations, part) => {
        const histogram = emptyHistogram();
        for (const ms of durations) addTo(histogram, bucketOf(ms), 1);
        const read = emptyHistogram();
        addEncoded(read, encode(histogram));
        expect(read).toEqual(histogram);
        const sorted = [...durations].sort((a, b) => a - b);
        const rank = Math.max(1, Math.ceil(part * sorted.length - 1e-9));
        const exact = sorted[rank - 1] ?? NaN;
        const [found] = percentiles(histogram, [part]);
        expect(Math.abs((found ?? NaN) - exact)).toBeLessThanOrEqual(exact < 12 ? 0 : exact * 0.04);
      }),
      { numRuns: 2_000 },
    );
  });

  it('are null when there is nothing', () => {
    expect(percentiles(emptyHistogram(), [0.5, 0.99])).toEqual([null, null]);
  });
});

describe('stretchesOf', () => {
  const time = fc.option(fc.integer({ min: T - 900 * HOUR, max: T + 900 * HOUR }), {
    nil: undefined,
  });

  it('cover every hour asked for once, and no other', () => {
    const level = fc.constantFrom('hour', 'day', 'month' as const);
    fc.assert(
      fc.property(time, time, level, (since, until, longest) => {
        const stretches = stretchesOf(since, until, longest);
        const from = since === undefined ? -Infinity : periodOf('hour', since);
        const wrong: number[] = [];
        for (let hour = T - 901.25 * HOUR; hour < T + 902 * HOUR; hour += HOUR) {
          const hits = stretches.filter((one) => one.from <= hour && hour < one.to).length;
          if (hits !== Number(hour >= from && hour < (until ?? Infinity))) wrong.push(hour);
        }
        expect(wrong).toEqual([]);
        for (const { level: of, from: begin, to } of stretches)
          for (const bound of [begin, to])
            if (Number.isFinite(bound)) expect(periodOf(of, bound)).toBe(bound);
      }),
      { numRuns: 100 },
    );
  });
});
