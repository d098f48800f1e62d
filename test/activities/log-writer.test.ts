import { AttemptLines } from '../../src/activities/attempt-lines.js';
import { LogWriter } from '../../src/activities/log-writer.js';
import type { NewLogLine } from '../../src/store/log-lines.js';
import type { NodeRequest } from '../../src/workflows/requests.js';
import { until } from '../support/until.js';

/** A store that takes lines, or not. */
function setup(limits = { maxLogLines: 100_000, maxLogBytes: 2 ** 30 }) {
  const store = {
    taken: [] as NewLogLine[],
    calls: 0,
    down: false,
    /** Refuses whatever holds this, though it answers. */
    poison: 'poison',
  };
  const told: string[] = [];
  const log = {
    info: (text: string) => void told.push(text),
    warn: (text: string) => void told.push(text),
  };
  const logs = {
    add: async (lines: readonly NewLogLine[]) => {
      store.calls++;
      if (store.down) throw new Error('nobody there');
      if (lines.some(({ text }) => text === store.poison)) throw new Error('what is this');
      store.taken.push(...lines);
    },
    head: async () => {
      if (store.down) throw new Error('nobody there');
      return 0;
    },
  };
  const writer = new LogWriter({ logs, location: 'here' } as never, log as never);
  const request = {
    execution: { id: 'g', kind: 'graph', run: { id: 'r', startedAt: 1 } },
    node: { id: 'n', task: 't' },
  } as NodeRequest;
  const attempt = () => new AttemptLines({ writer, limits, identity: '7@host' }, request, 1);
  return { store, told, writer, attempt, texts: () => store.taken.map(({ text }) => text) };
}

describe('LogWriter', () => {
  it('sets no timer and writes nothing until something is said', async () => {
    const timers = jest.spyOn(global, 'setTimeout');
    const { store, writer, attempt } = setup();
    attempt();
    expect(timers).not.toHaveBeenCalled();
    attempt().add('info', 'log', 'one');
    expect(timers).toHaveBeenCalledTimes(1);
    timers.mockRestore();
    await writer.flush();
    expect(store.calls).toBe(1);
  });

  it('writes many lines in batches by itself, in their order', async () => {
    const { store, attempt, texts } = setup();
    const lines = attempt();
    const said = Array.from({ length: 1_200 }, (_, index) => `line ${index}`);
    for (const text of said) lines.add('info', 'log', text);
    await until(() => store.taken.length === said.length);
    expect([texts(), store.calls]).toEqual([said, 3]);
  });

  it('keeps what is said while the store is down, and writes it when it is back', async () => {
    const { store, told, writer, attempt, texts } = setup();
    store.down = true;
    const lines = attempt();
    lines.add('info', 'log', 'one');
    await writer.flush();
    lines.add('info', 'log', 'two');
    await writer.flush();
    expect([texts(), told.length]).toEqual([[], 1]);
    store.down = false;
    await writer.flush();
    expect(texts()).toEqual(['one', 'two']);
    expect(told).toEqual([
      expect.stringMatching(/the store takes no log lines; 20000 .*nobody there/),
      'the store at here takes log lines again',
    ]);
  });

  it('keeps no more than its bound, and says where lines are missing once there is room', async () => {
    const { store, told, writer, attempt, texts } = setup();
    store.down = true;
    const lines = attempt();
    for (let index = 0; index < 20_007; index++) lines.add('info', 'log', `line ${index}`);
    store.down = false;
    await writer.flush();
    await writer.flush();
    expect(texts().slice(19_998)).toEqual([
      ...['line 19998', 'line 19999'],
      '7 lines are missing here: the store did not take them; look in the log of worker 7@host',
    ]);
    expect(store.taken.map(({ sequence }) => sequence)).toEqual(
      Array.from({ length: 20_001 }, (_, index) => index + 1),
    );
    expect(told).toEqual(['7 log lines of tasks are not in the store']);
  });

  it('drops a batch that the store will never take, and goes on with the next', async () => {
    const { told, writer, attempt, texts } = setup();
    const lines = attempt();
    lines.add('info', 'log', 'poison');
    for (const _again of [1, 2, 3]) await writer.flush();
    lines.add('info', 'log', 'good');
    await writer.flush();
    expect(texts()).toEqual(['good']);
    expect(told).toContain('the store refuses 1 log lines of tasks: what is this');
  });

  it('writes the rest when it is closed, and says what is lost where it cannot', async () => {
    const { store, told, writer, attempt, texts } = setup();
    attempt().add('info', 'log', 'last');
    await writer.close();
    expect(texts()).toEqual(['last']);
    store.down = true;
    attempt().add('info', 'log', 'too late');
    await writer.close();
    expect(told.at(-1)).toBe('1 log lines of tasks are not in the store');
  });
});

describe('AttemptLines', () => {
  it.each([
    ['lines', { maxLogLines: 3, maxLogBytes: 10_000 }, '3 lines (maxLogLines)'],
    ['bytes', { maxLogLines: 9, maxLogBytes: 30 }, '30 bytes (maxLogBytes)'],
  ])(
    'ends with one line that says so where an attempt has too many %s',
    async (_what, limits, most) => {
      const { writer, attempt, texts } = setup(limits);
      const lines = attempt();
      for (let index = 0; index < 9; index++) lines.add('info', 'stdout', `0123456-${index}`);
      await writer.flush();
      expect(texts()).toEqual([
        ...['0123456-0', '0123456-1', '0123456-2'],
        `this attempt has logged more than ${most}: what follows is not stored; look in the log of worker 7@host`,
      ]);
    },
  );

  it('numbers the lines of two that tell of one attempt apart', async () => {
    const { store, writer, attempt } = setup();
    for (const one of [attempt(), attempt()]) one.add('warn', 'log', 'same', { n: 1 });
    await writer.flush();
    const [first, second] = store.taken;
    expect(first).toMatchObject({
      ...{ executionId: 'g/n', attempt: 1, sequence: 1, runStartedAt: 1 },
      ...{ level: 'warn', source: 'log', text: 'same', fields: '{"n":1}' },
    });
    expect(second?.sequence).toBe(1);
    expect(second?.writer).not.toBe(first?.writer);
  });
});
