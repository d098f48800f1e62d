import { pathToFileURL } from 'node:url';
import { defineTask } from '../../src/registry.js';
import type { TaskContext } from '../../src/task-context.js';
import { TaskRegistry } from '../../src/registry.js';
import { ProcessRunner } from '../../src/runners/process.js';
import { ThreadRunner } from '../../src/runners/thread.js';
import { startWorker } from '../../src/worker.js';
import { startHarness } from '../support/engine.js';
import { shared } from '../support/shared.js';
import { tasks } from './tasks.js';

const here = pathToFileURL(__filename);
const elsewhere = new URL('./tasks.js', here).href.replace(/\.js$/, '.ts');
const task = (name: string, rest: object) => defineTask({ name, run: () => null, ...rest });

describe('a worker', () => {
  it('says which modes it has, and with what', async () => {
    const harness = await startHarness({
      maxThreads: 3,
      maxProcesses: 2,
      isolatedMemoryMb: 256,
    });
    expect(harness.worker.modes).toEqual([
      { mode: 'in-process', size: null, memoryMb: null },
      { mode: 'thread', size: 3, memoryMb: 256 },
      { mode: 'process', size: 2, memoryMb: 256 },
    ]);
    await harness.stop();
  });

  it('says at its start which kinds of programs its host cannot run, and why', async () => {
    const harness = await startHarness();
    const worker = await startWorker({
      ...{ address: harness.address, taskQueue: harness.taskQueue, dataDir: harness.dataDir },
      ...{ logger: harness.log, containerEngine: 'unix:///nowhere/engine.sock' },
      temporal: { workflowBundle: { codePath: shared().bundle } },
    });
    const said = harness.lines.filter(({ program }) => program === 'container');
    expect(said).toMatchObject([
      { msg: expect.stringMatching(/^worker runs no container: .*nowhere/) as string },
    ]);
    await worker.shutdown();
    await harness.stop();
  });

  it('is refused at start when modes or tasks have no runner, all of them listed', async () => {
    const refused = startWorker({
      address: '127.0.0.1:1', // nothing is asked there
      modes: ['in-process', 'process', 'faas'],
      tasks: [
        task('boxed', { isolation: 'container' }),
        task('threaded', { isolation: 'thread', module: here }),
        task('fine', { isolation: 'process', module: here }),
      ],
    });
    await expect(refused).rejects.toMatchObject({ code: 'CONFIGURATION' });
    await expect(refused).rejects.toThrow(
      /it has in-process, process\):\n {2}modes: .*"faas"\n {2}task "boxed" .*"container"\n {2}task "threaded" .*"thread"$/,
    );
  });

  it.each<[string, object, RegExp]>([
    [
      'an option that there is not',
      { maxThread: 2 },
      /startWorker: there is no "maxThread" \(did you mean "maxThreads"\?\)$/,
    ],
    ['an option that is like none', { zzz: 1 }, /startWorker: there is no "zzz"$/],
    [
      'defaults of a field that there is not',
      { defaults: { retry: { maxRetry: 0 } } },
      /defaults\.retry\.maxRetry: unknown field .*did you mean "maxRetries"/,
    ],
  ])('is refused at start for %s', async (_what, options, message) => {
    const refused = startWorker({ address: '127.0.0.1:1', ...options });
    await expect(refused).rejects.toMatchObject({ code: 'CONFIGURATION' });
    await expect(refused).rejects.toThrow(message);
  });

  it('gives its tasks the defaults of its settings, where nobody else says more', async () => {
    const run = (_input: unknown, { maxRetries }: TaskContext) => maxRetries;
    const harness = await startHarness({
      defaults: { priority: 'HIGH', retry: { maxRetries: 0 } },
      tasks: [task('plain', { run }), task('own', { run, retry: { maxRetries: 2 } })],
    });
    const told = async (name: string, more: object = {}) => {
      const { executionId } = await harness.engine.scheduleTask({ task: name, ...more });
      const { nodes } = await harness.engine.handle(executionId).result();
      return nodes['task']?.output;
    };
    expect(await told('plain')).toBe(0);
    expect(await told('own')).toBe(2);
    expect(await told('plain', { retry: { maxRetries: 1 } })).toBe(1);
    const plan = await harness.engine.plan({ name: 'p', tasks: [{ id: 'a', task: 'noop' }] });
    expect(plan.nodes['a']?.options).toMatchObject({
      priority: { value: 'HIGH', from: 'settings' },
      'retry.maxRetries': { value: 0, from: 'settings' },
    });
    await harness.stop();
  });

  it('is refused at start when modules do not have their tasks, all of them listed', async () => {
    const refused = startWorker({
      address: '127.0.0.1:1',
      tasks: [
        task('thread.outptu', { isolation: 'thread', module: elsewhere }),
        task('lost', { isolation: 'process', module: '/nowhere/tasks.js' }),
      ],
    });
    await expect(refused).rejects.toMatchObject({ code: 'CONFIGURATION' });
    await expect(refused).rejects.toThrow(
      /task "thread.outptu": its module .*tasks.ts exports only .*did you mean "thread.output"\?.*\n.*task "lost": its module .*nowhere.* cannot be loaded/,
    );
  });

  it('is refused where a module of a task starts it', async () => {
    const refused = startWorker({
      address: '127.0.0.1:1',
      tasks: [task('x', { isolation: 'thread', module: new URL('./starts-a-worker.ts', here) })],
    });
    await expect(refused).rejects.toThrow(/move the task into a module of its own/);
  });
});

