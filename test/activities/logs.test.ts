/** What tasks log, stored and read: in order, once, within limits, without secrets. */
import { existsSync } from 'node:fs';
import type { LogLine, LogQuery } from '../../src/index.js';
import { defineTask } from '../../src/registry.js';
import { openStore, type Store } from '../../src/store/store.js';
import { startHarness, type Harness } from '../support/engine.js';
import { until } from '../support/until.js';
import { MODES, saysInAProcess, saysInProcess, saysInThread } from './programs/log-tasks.js';

const SECRET = 'k3y-of-the-"house"';
const withPrograms = existsSync('/usr/bin/bwrap') && process.getuid?.() === 0;

const textsOf = (lines: readonly LogLine[]): string[] => lines.map(({ text }) => text);

describe('what tasks log', () => {
  let harness: Harness;
  let store: Store;
  const open = new Set<string>();
  /** Says a line, and the next when the test lets it. */
  const gated = defineTask<{ gate: string; lines: number }>({
    name: 'gated',
    run: async ({ gate, lines }, { signal, log }) => {
      for (let n = 1; n <= lines; n++) {
        log.info(`line ${n}`);
        await until(() => signal.aborted || open.has(`${gate} ${n}`));
        signal.throwIfAborted();
      }
    },
  });
  const quiet = defineTask({ name: 'quiet', run: () => 1 });
  const leaks = defineTask<{ token: string }>({
    name: 'leaks',
    run: ({ token }, { log }) => log.info(`with ${token}`, { token, deep: [{ token }] }),
  });
  const hooked = defineTask({
    name: 'hooked',
    hooks: {
      pre: [{ name: 'before', run: (_execution, { log }) => log.info('from the pre hook') }],
      post: [{ name: 'after', run: (_execution, { log }) => log.info('from the post hook') }],
    },
    run: (_input, { log }) => log.info('from the handler'),
  });

  beforeAll(async () => {
    process.env['TEMPOGRAPH_SECRET_OF_LOGS'] = SECRET;
    harness = await startHarness({
      tasks: [saysInProcess, saysInThread, saysInAProcess, gated, quiet, leaks, hooked],
      ...{ maxLogLines: 50, reconcileInterval: '1s', logRetention: '1m' },
      ...(withPrograms ? { programs: ['process'] as const } : {}),
    });
    store = await openStore({ url: `${harness.dataDir}/store.db` });
  });
  afterAll(async () => {
    await store.close();
    await harness.stop();
  });

  const followed = async (executionId: string, query: LogQuery = {}): Promise<LogLine[]> => {
    const lines: LogLine[] = [];
    for await (const line of harness.engine.logs(executionId, query)) lines.push(line);
    return lines;
  };
  const scheduled = async (task: string, input: object = {}): Promise<string> =>
    (await harness.engine.scheduleTask({ task, input })).executionId;

  it.each(MODES)('is stored from a handler %s, with level, fields and numbers', async (mode) => {
    const executionId = await scheduled(`says-${mode}`, { lines: 2 });
    const lines = await followed(executionId);
    expect(lines.map(({ level, text, fields }) => [level, text, fields])).toEqual([
      ['info', 'line 1', { n: 1 }],
      ['info', 'line 2', { n: 2 }],
      ['warn', 'nearly full', undefined],
      ['error', 'bad', { at: 'end' }],
    ]);
    expect(lines.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4]);
    expect(lines[0]).toMatchObject({
      ...{ executionId, nodeId: null, attempt: 1, source: 'log' },
      at: expect.stringMatching(/^\d{4}-\d\d-\d\dT/) as string,
    });
  });

  it('is stored of every attempt under its number, and read of one alone', async () => {
    const executionId = await scheduled('says-in-process', { lines: 1, fails: 2 });
    const lines = await followed(executionId, { level: 'error' });
    expect(lines.map(({ attempt, text }) => [attempt, text])).toEqual([
      [1, 'bad'],
      [2, 'bad'],
      [3, 'bad'],
    ]);
    const second = await harness.engine.readLogs(executionId, { attempt: 2 });
    expect(textsOf(second.lines)).toEqual(['line 1', 'nearly full', 'bad']);
  });

  it('is read of a graph with all below it: nodes, items of maps, sub-graphs, light nodes; and of a part of it', async () => {
    const says = { task: 'says-in-process', input: { lines: 1 } };
    const { executionId } = await harness.engine.scheduleTaskGraph({
      name: 'all',
      tasks: [
        { id: 'a', ...says },
        { id: 'b', ...says, light: true },
        { id: 'list', task: 'echo', input: [1, 2] },
        { id: 'each', ...says, map: 'tasks.list.output', dependsOn: ['list'] },
        { id: 'sub', graph: { name: 'below', tasks: [{ id: 'x', ...says }] } },
      ],
    });
    const nodes = async (id: string, query: LogQuery = {}): Promise<string[]> =>
      [...new Set((await followed(id, query)).map(({ nodeId }) => String(nodeId)))].sort();
    await expect(nodes(executionId)).resolves.toEqual(['a', 'b', 'each/0', 'each/1', 'sub/x']);
    await expect(nodes(executionId, { node: 'each' })).resolves.toEqual(['each/0', 'each/1']);
    await expect(nodes(executionId, { node: 'each[1]' })).resolves.toEqual(['each/1']);
    await expect(nodes(`${executionId}/sub`)).resolves.toEqual(['sub/x']);
    await expect(nodes(`${executionId}/b`)).resolves.toEqual(['b']);
  });

  it('is stored from hooks too, those that run after the end as well', async () => {
    expect(textsOf(await followed(await scheduled('hooked')))).toEqual([
      ...['from the pre hook', 'from the handler', 'from the post hook'],
    ]);
  });

  it('ends with a line that says so where an attempt has logged more than it may', async () => {
    const lines = await followed(await scheduled('says-in-process', { lines: 70 }));
    expect(lines.length).toBe(51);
    expect(lines.at(-1)?.text).toMatch(
      /^this attempt has logged more than 50 lines \(maxLogLines\): what follows is not stored; look in the log of worker \d+@/,
    );
  });

  it('holds no value of a secret, in texts or in fields', async () => {
    const { executionId } = await harness.engine.scheduleTaskGraph({
      name: 'leaking',
      tasks: [{ id: 'leaks', task: 'leaks', input: { token: '${{ secrets.OF_LOGS }}' } }],
    });
    const [line] = await followed(executionId);
    expect(line).toMatchObject({
      text: 'with ***',
      fields: { token: '***', deep: [{ token: '***' }] },
    });
  });

  it('writes nothing of a task that logs nothing', async () => {
    const before = await store.logs.head();
    expect(await followed(await scheduled('quiet'))).toEqual([]);
    expect(await store.logs.head()).toBe(before);
  });

  it('comes to whoever follows while the task runs, and ends with it', async () => {
    const executionId = await scheduled('gated', { gate: 'live', lines: 3 });
    const seen: string[] = [];
    for await (const { text } of harness.engine.logs(executionId)) {
      seen.push(text);
      open.add(`live ${seen.length}`);
    }
    expect(seen).toEqual(['line 1', 'line 2', 'line 3']);
    expect((await harness.engine.getExecution(executionId)).status).toBe('COMPLETED');
  });

  it('is gone on with from a position, with no line lost and none doubled', async () => {
    const executionId = await scheduled('gated', { gate: 'on', lines: 6 });
    const seen: LogLine[] = [];
    // A follower that goes away after every second line, and is back after the next was said.
    while (seen.length < 6) {
      const after = seen.at(-1)?.position ?? 0;
      for await (const line of harness.engine.logs(executionId, { after, limit: 2 })) {
        seen.push(line);
        open.add(`on ${seen.length}`);
      }
    }
    expect(textsOf(seen)).toEqual(Array.from({ length: 6 }, (_, index) => `line ${index + 1}`));
    const positions = seen.map(({ position }) => position);
    expect(positions).toEqual([...new Set(positions)].sort((a, b) => a - b));
    expect(await followed(executionId, { after: positions.at(-1) ?? 0 })).toEqual([]);
  });

  it('comes to many who follow the same, each from where it is', async () => {
    const executionId = await scheduled('says-in-process', { lines: 20 });
    const all = await followed(executionId);
    const from = all[9]?.position ?? 0;
    const several = await Promise.all(
      [0, 0, 0, from].map((after) => followed(executionId, { after })),
    );
    expect(several).toEqual([all, all, all, all.slice(10)]);
  });

  it('is read in pages, forwards and backwards', async () => {
    const executionId = await scheduled('says-in-process', { lines: 5 });
    const all = await followed(executionId);
    const page = await harness.engine.readLogs(executionId, { limit: 3 });
    expect([textsOf(page.lines), page.more]).toEqual([['line 1', 'line 2', 'line 3'], true]);
    const rest = await harness.engine.readLogs(executionId, { after: page.next });
    expect([...page.lines, ...rest.lines]).toEqual(all);
    const last = await harness.engine.readLogs(executionId, { newest: true, limit: 2 });
    expect(last.lines).toEqual(all.slice(-2));
    const before = last.lines[0]?.position ?? 0;
    const older = await harness.engine.readLogs(executionId, { before, limit: 2 });
    expect(older.lines).toEqual(all.slice(-4, -2));
  });

  it('says of an execution that there is none, and ends where the caller says so', async () => {
    await expect(harness.engine.readLogs('not-there')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(followed('not-there')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    const executionId = await scheduled('gated', { gate: 'never', lines: 1 });
    const controller = new AbortController();
    const texts: string[] = [];
    for await (const { text } of harness.engine.logs(executionId, { signal: controller.signal })) {
      texts.push(text);
      controller.abort();
    }
    expect(texts).toEqual(['line 1']);
    await harness.engine.cancelExecution(executionId);
  });

  it('is forgotten by the reconciler once it is older than the retention', async () => {
    const at = Date.now() - 61_000;
    await store.logs.add([
      {
        ...{ executionId: 'old/n', runStartedAt: 1, attempt: 1, level: 'info', source: 'log' },
        ...{ writer: 'w', sequence: 1, at, text: 'old', fields: null },
      },
    ]);
    // A leader sweeps when it begins, and then once an hour: that of another queue has yet to begin.
    const worker = await harness.startWorker({ taskQueue: `${harness.taskQueue}-2` });
    await until(async () => (await store.logs.read({ executionId: 'old' })).lines.length === 0);
    await worker.shutdown();
  });

  (withPrograms ? it : it.skip)(
    'is stored of a program: what it writes to standard output and error, line by line, without secrets',
    async () => {
      const command = [
        'echo out; echo err >&2; echo "secret $OF_LOGS"',
        'printf "no end"; [ "$TEMPOGRAPH_ATTEMPT" = 2 ]',
      ].join('; ');
      const { executionId } = await harness.engine.scheduleTaskGraph({
        name: 'program',
        tasks: [
          {
            id: 'p',
            process: { command: ['sh', '-c', command], secrets: ['OF_LOGS'] },
            security: { permissions: ['secret:OF_LOGS'] },
            retry: { strategy: 'IMMEDIATE', maxRetries: 1 },
          },
        ],
      });
      const lines = await followed(executionId, { node: 'p' });
      const of = (source: string): string[] =>
        lines
          .filter((line) => line.source === source)
          .map(({ attempt, text }) => `${attempt} ${text}`);
      expect(of('stdout')).toEqual([
        ...['1 out', '1 secret ***', '1 no end', '2 out', '2 secret ***', '2 no end'],
      ]);
      expect(of('stderr')).toEqual(['1 err', '2 err']);
    },
  );
});

describe('without a store', () => {
  it('tasks log as ever, and whoever asks for lines is told what is missing', async () => {
    const harness = await startHarness({ storeUrl: 'none', tasks: [saysInProcess] });
    const handle = await harness.engine.scheduleTask({
      ...{ task: 'says-in-process', input: { lines: 3 } },
    });
    await expect(handle.result()).resolves.toMatchObject({ status: 'COMPLETED', output: 3 });
    expect(harness.lines.filter(({ msg }) => msg === 'line 3').length).toBe(1);
    await expect(harness.engine.readLogs(handle.executionId)).rejects.toMatchObject({
      ...{ code: 'CONFIGURATION' },
      message: expect.stringContaining('logs needs the store') as string,
    });
    await harness.stop();
  });
});
