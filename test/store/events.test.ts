import { expect, it } from '@jest/globals';
import type { ExecutionEvent } from '../../src/store/execution-events.js';
import type { ExecutionWrite } from '../../src/store/execution-row.js';
import { EVENTS_KEPT_MS } from '../../src/store/outbox.js';
import type { Store } from '../../src/store/store.js';
import { describeDatabases } from '../support/databases.js';

const T = Date.UTC(2026, 2, 14, 9, 30);
const RUN = { id: 'run-1', startedAt: T };
const LAST = Number.MAX_SAFE_INTEGER;

const write = (executionId: string, rest: Partial<ExecutionWrite> = {}): ExecutionWrite => ({
  executionId,
  kind: 'task',
  sequence: 1,
  run: RUN,
  taskId: 'send-report',
  createdAt: T,
  ...rest,
});
const pending = (id: string, rest: Partial<ExecutionWrite> = {}): ExecutionWrite =>
  write(id, { status: 'PENDING', statusHistory: [{ status: 'PENDING', at: T }], ...rest });
const running = (id: string, rest: Partial<ExecutionWrite> = {}): ExecutionWrite =>
  write(id, {
    status: 'RUNNING',
    sequence: 2,
    attempts: 1,
    statusHistory: [
      { status: 'SCHEDULED', at: T + 1, reason: 'queue' },
      { status: 'PREPARING', at: T + 2, attempt: 1 },
      { status: 'RUNNING', at: T + 3, attempt: 1 },
    ],
    ...rest,
  });
const ended = (id: string, rest: Partial<ExecutionWrite> = {}): ExecutionWrite =>
  write(id, { status: 'COMPLETED', sequence: LAST, attempts: 1, endedAt: T + 9, ...rest });

const all = async ({ events }: Store): Promise<ExecutionEvent[]> =>
  (await events.read({ after: 0 })).events;
const told = (events: readonly ExecutionEvent[]): string[] =>
  events.map(
    ({ executionId, event, attempt }) => `${executionId} ${event}${attempt ? ` ${attempt}` : ''}`,
  );

