import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { limitsOf, type Runtime } from '../../src/domain/program.js';
import { UNWATCHED, type PoolWatch, type WarmKey } from '../../src/domain/warm-plan.js';
import type { RegisteredTask } from '../../src/registry.js';
import type { TaskContext } from '../../src/task-context.js';
import { ProgramProcessRunner } from '../../src/runners/program-process.js';
import type { ProgramRun } from '../../src/runners/runner.js';
import { Sandboxes } from '../../src/sandbox/sandbox.js';
import { mountsBelow } from '../../src/sandbox/sweep.js';
import type { WaitingSandbox } from '../../src/sandbox/waiting.js';
import { WarmPools, type WarmPoolsOptions } from '../../src/sandbox/warm-pools.js';
import { until } from '../support/until.js';
import { marker, processesWith } from './support/host.js';
import { describeSandbox, openScene } from './support/scene.js';
import { startSupervisor } from './support/supervisor.js';

const MIB = 2 ** 20;
const keyOf = (runtime: Runtime): WarmKey => ({
  ...{ runtime, level: 'HIGH', limits: limitsOf({ cpu: 1 }) },
});
const [NODE, PYTHON, DENO] = [keyOf('node'), keyOf('python'), keyOf('javascript')];

describe('WarmPools', () => {
  /** Sandboxes that are only counted, by a clock that stands still. */
  const setup = (options: Partial<WarmPoolsOptions> = {}) => {
    const it = { now: 1_000_000, made: [] as string[], discarded: 0, fails: false, most: Infinity };
    const said: Record<string, number> = {};
    const watch: PoolWatch = {
      ready: (runtime, count) => void (said[`${runtime} ready`] = count),
      hit: (runtime) => void (said[`${runtime} hits`] = (said[`${runtime} hits`] ?? 0) + 1),
      miss: (runtime) => void (said[`${runtime} misses`] = (said[`${runtime} misses`] ?? 0) + 1),
      fault: () => void (said['faults'] = (said['faults'] ?? 0) + 1),
    };
    const make = (key: WarmKey): Promise<WaitingSandbox> => {
      if (it.fails || it.made.length >= it.most) return Promise.reject(new Error('no'));
      it.made.push(key.runtime);
      let end: () => void = () => undefined;
      const gone = new Promise<void>((resolve) => (end = resolve));
      const one = { isReady: true, gone, end: () => void ((one.isReady = false), end()) };
      const discard = async (): Promise<void> => {
        if (one.isReady) it.discarded++;
        one.end();
      };
      return Promise.resolve(Object.assign(one, { discard }) as unknown as WaitingSandbox);
    };
    const pools = new WarmPools({
      ...{ named: [], budgetBytes: 2 ** 31, pays: () => true, make, watch, now: () => it.now },
      ...options,
    });
    opened.push(pools);
    return { it, said, pools };
  };
  const opened: WarmPools[] = [];
  afterEach(() => Promise.all(opened.splice(0).map((pools) => pools.close())));
  const end = (waiting: WaitingSandbox | undefined): void =>
    (waiting as unknown as { end: () => void }).end();

  it('has what is named waiting, hands each out once, and makes another in the background', async () => {
    const { it, said, pools } = setup({ named: [{ key: PYTHON, count: 2 }] });
    await pools.settled();
    const got = [pools.take(PYTHON), pools.take(PYTHON), pools.take(PYTHON)];
    expect(got.map((one) => one !== undefined)).toEqual([true, true, false]);
    expect(new Set(got).size).toBe(3);
    expect(said).toEqual({ 'python ready': 0, 'python hits': 2, 'python misses': 1 });
    await pools.settled();
    expect([it.made.length, said['python ready']]).toEqual([4, 2]);
  });

  it('gives none to another level or other limits', async () => {
    const { pools } = setup({ named: [{ key: PYTHON, count: 1 }] });
    await pools.settled();
    expect(pools.take({ ...PYTHON, level: 'LOW' })).toBeUndefined();
    expect(pools.take({ ...PYTHON, limits: limitsOf({ cpu: 2 }) })).toBeUndefined();
    expect(pools.take(NODE)).toBeUndefined();
    expect(pools.take(PYTHON)).toBeDefined();
  });

  it('has what is used twice waiting, and no longer than it is used', async () => {
    const { it, said, pools } = setup();
    pools.take(NODE);
    await pools.settled();
    expect(it.made).toEqual([]);
    pools.take(NODE);
    await pools.settled();
    expect(said['node ready']).toBe(1);
    it.now += 3_600_000;
    pools.take(PYTHON);
    await pools.settled();
    expect([said['node ready'], it.discarded]).toEqual([0, 1]);
  });

  it('keeps none longer than ten minutes', async () => {
    const { it, pools } = setup({ named: [{ key: PYTHON, count: 1 }] });
    await pools.settled();
    it.now += 599_999;
    expect(pools.take(PYTHON)).toBeDefined();
    await pools.settled();
    it.now += 600_000;
    expect(pools.take(PYTHON)).toBeUndefined();
    await pools.settled();
    expect([it.made.length, it.discarded]).toEqual([3, 1]);
    expect(pools.take(PYTHON)).toBeDefined();
  });

  it('never hands out one that has ended, and makes another', async () => {
    const { it, pools } = setup({ named: [{ key: PYTHON, count: 1 }] });
    await pools.settled();
    it.now += 60_000;
    end(pools['entries'][0]?.waiting);
    expect(pools.take(PYTHON)).toBeUndefined();
    await pools.settled();
    it.now += 60_000;
    end(pools['entries'][0]?.waiting);
    await pools['entries'][0]?.waiting.gone;
    await pools.settled();
    expect(it.made).toHaveLength(3);
    expect(pools.take(PYTHON)).toBeDefined();
  });

  it('holds the budget, and lets the least used go first', async () => {
    const { it, said, pools } = setup({ budgetBytes: 128 * MIB });
    const use = async (key: WarmKey, times: number): Promise<void> => {
      for (let n = 0; n < times; n++) pools.take(key);
      await pools.settled();
    };
    await use(NODE, 2);
    expect(said['node ready']).toBe(1);
    await use(DENO, 2);
    expect(said).toMatchObject({ 'node ready': 1 });
    await use(PYTHON, 3);
    expect(said).toMatchObject({ 'node ready': 0, 'python ready': 1 });
    expect(it.discarded).toBe(1);
  });

  it('leaves one that cannot be made alone for a while', async () => {
    const { it, said, pools } = setup({ named: [{ key: PYTHON, count: 1 }] });
    await pools.settled();
    it.fails = true;
    for (const _ of [1, 2, 3]) {
      pools.take(PYTHON);
      await pools.settled();
    }
    expect(said['faults']).toBe(1);
    it.fails = false;
    it.now += 5_000;
    pools.take(PYTHON);
    await pools.settled();
    expect(pools.take(PYTHON)).toBeDefined();
  });

  it('waits longer each time after one that ended soon after it was up, until one is used', async () => {
    const { it, pools } = setup({ named: [{ key: PYTHON, count: 1 }] });
    const dies = async (): Promise<void> => {
      await pools.settled();
      const [entry] = pools['entries'];
      end(entry?.waiting);
      await entry?.waiting.gone;
      await pools.settled();
    };
    const afterMs = async (ms: number): Promise<number> => {
      it.now += ms;
      pools['refill']();
      await pools.settled();
      return it.made.length;
    };
    await dies();
    expect([await afterMs(4_999), await afterMs(1)]).toEqual([1, 2]);
    await dies();
    expect([await afterMs(9_999), await afterMs(1)]).toEqual([2, 3]);
    expect(pools.take(PYTHON)).toBeDefined();
    await dies();
    expect([await afterMs(4_999), await afterMs(1)]).toEqual([4, 5]);
  });

  it('keeps what waits where another of its kind cannot be made, and gives its place to others', async () => {
    const { it, said, pools } = setup({
      budgetBytes: 256 * MIB,
      named: [
        { key: PYTHON, count: 2 },
        { key: NODE, count: 1 },
      ],
    });
    it.most = 1;
    await pools.settled();
    expect(said).toMatchObject({ 'python ready': 1, faults: 2 });
    it.most = 2;
    it.now += 5_000;
    pools['refill']();
    await pools.settled();
    expect(said).toMatchObject({ 'python ready': 1, 'node ready': 1 });
  });

  it('has none waiting once it is closed', async () => {
    const { it, said, pools } = setup({ named: [{ key: PYTHON, count: 3 }] });
    await pools.settled();
    await pools.close();
    expect([it.discarded, said['python ready']]).toEqual([3, 0]);
    expect(pools.take(PYTHON)).toBeUndefined();
    await pools.settled();
    expect(it.made).toHaveLength(3);
  });
});

