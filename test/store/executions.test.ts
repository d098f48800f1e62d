import { expect, it } from '@jest/globals';
import type { ExecutionRow, ExecutionWrite } from '../../src/store/execution-row.js';
import { describeDatabases } from '../support/databases.js';

const T = Date.UTC(2026, 2, 14, 9, 30);
const RUN = { id: 'run-1', startedAt: T };

const write = (executionId: string, rest: Partial<ExecutionWrite> = {}): ExecutionWrite => ({
  executionId,
  kind: 'task',
  sequence: 1,
  run: RUN,
  taskId: 'send-report',
  project: 'orders',
  status: 'PENDING',
  createdAt: T,
  ...rest,
});
const ids = (page: { executions: { executionId: string }[] }): string[] =>
  page.executions.map(({ executionId }) => executionId);

describeDatabases('record', (database) => {
  it('keeps every field that it is given', async () => {
    const { executions } = await database.fresh();
    const whole: ExecutionWrite = {
      ...write('orders/1'),
      kind: 'item',
      parentId: 'batch-1',
      taskVersion: '2.0.1',
      catalogueTaskId: 'ct-1',
      catalogueTaskVersion: 3,
      sessionId: 'session-1',
      priority: 2,
      status: 'FAILED',
      reason: 'worker_lost',
      requestId: 'key-1',
      rerunOf: 'orders/0',
      workflowId: 'wf-1',
      scheduledTime: T + 1_000,
      startedAt: T + 2_000,
      endedAt: T + 5_000,
      durationMs: 2_999,
      executionTimeMs: 2_500,
      waitMs: 1_001,
      attempts: 3,
      maxRetries: 4,
      nextRetryAt: T + 9_000,
      progress: { done: 1, total: 2 },
      input: { inline: ['a', null, 1.5, { deep: true }] },
      output: { ref: 'sha256-00' },
      error: { code: 'ECONNRESET', message: 'socket hang up', origin: 'task', retriable: true },
      warnings: ['late'],
      metrics: { rows: 12 },
      artifacts: [{ name: 'report.html' }],
      dependencies: ['orders/0'],
      metadata: JSON.parse('{"__proto__":"harmless","team":"käse"}') as ExecutionRow['metadata'],
      tags: ['nightly', '日本'],
      manifestRef: 'sha256-01',
      nodeCounts: { COMPLETED: 3 },
      deadlineMs: 60_000,
      deadlineRisk: { at: 50, deadlineAt: 100, because: 'time' },
      statusHistory: [
        { status: 'PENDING', at: T, reason: 'dependencies' },
        { status: 'FAILED', at: T + 5_000, attempt: 3, by: 'ada' },
      ],
    };
    await expect(executions.record([whole], T)).resolves.toEqual({ changed: 1, ignored: 0 });
    const { run: _run, ...fields } = whole;
    const row = await executions.get('orders/1');
    expect(row).toEqual({ ...fields, runId: 'run-1', runStartedAt: T, updatedAt: T });
    expect(Object.keys(row?.metadata ?? {})).toEqual(['__proto__', 'team']);
  });

  it('leaves what a write does not say, and clears what it says is null', async () => {
    const { executions } = await database.fresh();
    await executions.record([write('a', { tags: ['x'], sessionId: 's', nextRetryAt: T })], T);
    await executions.record(
      [{ executionId: 'a', kind: 'task', sequence: 2, nextRetryAt: null, status: 'RUNNING' }],
      T + 1,
    );
    await expect(executions.get('a')).resolves.toMatchObject({
      ...{ status: 'RUNNING', tags: ['x'], sessionId: 's', nextRetryAt: null, sequence: 2 },
      updatedAt: T + 1,
    });
  });

  it.each([[[]], [{}], [''], [0], [false], ['null']])(
    'tells the value %j from none',
    async (value) => {
      const { executions } = await database.fresh();
      const one = write('a', { input: value, output: value, metrics: value });
      await executions.record([one], T);
      await executions.record([write('a', { sequence: 2, status: 'RUNNING' })], T);
      await expect(executions.get('a')).resolves.toMatchObject({
        ...{ input: value, output: value, metrics: value, artifacts: null },
      });
    },
  );

  it('derives the duration and the wait where nobody says them', async () => {
    const { executions } = await database.fresh();
    const times = { scheduledTime: T + 100, startedAt: T + 350, endedAt: T + 1_350 };
    await executions.record([write('a', { ...times, status: 'COMPLETED' })], T);
    await expect(executions.get('a')).resolves.toMatchObject({ waitMs: 250, durationMs: 1_000 });
  });

  it('never lets a late write take a row backwards, but takes what it alone says', async () => {
    const { executions } = await database.fresh();
    await executions.record([write('a', { sequence: 5, status: 'RUNNING', startedAt: T + 9 })], T);
    await executions.record([write('a', { sequence: 2, startedAt: T + 1, reason: 'queue' })], T);
    await expect(executions.get('a')).resolves.toMatchObject({
      ...{ status: 'RUNNING', startedAt: T + 9, reason: 'queue', sequence: 5 },
    });
  });

  it('ignores live writes about a run that has ended, the same end again, and a lesser one', async () => {
    const { executions } = await database.fresh();
    await executions.record([write('a', { sequence: 5, status: 'COMPLETED', endedAt: T + 9 })], T);
    const before = await executions.get('a');
    const late = [
      write('a', { sequence: 6, status: 'RUNNING', progress: 0.5 }),
      write('a', { sequence: 7, status: 'COMPLETED', endedAt: T + 10 }),
      write('a', { sequence: 4, status: 'CANCELLED' }),
    ];
    await expect(executions.record(late, T + 5)).resolves.toEqual({ changed: 0, ignored: 3 });
    await expect(executions.get('a')).resolves.toEqual(before);
  });

  it.each([
    ['told after the end that it corrects', [0, 1]],
    ['told before it', [1, 0]],
    ['told in the same call, and again', [0, 1, 0]],
  ])('lets the end of the greater sequence win, %s', async (_how, order) => {
    const store = await database.fresh();
    const wrong = write('a', {
      ...{ sequence: 5, status: 'COMPLETED', endedAt: T + 9, attempts: 1 },
      output: { json: 'of a worker that was cut off' },
      statusHistory: [
        { status: 'RUNNING', at: T + 2, attempt: 1 },
        { status: 'COMPLETED', at: T + 9, attempt: 1 },
      ],
    });
    const right = write('a', {
      ...{ sequence: 9, status: 'TIMEOUT', endedAt: T + 30, attempts: 3 },
      error: { code: 'TIMEOUT', message: 'late', origin: 'temporal', retriable: false },
      statusHistory: [{ status: 'TIMEOUT', at: T + 30, attempt: 3 }],
    });
    const writes = order.map((which) => (which === 0 ? wrong : right));
    if (order.length > 2) await store.executions.record(writes, T);
    else for (const one of writes) await store.executions.record([one], T);
    const row = await store.executions.get('a');
    expect(row).toMatchObject({
      ...{ status: 'TIMEOUT', endedAt: T + 30, attempts: 3, output: null, sequence: 9 },
      error: { code: 'TIMEOUT' },
    });
    expect(row?.statusHistory.map(({ status }) => status)).toEqual(['RUNNING', 'TIMEOUT']);
    const totals = await store.stats.getExecutionStats({});
    expect(totals).toMatchObject({
      total: 1,
      successful: 0,
      failed: 1,
      retried: 1,
      totalRetries: 2,
    });
    const open = await store.executions.openIds({});
    expect(open.executions).toEqual([]);
  });

  it('lets the end win over a write of the same millisecond', async () => {
    const { executions } = await database.fresh();
    const running = write('a', { sequence: T, status: 'RUNNING', startedAt: T, taskVersion: '1' });
    await executions.record([write('a', { sequence: T, status: 'COMPLETED' }), running], T);
    await expect(executions.get('a')).resolves.toMatchObject({
      ...{ status: 'COMPLETED', startedAt: T, taskVersion: '1' },
    });
  });

  it('starts anew for a later run of the same id, and ignores the earlier one from then on', async () => {
    const { executions } = await database.fresh();
    const second = { id: 'run-0', startedAt: T + 60_000 };
    await executions.record(
      [write('a', { status: 'FAILED', tags: ['old'], endedAt: T + 5, sequence: 9 })],
      T,
    );
    await executions.record([write('a', { run: second, createdAt: T + 60_000 })], T);
    await executions.record([write('a', { sequence: 99, status: 'COMPLETED' })], T);
    await expect(executions.get('a')).resolves.toMatchObject({
      ...{ runId: 'run-0', status: 'PENDING', tags: [], endedAt: null, createdAt: T + 60_000 },
    });
    expect(ids(await executions.list({ tags: ['old'] }))).toEqual([]);
  });

  it('merges histories, drops repeats and orders them', async () => {
    const { executions } = await database.fresh();
    const running = { status: 'RUNNING', at: T + 2, attempt: 1 } as const;
    const pending = { status: 'PENDING', at: T, reason: 'queue' } as const;
    const ended = { status: 'COMPLETED', at: T + 2 } as const;
    await executions.record([write('a', { sequence: 2, statusHistory: [ended, running] })], T);
    await executions.record([write('a', { statusHistory: [running, pending] })], T);
    const row = await executions.get('a');
    expect(row?.statusHistory).toEqual([pending, running, ended]);
  });

  it('takes thousands of rows in one call, with several writes about one of them', async () => {
    const { executions } = await database.fresh();
    const writes = Array.from({ length: 3_000 }, (_, i) =>
      write(`n/${i % 2_500}`, { sequence: i }),
    );
    const summary = await executions.record(writes, T);
    expect(summary).toEqual({ changed: 3_000, ignored: 0 });
    const { total } = await executions.list({ limit: 1, withTotal: true });
    expect(total).toBe(2_500);
  });

  it('bears numbers and texts that a database would refuse', async () => {
    const { executions } = await database.fresh();
    const odd: ExecutionWrite = {
      ...write('odd \ud800', { attempts: NaN, durationMs: 1.6, waitMs: Infinity, priority: 1e300 }),
      ...{ reason: 'a\0b', tags: ['\0', 'x'.repeat(9_000)], sessionId: '日'.repeat(5_000) },
      ...{ project: '日'.repeat(5_000), taskId: '本'.repeat(5_000), input: 'a\0\ud800b' },
    };
    await executions.record([odd, write('next')], T);
    await expect(executions.record([odd], T + 1)).resolves.toEqual({ changed: 0, ignored: 1 });
    const row = await executions.get('odd \ufffd');
    expect(row).toMatchObject({
      attempts: null,
      durationMs: 2,
      reason: 'a\ufffdb',
      input: odd.input,
    });
    const { project, tags, sessionId } = odd as {
      project: string;
      tags: string[];
      sessionId: string;
    };
    expect(ids(await executions.list({ tags }))).toEqual(['odd \ufffd']);
    expect(ids(await executions.list({ project, sessionId }))).toEqual(['odd \ufffd']);
  });

  it('says which call failed, and where', async () => {
    const store = await database.fresh();
    await store.close();
    await expect(store.executions.get('a')).rejects.toThrow(
      expect.objectContaining({ code: 'STORE', retriable: true }),
    );
    await expect(store.executions.get('a')).rejects.toThrow(
      `executions.get failed on ${store.location}`,
    );
  });
});