describeDatabases('events', (database) => {
  it('tell each step of an execution once, in order, the end last', async () => {
    const store = await database.fresh();
    const writes = [
      pending('a'),
      running('a'),
      write('a', {
        status: 'RETRYING',
        sequence: 3,
        attempts: 1,
        nextRetryAt: T + 60_000,
        error: { code: 'E', message: 'no', origin: 'task', retriable: true },
        statusHistory: [{ status: 'RETRYING', at: T + 4, attempt: 1, reason: 'retry' }],
      }),
      ended('a', {
        attempts: 2,
        output: { json: { ok: true } },
        statusHistory: [
          { status: 'PREPARING', at: T + 5, attempt: 2 },
          { status: 'RUNNING', at: T + 6, attempt: 2 },
          { status: 'COMPLETED', at: T + 9, attempt: 2 },
        ],
      }),
    ];
    for (const one of writes) await store.executions.record([one], T + 10);
    await store.executions.record(writes, T + 11);
    const events = await all(store);
    expect(told(events)).toEqual([
      'a created',
      'a scheduled',
      'a preparing 1',
      'a started 1',
      'a retrying 1',
      'a preparing 2',
      'a started 2',
      'a completed 2',
    ]);
    expect(new Set(events.map(({ id }) => id)).size).toBe(8);
    expect(events[4]).toMatchObject({
      nextRetryAt: new Date(T + 60_000).toISOString(),
      error: { code: 'E', message: 'no' },
    });
    expect(events.at(-1)).toMatchObject({
      ...{ status: 'COMPLETED', taskId: 'send-report', runId: 'run-1', attempts: 2 },
      ...{ at: new Date(T + 9).toISOString(), output: { ok: true } },
    });
  });

  describe('of a deadline at risk', () => {
    const graph = (rest: Partial<ExecutionWrite> = {}): ExecutionWrite =>
      write('g', { kind: 'graph', status: 'RUNNING', startedAt: T, deadlineMs: 60_000, ...rest });
    const risk = (at = T + 50_000): ExecutionWrite => ({
      ...{ executionId: 'g', kind: 'graph', sequence: at, run: RUN },
      deadlineRisk: { at, deadlineAt: T + 60_000, because: 'time' },
    });
    const end = graph({ status: 'FAILED', sequence: LAST, endedAt: T + 55_000 });

    it('are told once a run, before its end, whoever tells of it', async () => {
      const store = await database.fresh();
      await store.executions.record([graph()], T);
      await store.executions.record([risk()], T);
      await store.executions.record([risk(T + 51_000)], T);
      await store.executions.record([end], T);
      const events = await all(store);
      expect(told(events)).toEqual([
        ...['g created', 'g started', 'g deadlineRisk', 'g failed', 'g graphCompleted'],
      ]);
      expect(events[2]).toMatchObject({
        ...{ status: 'RUNNING', reason: 'deadline', risk: 'time' },
        ...{ at: new Date(T + 50_000).toISOString() },
        deadlineAt: new Date(T + 60_000).toISOString(),
      });
    });

    it('are not told of what has ended', async () => {
      const store = await database.fresh();
      await store.executions.record([graph()], T);
      await store.executions.record([end], T);
      await store.executions.record([risk()], T);
      expect(told(await all(store))).not.toContain('g deadlineRisk');
    });

    it('are looked for among those that have begun and not ended, the nearest first', async () => {
      const store = await database.fresh();
      const other = (executionId: string, rest: Partial<ExecutionWrite> = {}): ExecutionWrite =>
        graph({ executionId, ...rest });
      const waits = { status: 'PENDING', startedAt: null } as const;
      await store.executions.record(
        [
          ...[other('far', { deadlineMs: 90_000 }), graph(), other('none', { deadlineMs: null })],
          ...[other('waits', waits), other('began', { ...waits, deadlineMs: 30_000 })],
          write('began/a', {
            kind: 'node',
            parentId: 'began',
            status: 'RUNNING',
            startedAt: T + 7,
          }),
          other('over', { status: 'COMPLETED', sequence: LAST, endedAt: T + 9 }),
        ],
        T,
      );
      const open = await store.executions.openDeadlines();
      expect(open.map(({ executionId, beganAt }) => [executionId, beganAt])).toEqual([
        ...[['began', T + 7] as const, ['g', T] as const, ['far', T] as const],
      ]);
      await store.executions.record([risk()], T);
      expect(await store.executions.openDeadlines()).not.toContainEqual(
        expect.objectContaining({ executionId: 'g' }),
      );
    });
  });

  it('have the same ids wherever they are told, and others for another run', async () => {
    const [one, other] = [await database.fresh(), await database.fresh()];
    await one.executions.record([pending('a')], T);
    await one.executions.record([ended('a')], T);
    await other.executions.record([pending('a'), ended('a')], T);
    const ids = (await all(one)).map(({ id }) => id);
    expect((await all(other)).map(({ id }) => id)).toEqual(ids);
    await one.executions.record([pending('a', { run: { id: 'run-2', startedAt: T + 100 } })], T);
    expect((await all(one)).map(({ id }) => ids.includes(id))).toEqual([true, true, false]);
  });

  it('are not told of steps that are heard of after the end', async () => {
    const store = await database.fresh();
    await store.executions.record([ended('a')], T);
    await store.executions.record([pending('a'), running('a')], T);
    expect(told(await all(store))).toEqual(['a created', 'a completed 1']);
  });

  it('tell an end that corrects another once more, with an id of its own, and the same one never', async () => {
    const store = await database.fresh();
    await store.executions.record([pending('a'), ended('a', { sequence: 5 })], T + 10);
    await store.executions.record([ended('a', { sequence: 6, endedAt: T + 11 })], T + 11);
    const timeout = ended('a', { sequence: 7, status: 'TIMEOUT', attempts: 2 });
    for (const _again of [1, 2]) await store.executions.record([timeout], T + 12);
    const events = await all(store);
    expect(told(events)).toEqual(['a created', 'a completed 1', 'a timedOut 2']);
    expect(new Set(events.map(({ id }) => id)).size).toBe(3);
  });

  it('tell no step twice where an earlier one is heard of later and changes what it is called', async () => {
    const store = await database.fresh();
    const status = (of: 'PAUSED' | 'SCHEDULED' | 'RUNNING', nth: number): ExecutionWrite =>
      write('a', { status: of, sequence: nth, statusHistory: [{ status: of, at: T + nth }] });
    // Known of first it is the start; after a pause it goes on; after what goes on then, it is the start again.
    for (const one of [status('RUNNING', 4), status('PAUSED', 1), status('SCHEDULED', 3)])
      await store.executions.record([one], T + 10);
    await store.executions.record([ended('a')], T + 11);
    const events = await all(store);
    expect(events.filter(({ event }) => event === 'started')).toHaveLength(1);
    expect(new Set(events.map(({ id }) => id)).size).toBe(events.length);
  });

  it('tell a graph’s end after its nodes’, also when there are more than one write takes', async () => {
    const store = await database.fresh();
    const nodes = Array.from({ length: 600 }, (_, index) =>
      ended(`g/${index}`, { kind: 'node', parentId: 'g', endedAt: T + 50 }),
    );
    const graph = ended('g', { kind: 'graph', endedAt: T + 40, status: 'FAILED' });
    await store.executions.record([graph, ...nodes], T + 60);
    const events: ExecutionEvent[] = [];
    let page = await store.events.read({ after: 0, limit: 500 });
    for (; ; page = await store.events.read({ after: page.next, limit: 500 })) {
      events.push(...page.events);
      if (!page.more) break;
    }
    expect(events.length).toBe(1_203);
    expect(told(events.slice(-2))).toEqual(['g failed', 'g graphCompleted']);
  });

  it('tell that a graph began before its nodes, also where it is heard of once it has ended', async () => {
    const store = await database.fresh();
    const node = ended('g/n', { kind: 'node', parentId: 'g', endedAt: T + 5 });
    const graph = ended('g', { kind: 'graph', startedAt: T + 1, attempts: null });
    const history = [{ status: 'RUNNING', at: T + 1 }] as const;
    await store.executions.record([{ ...graph, statusHistory: [...history] }, node], T + 10);
    expect(told(await all(store))).toEqual([
      ...['g created', 'g started', 'g/n created', 'g/n completed 1'],
      ...['g completed', 'g graphCompleted'],
    ]);
  });

  it('tell every pause and resume, and a running graph’s start', async () => {
    const store = await database.fresh();
    const graph = { kind: 'graph', attempts: null } as const;
    await store.executions.record(
      [
        pending('g', { ...graph, status: 'RUNNING', startedAt: T }),
        ended('g', {
          ...graph,
          statusHistory: [
            { status: 'RUNNING', at: T },
            { status: 'PAUSED', at: T + 1, by: 'ann' },
            { status: 'RUNNING', at: T + 2 },
            { status: 'PAUSED', at: T + 3 },
            { status: 'RUNNING', at: T + 4 },
            { status: 'COMPLETED', at: T + 9 },
          ],
        }),
      ],
      T,
    );
    expect((await all(store)).map(({ event }) => event)).toEqual([
      ...['created', 'started', 'paused', 'resumed', 'paused', 'resumed'],
      ...['completed', 'graphCompleted'],
    ]);
  });

  it('are read by execution with its nodes, by project and by kind, page by page', async () => {
    const store = await database.fresh();
    await store.executions.record(
      [
        pending('g', { kind: 'graph', project: 'p' }),
        pending('g/n', { kind: 'node', parentId: 'g', project: 'p' }),
        pending('g/n/lone', { project: 'q' }),
        running('g-2', { project: 'q' }),
      ],
      T,
    );
    const read = async (query: object): Promise<string[]> =>
      told((await store.events.read({ after: 0, ...query })).events).sort();
    expect(await read({ executionId: 'g' })).toEqual(['g created', 'g/n created']);
    expect(await read({ executionId: 'g/n' })).toEqual(['g/n created']);
    expect(await read({ executionId: 'g/n/lone' })).toEqual(['g/n/lone created']);
    expect(await read({ project: 'p' })).toEqual(['g created', 'g/n created']);
    expect(await read({ project: 'q', kinds: ['started'] })).toEqual(['g-2 started 1']);
    const first = await store.events.read({ after: 0, limit: 3 });
    const second = await store.events.read({ after: first.next, limit: 10 });
    expect([first.events.length, first.more, second.events.length, second.more]).toEqual([
      ...[3, true, 4, false],
    ]);
    expect(await store.events.read({ after: second.next })).toMatchObject({
      ...{ events: [], next: await store.events.head() },
    });
    await expect(store.events.read({ after: 0, kinds: ['nope' as 'created'] })).rejects.toThrow(
      /kinds: got "nope"/,
    );
  });

  it('are each read once in pages of any size, also where one change told several', async () => {
    const store = await database.fresh();
    await store.executions.record([pending('a'), ...['b', 'c', 'd'].map((id) => ended(id))], T);
    await store.executions.record([running('a'), running('e')], T);
    await store.executions.record([ended('a'), ended('e')], T);
    const inPages = async (query: object, limit: number): Promise<ExecutionEvent[]> => {
      const read: ExecutionEvent[] = [];
      for (let after = 0; ;) {
        const page = await store.events.read({ after, limit, ...query });
        expect(page.events.length).toBeLessThanOrEqual(limit);
        read.push(...page.events);
        if (!page.more) return read;
        after = page.next;
      }
    };
    const everything = await all(store);
    expect(everything.map(({ position }) => position)).toEqual(everything.map((_, nth) => nth + 1));
    for (const kinds of [undefined, ['created'], ['started', 'completed'], ['retrying']] as const)
      for (const limit of [1, 2, 3, 7, 100]) {
        const wanted = everything.filter(
          ({ event }) => kinds?.some((kind) => kind === event) ?? true,
        );
        expect(await inPages(kinds ? { kinds } : {}, limit)).toEqual(wanted);
      }
  });

  it('are missed by nobody who reads while many write', async () => {
    const url = await database.freshUrl();
    const stores = [await database.open(url), await database.open(url), await database.open(url)];
    const [reader] = stores as [Store];
    let writing = true;
    const seen: ExecutionEvent[] = [];
    const reading = (async () => {
      let after = 0;
      for (let last = false; !last;) {
        last = !writing;
        const page = await reader.events.read({ after });
        seen.push(...page.events);
        after = page.next;
        if (page.more) last = false;
        await new Promise((resolve) => setImmediate(resolve));
      }
    })();
    await Promise.all(
      stores.flatMap((store, who) =>
        Array.from({ length: 6 }, async (_, index) => {
          for (const one of [pending, running, ended])
            await store.executions.record([one(`${who}-${index}`), one(`shared-${index}`)], T);
        }),
      ),
    );
    writing = false;
    await reading;
    const stored: ExecutionEvent[] = [];
    for (let after = 0; ;) {
      const page = await reader.events.read({ after });
      stored.push(...page.events);
      after = page.next;
      if (!page.more) break;
    }
    expect(seen.map(({ id }) => id)).toEqual(stored.map(({ id }) => id));
    expect(new Set(seen.map(({ id }) => id)).size).toBe(seen.length);
    expect(seen.filter(({ event }) => event === 'completed').length).toBe(24);
  });

  it('are forgotten after a week, but not before the consumers have read them, and not told again', async () => {
    const store = await database.fresh();
    await store.executions.record([pending('old')], T);
    const later = T + 2 * EVENTS_KEPT_MS;
    await store.executions.record([pending('new', { createdAt: later })], later);
    await store.events.begin('c', later, 0);
    expect(await store.events.prune(later)).toBe(0);
    await store.events.advance('c', 1, later);
    expect(await store.events.prune(later)).toBe(1);
    await store.executions.record([running('old')], later);
    // What is heard only now happened more than a week ago.
    expect(told(await all(store))).toEqual(['new created']);
  });

  it('have cursors, which never go back', async () => {
    const { events, executions } = await database.fresh();
    await executions.record([pending('a')], T);
    expect(await events.cursor('c')).toBeUndefined();
    expect(await events.begin('c', T)).toBe(1);
    await executions.record([pending('b')], T);
    expect(await events.begin('c', T)).toBe(1);
    await events.advance('c', 2, T);
    await events.advance('c', 1, T);
    expect(await events.cursor('c')).toBe(2);
    expect(await events.begin('d', T, 0)).toBe(0);
  });
});

describeDatabases('dead letters', (database) => {
  it('keep events until they are sent again or forgotten', async () => {
    const store = await database.fresh();
    await store.executions.record([pending('a'), pending('b')], T);
    const events = await all(store);
    const letters = store.deadLetters;
    for (const event of events)
      await letters.put({ sink: 's', event, tries: 8, error: '500', at: T });
    expect(await letters.list({ sink: 's' })).toEqual(
      events.map((event) => ({ sink: 's', event, tries: 8, error: '500', at: T, due: false })),
    );
    const [first, second] = events.map(({ id }) => id) as [string, string];
    expect(await letters.retry('s', [second])).toBe(1);
    expect((await letters.list({ due: true })).map(({ event }) => event.id)).toEqual([second]);
    await letters.put({
      sink: 's',
      event: events[1] as ExecutionEvent,
      tries: 2,
      error: '404',
      at: T + 1,
    });
    expect((await letters.list())[1]).toMatchObject({ tries: 10, error: '404', due: false });
    expect(await letters.retry('s')).toBe(2);
    expect(await letters.retry('s', [])).toBe(0);
    expect([await letters.remove('s', first), await letters.remove('s', first)]).toEqual([
      ...[true, false],
    ]);
  });
});