describeSandbox('programs in sandboxes that waited', () => {
  let root: string;
  let runner: ProgramProcessRunner;
  let counts: Record<'hits' | 'misses', number>;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'sandboxes-'));
    await chmod(root, 0o711);
    counts = { hits: 0, misses: 0 };
  });
  afterEach(async () => {
    await runner?.close();
    await rm(root, { recursive: true, force: true });
  });

  const open = async (...keys: WarmKey[]): Promise<void> => {
    const watch = {
      ...UNWATCHED,
      hit: () => void counts.hits++,
      miss: () => void counts.misses++,
    };
    const named = keys.map((key) => ({ key, count: 1 }));
    const warm = { named, budgetBytes: 2 ** 30, watch };
    runner = new ProgramProcessRunner({ maxPrograms: 4, graceMs: 0, root, warm });
    expect(await runner.check([])).toEqual([]);
    await runner['pools']?.settled();
  };
  const run = async (
    runtime: Runtime,
    code: string,
    { input = null, ...asked }: Partial<ProgramRun> = {},
  ) => {
    let said = '';
    const context = {
      ...{ executionId: 'graph/node', graphId: 'graph', attempt: 1, idempotencyKey: 'key' },
      deadline: new Date(Date.now() + 300_000),
      log: { warn: () => undefined },
    } as unknown as TaskContext;
    const program: ProgramRun = {
      program: { kind: 'process', process: { runtime, code } },
      ...{ input, level: 'HIGH', network: [], env: {}, limits: limitsOf({ cpu: 1 }) },
      ...{ maxOutputBytes: 10_000, maxArtifactBytes: 10_000 },
      ...asked,
    };
    const outcome = await runner.run(
      { task: {} as RegisteredTask, input: null, context, program },
      { signal: new AbortController().signal, onOutput: (_stream, text) => void (said += text) },
    );
    return { ...outcome, said };
  };
  const waiting = (): WaitingSandbox[] => runner['pools']?.['entries'].map((e) => e.waiting) ?? [];
  const hold = 'import time\ntime.sleep(0.2)';

  it('are held by what holds others, and find the same environment', async () => {
    await open(PYTHON);
    const code = `
import hashlib, json, os
status = dict(line.split(':', 1) for line in open('/proc/self/status'))
print(json.dumps([status['CapEff'], status['Seccomp'], status['NoNewPrivs'], sorted(os.environ.items()), os.listdir('/'), os.listdir('/app'), sorted(set(os.listdir('/proc/self/fd'))), open('/in/input.json').read(), os.getpid(), os.getppid(), os.getcwd()]))`;
    const env = { GREETING: `'ž"\n$(true)`, TEMPOGRAPH_DEADLINE: 'x' };
    const warm = await run('python', code, { env, input: { n: 1 } });
    // PYTHONUTF8 is looked at when Python starts: so this one is started cold.
    const cold = await run('python', code, { env: { ...env, PYTHONUTF8: '1' }, input: { n: 1 } });
    const plain = (text: string): string =>
      text.replace(/\["PYTHONUTF8", "1"\], /, '').replace(/"2\d{3}-[^"]*Z"/, '"deadline"');
    expect(counts).toEqual({ hits: 1, misses: 0 });
    expect(plain(warm.said)).toBe(plain(cold.said));
    expect(warm.enforced).toEqual(cold.enforced);
  });

  it('never meet: each has its own variables, input and files, at once or one after the other', async () => {
    await open(NODE, PYTHON, { ...PYTHON, level: 'LOW' });
    const code = (n: number): string =>
      `import os\nprint(open('/in/input.json').read(), sorted(v for k, v in os.environ.items() if k.startswith('SECRET')), os.listdir('/app'), os.listdir('/tmp'), os.getuid())\nopen('/tmp/left-${n}', 'w').close()\n${hold}`;
    const said: string[] = [];
    for (let round = 0; round < 3; round++) {
      const ran = await Promise.all(
        [0, 1, 2].map((n) =>
          run('python', code(n), { input: { n }, env: { [`SECRET_${n}`]: `s${round}${n}` } }),
        ),
      );
      said.push(...ran.map((one) => one.said));
      await runner['pools']?.settled();
    }
    const uids = said.map((text) => /(\d+)\n$/.exec(text)?.[1]);
    expect(said.map((text) => text.replace(/ \d+\n$/, ''))).toEqual(
      [0, 1, 2].flatMap((round) =>
        [0, 1, 2].map((n) => `{"n":${n}} ['s${round}${n}'] ['main.py'] []`),
      ),
    );
    expect(new Set(uids).size).toBe(9);
    expect(counts).toEqual({ hits: 3, misses: 6 });
  });

  it('are started cold where the one that waited was killed, before or just when it was handed out', async () => {
    await open(PYTHON, PYTHON);
    const [first, second] = waiting();
    const kill = (one: WaitingSandbox | undefined): void => {
      if (!one?.options.pid) throw new Error('none waits');
      process.kill(one.options.pid, 'SIGKILL');
    };
    kill(first);
    await first?.gone;
    await runner['pools']?.settled();
    expect(waiting()).toEqual([second]);
    kill(second); // nobody has noticed yet
    expect((await run('python', 'print(1)')).said).toBe('1\n');
  });

  it('do not begin twice', async () => {
    await open(PYTHON);
    const [one] = waiting();
    expect([one?.take(), one?.take(), one?.isReady]).toEqual([true, false, false]);
  });

  it('find no file of their variables on the host', async () => {
    await open(PYTHON);
    const running = run('python', hold, { env: { TOKEN: 'very-secret' } });
    const grep = spawn('grep', ['-r', '-l', 'very-secret', root]);
    const [code] = (await once(grep, 'close')) as [number];
    expect(code).toBe(1);
    await running;
  });

  it('leave nothing, nor do those that still wait', async () => {
    await open(NODE, PYTHON, DENO);
    const [name = ''] = await readdir(root);
    const groups = JSON.parse(await readFile(join(root, name, 'groups.json'), 'utf8')) as string[];
    await run('python', 'print(1)');
    const pids = waiting().map(({ options }) => options.pid);
    expect(pids.length).toBeGreaterThan(1);
    await runner.close();
    expect(await readdir(root)).toEqual([]);
    expect(mountsBelow(root)).toEqual([]);
    for (const group of groups) await expect(readdir(group)).rejects.toThrow('ENOENT');
    for (const pid of pids) expect(() => process.kill(pid ?? 0, 0)).toThrow('ESRCH');
  });

  it('that do not come up in time are ended, and nothing of them is left', async () => {
    const sandboxes = await Sandboxes.open({ root, upWithinMs: 300 });
    const { level, limits } = PYTHON;
    const waits = { argv: ['/bin/sleep', '1000'], level, limits };
    await expect(sandboxes.warm(waits)).rejects.toThrow('ended before it was up');
    expect(mountsBelow(root)).toEqual([]);
    await sandboxes.close();
    expect(await readdir(root)).toEqual([]);
  });

  it('end with the worker while they come up, however long that takes', async () => {
    const [hangs, mark] = [join(root, 'hangs'), marker()];
    await writeFile(hangs, `#!/bin/sh\nexec sleep ${mark}\n`, { mode: 0o755 });
    const warm = { named: [{ key: NODE, count: 1 }], budgetBytes: 2 ** 30 };
    const runtimes = { node: hangs };
    runner = new ProgramProcessRunner({ maxPrograms: 1, graceMs: 0, root, runtimes, warm });
    await runner.check([]);
    await until(() => processesWith(mark).length > 0, 'it is coming up');
    await runner.close();
    expect(processesWith(mark)).toEqual([]);
    expect(await readdir(root)).toEqual(['hangs']);
  });

  it('end with a worker that is killed, waiting or not, and the next one sweeps them', async () => {
    await open();
    const dead = startSupervisor([root, 'HIGH', 'wait']);
    const { said } = await dead.next();
    expect(processesWith(said ?? '')).not.toEqual([]);
    dead.child.kill('SIGKILL');
    await once(dead.child, 'exit');
    await until(() => processesWith(said ?? '').length === 0, 'the end of what waits');
    await runner.close();
    const next = await openScene({ root });
    expect(next.sandboxes.swept).toHaveLength(1);
    expect(mountsBelow(root)).toEqual([]);
    await next.sandboxes.close();
    expect(await readdir(root)).toEqual([]);
  });
});
