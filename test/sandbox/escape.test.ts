/**
 * What a program tries against its sandbox. Beside each attempt stands the same one outside, which succeeds: else it would
 * prove nothing.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { createSocket, type Socket as Datagrams } from 'node:dgram';
import { once } from 'node:events';
import { stat } from 'node:fs/promises';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { networkInterfaces } from 'node:os';
import { abstractName } from '../../src/sandbox/owner.js';
import {
  describeBoth,
  describeSandbox,
  openScene,
  outside,
  together,
  type Kind,
  type Scene,
} from './support/scene.js';

let scene: Scene;
let scenes: Record<Kind, Scene>;
const host = { tcp: 0, udp: 0, address: '', abstract: '', pid: 0 };
const ends: (() => void)[] = [];

const listening = async (server: Server | Datagrams): Promise<AddressInfo> => {
  await once(server, 'listening');
  ends.push(() => server.close());
  return server.address() as AddressInfo;
};
beforeAll(async () => {
  if (process.getuid?.() !== 0) return;
  scenes = { cold: await openScene(), warm: await openScene({}, 'warm') };
  host.tcp = (await listening(createServer((s) => s.end()).listen(0, '0.0.0.0'))).port;
  const datagrams = createSocket('udp4').bind(0, '127.0.0.1');
  host.udp = (await listening(datagrams)).port;
  host.abstract = abstractName(`tempograph-test-${process.pid}`).slice(1);
  await listening(createServer((s) => s.end()).listen({ path: `\0${host.abstract}` }));
  const all = Object.values(networkInterfaces()).flatMap((them) => them ?? []);
  const other = all.find(({ internal, family }) => !internal && family === 'IPv4');
  host.address = other?.address ?? '127.0.0.2';
  const sleeper: ChildProcess = spawn('/bin/sleep', ['1000'], { stdio: 'ignore' });
  await once(sleeper, 'spawn');
  host.pid = sleeper.pid as number;
  ends.push(() => sleeper.kill('SIGKILL'));
});
afterAll(async () => {
  for (const end of ends) end();
  for (const { sandboxes } of Object.values(scenes ?? {})) await sandboxes.close();
});

type Attempt = [what: string, code: () => string, inside: RegExp, outside?: RegExp];
/** Numbers of the threat model in docs/isolation.md. */
const ATTEMPTS: Attempt[] = [
  [
    '1 connects to a host',
    () => `attempt(connects(socket.AF_INET, ('${host.address}', ${host.tcp})))`,
    /^EAFNOSUPPORT$/,
  ],
  [
    "2 connects to the worker's own server",
    () => `attempt(connects(socket.AF_INET, ('127.0.0.1', ${host.tcp})))`,
    /^EAFNOSUPPORT$/,
  ],
  [
    '3 asks a name server',
    () => `
def f():
  s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
  s.sendto(b'?', ('127.0.0.1', ${host.udp}))
attempt(f)`,
    /^EAFNOSUPPORT$/,
  ],
  [
    '4 has a socket of netlink',
    () => 'attempt(lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW).close())',
    /^EAFNOSUPPORT$/,
  ],
  [
    '4 has a socket of packets',
    () => 'attempt(lambda: socket.socket(17, socket.SOCK_RAW).close())',
    /^EAFNOSUPPORT$/,
  ],
  [
    '4 has a socket of virtual machines',
    () => 'attempt(lambda: socket.socket(40, socket.SOCK_STREAM).close())',
    /^EAFNOSUPPORT$/,
    /^(ok|EAFNOSUPPORT)$/,
  ],
  [
    "5 connects to the worker's abstract socket",
    () => `attempt(connects(socket.AF_UNIX, '\\0${host.abstract}'))`,
    /^ECONNREFUSED$/,
  ],
  ['6 reads the passwords', () => "attempt(reads('/etc/shadow'))", /^ENOENT$/],
  ["6 looks into root's home", () => "attempt(lambda: os.listdir('/root') and None)", /^ENOENT$/],
  [
    "6 looks into the worker's folder",
    () => `attempt(lambda: os.listdir(${JSON.stringify(process.cwd())}) and None)`,
    /^ENOENT$/,
  ],
  ['7 writes to /usr', () => "attempt(writes('/usr/tempograph-test'))", /^EROFS$/],
  ['7 writes to /', () => "attempt(writes('/tempograph-test'))", /^EROFS$/],
  ['7 writes to /dev', () => "attempt(writes('/dev/tempograph-test'))", /^EROFS$/],
  ['7 writes to /etc', () => "attempt(writes('/etc/tempograph-test'))", /^EROFS$/],
  ['9 signals a process of the host', () => `attempt(lambda: os.kill(${host.pid}, 0))`, /^ESRCH$/],
  ['12 makes a user namespace', () => "attempt(libcall('unshare', 0x10000000))", /^EPERM$/],
  ['12 makes a network', () => "attempt(libcall('unshare', 0x40000000))", /^EPERM$/],
  [
    '12 forks into a user namespace',
    () => `
number = 56 if platform.machine() == 'x86_64' else 220
def f():
  pid = libc.syscall(number, 0x10000000 | signal.SIGCHLD, 0, 0, 0, 0)
  if pid < 0: raise OSError(ctypes.get_errno(), 'clone')
  if pid == 0: os._exit(0)
attempt(f)`,
    /^EPERM$/,
  ],
  ['12 forks by clone3', () => "attempt(libcall('syscall', 435, None, 0))", /^ENOSYS$/, /^EINVAL$/],
  ['13 mounts', () => "attempt(libcall('mount', b'none', b'/tmp', b'tmpfs', 0, None))", /^EPERM$/],
  ['13 mounts by the new calls', () => "attempt(libcall('syscall', 430, b'tmpfs', 0))", /^EPERM$/],
  ['13 changes its root', () => "attempt(libcall('chroot', b'/tmp'))", /^EPERM$/],
  [
    '13 makes a device',
    () =>
      "attempt(lambda: (os.mknod('/tmp/tempograph-null', 0o20600, os.makedev(1, 3)), os.unlink('/tmp/tempograph-null')) and None)",
    /^EPERM$/,
  ],
  ['13 becomes root', () => 'attempt(lambda: os.setuid(0))', /^(EPERM|EINVAL)$/],
  [
    '14 says where cores go',
    () => "attempt(opens('/proc/sys/kernel/core_pattern', os.O_WRONLY))",
    /^(EACCES|EROFS|EPERM)$/,
  ],
  [
    '14 has the magic key',
    () => "attempt(opens('/proc/sysrq-trigger', os.O_WRONLY))",
    /^(EACCES|EROFS|EPERM|ENOENT)$/,
    /^(ok|ENOENT)$/, // not every kernel has it
  ],
  [
    '14 sees control groups',
    () => "attempt(lambda: os.listdir('/sys/fs/cgroup') and None)",
    /^ENOENT$/,
  ],
  [
    "15 has a device of the host's",
    () => `
there = [name for name in ('kmsg', 'kvm', 'mem', 'vda', 'sda', 'loop0', 'loop-control', 'fuse') if os.path.exists('/dev/' + name)]
print('ok' if there else 'none')`,
    /^none$/,
  ],
  [
    '16 types into a terminal',
    () => `
import fcntl, pty
_, end = pty.openpty()
attempt(lambda: fcntl.ioctl(end, 0x5412, b'x') and None)`,
    /^EPERM$/,
  ],
  [
    '28 watches performance',
    () =>
      "attempt(libcall('syscall', 298 if platform.machine() == 'x86_64' else 241, None, 0, -1, -1, 0))",
    /^EPERM$/,
    /^(EFAULT|ok)$/,
  ],
  ['28 reads the kernel log', () => "attempt(libcall('klogctl', 10, None, 0))", /^EPERM$/],
  [
    '28 asks for keys',
    () =>
      "attempt(libcall('syscall', 250 if platform.machine() == 'x86_64' else 219, 0, -3, 1, 0, 0))",
    /^EPERM$/,
  ],
];

