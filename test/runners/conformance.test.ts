import { spawn } from 'node:child_process';
import { join } from 'node:path';
import type { ExecutionResult, TaskSubmission } from '../../src/client.js';
import type { ExecutionHandle } from '../../src/client.js';
import { startHarness, type Harness } from '../support/engine.js';
import { until } from '../support/until.js';
import { executedTasks, MODES, tasks, transforming } from './tasks.js';

const options = {
  tasks: [...tasks, ...transforming, ...executedTasks],
  // One: what is not given back is missed at once.
  maxThreads: 1,
  maxProcesses: 1,
  isolatedMemoryMb: 96,
  stopGrace: '200ms',
};
type Ask = Omit<TaskSubmission, 'task'>;

let harness: Harness;
beforeAll(async () => void (harness = await startHarness(options)));
afterAll(() => harness.stop());

const start = (task: string, ask: Ask = {}): Promise<ExecutionHandle> =>
  harness.engine.scheduleTask({ task, retry: 'NONE', ...ask });
const run = async (task: string, ask: Ask = {}): Promise<ExecutionResult> =>
  (await start(task, ask)).result();
const linesOf = ({ executionId }: { executionId: string }): Record<string, unknown>[] =>
  harness.lines.filter((line) => line['executionId'] === executionId);
const said = async (handle: ExecutionHandle, text: string): Promise<Record<string, unknown>> => {
  const find = () => linesOf(handle).find(({ msg }) => msg === text);
  await until(() => find() !== undefined, `${text} in the log`);
  return find() ?? {};
};
const isAlive = (pid: unknown): boolean => {
  try {
    return process.kill(Number(pid), 0);
  } catch {
    return false;
  }
};

it('a worker with handlers in threads warns on Node 24, and on no other', () => {
  const warned = harness.lines.some(({ msg }) => /fills its heap/.test(String(msg)));
  expect(warned).toBe(process.versions.node.startsWith('24.'));
});

