import { beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { ExecutionRow, ExecutionWrite } from '../../src/store/execution-row.js';
import type { ExecutionQuery, Executions } from '../../src/store/executions.js';
import { describeDatabases } from '../support/databases.js';

const T = Date.UTC(2026, 2, 14);
const STATUSES = ['PENDING', 'RUNNING', 'COMPLETED', 'FAILED'] as const;
/** Of those that wait in a queue, and of those that run and ask a person. */
const REASONS = ['queue', 'approval'] as const;
const KINDS = ['graph', 'task', 'item', 'node'] as const;

/** Two hundred executions; five of them share a millisecond each. */
function executionsForLists(): ExecutionWrite[] {
  return Array.from({ length: 200 }, (_, i) => ({
    executionId: `run-${i}`,
    kind: KINDS[i % 4] ?? 'task',
    sequence: 1,
    status: STATUSES[(i >> 2) % 4] ?? 'PENDING',
    ...((i >> 2) % 4 < 2 ? { reason: REASONS[(i >> 2) % 4 && i % 3 ? 1 : 0] } : {}),
    createdAt: T + Math.floor(i / 5),
    project: `p${i % 3}`,
    taskId: i % 7 === 0 ? 'send_report' : 'Laden-größer',
    ...(i % 3 === 0 ? { catalogueTaskId: i % 2 === 0 ? 'daily' : 'send_report' } : {}),
    ...(i % 5 === 0 ? { sessionId: `s${i % 2}` } : {}),
    ...(i % 6 === 0 ? { rerunOf: `run-${i % 9}` } : {}),
    ...(i % 4 === 3 ? { parentId: `run-${i - 3}` } : {}),
    tags: [`t${i % 2}`, ...(i % 11 === 0 ? ['rare'] : [])],
    metadata: { n: i % 6, odd: i % 2 === 1, label: `l${i % 3}`, none: null, deep: { n: 1 } },
    ...((i >> 2) % 4 === 3
      ? {
          error: {
            code: 'ECONN',
            message: `Socket hang up (${i})`,
            origin: 'task',
            retriable: true,
          },
        }
      : {}),
  }));
}

/** The same question asked of the rows one by one. */
function matches(row: ExecutionRow, query: ExecutionQuery): boolean {
  const some = (given: unknown, value: string): boolean =>
    given === undefined || [given].flat().includes(value);
  const words = `${row.executionId} ${row.taskId} ${row.error?.code} ${row.error?.message}`
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u);
  const isNamed = [query.parentId, query.executionId, query.reason].some(
    (one) => one !== undefined,
  );
  const defaults = isNamed ? KINDS : ['graph', 'task', 'item'];
  return (
    some(query.kind ?? defaults, row.kind) &&
    some(query.status, row.status) &&
    (query.reason === undefined || (row.reason !== null && some(query.reason, row.reason))) &&
    (
      ['executionId', 'project', 'sessionId', 'parentId', 'rerunOf', 'catalogueTaskId'] as const
    ).every((field) => query[field] === undefined || query[field] === row[field]) &&
    (query.taskId === undefined || [row.taskId, row.catalogueTaskId].includes(query.taskId)) &&
    (query.tags ?? []).every((tag) => row.tags.includes(tag)) &&
    Object.entries(query.metadata ?? {}).every(([key, value]) => row.metadata[key] === value) &&
    row.createdAt >= (query.since ?? 0) &&
    row.createdAt < (query.until ?? Infinity) &&
    (query.text ?? '')
      .toLowerCase()
      .split(/[^\p{L}\p{N}]+/u)
      .every((part) => words.some((word) => word.startsWith(part)))
  );
}