describeDatabases('getMany', (database) => {
  it('gives those that exist, in the order asked for', async () => {
    const { executions } = await database.fresh();
    await executions.record(
      ['a', 'b', 'c'].map((id) => write(id)),
      T,
    );
    const rows = await executions.getMany(['c', 'missing', 'a', 'c']);
    expect(rows.map((row) => row.executionId)).toEqual(['c', 'a', 'c']);
    await expect(executions.get('missing')).resolves.toBeUndefined();
  });
});

describeDatabases('children', (database) => {
  it('gives the nodes of a graph, oldest first, page by page', async () => {
    const { executions } = await database.fresh();
    const node = (i: number): ExecutionWrite =>
      write(`g/${i}`, {
        ...{ kind: 'node', parentId: 'g', createdAt: T + i },
        status: i % 2 ? 'FAILED' : 'RUNNING',
      });
    await executions.record([write('other', { parentId: 'h' }), ...[4, 2, 0, 1, 3].map(node)], T);
    const first = await executions.children('g', { limit: 3 });
    const second = await executions.children('g', { limit: 3, cursor: first.nextCursor ?? '' });
    expect([ids(first), ids(second)]).toEqual([
      ['g/0', 'g/1', 'g/2'],
      ['g/3', 'g/4'],
    ]);
    expect(second).not.toHaveProperty('nextCursor');
    expect(ids(await executions.children('g', { status: 'FAILED' }))).toEqual(['g/1', 'g/3']);
  });
});

describeDatabases('openIds', (database) => {
  it('gives what has not ended, oldest first', async () => {
    const { executions } = await database.fresh();
    await executions.record(
      [
        write('graph', { kind: 'graph', createdAt: T + 1, workflowId: 'w' }),
        write('old', { createdAt: T }),
        write('new', { createdAt: T + 9 }),
        write('ended', { status: 'COMPLETED' }),
        write('node', { kind: 'node', createdAt: T + 2 }),
      ],
      T,
    );
    const first = await executions.openIds({ kinds: ['graph', 'task'], limit: 2 });
    expect(ids(first)).toEqual(['old', 'graph']);
    expect(first.executions[1]).toEqual({
      ...{ executionId: 'graph', kind: 'graph', status: 'PENDING', workflowId: 'w' },
      ...{ runId: 'run-1', createdAt: T + 1, updatedAt: T },
    });
    const rest = { kinds: ['graph', 'task'] as const, cursor: first.nextCursor ?? '' };
    expect(ids(await executions.openIds(rest))).toEqual(['new']);
    expect(ids(await executions.openIds({ olderThan: T + 2 }))).toEqual(['old', 'graph']);
  });
});
