/** Nothing is left of a sandbox, however it or its worker ends. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { mountsBelow } from '../../src/sandbox/sweep.js';
import { until } from '../support/until.js';
import { marker, processesWith } from './support/host.js';
import {
  describeBoth,
  describeSandbox,
  openScene,
  type Asked,
  type Asking,
} from './support/scene.js';
import { startSupervisor } from './support/supervisor.js';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'sandboxes-'));
  await chmod(root, 0o711);
});
afterEach(() => rm(root, { recursive: true, force: true }));

/** Folders of groups of one worker, or none where they are gone. */
const groupsOf = async (folder: string): Promise<string[]> => {
  const noted = await readFile(join(folder, 'groups.json'), 'utf8');
  return JSON.parse(noted) as string[];
};
const subgroups = async (group: string): Promise<string[]> => {
  const entries = await readdir(group, { withFileTypes: true }).catch(() => undefined);
  return entries?.filter((entry) => entry.isDirectory()).map(({ name }) => name) ?? ['gone'];
};

describeBoth('twenty sandboxes of mixed fate', (kind) => {
  it('leave no process, group, mount or folder', async () => {
    const scene = await openScene({ root }, kind);
    const [name = ''] = await readdir(root);
    const folder = join(root, name);
    const groups = await groupsOf(folder);
    expect(groups.length).toBeGreaterThan(0);
    const seconds = marker();
    const leave = `setsid sleep ${seconds} & `;
    const fates: (readonly [program: string, asked?: Asked, options?: Asking])[] = [
      [`${leave} exit 0`],
      [`${leave} exit 3`],
      [`${leave} kill -9 $$`],
      [`${leave} cat /dev/zero > /tmp/x`, { resources: { disk: 2 ** 22 } }],
      [`${leave} yes`, { resources: { logs: 100 } }],
      [`${leave} ln -s /etc/shadow /out/artifacts/x`],
      [`${leave} sleep ${seconds}`, {}, { signal: AbortSignal.timeout(300), graceMs: 50 }],
      ['true', { files: { a: '', 'a/b': '' } }],
      ['true', { argv: ['/nowhere'], gate: 'itself' }],
      [`${leave} exit 0`, {}, { onResult: () => Promise.reject(new Error('the store is full')) }],
    ];
    const ran = await Promise.allSettled(
      [...fates, ...fates].map(([program, asked, options]) =>
        scene.run(['sh', '-c', program], asked, options),
      ),
    );
    const ends = ran.map((one) =>
      one.status === 'fulfilled' ? one.value.end.verdict.kind : String(one.reason),
    );
    expect(ends.slice(0, 10)).toEqual(ends.slice(10));
    expect(ends.slice(0, 10)).toEqual([
      ...['exited', 'exited', 'exited', 'exhausted', 'exhausted'],
      expect.stringContaining('is a link'),
      'stopped',
      expect.stringContaining('cannot lie beside the others'),
      'unprepared',
      'Error: the store is full',
    ]);
    expect(processesWith(seconds)).toEqual([]);
    expect(mountsBelow(root)).toEqual([]);
    expect(await readdir(folder)).toEqual(['groups.json']);
    for (const group of groups) expect(await subgroups(group)).toEqual([]);
    await scene.sandboxes.close();
    expect(await readdir(root)).toEqual([]);
    for (const group of groups) expect(await subgroups(group)).toEqual(['gone']);
  });
});

describeBoth('a worker that closes', (kind) => {
  it('ends what runs, and leaves nothing', async () => {
    const scene = await openScene({ root }, kind);
    let up: () => void = () => undefined;
    const begun = new Promise<void>((resolve) => (up = resolve));
    const running = scene.run(['sh', '-c', 'echo up; sleep 1000'], {}, { onOutput: () => up() });
    await begun;
    await scene.sandboxes.close();
    expect((await running).end.verdict).toEqual({ kind: 'stopped' });
    expect(await readdir(root)).toEqual([]);
    expect((await scene.run(['true'])).end.verdict).toEqual({ kind: 'stopped' });
  });
});