const some = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const anyQuery: fc.Arbitrary<ExecutionQuery> = fc
  .record({
    status: some(
      fc.oneof(fc.constantFrom(...STATUSES), fc.subarray([...STATUSES], { minLength: 1 })),
    ),
    kind: some(fc.oneof(fc.constantFrom(...KINDS), fc.subarray([...KINDS], { minLength: 1 }))),
    reason: fc.option(
      fc.oneof(fc.constantFrom(...REASONS), fc.subarray([...REASONS], { minLength: 1 })),
      { nil: undefined, freq: 2 },
    ),
    taskId: some(fc.constantFrom('send_report', 'Laden-größer', 'daily', 'none')),
    catalogueTaskId: fc.option(fc.constantFrom('send_report', 'daily'), {
      ...{ nil: undefined, freq: 2 },
    }),
    project: some(fc.constantFrom('p0', 'p1')),
    sessionId: some(fc.constantFrom('s0', 's1')),
    executionId: fc.option(fc.constantFrom('run-3', 'run-12', 'none'), {
      ...{ nil: undefined, freq: 2 },
    }),
    parentId: some(fc.constantFrom('run-0', 'run-4')),
    rerunOf: some(fc.constantFrom('run-0', 'run-6')),
    tags: some(fc.subarray(['t0', 't1', 'rare'])),
    metadata: some(
      fc.constantFrom({ n: 3 }, { odd: true }, { label: 'l1', none: null }, { n: '3' }),
    ),
    since: some(fc.integer({ min: T, max: T + 40 })),
    until: some(fc.integer({ min: T, max: T + 40 })),
    text: some(fc.constantFrom('sock', 'HANG up', 'größ', 'report run', 'run-1', 'socket 13')),
  })
  .map((query) => JSON.parse(JSON.stringify(query)) as ExecutionQuery);

async function allPages(executions: Executions, query: ExecutionQuery): Promise<ExecutionRow[]> {
  const rows: ExecutionRow[] = [];
  for (let cursor: string | undefined; ;) {
    const page = await executions.list({ ...query, ...(cursor === undefined ? {} : { cursor }) });
    rows.push(...page.executions);
    if (page.nextCursor === undefined) return rows;
    cursor = page.nextCursor;
  }
}
const ids = (rows: readonly ExecutionRow[]): string[] => rows.map((row) => row.executionId);

