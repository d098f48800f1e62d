import { spawnSync } from 'node:child_process';
import { deniedCalls, seccompFilter, SECCOMP_ARCHS } from '../../src/sandbox/seccomp.js';
import { ALLOW, errno, KILL, runFilter, type Call } from './support/bpf.js';

const ARCH = { x64: 0xc000003e, arm64: 0xc00000b7 };
const [EPERM, ENOSYS, EAFNOSUPPORT] = [errno(1), errno(38), errno(97)];
/** Numbers of what is looked at by its arguments, and of calls that everybody needs. */
const NR = {
  x64: { clone: 56, clone3: 435, socket: 41, socketpair: 53, ioctl: 16, read: 0, execve: 59 },
  arm64: {
    clone: 220,
    clone3: 435,
    socket: 198,
    socketpair: 199,
    ioctl: 29,
    read: 63,
    execve: 221,
  },
};

describe.each(SECCOMP_ARCHS)('seccompFilter for %s', (arch) => {
  const nr = NR[arch];
  const answers = (call: Omit<Call, 'arch'>, networked = false): number =>
    runFilter(seccompFilter({ arch, networked }), { arch: ARCH[arch], ...call });

  it('ends who calls by another convention', () => {
    const filter = seccompFilter({ arch });
    const other = arch === 'x64' ? ARCH.arm64 : ARCH.x64;
    for (const foreign of [0x40000003, other, 0])
      expect(runFilter(filter, { arch: foreign, nr: nr.read })).toBe(KILL);
    if (arch === 'x64') expect(answers({ nr: 0x40000000 | nr.read })).toBe(KILL);
  });

  it('denies what is on its list, and allows what is not', () => {
    const denied = new Set(Object.values(deniedCalls(arch)));
    expect(denied.size).toBeGreaterThan(50);
    const special = new Set([nr.clone, nr.clone3, nr.socket, nr.socketpair, nr.ioctl]);
    for (let call = 0; call < 500; call++)
      if (!special.has(call))
        expect([call, answers({ nr: call })]).toEqual([call, denied.has(call) ? EPERM : ALLOW]);
    expect(answers({ nr: nr.execve })).toBe(ALLOW);
  });

  it('has clone without new namespaces, and no clone3', () => {
    expect(answers({ nr: nr.clone3 })).toBe(ENOSYS);
    expect(answers({ nr: nr.clone, args: [0x3d0f00] })).toBe(ALLOW); // a thread of glibc
    expect(answers({ nr: nr.clone, args: [17] })).toBe(ALLOW); // fork
    for (const flag of [
      0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000,
    ])
      expect(answers({ nr: nr.clone, args: [flag | 17] })).toBe(EPERM);
    // The upper half of a register is not looked at by the kernel either.
    expect(answers({ nr: nr.clone, args: [0x1_1000_0011n] })).toBe(EPERM);
  });

  it.each([
    [false, [1]],
    [true, [1, 2, 10]],
  ] as const)('has only sockets that are of use, networked %s', (networked, allowed) => {
    for (let family = 0; family < 50; family++) {
      const expected = (allowed as readonly number[]).includes(family) ? ALLOW : EAFNOSUPPORT;
      for (const call of [nr.socket, nr.socketpair])
        expect([family, answers({ nr: call, args: [family] }, networked)]).toEqual([
          family,
          expected,
        ]);
    }
  });

  it('keeps programs from typing into a terminal', () => {
    for (const request of [0x5412, 0x541c, 0x1_0000_5412n])
      expect(answers({ nr: nr.ioctl, args: [1, request] })).toBe(EPERM);
    for (const request of [0x5401, 0x5413])
      expect(answers({ nr: nr.ioctl, args: [1, request] })).toBe(ALLOW);
  });

  it('has the numbers that libseccomp has', () => {
    const numbers = { ...deniedCalls(arch), ...nr };
    const script = `
import json, seccomp, sys
arch = seccomp.Arch.${arch === 'x64' ? 'X86_64' : 'AARCH64'}
print(json.dumps({n: seccomp.resolve_syscall(arch, n) for n in json.loads(sys.argv[1])}))`;
    const { status, stdout } = spawnSync('/usr/bin/python3', [
      '-c',
      script,
      JSON.stringify(Object.keys(numbers)),
    ]);
    if (status !== 0) return console.warn('skipped: python3-seccomp is not installed');
    expect(JSON.parse(stdout.toString())).toEqual(numbers);
  });
});
