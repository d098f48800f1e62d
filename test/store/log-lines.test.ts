import { expect, it } from '@jest/globals';
import { AttemptLines } from '../../src/activities/attempt-lines.js';
import { LogWriter } from '../../src/activities/log-writer.js';
import type { LogFilter, LogRange, NewLogLine } from '../../src/store/log-lines.js';
import type { Store } from '../../src/store/store.js';
import { createLogger } from '../../src/telemetry.js';
import type { NodeRequest } from '../../src/workflows/requests.js';
import { describeDatabases } from '../support/databases.js';

const T = Date.UTC(2026, 2, 14, 9, 30);

/** Lines of one attempt, numbered from 1. */
const linesOf = (
  executionId: string,
  texts: readonly string[],
  rest: Partial<NewLogLine> = {},
): NewLogLine[] =>
  texts.map((text, index) => ({
    ...{ writer: `of ${executionId}`, sequence: index + 1, executionId, runStartedAt: T },
    ...{ attempt: 1, at: T + index, level: 'info', source: 'log', text, fields: null },
    ...rest,
  }));

const texts = async ({ logs }: Store, query: LogFilter & LogRange): Promise<string[]> =>
  (await logs.read(query)).lines.map(({ text }) => text);

describeDatabases('log lines', (database) => {
  it('come back as they were said, in the order of their arrival', async () => {
    const store = await database.fresh();
    const [line] = linesOf('g/load', ['loaded'], {
      ...{ attempt: 2, level: 'warn', source: 'stderr', fields: '{"rows":12}' },
    });
    await store.logs.add([line as NewLogLine]);
    await store.logs.add(linesOf('lone', ['hello']));
    await expect(store.logs.read({ executionId: 'g' })).resolves.toEqual({
      lines: [
        {
          ...{ position: 1, executionId: 'g/load', nodeId: 'load', attempt: 2, sequence: 1 },
          ...{ at: new Date(T).toISOString(), level: 'warn', source: 'stderr' },
          ...{ text: 'loaded', fields: { rows: 12 } },
        },
      ],
      ...{ more: false, next: 2 },
    });
    const lone = await store.logs.read({ executionId: 'lone' });
    expect(lone.lines[0]).toMatchObject({ executionId: 'lone', nodeId: null, text: 'hello' });
    expect(lone.lines[0]).not.toHaveProperty('fields');
  });

  it('are kept once, however often a batch is written', async () => {
    const store = await database.fresh();
    const lines = linesOf('g/a', ['one', 'two', 'three']);
    await store.logs.add(lines.slice(0, 2));
    await store.logs.add(lines);
    await store.logs.add(linesOf('g/a', ['of another writer'], { writer: 'other' }));
    await expect(texts(store, { executionId: 'g' })).resolves.toEqual([
      ...['one', 'two', 'three', 'of another writer'],
    ]);
  });

  it('are kept once by a worker that did not hear that they were, and wrote them again', async () => {
    const store = await database.fresh();
    let deaf = true;
    const add = async (lines: readonly NewLogLine[]): Promise<void> => {
      await store.logs.add(lines);
      if (deaf) throw new Error('the connection was lost');
    };
    const writer = new LogWriter(
      { location: store.location, logs: { ...store.logs, add } },
      createLogger('silent'),
    );
    const request = {
      execution: { id: 'g', kind: 'graph', run: { id: 'r', startedAt: T } },
      node: { id: 'a', task: 't' },
    } as NodeRequest;
    const limits = { maxLogLines: 100, maxLogBytes: 10_000 };
    const lines = new AttemptLines({ writer, limits, identity: 'w' }, request, 1);
    for (const text of ['one', 'two']) lines.add('info', 'log', text);
    await writer.flush();
    deaf = false;
    lines.add('info', 'log', 'three');
    await writer.close();
    await expect(texts(store, { executionId: 'g' })).resolves.toEqual(['one', 'two', 'three']);
  });

  it('are read for a graph with all below it, for a part of it, and for a node alone', async () => {
    const store = await database.fresh();
    for (const id of ['g/a', 'g/a-b', 'g/a!', 'g/each/0', 'g/each/1', 'g/each-2/x', 'g2/a', 'g-/a'])
      await store.logs.add(linesOf(id, [id]));
    const of = (executionId: string) => texts(store, { executionId });
    await expect(of('g')).resolves.toEqual([
      ...['g/a', 'g/a-b', 'g/a!', 'g/each/0', 'g/each/1', 'g/each-2/x'],
    ]);
    await expect(of('g/a')).resolves.toEqual(['g/a']);
    await expect(of('g/each')).resolves.toEqual(['g/each/0', 'g/each/1']);
    await expect(of('g/each[1]')).resolves.toEqual(['g/each/1']);
    await expect(of('g/none')).resolves.toEqual([]);
  });

  it('are read of a run alone where the id ran before, by attempt, level, source and time', async () => {
    const store = await database.fresh();
    await store.logs.add(linesOf('g/a', ['before'], { writer: 'w0', runStartedAt: T - 9 }));
    await store.logs.add(linesOf('g/a', ['debugging'], { writer: 'w1', level: 'debug' }));
    await store.logs.add(linesOf('g/a', ['said'], { writer: 'w2', source: 'stdout' }));
    await store.logs.add(linesOf('g/a', ['bad'], { writer: 'w3', level: 'warn', attempt: 2 }));
    await store.logs.add(linesOf('g/b', ['worse'], { writer: 'w4', level: 'error', at: T + 99 }));
    const of = (rest: Partial<LogFilter>) =>
      texts(store, { executionId: 'g', runsSince: T, ...rest });
    await expect(of({})).resolves.toEqual(['debugging', 'said', 'bad', 'worse']);
    await expect(of({ attempt: 2 })).resolves.toEqual(['bad']);
    await expect(of({ level: 'info' })).resolves.toEqual(['said', 'bad', 'worse']);
    await expect(of({ level: 'warn' })).resolves.toEqual(['bad', 'worse']);
    await expect(of({ level: 'error' })).resolves.toEqual(['worse']);
    await expect(of({ sources: ['stdout', 'stderr'] })).resolves.toEqual(['said']);
    await expect(of({ since: T + 50 })).resolves.toEqual(['worse']);
    await expect(of({ level: 'loud' as never })).rejects.toThrow(/level: got "loud".*debug/);
  });

  it('are read page by page, forwards with none lost or doubled, and backwards from the newest', async () => {
    const store = await database.fresh();
    const all = Array.from({ length: 25 }, (_, index) => `line ${index}`);
    await store.logs.add(linesOf('other', all));
    await store.logs.add(linesOf('g/a', all));
    const seen: string[] = [];
    let page = await store.logs.read({ executionId: 'g', limit: 10 });
    for (; ; page = await store.logs.read({ executionId: 'g', limit: 10, after: page.next })) {
      seen.push(...page.lines.map(({ text }) => text));
      if (!page.more) break;
    }
    expect(seen).toEqual(all);
    await store.logs.add(linesOf('g/b', ['later']));
    await expect(texts(store, { executionId: 'g', after: page.next })).resolves.toEqual(['later']);
    const newest = await store.logs.read({ executionId: 'g', limit: 3, before: Infinity });
    expect(newest.lines.map(({ text }) => text)).toEqual(['line 23', 'line 24', 'later']);
    expect(newest).toMatchObject({ more: true, next: 51 });
    const [first] = newest.lines;
    await expect(
      texts(store, { executionId: 'g', limit: 2, before: first?.position ?? 0 }),
    ).resolves.toEqual(['line 21', 'line 22']);
  });

  it('of several writers at once show in the order of their positions: whoever reads up to one misses none before it', async () => {
    const store = await database.fresh();
    const writers = ['w1', 'w2', 'w3', 'w4'];
    let writing = true;
    const written = Promise.all(
      writers.map(async (writer) => {
        const lines = linesOf(
          `g/${writer}`,
          Array.from({ length: 200 }, (_, index) => `${index}`),
          { writer },
        );
        for (let at = 0; at < lines.length; at += 7) await store.logs.add(lines.slice(at, at + 7));
      }),
    ).finally(() => (writing = false));
    const seen: string[] = [];
    for (let after = 0; ;) {
      const last = !writing;
      const page = await store.logs.read({ executionId: 'g', after, limit: 50 });
      seen.push(...page.lines.map(({ nodeId, text }) => `${nodeId} ${text}`));
      after = page.next;
      if (last && !page.more) break;
    }
    await written;
    expect(seen.length).toBe(800);
    for (const writer of writers)
      expect(seen.filter((line) => line.startsWith(writer))).toEqual(
        Array.from({ length: 200 }, (_, index) => `${writer} ${index}`),
      );
  });

  it('are kept whatever they hold: NUL, halves of characters, quotes', async () => {
    const store = await database.fresh();
    await store.logs.add(linesOf('g/a', ['a\0b\ud800c "\' \u001b[31m']));
    await expect(texts(store, { executionId: 'g' })).resolves.toEqual([
      'a\ufffdb\ufffdc "\' \u001b[31m',
    ]);
  });

  it('are forgotten when they are older than a time, more than fit one transaction too', async () => {
    const store = await database.fresh();
    const old = Array.from({ length: 2_500 }, (_, index) => `old ${index}`);
    await store.logs.add(linesOf('g/a', old, { at: T - 1 }));
    await store.logs.add(linesOf('g/b', ['young'], { at: T }));
    await expect(store.logs.prune(T)).resolves.toBe(2_500);
    await expect(texts(store, { executionId: 'g' })).resolves.toEqual(['young']);
    await expect(store.logs.head()).resolves.toBe(2_501);
  });
});
