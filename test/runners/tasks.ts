/** The handlers of the conformance suite, once for each mode: `thread.output`, `process.output` … */
import { spawn } from 'node:child_process';
import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';
import type { Artifact } from '../../src/domain/artifact.js';
import { NonRetriableError, TaskError } from '../../src/domain/errors.js';
import { defineTask, type AnyTask, type Isolation } from '../../src/registry.js';
import type { TaskContext } from '../../src/task-context.js';
import type { RunningTask } from '../../src/task-execution.js';

export const MODES = ['in-process', 'thread', 'process'] as const;
type Handler = (input: never, context: TaskContext) => unknown;

export class Flaky extends TypeError {
  override name = 'Flaky';
  code = 'E_FLAKY';
  retryAfterMs = 1;
}
class NotWorthIt extends Error {}

let remembered = 0;

const HANDLERS: Record<string, Handler> = {
  output: (input) => ({ got: input }),
  who: (_input, { signal: _signal, log: _log, deadline, ...rest }) => ({
    ...(JSON.parse(JSON.stringify(rest)) as object),
    deadline: deadline instanceof Date,
    last: rest.lastCheckpoint() ?? null,
  }),
  place: () => process.pid,
  big: ({ length }: { length: number }) => 'x'.repeat(length),
  says: (_input, context) => {
    context.log.info('from the handler', { n: 1, text: 'π' });
    context.log.warn('strange fields', { call: () => 1 });
    context.metric('rows', 12);
    context.warn('nearly full');
    context.progress({ done: 1, total: 4, message: 'a quarter' });
    context.progress(0.5);
    return null;
  },
  allocates: ({ megabytes, ms }: { megabytes: number; ms: number }) => {
    const held = Buffer.alloc(megabytes * 2 ** 20, 1);
    const until = process.cpuUsage().user + ms * 1_000;
    while (process.cpuUsage().user < until);
    return held.length;
  },
  keepsOne: async (_input, { artifact }) => artifact('bytes', new Uint8Array([0, 255])),
  readsArtifact: async (input: Artifact, { readArtifact }) => {
    const bytes = await readArtifact(input);
    const refused = await readArtifact({ ...input, ref: 'none' }).catch((error: unknown) => error);
    return { bytes: [...bytes], isBytes: bytes instanceof Uint8Array, refused: String(refused) };
  },
  keeps: async (_input, { artifact, log }) => {
    const { name, bytes } = await artifact('notes.txt', { text: 'žluť' });
    await artifact('bytes', new Uint8Array([0, 255]), { contentType: 'image/png' });
    await artifact('package.json', 'package.json'); // from the worker's folder
    const refused = await artifact('../x', { text: '' }).catch((error: unknown) => error);
    const { code, message } = refused as TaskError;
    log.info('refused', { code, message, ours: refused instanceof TaskError });
    void artifact('last', { text: 'not awaited' });
    return { name, bytes };
  },
  checkpoints: (_input, context) => {
    const last = (context.lastCheckpoint() ?? { n: 0 }) as { n: number };
    context.checkpoint({ n: last.n + 1 });
    if (context.attempt < 3) throw new Flaky(`attempt ${context.attempt}`);
    return { last, now: context.lastCheckpoint() };
  },
  greedy: (_input, { checkpoint }) => checkpoint('x'.repeat(20_000)),
  flaky: (_input, { attempt }) => {
    if (attempt < 3) throw new Flaky(`attempt ${attempt}`);
    return attempt;
  },
  hopeless: () => {
    throw new NonRetriableError('no use', { details: { why: 'closed' } });
  },
  deep: () => {
    const cause = Object.assign(new Error('refused'), { code: 'ECONNREFUSED', port: 5432 });
    throw Object.assign(new NotWorthIt('no database', { cause }), {
      retriable: false,
      status: 503,
    });
  },
  oddities: (kind: string) => {
    const odd: Record<string, unknown> = {
      text: 'a text',
      nothing: undefined,
      object: { plain: true },
      unreadable: Object.defineProperty(new Error('x'), 'code', {
        enumerable: true,
        get: () => {
          throw new Error('unreadable');
        },
      }),
      function: () => 1,
    };
    throw odd[kind];
  },
  brokenOutput: () => ({ rows: [{ when: new URL('http://x') }] }),
  functionOutput: () => ({ then: 1, call: () => 1 }),
  waits: async (_input, { signal, log }) => {
    log.info('waiting');
    await wait(600_000, undefined, { signal });
  },
  stays: async (_input, { attempt, signal, log, checkpoint, lastCheckpoint }) => {
    if (lastCheckpoint() !== undefined) return { attempt, from: lastCheckpoint() };
    checkpoint('here');
    log.info('stays');
    await wait(600_000, undefined, { signal });
    return null;
  },
  spins: (_input, { log }) => {
    log.info('spinning');
    for (;;);
  },
  spinsAs: (_input, { log }) => {
    log.info(String(process.pid));
    for (;;);
  },
  deaf: async (_input, { log }) => {
    process.on('SIGTERM', () => undefined);
    log.info('deaf');
    await wait(600_000);
  },
  leaves: (code: number) => process.exit(code),
  throwsLater: async () => {
    setTimeout(() => {
      throw Object.assign(new RangeError('later'), { code: 'E_LATER' });
    });
    await wait(600_000);
  },
  rejectsLater: async () => {
    void Promise.reject(new Flaky('nobody waits for it'));
    await wait(600_000);
  },
  hoards: () => {
    const hoard: unknown[] = [];
    for (;;) hoard.push(Array.from({ length: 10_000 }, (_none, n) => ({ n })));
  },
  spawns: async (_input, { log, signal }) => {
    const { pid } = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], {
      stdio: 'ignore',
    });
    log.info('spawned', { child: pid, own: process.pid });
    await wait(600_000, undefined, { signal });
  },
  kills: () => process.kill(process.pid, 'SIGKILL'),
  remembers: () => ++remembered,
  spoils: (input: { list: number[] }, context) => {
    input.list.push(99);
    setTimeout(() => context.warn('too late'), 0);
    return input.list;
  },
};

const all: [Isolation, AnyTask[]][] = MODES.map((mode) => [
  mode,
  Object.entries(HANDLERS).map(([name, run]) =>
    defineTask({
      name: `${mode}.${name}`,
      isolation: mode,
      module: import.meta.url,
      ...(name === 'output'
        ? { output: z.object({ got: z.unknown() }) }
        : name === 'flaky'
          ? { retry: { retryOn: ['TypeError'], strategy: 'IMMEDIATE' as const } }
          : {}),
      run: run,
    }),
  ),
]);

export const tasks: AnyTask[] = all.flatMap(([, list]) => list);

/** Said by a class with `execute`, as document 000 says what a task does; not every module calls `defineTask` for it. */
class Executed {
  readonly module = import.meta.url;
  constructor(
    readonly name: string,
    readonly isolation: Isolation,
  ) {}
  execute({ id, name, status, input, sessionId, maxRetries }: RunningTask, ctx: TaskContext) {
    return { id: id === ctx.executionId, name, status, input, sessionId, maxRetries };
  }
}
export const executed = MODES.map((mode) => new Executed(`${mode}.executed`, mode));
export const executedTasks: AnyTask[] = executed.map((one) => defineTask(one));

/** Its input schema gives what no clone keeps. */
export const transforming: AnyTask[] = MODES.map((mode) =>
  defineTask({
    name: `${mode}.transforming`,
    isolation: mode,
    module: import.meta.url,
    input: z.object({ at: z.string().transform((text) => new URL(text)) }),
    run: ({ at }) => at.host,
  }),
);
