/** What becomes of a program that uses more than it may, and of those beside it. */
import type { SandboxVerdict } from '../../src/sandbox/sandbox-spec.js';
import { until } from '../support/until.js';
import { marker, processesWith } from './support/host.js';
import { describeBoth, openScene, type Asked, type Ran, type Scene } from './support/scene.js';

let scene: Scene;
const neighbour = { stop: new AbortController(), ran: undefined as Promise<Ran> | undefined };

const exhausted = (resource: string): object => ({ kind: 'exhausted', resource });
const MIB = 2 ** 20;

describeBoth('a sandbox', (kind) => {
  let settled: Ran | undefined;
  beforeAll(async () => {
    scene = await openScene({}, kind);
    neighbour.stop = new AbortController();
    let said = '';
    neighbour.ran = scene.run(
      ['sh', '-c', 'echo up; while :; do sleep 0.2; done'],
      {},
      { signal: neighbour.stop.signal, onOutput: (_stream, text) => void (said += text) },
    );
    void neighbour.ran.then((ran) => (settled = ran));
    await until(() => said !== '', 'the neighbour');
  });
  // Whatever the one did, the other goes on.
  afterEach(() => expect(settled).toBeUndefined());
  afterAll(async () => {
    neighbour.stop.abort();
    expect((await neighbour.ran)?.end.verdict).toEqual({ kind: 'stopped' });
    await scene.sandboxes.close();
  });

  const hog = "b = []\nwhile True: b.append(bytearray(b'x' * 1000000))";
  const forks = 'for n in range(200):\n  if os.fork() == 0: time.sleep(1000)';
  const files = 'for n in range(1000000): open(f"/tmp/{n}", "w").close()';
  const fill = (path: string): string =>
    `with open('${path}', 'wb') as f:\n  for n in range(100): f.write(b'x' * 1000000)`;

  it.each<[string, string, Asked, object]>([
    ['fills its memory', hog, {}, exhausted('memory')],
    [
      'fills its memory in a child, and ends well',
      `pid = os.fork()\nif pid == 0:\n  ${hog.replace('\n', '\n  ')}\nos.waitpid(pid, 0)`,
      {},
      exhausted('memory'),
    ],
    ['forks without end', forks, {}, exhausted('processes')],
    [
      'has threads without end',
      'import threading\nfor n in range(200): threading.Thread(target=time.sleep, args=(1000,), daemon=True).start()',
      {},
      exhausted('processes'),
    ],
    ['fills /tmp', fill('/tmp/x'), { resources: { disk: 10 * MIB } }, exhausted('disk')],
    ['fills /out', fill('/out/x'), { resources: { disk: 10 * MIB } }, exhausted('disk')],
    ['has files without end', files, { resources: { disk: MIB } }, exhausted('disk')],
    ['talks without end', 'while True: print("x" * 1000)', {}, exhausted('logs')],
    [
      'complains without end',
      'while True: print("x" * 1000, file=sys.stderr)',
      {},
      exhausted('logs'),
    ],
    [
      'gives too much',
      "open('/out/output.json', 'w').write('1' * 2000)",
      { maxOutputBytes: 1_000 },
      exhausted('output'),
    ],
    ['dies of a signal', 'os.abort()', {}, { kind: 'exited', code: null, signal: 'SIGABRT' }],
    ['fails', 'sys.exit(7)', {}, { kind: 'exited', code: 7, signal: null }],
  ])('that %s is ended for it, with all that it started', async (_what, code, asked, verdict) => {
    const seconds = marker();
    const leaves = `
for n in range(2): subprocess.Popen(['/usr/bin/setsid', 'sh', '-c', 'trap "" TERM; sleep ${seconds}; :'])
while b'sleep' not in b''.join(open(f'/proc/{n}/cmdline', 'rb').read() for n in os.listdir('/proc') if n.isdigit() and n != '1'): time.sleep(0.01)
`;
    const { end } = await scene.python(leaves + code, asked);
    expect(end.verdict).toEqual(verdict);
    expect(processesWith(seconds)).toEqual([]);
  });

  it('has no more memory in places that are no disk', async () => {
    const { stdout } = await scene.python(`
for path in ('/dev/shm', '/dev', '/', '/usr/local', '/etc', '/proc/1'):
  def f():
    with open(path + '/fill', 'wb', 0) as file:
      for n in range(3): file.write(b'x' * 1000000)
  attempt(f)`);
    expect(stdout.trim().split('\n')).toEqual(['ENOSPC', ...Array<string>(5).fill('EROFS')]);
  });

  it('may write more than its memory', async () => {
    const { end } = await scene.run(['sh', '-c', 'head -c 100M /dev/zero > /tmp/x'], {
      resources: { memory: 32 * MIB, disk: 150 * MIB },
    });
    expect(end.verdict).toEqual({ kind: 'exited', code: 0, signal: null });
    expect(end.peakMemoryBytes).toBeLessThanOrEqual(32 * MIB);
  });

  it('has about the disk that was asked for', async () => {
    for (const disk of [MIB, 10 * MIB, 500 * MIB]) {
      const { stdout } = await scene.python(
        "s = os.statvfs('/out')\nprint(s.f_bavail * s.f_frsize)",
        { resources: { disk } },
      );
      expect(Number(stdout)).toBeGreaterThan(disk * 0.9);
      expect(Number(stdout)).toBeLessThan(disk * 1.1);
    }
  });

  it('waits for its share of the CPU once its program begins, and not before', async () => {
    const idle = await scene.run(['true'], { resources: { cpu: 0.1 } });
    const busy = await scene.python('while time.process_time() < 0.15: pass', {
      resources: { cpu: 0.1 },
    });
    expect(busy.end.throttledMs).toBeGreaterThan(0);
    expect(busy.end.cpuMs).toBeGreaterThanOrEqual(100);
    expect(idle.end.throttledMs).toBeLessThan(busy.end.throttledMs ?? 0);
  });

  it('gives what was said in whole characters', async () => {
    const texts: string[] = [];
    const code = `
for byte in 'žluť 👩‍👩‍👧'.encode(): os.write(1, bytes([byte])); time.sleep(0.002)`;
    await scene.python(code, {}, { onOutput: (_stream, text) => void texts.push(text) });
    expect(texts.join('')).toBe('žluť 👩‍👩‍👧');
    expect(texts.filter((text) => text.includes('\ufffd'))).toEqual([]);
  });

  it('gives no more than was allowed of what was said', async () => {
    const { stdout, end } = await scene.run(['yes'], { resources: { logs: 1_000 } });
    expect(stdout).toHaveLength(1_000);
    expect(end.verdict).toEqual(exhausted('logs'));
  });

  it('holds what is said at the level LOW too', async () => {
    const { end } = await scene.run(['true'], { level: 'LOW' });
    expect(end.enforced).toMatchObject({
      memory: expect.stringMatching(/^cgroup/) as string,
      disk: 'image',
    });
  });
});

