/**
 * What a program in a container may not do, each beside a control: the same attempt in a container of the same image
 * without what we take away succeeds, else the test would prove nothing.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, cp, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { ContainerRunner } from '../../src/runners/container.js';
import { ran, type Ask, type Ran } from '../support/container-request.js';
import { describeWithDocker } from '../support/docker-suite.js';
import { BUSYBOX, importImage, makeNetwork, type PrivateDocker } from '../support/docker.js';

const execute = promisify(execFile);
const PYTHON = 'tempograph/python:1';
const INTERPRETER = '/usr/bin/python3';
const lacksPython = existsSync(INTERPRETER) ? undefined : `there is no ${INTERPRETER}`;
const MI = 2 ** 20;

/** Tells of each attempt whether it was let: a line `name yes`, or `name <errno>`. */
const ATTEMPTS = `
import ctypes, errno, os, signal, socket, sys
libc = ctypes.CDLL(None, use_errno=True)
def attempt(name, do):
    try:
        do()
        print(name, 'yes')
    except OSError as e:
        print(name, errno.errorcode.get(e.errno, e.errno))
def call(number, *args):
    ctypes.set_errno(0)
    if libc.syscall(number, *[ctypes.c_long(a) if isinstance(a, int) else a for a in args]) == -1:
        raise OSError(ctypes.get_errno(), '')
`;

