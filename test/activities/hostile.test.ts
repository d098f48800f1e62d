import { setTimeout as wait } from 'node:timers/promises';
import { NativeConnection, Worker } from '@temporalio/worker';
import { defineTask } from '../../src/registry.js';
import { startHarness, type Harness } from '../support/engine.js';
import { until } from '../support/until.js';

const runs: string[] = [];
const nothing = (): never => {
  // eslint-disable-next-line @typescript-eslint/only-throw-error -- what a careless handler does
  throw null;
};
const done = defineTask({ name: 'done', run: (_input, { nodeId }) => void runs.push(nodeId) });
const throwsNothing = defineTask({ name: 'throws-nothing', retry: 'NONE', run: nothing });
const badClassifier = defineTask({
  name: 'bad-classifier',
  retry: 'NONE',
  classifyError: nothing,
  run: () => {
    throw new Error('the real error');
  },
});
const unreadable = defineTask({
  name: 'unreadable',
  retry: 'NONE',
  run: () => {
    throw Object.defineProperty(new Error('unreadable'), 'code', { get: nothing });
  },
});
/** As a text has it that was cut in the middle of an emoji. */
const HALF = '\ud83d';
const brokenText = defineTask({
  name: 'broken-text',
  retry: 'NONE',
  run: () => {
    throw Object.assign(new Error(`half ${HALF} and \0`), { code: `HALF_${HALF}` });
  },
});
/** Wherever a text of it is cut to a limit, that is in the middle of a character. */
const longText = defineTask({
  name: 'long-text',
  retry: { strategy: 'IMMEDIATE', maxRetries: 1 },
  run: (input: string) => {
    throw new Error(`${input}${'😀'.repeat(3_000)}`);
  },
});
const flaky = defineTask({
  name: 'flaky',
  retry: {
    strategy: 'IMMEDIATE',
    maxRetries: 1,
    byError: { FLAKY: { strategy: 'IMMEDIATE', maxRetries: 4 } },
  },
  run: (_input, { attempt }) => {
    if (attempt < 5) throw Object.assign(new Error('flaky'), { code: 'FLAKY' });
    return attempt;
  },
});
const deep = defineTask({
  name: 'deep',
  run: () => {
    let value: unknown = 0;
    for (let i = 0; i < 20_000; i++) value = [value];
    return value;
  },
});
const lossy = defineTask({
  name: 'lossy',
  run: () => ({ rows: [{ price: 0.1 + 0.2 }, { price: Number('twelve') }], seen: new Set(['a']) }),
});
const saves = defineTask({
  name: 'saves',
  run: (_input, { checkpoint }) => checkpoint({ seen: new Set(['a']) as never }),
});
const loud = defineTask({
  name: 'loud',
  run: (_input, { metric, progress, warn }) => {
    metric('m'.repeat(100_000), 1);
    progress({ done: 1, message: 'p'.repeat(3_000_000) });
    warn('w'.repeat(100_000));
  },
});
let letGo = (): void => undefined;
const spoils = defineTask({
  name: 'spoils',
  retry: 'NONE',
  run: async (input: { id: unknown; self?: unknown }) => {
    input.id = 10n;
    input.self = input;
    await new Promise<void>((resolve) => (letGo = resolve));
  },
});