describeSandbox('a worker', () => {
  it('that is killed takes its sandbox along, and the next one sweeps what is left, of the dead only', async () => {
    const [dying, staying] = [marker(), marker()];
    const start = (seconds: string) =>
      startSupervisor([root, 'HIGH', 'sh', '-c', `echo up; sleep ${seconds}`]);
    const dead = start(dying);
    expect(await dead.next()).toEqual({ up: true });
    const [deadName = ''] = await readdir(root);
    const living = start(staying);
    expect(await living.next()).toEqual({ up: true });
    const deadGroups = await groupsOf(join(root, deadName));
    expect(processesWith(dying)).not.toEqual([]);

    dead.child.kill('SIGKILL');
    await once(dead.child, 'exit');
    await until(() => processesWith(dying).length === 0, 'the end of its sandbox');
    // Left, until somebody comes by.
    expect(mountsBelow(join(root, deadName))).not.toEqual([]);
    for (const group of deadGroups) expect(await subgroups(group)).not.toEqual(['gone']);

    const { sandboxes } = await openScene({ root });
    expect(sandboxes.swept).toContain(deadName);
    expect(mountsBelow(join(root, deadName))).toEqual([]);
    expect(await readdir(root)).not.toContain(deadName);
    for (const group of deadGroups) expect(await subgroups(group)).toEqual(['gone']);
    expect(processesWith(staying)).not.toEqual([]);
    await sandboxes.close();

    living.child.kill('SIGKILL');
    await once(living.child, 'exit');
    const last = await openScene({ root });
    await last.sandboxes.close();
    expect(await readdir(root)).toEqual([]);
  });

  it('shows nothing of its environment to a program', async () => {
    const secret = `secret-${marker()}`;
    // The pattern does not match itself.
    const look =
      "cat /proc/*/environ /proc/*/cmdline 2>/dev/null | tr '\\0' '\\n' | grep -c 'secre[t]-'; true";
    const env = { SECRET: secret };
    const supervisor = startSupervisor([root, 'HIGH', 'sh', '-c', look], { env });
    expect((await supervisor.next()).said).toBe('0\n');
    const outside = execFileSync('sh', ['-c', look], {
      env: { ...env, PATH: process.env['PATH'] },
    });
    expect(Number(outside)).toBeGreaterThan(0);
  });

  it('hands on no descriptor that it was started with itself', async () => {
    const look = 'readlink /proc/self/fd/20 | cut -d: -f1';
    const supervisor = startSupervisor([root, 'HIGH', 'sh', '-c', look], { fd: 20 });
    expect((await supervisor.next()).said).toBe('/dev/null\n');
    // Anything else that is started gets it.
    const stdio = Array.from({ length: 21 }, () => 'pipe' as const);
    const other = spawn('sh', ['-c', look], { stdio });
    const [said] = (await once(other.stdout, 'data')) as [Buffer];
    expect(said.toString()).toBe('socket\n');
  });

  it('starts no sandbox from a thread that may end before it', async () => {
    const worker = new Worker(
      `const { parentPort } = require('node:worker_threads');
       import('tsx/esm/api').then(({ tsImport }) => tsImport(${JSON.stringify(join(__dirname, '../../src/sandbox/launch.ts'))}, ${JSON.stringify(`file://${__filename}`)}))
         .then(({ launch }) => launch({}))
         .then(() => parentPort.postMessage('launched'), (error) => parentPort.postMessage(error.message));`,
      { eval: true },
    );
    const [message] = (await once(worker, 'message')) as [string];
    expect(message).toMatch(/from the main thread only/);
  });
});

describeSandbox('a worker that is not root', () => {
  const NOBODY = 65_534;
  const asNobody = async (level: string, ...argv: string[]) => {
    const own = join(root, 'own');
    await chmod(root, 0o777);
    return startSupervisor([own, level, ...argv], { uid: NOBODY, env: { HOME: root } }).next();
  };

  it('says what is missing, each with how to get it, and refuses to run weaker', async () => {
    const { error, report } = await asNobody('MEDIUM', 'true');
    expect(report).toMatchObject({
      user: 'worker',
      groups: 'none',
      disk: 'polled',
      proxy: 'socket',
    });
    expect(report?.lacks.map(({ part }) => part).sort()).toEqual([
      'disk',
      'groups',
      'proxy',
      'user',
    ]);
    for (const { message } of report?.lacks ?? [])
      expect(message).toMatch(/; (run|install|or)|, or/);
    expect(error).toMatch(/cannot hold a program at level MEDIUM: .*run it as root.*cgroupParent/);
  });

  it('runs programs of level LOW, held by what it has', async () => {
    const { end, said } = await asNobody('LOW', 'sh', '-c', 'id -u; cat /etc/shadow 2>&1; true');
    expect(said).toMatch(/^65534\n.*No such file/);
    expect(end?.verdict).toEqual({ kind: 'exited', code: 0, signal: null });
    expect(end?.enforced).toMatchObject({
      ...{ memory: 'rlimit', cpu: 'rlimit', processes: 'rlimit', disk: 'polled' },
      ...{ user: 'worker', syscalls: 'seccomp', network: 'none' },
    });
  });

  it.each([
    ['memory', 'b = []\nwhile True: b.append(bytearray(b"x" * 1000000))'],
    ['cpu', 'while True: pass'],
    ['disk', 'f = open("/tmp/x", "wb")\nwhile True: f.write(b"x" * 1000000)'],
    [
      'disk',
      'import time\nfor n in range(9): open(f"/tmp/{n}", "wb").write(b"x" * 1000000)\ntime.sleep(1000)',
    ],
  ])('ends a program for its %s', async (resource, code) => {
    const { end } = await asNobody('LOW', '/usr/bin/python3', '-c', code);
    expect(end?.verdict).toEqual({ kind: 'exhausted', resource });
  });

  it('bounds the processes of each, beside others of the same user', async () => {
    const code = `
import os, time
n = 0
try:
  while True:
    if os.fork() == 0: time.sleep(1000)
    n += 1
except OSError as error: print(n, error.strerror)`;
    const { said } = await asNobody('LOW', '/usr/bin/python3', '-c', code);
    // One of the twenty is the program itself.
    expect(said).toBe('19 Resource temporarily unavailable\n');
  });
});

test('the folder of a worker is not taken from somebody else', async () => {
  await chmod(root, 0o777);
  await expect(openScene({ root })).rejects.toThrow(/only this worker's user may write to/);
  expect(dirname(root)).toBe(tmpdir());
});