describeBoth('a sandbox, when its program', (kind) => {
  beforeAll(() => void (scene = scenes[kind]));
  let inside: string[];
  let control: string[];
  beforeAll(async () => {
    const code = together(ATTEMPTS.map(([, code]) => code()));
    control = JSON.parse(await outside(code)) as string[];
    inside = JSON.parse((await scene.python(code)).stdout) as string[];
  });

  it.each(ATTEMPTS.map(([what], index) => [what, index] as const))(
    '%s, refuses',
    (_what, index) => {
      const [, , refused, succeeds = /^ok$/] = ATTEMPTS[index] as Attempt;
      expect(control[index]).toMatch(succeeds);
      expect(inside[index]).toMatch(refused);
    },
  );

  it('10 traces another process, refuses', async () => {
    // 16 is PTRACE_ATTACH.
    expect(await outside(`attempt(libcall('ptrace', 16, ${host.pid}, 0, 0))`)).toBe('ok');
    expect((await scene.python("attempt(libcall('ptrace', 16, 1, 0, 0))")).stdout).toBe('EPERM\n');
  });

  it('11 looks for the host by way of process 1, sees nothing of it', async () => {
    const tries = (pid: number): string => `
attempt(lambda: os.listdir('/proc/${pid}/root') and None)
attempt(opens('/proc/${pid}/mem', os.O_RDWR))
attempt(lambda: open('/proc/${pid}/cmdline').read() and None)
attempt(lambda: open('/proc/${pid}/environ').read() and None)
attempt(lambda: os.listdir('/proc/${pid}/fd') and None)
attempt(writes('/proc/${pid}/new'))`;
    expect(await outside(tries(host.pid))).toBe('ok\nok\nok\nok\nok\nENOENT');
    expect((await scene.python(tries(1))).stdout).toBe(
      'ENOENT\nENOENT\nENOENT\nENOENT\nENOENT\nEROFS\n',
    );
    // Nor in another process's place.
    const { stdout } = await scene.python(
      "print([name for name in os.listdir('/proc') if name.isdigit()], os.getpid(), os.getppid())",
    );
    expect(stdout).toMatch(/^\['1', '2'\] 2 1$/m);
  });

  it('13 looks at its privileges, has none', async () => {
    const code = `
status = dict(line.split(':', 1) for line in open('/proc/self/status'))
print([status[name].strip() for name in ('CapEff', 'CapPrm', 'CapBnd', 'NoNewPrivs', 'Seccomp', 'Uid')])`;
    const none = '0000000000000000';
    const { stdout } = await scene.python(code);
    expect(stdout).toMatch(
      new RegExp(`\\['${none}', '${none}', '${none}', '1', '2', '3\\d{5}\\\\t`),
    );
    expect(await outside(code)).not.toContain(none);
  });

  it('writes files as root, they are not (bwrap --uid alone would relabel)', async () => {
    const owners: number[] = [];
    const { stdout } = await scene.python(
      "open('/out/artifacts/x', 'w').close()\nprint(os.getuid(), os.stat('/out/artifacts/x').st_uid)",
      {},
      {
        onResult: async ({ artifacts }) => {
          for (const { path } of artifacts) owners.push((await stat(path)).uid);
        },
      },
    );
    expect(owners).toHaveLength(1);
    expect(owners[0]).toBeGreaterThanOrEqual(300_000);
    expect(stdout).toBe(`${owners[0]} ${owners[0]}\n`);
  });

  it('24 looks for descriptors that it was not given, finds none', async () => {
    const code = `
print(sorted(set(os.readlink('/proc/self/fd/' + fd).split(':')[0] for fd in os.listdir('/proc/self/fd') if os.path.lexists('/proc/self/fd/' + fd))))`;
    const { stdout } = await scene.run(['/usr/bin/python3', '-I', '-c', `import os${code}`]);
    expect(stdout).toBe("['/dev/null', 'socket']\n");
  });

  it('26 says its result where it may say anything, is not believed', async () => {
    const { output, stdout } = await scene.python('print(\'{"output": 1}\')');
    expect({ output, stdout }).toEqual({ output: undefined, stdout: '{"output": 1}\n' });
    const well = await scene.python("open('/out/output.json', 'w').write('[1]')");
    expect(well.output).toBe('[1]');
  });
});