describe('a task or hook that misbehaves', () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await startHarness({
      tasks: [
        done,
        throwsNothing,
        badClassifier,
        unreadable,
        brokenText,
        longText,
        flaky,
        deep,
        lossy,
        saves,
        loud,
        spoils,
      ],
      namedHooks: {
        pre: [
          { name: 'pre-null', run: nothing },
          { name: 'pre-odd', run: (() => 1) as never },
          { name: 'pre-lossy', run: () => ({ input: { tags: new Map([['a', 1]]) } }) as never },
        ],
        post: [
          { name: 'post-null', run: nothing },
          { name: 'post-hangs', run: () => wait(600_000, undefined, { ref: false }) },
          { name: 'post-loud', run: () => Promise.reject(new Error('x'.repeat(3_000_000))) },
        ],
      },
    });
  });
  beforeEach(() => void runs.splice(0));
  afterAll(() => harness.stop());

  const one = async (
    task: string,
    hooks: { pre?: string[]; post?: string[] } = {},
    options = {},
  ) => {
    const handle = await harness.engine.scheduleTaskGraph({
      name: task,
      hooks,
      tasks: [{ id: 'a', task, ...options }],
    });
    const { nodes, warnings } = await handle.result();
    return { ...nodes['a'], all: warnings };
  };

  it('throws null: FAILED with what can be said of it', async () => {
    expect(await one('throws-nothing')).toMatchObject({
      status: 'FAILED',
      attempts: 1,
      error: { message: 'thrown: null' },
    });
  });

  it('throws a text with half a character: FAILED with a mark in its place, and the worker goes on', async () => {
    expect(await one('broken-text')).toMatchObject({
      status: 'FAILED',
      error: { code: 'HALF_\ufffd', message: 'half \ufffd and \0' },
    });
    expect(await one('done')).toMatchObject({ status: 'COMPLETED' });
  });

  it.each(['', 'x'])(
    'throws a text after %j that is too long: cut between characters',
    async (input) => {
      const { status, error } = await one('long-text', {}, { input });
      expect(status).toBe('FAILED');
      expect(error?.message).toMatch(/^x?(?:😀)+…$/u);
      expect(await one('done')).toMatchObject({ status: 'COMPLETED' });
    },
  );

  it('makes of its input what is no JSON while it runs: recorded with the input that it was given, and COMPLETED', async () => {
    const { engine } = harness;
    const handle = await engine.scheduleTaskGraph({
      name: 'spoilt',
      tasks: [{ id: 'a', task: 'spoils', input: { id: 1 } }],
    });
    const row = async (): Promise<{ status: string; input?: unknown } | undefined> => {
      const { executions } = await engine.listExecutions({ kind: 'node', status: 'RUNNING' });
      return executions.find(({ executionId }) => executionId === `${handle.executionId}/a`);
    };
    await until(async () => (await row())?.status === 'RUNNING', 'its row');
    letGo();
    expect(await handle.result()).toMatchObject({
      status: 'COMPLETED',
      nodes: { a: { status: 'COMPLETED', attempts: 1 } },
    });
    expect(await engine.getExecution(`${handle.executionId}/a`)).toMatchObject({
      input: { id: 1 },
    });
  });

  it.each(['bad-classifier', 'unreadable'])(
    '%s: keeps the real error, and one attempt stays one',
    async (task) => {
      expect(await one(task)).toMatchObject({
        status: 'FAILED',
        attempts: 1,
        attemptHistory: [{ outcome: 'FAILED' }],
        error: { origin: 'task', message: task === 'unreadable' ? 'unreadable' : 'the real error' },
      });
    },
  );

  it('a pre hook that throws null refuses the attempt; one that gives junk changes nothing', async () => {
    expect(await one('done', { pre: ['pre-null'] })).toMatchObject({
      status: 'REJECTED',
      error: { code: 'VETOED' },
    });
    expect(await one('done', { pre: ['pre-odd'] })).toMatchObject({ status: 'COMPLETED' });
  });

  it.each(['post-null', 'post-loud'])(
    '%s: the task ran once and is COMPLETED, with a short warning',
    async (hook) => {
      const node = await one('done', { post: [hook] });
      expect(node).toMatchObject({ status: 'COMPLETED', attempts: 1 });
      expect(node.all.join().length).toBeLessThan(600);
      expect(runs).toEqual(['a']);
    },
  );

  it('a post hook that hangs past the attempt does not turn a success into a time-out', async () => {
    // The hook's own 30 s end in `settle`, so the graph is not waited for: its node is COMPLETED once the hook was given up.
    const node = await one('done', { post: ['post-hangs'] }, { timeout: '1s' });
    expect(node).toMatchObject({ status: 'COMPLETED', attempts: 1 });
    expect(runs).toEqual(['a']);
  }, 120_000);

  it('a kind of error gets the attempts that byError gives it', async () => {
    expect(await one('flaky')).toMatchObject({ status: 'COMPLETED', output: 5, attempts: 5 });
  });

  it('an output nested too deep is OUTPUT_INVALID, not retried', async () => {
    expect(await one('deep')).toMatchObject({
      status: 'FAILED',
      attempts: 1,
      error: { code: 'OUTPUT_INVALID' },
    });
  });

  it('an output that JSON would lose a part of is OUTPUT_INVALID with its place, not retried', async () => {
    expect(await one('lossy')).toMatchObject({
      status: 'FAILED',
      attempts: 1,
      error: {
        code: 'OUTPUT_INVALID',
        message:
          'the output is no JSON: rows[1].price is NaN; JSON has no such number, give null or a text',
      },
    });
  });

  it('a checkpoint that the next attempt would not get back as it was fails this one', async () => {
    expect(await one('saves', {}, { retry: 'NONE' })).toMatchObject({
      status: 'FAILED',
      error: { message: 'a checkpoint is no JSON: seen is a Set; give a list of what is in it' },
    });
  });

  it('a pre hook whose input JSON would lose a part of refuses the attempt, and says which', async () => {
    expect(await one('done', { pre: ['pre-lossy'] })).toMatchObject({
      status: 'REJECTED',
      error: { code: 'VETOED', message: expect.stringContaining('tags is a Map') as string },
    });
  });

  it('loud metrics, progress and warnings are cut, not fatal', async () => {
    expect(await one('loud')).toMatchObject({ status: 'COMPLETED', attempts: 1 });
  });
});