describeDatabases('list', (database) => {
  let executions: Executions;
  let newest: ExecutionRow[];
  beforeAll(async () => {
    ({ executions } = await database.fresh());
    await executions.record(executionsForLists(), T);
    newest = await allPages(executions, { kind: KINDS });
  });

  it('is newest first, all of it once, whatever the size of the page', async () => {
    expect(newest).toHaveLength(200);
    const times = newest.map((row) => row.createdAt);
    expect(times).toEqual([...times].sort((a, b) => b - a));
    expect(new Set(ids(newest)).size).toBe(200);
    expect(ids(await allPages(executions, { kind: KINDS, limit: 7 }))).toEqual(ids(newest));
  });

  it('answers every combination of filters as a look at each row does', async () => {
    await fc.assert(
      fc.asyncProperty(anyQuery, fc.integer({ min: 1, max: 60 }), async (query, limit) => {
        const expected = ids(newest.filter((row) => matches(row, query)));
        expect(ids(await allPages(executions, { ...query, limit }))).toEqual(expected);
        const { total } = await executions.list({ ...query, limit: 1, withTotal: true });
        expect(total).toBe(expected.length);
      }),
      { numRuns: 60 },
    );
  });

  it('skips an offset', async () => {
    const page = await executions.list({ kind: KINDS, offset: 190, limit: 7 });
    expect(ids(page.executions)).toEqual(ids(newest.slice(190, 197)));
    expect((await executions.list({ offset: 5_000 })).executions).toEqual([]);
  });

  it('keeps its place when something newer comes', async () => {
    const store = await database.fresh();
    await store.executions.record(executionsForLists().slice(0, 20), T);
    const first = await store.executions.list({ kind: KINDS, limit: 5 });
    await store.executions.record(
      [{ executionId: 'newer', kind: 'task', sequence: 1, createdAt: T + 99 }],
      T,
    );
    const cursor = first.nextCursor ?? '';
    const second = await store.executions.list({ kind: KINDS, limit: 5, cursor });
    const fresh = await store.executions.list({ kind: KINDS, limit: 11 });
    expect(ids([...first.executions, ...second.executions])).toEqual(
      ids(fresh.executions).slice(1),
    );
  });

  it('finds what many have in common as well as what few have', async () => {
    const store = await database.fresh();
    const writes = Array.from({ length: 5_400 }, (_, i): ExecutionWrite => ({
      ...{ executionId: `e-${i}`, kind: 'task', sequence: 1, createdAt: T + (i >> 2) },
      taskId: i % 50 === 0 ? 'common rare' : 'common',
      status: i % 90 === 0 ? 'TIMEOUT' : 'COMPLETED',
      tags: i % 3 === 0 ? ['third'] : [],
    }));
    await store.executions.record(writes, T);
    const all = await allPages(store.executions, { limit: 1_000 });
    const queries: ExecutionQuery[] = [
      ...[{ text: 'comm' }, { text: 'common rare' }, { text: 'common', tags: ['third'] }],
      ...[{ text: 'common', status: 'TIMEOUT' } as const, { text: 'rare', tags: ['third'] }],
      ...[{ text: 'common', status: 'COMPLETED', tags: ['third'] } as const],
    ];
    for (const query of queries) {
      const expected = ids(all.filter((row) => matches(row, query)));
      expect(ids(await allPages(store.executions, { ...query, limit: 900 }))).toEqual(expected);
    }
  });

  it('finds an execution by what it is now', async () => {
    const store = await database.fresh();
    const base = { executionId: 'a', kind: 'task', createdAt: T } as const;
    const error = { code: 'E', message: 'broken pipe', origin: 'task', retriable: true } as const;
    await store.executions.record(
      [{ ...base, sequence: 1, tags: ['x'], metadata: { k: 1 }, error }],
      T,
    );
    await store.executions.record(
      [{ ...base, sequence: 2, createdAt: T + 5, tags: ['y'], metadata: { k: 2 }, error: null }],
      T,
    );
    const found = async (query: ExecutionQuery): Promise<number> =>
      (await store.executions.list(query)).executions.length;
    const before = [{ tags: ['x'] }, { metadata: { k: 1 } }, { text: 'pipe' }, { until: T + 5 }];
    for (const query of before) await expect(found(query)).resolves.toBe(0);
    const after = [{ tags: ['y'] }, { metadata: { k: 2 } }, { text: 'a' }, { since: T + 5 }];
    for (const query of after) await expect(found(query)).resolves.toBe(1);
  });

  it.each<[string, ExecutionQuery]>([
    ['limit: got 0, expected a whole number from 1 to 1000', { limit: 0 }],
    ['limit: got 1001', { limit: 1_001 }],
    ['offset: got -1', { offset: -1 }],
    ['cursor: "no" is none of this list', { cursor: 'no' }],
    ['offset: got 3 and a cursor', { offset: 3, cursor: 'WyIxIl0' }],
    ['status: got "DONE", expected PENDING, SCHEDULED', { status: 'DONE' as 'FAILED' }],
    ['kind: got "job", expected graph, task, node, item', { kind: 'job' as 'task' }],
  ])('refuses %s', async (message, query) => {
    await expect(executions.list(query)).rejects.toMatchObject({ code: 'CONFIGURATION' });
    await expect(executions.list(query)).rejects.toThrow(message);
  });

  describe('text', () => {
    it.each(['"', "' or 1=1 --", '*', 'NEAR(', 'a AND NOT b', '\0', '🙂', ':', 'sock*'])(
      'takes %j for words, never for syntax',
      async (text) => {
        await expect(executions.list({ text })).resolves.toHaveProperty('executions');
      },
    );

    it('without a word in it finds nothing, and none at all finds everything', async () => {
      expect((await executions.list({ text: '!?' })).executions).toEqual([]);
      expect((await executions.list({ text: ' ' })).executions).toHaveLength(100);
    });
  });
});