describe('defineTask', () => {
  it.each([
    [{ isolation: 'thread' }, /isolation "thread" needs "module".*import\.meta\.url/],
    [{ isolation: 'proces' }, /expected one of in-process, thread, .* got "proces"/],
    [{ isolation: 'process', module: './tasks.js' }, /module: expected a file: URL/],
  ])('refuses %j', (rest, message) => {
    expect(() => task('x', rest)).toThrow(message);
  });
});

describe.each([
  ['thread', (memoryMb: number) => new ThreadRunner({ maxThreads: 1, memoryMb, graceMs: 100 })],
  ['process', (memoryMb: number) => new ProcessRunner({ maxProcesses: 1, memoryMb, graceMs: 100 })],
] as const)('the pool of %s', (mode, make) => {
  const registered = new TaskRegistry(tasks).get(`${mode}.waits`);
  const request = () => {
    if (!registered) throw new Error('no such task');
    const log = { info: () => undefined };
    const deadline = new Date(Date.now() + 600_000);
    const context = { deadline, log, lastCheckpoint: () => undefined } as unknown as TaskContext;
    return { task: registered, input: null, context };
  };

  it('says that it cannot be started, as a fault of the environment', async () => {
    const runner = make(mode === 'thread' ? 4 : 1); // too little for Node itself; with 1 a thread of Node 22 ends its process
    await expect(
      runner.run(request(), { signal: new AbortController().signal }),
    ).rejects.toMatchObject({ code: 'ENVIRONMENT', details: { pool: mode } });
    await runner.close();
  });

  it('tells who waits for a place in vain so, and ends everything when it is closed', async () => {
    const runner = make(128);
    const running = runner.run(request(), { signal: new AbortController().signal });
    const waiting = new AbortController();
    const inVain = runner.run(request(), { signal: waiting.signal });
    const alsoWaits = runner.run(request(), { signal: new AbortController().signal });
    const all = [running, alsoWaits].map((one) => expect(one).rejects.toThrow(/has closed its/));
    waiting.abort();
    await expect(inVain).rejects.toThrow(new RegExp(`no ${mode} was free in time`));
    await Promise.all([runner.close(), runner.close(), ...all]);
    await expect(runner.run(request(), { signal: new AbortController().signal })).rejects.toThrow(
      /has closed its/,
    );
  });
});