describe.each(MODES)('a handler in %s', (mode) => {
  it.each<[string, unknown]>([
    ['null', null],
    ['unicode', { text: 'žluť 中文 مرحبا 👩‍👩‍👧 \u0000 \u2028', ключ: [1.5, 1e300] }],
    ['keys of any name', JSON.parse('{"__proto__": 1, "constructor": {"a": []}}') as unknown],
  ])('gets its input and gives its output: %s', async (_name, input) => {
    const { status, output } = await run(`${mode}.output`, { input });
    expect({ status, output }).toEqual({ status: 'COMPLETED', output: { got: input } });
  });

  it('gives an output of 5 MB', async () => {
    const { output } = await run(`${mode}.big`, { input: { length: 5_000_000 } });
    expect((output as string).length).toBe(5_000_000);
  });

  it('runs where it says', async () => {
    const { output } = await run(`${mode}.place`);
    expect(output === process.pid).toBe(mode !== 'process');
  });

  it('may be an object with execute, given what the task is', async () => {
    const { output } = await run(`${mode}.executed`, { input: { n: 1 }, sessionId: 's' });
    expect(output).toEqual({
      ...{ id: true, name: `${mode}.executed`, status: 'RUNNING', input: { n: 1 } },
      ...{ sessionId: 's', maxRetries: 0 },
    });
  });

  it('knows where it is', async () => {
    const handle = await start(`${mode}.who`, {
      project: 'p',
      sessionId: 's',
      metadata: { ticket: 7 },
      priority: 'HIGH',
    });
    const executionId = `${handle.executionId}/task`;
    expect((await handle.result()).output).toMatchObject({
      ...{ attempt: 1, maxRetries: 0, executionId, idempotencyKey: executionId },
      ...{ graphId: handle.executionId, nodeId: 'task', task: `${mode}.who` },
      ...{ project: 'p', sessionId: 's', metadata: { ticket: 7 }, priority: 'HIGH' },
      ...{ outputs: {}, deadline: true, last: null },
    });
  });

  it('logs, warns, measures and tells its progress', async () => {
    const handle = await start(`${mode}.says`);
    expect(await handle.result()).toMatchObject({
      ok: true,
      warnings: ['task: nearly full'],
      metrics: { task: { rows: 12 } },
    });
    expect(await said(handle, 'from the handler')).toMatchObject({ level: 30, n: 1, text: 'π' });
    expect(await said(handle, 'strange fields')).toMatchObject({ level: 40 });
  });

  it('measures what it took, where the process is its own', async () => {
    const { metrics } = await run(`${mode}.allocates`, { input: { megabytes: 40, ms: 60 } });
    const took = metrics['task'] ?? {};
    if (mode === 'process') {
      expect(took['process.peakMemoryBytes']).toBeGreaterThan(40 * 2 ** 20);
      expect(took['process.cpuMs']).toBeGreaterThanOrEqual(50);
      // The next job of the same process is measured by itself.
      const next = (await run(`${mode}.output`)).metrics['task'] ?? {};
      expect(next['process.cpuMs']).toBeLessThan(took['process.cpuMs'] ?? 0);
    } else expect(took).toEqual({});
  });

  it('reads an artifact that its input holds, and hears what is none', async () => {
    const handle = await harness.engine.scheduleTaskGraph({
      name: 'g',
      tasks: [
        { id: 'a', task: `${mode}.keepsOne` },
        {
          ...{ id: 'b', task: `${mode}.readsArtifact`, dependsOn: ['a'] },
          input: '${{ tasks.a.artifacts["bytes"] }}',
        },
      ],
    });
    const { nodes } = await handle.resultOrThrow();
    expect(nodes['b']?.output).toEqual({
      ...{ bytes: [0, 255], isBytes: true },
      refused: expect.stringMatching(/ARTIFACT_INVALID|expected an artifact/) as string,
    });
  });

  it('keeps artifacts, and hears what is refused', async () => {
    const handle = await start(`${mode}.keeps`);
    const { status, error, artifacts } = await handle.result();
    expect(await said(handle, 'refused')).toMatchObject({ code: 'ARTIFACT_INVALID', ours: true });
    // What was refused fails the attempt, also where it was caught.
    expect({ status, code: error?.code }).toEqual({ status: 'FAILED', code: 'ARTIFACT_INVALID' });
    expect(artifacts.map(({ name, contentType }) => [name, contentType])).toEqual([
      ['notes.txt', 'text/plain'],
      ['bytes', 'image/png'],
      ['package.json', 'application/json'],
      ['last', 'application/octet-stream'],
    ]);
    expect(Buffer.from((await handle.artifact('task', 'notes.txt')).data).toString()).toBe('žluť');
    expect([...(await handle.artifact('task', 'bytes')).data]).toEqual([0, 255]);
  });

  it('finds the checkpoint of the attempt before, and its own', async () => {
    const { output, nodes } = await run(`${mode}.checkpoints`, { retry: 'IMMEDIATE' });
    expect(output).toEqual({ last: { n: 2 }, now: { n: 3 } });
    expect(nodes['task']).toMatchObject({ attempts: 3 });
  });

  it.each([
    ['flaky', null, { attempts: 3, status: 'COMPLETED' }], // retryOn names a superclass
    [
      'hopeless',
      null,
      { attempts: 1, error: { code: 'NON_RETRIABLE', details: { why: 'closed' } } },
    ],
    ['deep', null, { attempts: 1, error: { code: 'Error', cause: { code: 'ECONNREFUSED' } } }],
    ['greedy', null, { attempts: 1, error: { code: 'TOO_LARGE' } }],
    ['oddities', 'text', { attempts: 3, error: { code: 'Error', message: 'a text' } }],
    ['oddities', 'nothing', { attempts: 3, error: { message: 'thrown: undefined' } }],
    ['oddities', 'object', { attempts: 3, error: { message: 'thrown: [object Object]' } }],
  ])('classifies and records what is thrown: %s %s', async (name, input, expected) => {
    const retry =
      name === 'flaky'
        ? undefined
        : {
            strategy: 'IMMEDIATE' as const,
            maxRetries: 2,
            // The cause is on the list of errors that a retry may mend.
            ...(name === 'deep' ? { retryOn: ['HTTP_500'] } : {}),
          };
    const ask = { task: `${mode}.${name}`, input, ...(retry ? { retry } : {}) };
    const { nodes } = await (await harness.engine.scheduleTask(ask)).result();
    expect(nodes['task']).toMatchObject(expected);
  });

  it('is asked to stop, and times out', async () => {
    const { status, error } = await run(`${mode}.waits`, { timeout: '1s' });
    expect({ status, code: error?.code }).toEqual({ status: 'TIMEOUT', code: 'TIMEOUT' });
    expect(error?.message).toMatch(/stopped when asked/);
  });

  it('is asked to stop when it is cancelled', async () => {
    const handle = await start(`${mode}.waits`);
    await said(handle, 'waiting');
    await handle.cancel();
    expect(await handle.result()).toMatchObject({ status: 'CANCELLED' });
  });

  it('is asked to stop when its worker shuts down, and goes on elsewhere from its checkpoint', async () => {
    const own = await startHarness(options);
    const handle = await own.engine.scheduleTask({ task: `${mode}.stays`, retry: 'NONE' });
    await until(() => own.lines.some(({ msg }) => msg === 'stays'));
    await Promise.all([own.startWorker(), own.worker.shutdown()]);
    expect(await handle.result()).toMatchObject({
      status: 'COMPLETED',
      output: { attempt: 1, from: 'here' },
    });
    await own.stop();
  });

  it('leaves its input as it was given, and nothing to the next run but globals', async () => {
    const first = await run(`${mode}.spoils`, { input: { list: [1] } });
    const second = await run(`${mode}.spoils`, { input: { list: [2] } });
    expect([first.output, second.output]).toEqual([
      [1, 99],
      [2, 99],
    ]);
    const remembered = [];
    for (let time = 0; time < 3; time++) remembered.push((await run(`${mode}.remembers`)).output);
    expect(remembered).toEqual([1, 2, 3]); // a module lives as long as its thread or process
  });
});