/** Python's binary with what it links, and those modules of its library that the attempts need. */
async function importPython({ docker, folder }: PrivateDocker): Promise<void> {
  const root = join(folder, 'python');
  const { stdout: real } = await execute('realpath', [INTERPRETER]);
  const binary = real.trim();
  const library = join('/usr/lib', binary.split('/').at(-1) ?? '');
  const extensions = (await readdir(join(library, 'lib-dynload')))
    .filter((name) => /^_(ctypes|socket)\./.test(name))
    .map((name) => join(library, 'lib-dynload', name));
  const { stdout: links } = await execute('ldd', [binary, ...extensions]);
  const linked = [...links.matchAll(/(\/\S+\.so\S*) \(0x|^\s+(\/\S+ld-\S+) \(0x/gm)].map(
    ([, one, two]) => one ?? two ?? '',
  );
  for (const file of new Set([binary, ...linked])) {
    await mkdir(join(root, dirname(file)), { recursive: true });
    await cp(file, join(root, file), { dereference: true });
  }
  await cp(library, join(root, library), {
    recursive: true,
    dereference: true,
    filter: (path) =>
      !/\/(test|tests|dist-packages|idlelib|tkinter|pydoc_data|config-.*)$/.test(path),
  });
  await cp(binary, join(root, 'python3'));
  await mkdir(join(root, 'tmp'));
  await chmod(join(root, 'tmp'), 0o1777);
  await importImage(docker, root, PYTHON);
  await rm(root, { recursive: true });
}

describeWithDocker('a program that wants out of its container', (engine) => {
  let runner: ContainerRunner;
  beforeAll(async () => {
    if (lacksPython === undefined) await importPython(engine());
    else process.stderr.write(`SKIPPED: attempts in Python: ${lacksPython}\n`);
    runner = new ContainerRunner({
      maxContainers: 2,
      graceMs: 300,
      engine: { socketPath: engine().socketPath },
      networks: [`tempograph-${process.pid}`],
    });
  });
  afterAll(() => runner?.close());
  const run = (ask: Ask): Promise<Ran> => ran(runner, ask);
  const itInPython = lacksPython === undefined ? it : it.skip;

  /** The control: root, with capabilities, without seccomp or limits; nothing of the host is mounted. */
  const bare = async (image: string, command: string[]): Promise<string> => {
    const { docker } = engine();
    const container = await docker.createContainer({
      Image: image,
      Cmd: command,
      Tty: true, // one stream, as it is
      HostConfig: {
        NetworkMode: 'none',
        // Not `Privileged`: an engine that lacks a capability itself cannot give them all.
        CapAdd: ['SYS_ADMIN', 'SYS_PTRACE', 'NET_ADMIN', 'NET_RAW', 'MKNOD'],
        SecurityOpt: ['seccomp=unconfined', 'apparmor=unconfined'],
      },
    });
    try {
      const stream = await container.attach({ stream: true, stdout: true, stderr: true });
      let text = '';
      stream.on('data', (chunk: Buffer) => (text += chunk.toString('utf8')));
      const heard = new Promise((resolve) => stream.once('end', resolve));
      await container.start();
      await container.wait();
      await heard;
      return text.replaceAll('\r', '');
    } finally {
      await container.remove({ force: true, v: true });
    }
  };
  const python = (script: string): string[] => ['/python3', '-I', '-S', '-c', ATTEMPTS + script];
  const inside = async (script: string, network = 'none'): Promise<string[]> => {
    const { stdout, error } = await run({
      spec: { image: PYTHON, command: python(script), network },
      limits: { memoryBytes: 128 * MI },
    });
    expect(error).toBeUndefined();
    return stdout.trim().split('\n');
  };
  const outside = async (script: string): Promise<string[]> =>
    (await bare(PYTHON, python(script))).trim().split('\n');

  const internet = ['inet', 'inet6'];
  const others = ['netlink', 'packet', 'vsock'];
  const FAMILY: Record<string, number> = {
    ...{ unix: 1, inet: 2, inet6: 10, netlink: 16, packet: 17, vsock: 40 },
  };
  const sockets = Object.entries(FAMILY)
    .map(
      ([name, family]) =>
        `attempt('${name}', lambda: socket.socket(${family}, ${family === 17 ? 3 : family === 16 ? 3 : 1}))`,
    )
    .join('\n');
  const yes = (name: string): string => `${name} yes`;
  const no = (name: string): string => `${name} EAFNOSUPPORT`;

  itInPython('opens no socket but of its own kind (4)', async () => {
    expect(await inside(sockets)).toEqual(['unix yes', ...[...internet, ...others].map(no)]);
    expect(await outside(sockets)).toEqual(['unix', ...internet, ...others].map(yes));
  });

  itInPython(
    'on a network opens those of IPv4 and IPv6 too, and neither raw nor other ones (4)',
    async () => {
      const { name } = await makeNetwork(engine().docker);
      const raw = "\nattempt('raw', lambda: socket.socket(2, 3, 1))";
      expect(await inside(sockets + raw, name)).toEqual([
        ...['unix', ...internet].map(yes),
        ...others.map(no),
        'raw EPERM',
      ]);
    },
  );

  it('sees no file of the host (6)', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'tempograph-escape-'));
    await chmod(folder, 0o755);
    const file = join(folder, 'secret');
    await writeFile(file, 'the-secret');
    const tries = `for f in ${file} /proc/1/root${file} /proc/self/cwd/../../..${file} /etc/shadow ${process.cwd()}/package.json; do cat $f; done; true`;
    const { stdout } = await run({ script: tries });
    expect(stdout).toBe('');
    const { stdout: asAnyone } = await execute('cat', [file], { uid: 65534, gid: 65534 });
    expect(asAnyone).toBe('the-secret');
    await rm(folder, { recursive: true });
  });

  itInPython('traces nobody, not even its own child (10)', async () => {
    const script = `
pid = os.fork()
if pid == 0:
    signal.pause()
attempt('ptrace', lambda: call(101, 16, pid, 0, 0))
buffer = ctypes.create_string_buffer(8)
class Vector(ctypes.Structure):
    _fields_ = [('base', ctypes.c_void_p), ('length', ctypes.c_size_t)]
vector = Vector(ctypes.addressof(buffer), 8)
attempt('process_vm_readv', lambda: call(310, pid, ctypes.byref(vector), 1, ctypes.byref(vector), 1, 0))
os.kill(pid, 9)`;
    expect(await inside(script)).toEqual(['ptrace EPERM', 'process_vm_readv EPERM']);
    expect(await outside(script)).toEqual(['ptrace yes', 'process_vm_readv yes']);
  });

  itInPython('mounts nothing, makes no device and becomes nobody else (13)', async () => {
    const script = `
path = b'/tmp'
attempt('mount', lambda: call(165, b'none', path, b'tmpfs', 0, None))
attempt('mknod', lambda: os.mknod('/tmp/null', 0o20666, os.makedev(1, 3)))
attempt('setuid', lambda: os.setuid(0))
attempt('setgroups', lambda: os.setgroups([0]))
def clone():
    ctypes.set_errno(0)
    pid = libc.syscall(56, 0x10000011, 0, 0, 0, 0)
    if pid == 0: os._exit(0)
    if pid == -1: raise OSError(ctypes.get_errno(), '')
attempt('clone', clone)
attempt('unshare', lambda: call(272, 0x10000000))
attempt('keyctl', lambda: call(250, 0, -3, 1))
attempt('open_tree', lambda: call(428, -100, path, 0))
attempt('chroot', lambda: os.chroot('/tmp'))`;
    expect(await inside(script)).toEqual([
      ...['mount', 'mknod', 'setuid', 'setgroups', 'clone', 'unshare', 'keyctl', 'open_tree'].map(
        (name) => `${name} EPERM`,
      ),
      'chroot EPERM',
    ]);
    const control = await outside(script);
    expect(control.filter((line) => !line.endsWith(' yes'))).toEqual([]);
  });

  it('has so many processes and no more (17)', async () => {
    const script = 'i=0; while [ $i -lt 100 ]; do sleep 1000 & i=$((i+1)); echo $i; done';
    const { error, stdout } = await run({ script, limits: { processes: 16 } });
    expect(error).toMatchObject({
      code: 'RESOURCE_EXHAUSTED',
      details: { resource: 'processes' },
    });
    expect(Number(stdout.trim().split('\n').at(-1))).toBeLessThan(16);
    expect((await bare(BUSYBOX, ['sh', '-c', script])).trim()).toMatch(/\n100$/);
    // And nothing of it is left for the next one.
    expect((await run({ script: 'echo fine' })).stdout).toBe('fine\n');
  });

  it.each([
    ['itself', 'tail /dev/zero'],
    ['in a child, and says that all is well', '(tail /dev/zero); exit 0'],
    ['in the folder in memory', 'dd if=/dev/zero of=/tmp/a bs=1M count=100'],
  ])('is out of memory when it takes too much %s (18)', async (_name, script) => {
    const { error } = await run({ script, limits: { memoryBytes: 32 * MI, diskBytes: 256 * MI } });
    expect(error).toMatchObject({ code: 'RESOURCE_EXHAUSTED', details: { resource: 'memory' } });
    const less = script.replace('tail /dev/zero', 'head -c 100000000 /dev/zero | tail >/dev/null');
    const allowed = await run({
      script: less,
      limits: { memoryBytes: 256 * MI, diskBytes: 256 * MI },
    });
    expect(allowed.error).toBeUndefined();
  });

  it('floods nobody (21)', async () => {
    const heard = { bytes: 0 };
    const { error } = await ran(
      runner,
      { script: 'yes >&2', limits: { logBytes: 100_000 } },
      { onOutput: (_stream, text) => void (heard.bytes += text.length) },
    );
    expect(error).toMatchObject({ code: 'RESOURCE_EXHAUSTED', details: { resource: 'logs' } });
    expect(heard.bytes).toBeGreaterThan(0);
    expect(heard.bytes).toBeLessThanOrEqual(100_000);
    const { stderr } = await run({
      script: 'yes | head -n 1000 >&2',
      limits: { logBytes: 100_000 },
    });
    expect(stderr.length).toBe(2_000);
  });
});