describe('limits of the server', () => {
  it('a project name of any alphabet and length runs', async () => {
    const harness = await startHarness();
    const handle = await harness.engine.scheduleTask({ task: 'noop', project: '販'.repeat(64) });
    expect((await handle.result()).status).toBe('COMPLETED');
    await harness.stop();
  });

  it('over 2,000 nodes that never run get their post hooks without too many pending activities', async () => {
    let seen = 0;
    const post = { name: 'count', onSkipped: true, run: () => void seen++ };
    const harness = await startHarness({ hooks: { post: [post] }, logLevel: 'error' });
    const children = Array.from({ length: 2_200 }, (_, i) => ({
      id: `c${i}`,
      task: 'noop',
      dependsOn: ['bad'],
    }));
    const handle = await harness.engine.scheduleTaskGraph({
      name: 'skipped',
      tasks: [{ id: 'bad', task: 'fail', retry: 'NONE' }, ...children],
    });
    const { counts } = await handle.result();
    expect(counts).toEqual({ FAILED: 1, SKIPPED: 2_200 });
    expect(seen).toBe(2_201);
    await harness.stop();
  }, 300_000);

  it('fan-in of many large inputs in one go is spread over workflow tasks', async () => {
    const harness = await startHarness();
    const sources = Array.from({ length: 64 }, (_, i) => ({
      id: `s${i}`,
      task: 'echo',
      input: '語'.repeat(500),
    }));
    const names = sources.map(({ id }) => id);
    const reads = names.map((id) => `\${{ tasks.${id}.output }}`);
    const readers = Array.from({ length: 50 }, (_, i) => ({
      id: `r${i}`,
      task: 'echo',
      dependsOn: [...names],
      input: reads,
    }));
    const handle = await harness.engine.scheduleTaskGraph({
      name: 'fan',
      concurrency: 100,
      tasks: [...sources, ...readers],
    });
    expect((await handle.result()).counts).toEqual({ COMPLETED: 114 });
    await harness.stop();
  });

  it("a worker that is none of ours on a node's queue fails the node, not the workflow task", async () => {
    const harness = await startHarness();
    const queue = `foreign-${Date.now()}`;
    const connection = await NativeConnection.connect({ address: harness.address });
    const foreign = await Worker.create({
      connection,
      taskQueue: queue,
      activities: { foo: async () => 'plain' },
    });
    const running = foreign.run();
    const handle = await harness.engine.scheduleTask({ task: 'foo', queue });
    expect(await handle.result()).toMatchObject({
      status: 'FAILED',
      error: { code: 'CONFIGURATION' },
    });
    foreign.shutdown();
    await running;
    await connection.close();
    await harness.stop();
  });
});