describe.each(['thread', 'process'] as const)('a handler in a %s of its own', (mode) => {
  afterEach(async () => {
    // Whatever became of the one before: there is a place for the next.
    expect(await run(`${mode}.output`, { input: 1 })).toMatchObject({ output: { got: 1 } });
  });

  it.each(['spins', 'deaf'])('is ended when it %s after a cancel', async (name) => {
    const handle = await start(`${mode}.${name}`);
    await said(handle, name === 'spins' ? 'spinning' : 'deaf');
    await handle.cancel();
    expect(await handle.result()).toMatchObject({ status: 'CANCELLED' });
  });

  it('is ended before its attempt is out of time, so that no two attempts run at once', async () => {
    const { status, error } = await run(`${mode}.spins`, { timeout: '5s' });
    expect(status).toBe('TIMEOUT');
    expect(error?.message).toMatch(/went on for .* after it was asked to stop.* and was ended/);
  });

  it('is not retried when it leaves by process.exit', async () => {
    const { error, nodes } = await run(`${mode}.leaves`, { input: 3, retry: 'IMMEDIATE' });
    expect(error).toMatchObject({ code: 'PROCESS_EXIT', details: { exitCode: 3 } });
    expect(nodes['task']).toMatchObject({ attempts: 1 });
  });

  it.each([
    ['throwsLater', 'E_LATER', 'later'],
    ['rejectsLater', 'E_FLAKY', 'nobody waits for it'],
  ])('has crashed when nothing catches its error: %s', async (name, code, message) => {
    const { error } = await run(`${mode}.${name}`);
    expect(error).toMatchObject({ code: 'CRASHED', origin: 'runner', cause: { code, message } });
  });

  // V8 of Node 24 ends the whole process by it, most of the time; docs/handlers.md says so.
  const isLost = mode === 'thread' && process.versions.node.startsWith('24.');
  (isLost ? it.skip : it)(
    'is out of memory when its heap is full, and its worker is not',
    async () => {
      const { error } = await run(`${mode}.hoards`);
      expect(error).toMatchObject({
        code: 'RESOURCE_EXHAUSTED',
        retriable: true,
        details: { resource: 'memory', limitMb: 96 },
      });
    },
  );

  it.each([
    ['brokenOutput', 'output.rows[0].when: a URL'],
    ['functionOutput', 'output.call: the function call'],
  ])('names the place of what cannot come out: %s', async (name, place) => {
    const { status, error } = await run(`${mode}.${name}`);
    expect({ status, code: error?.code }).toEqual({ status: 'FAILED', code: 'OUTPUT_INVALID' });
    expect(error?.message).toContain(`${place} cannot be handed to a thread or process`);
  });

  it('names the place of what cannot go in, and does not run', async () => {
    const { status, error } = await run(`${mode}.transforming`, { input: { at: 'http://x/' } });
    expect({ status, code: error?.code }).toEqual({ status: 'REJECTED', code: 'INPUT_INVALID' });
    expect(error?.message).toContain('input.at: a URL cannot be handed');
  });
});

describe('a process', () => {
  it('that is killed has crashed', async () => {
    const { error } = await run('process.kills');
    expect(error).toMatchObject({ code: 'CRASHED', details: { signal: 'SIGKILL' } });
  });

  it('ends with the processes that it started', async () => {
    const own = await startHarness(options);
    const handle = await own.engine.scheduleTask({ task: 'process.spawns', retry: 'NONE' });
    const line = () => own.lines.find(({ msg }) => msg === 'spawned');
    await until(() => line() !== undefined, 'the log line');
    const { child, own: pid } = line() ?? {};
    expect([isAlive(child), isAlive(pid)]).toEqual([true, true]);
    await handle.cancel();
    await handle.result();
    await own.stop();
    await until(() => !isAlive(pid) && !isAlive(child), 'the end of both');
  });

  it('ends when its worker is killed, although it spins', async () => {
    const program = join(__dirname, 'spinning-worker.ts');
    const worker = spawn(process.execPath, ['--import', 'tsx', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const pid = await new Promise<number>((resolve) =>
      worker.stdout.on('data', (text: Buffer) => resolve(Number(String(text)))),
    );
    expect(isAlive(pid)).toBe(true);
    worker.kill('SIGKILL');
    await until(() => !isAlive(pid), 'the end of the process');
  });
});