describeBoth('a program that is asked to stop', (kind) => {
  beforeAll(async () => void (scene = await openScene({}, kind)));
  afterAll(() => scene.sandboxes.close());

  const stopped = async (program: string, graceMs: number): Promise<Ran> => {
    const stop = new AbortController();
    const onOutput = (_stream: string, text: string): void => {
      if (text.includes('up')) stop.abort();
    };
    return scene.run(['sh', '-c', program], {}, { signal: stop.signal, graceMs, onOutput });
  };
  const verdict: SandboxVerdict = { kind: 'stopped' };

  it('hears of it, and may end by itself', async () => {
    const ran = await stopped(
      'trap "echo bye; exit 0" TERM; echo up; while :; do sleep 0.05; done',
      60_000,
    );
    expect(ran.end.verdict).toEqual(verdict);
    expect(ran.stdout).toBe('up\nbye\n');
  });

  it('is ended after the grace, with children that left it and heed nothing', async () => {
    const seconds = marker();
    const ran = await stopped(
      `trap "" TERM; for n in 1 2 3; do setsid sh -c "trap '' TERM; sleep ${seconds}; :" & done; echo up; wait; sleep ${seconds}; :`,
      50,
    );
    expect(ran.end.verdict).toEqual(verdict);
    expect(processesWith(seconds)).toEqual([]);
  });

  it('is ended at once without a grace', async () => {
    const ran = await stopped('trap "echo bye" TERM; echo up; while :; do :; done', 0);
    expect(ran).toMatchObject({ stdout: 'up\n', end: { verdict } });
  });

  it('does not begin where that was asked before', async () => {
    const ran = await scene.run(['sh', '-c', 'echo up'], {}, { signal: AbortSignal.abort() });
    expect(ran).toMatchObject({ stdout: '', end: { verdict, pid: undefined } });
  });
});