describeSandbox('a sandbox with a network', () => {
  beforeAll(() => void (scene = scenes.cold));
  const asked = { network: ['example.com:443'] };

  it('1 has no way out but the proxy', async () => {
    const code = `attempt(connects(socket.AF_INET, ('${host.address}', ${host.tcp})))`;
    expect(await outside(code)).toBe('ok');
    expect((await scene.python(code, asked)).stdout).toBe('ENETUNREACH\n');
  });

  it("2 has a loopback of its own, where the worker's servers are not", async () => {
    const code = `attempt(connects(socket.AF_INET, ('127.0.0.1', ${host.tcp})))`;
    expect(await outside(code)).toBe('ok');
    expect((await scene.python(code, asked)).stdout).toBe('ECONNREFUSED\n');
  });

  it('4 has no other sockets', async () => {
    for (const family of [16, 17, 40])
      expect(
        (await scene.python(`attempt(lambda: socket.socket(${family}, 3).close())`, asked)).stdout,
      ).toBe('EAFNOSUPPORT\n');
  });

  it("5 cannot reach the worker's abstract socket", async () => {
    const code = `attempt(connects(socket.AF_UNIX, '\\0${host.abstract}'))`;
    expect((await scene.python(code, asked)).stdout).toBe('ECONNREFUSED\n');
  });
});
