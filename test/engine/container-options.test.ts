import type { EngineFacts } from '../../src/engine/engine.js';
import {
  assertHeld,
  containerOptions,
  type ContainerAsk,
} from '../../src/engine/container-options.js';
import { seccompProfile } from '../../src/engine/seccomp-profile.js';

const ask = (overrides: Partial<ContainerAsk> = {}): ContainerAsk => ({
  spec: { image: 'busy:1' },
  image: 'sha256:aaaa',
  volumes: [],
  env: { A: '1' },
  limits: {
    cpu: 0.25,
    memoryBytes: 64e6,
    diskBytes: 32e6,
    processes: 12,
    logBytes: 1_000,
  },
  mounts: [],
  labels: { l: 'x' },
  seccomp: true,
  ...overrides,
});
const FACTS: EngineFacts = {
  name: 'docker',
  version: '99',
  cgroup: '2',
  memory: true,
  swap: true,
  cpu: true,
  processes: true,
  seccomp: true,
  lsm: 'apparmor',
  userns: false,
};

describe('containerOptions', () => {
  it('takes away all that a program does not need', () => {
    expect(containerOptions(ask())).toMatchObject({
      Image: 'sha256:aaaa',
      User: '65534:65534',
      Env: ['A=1'],
      Labels: { l: 'x' },
      Tty: false,
      OpenStdin: false,
      Healthcheck: { Test: ['NONE'] },
      HostConfig: {
        NetworkMode: 'none',
        IpcMode: 'private',
        Memory: 64e6,
        MemorySwap: 64e6,
        NanoCpus: 250_000_000,
        PidsLimit: 12,
        ReadonlyRootfs: true,
        CapDrop: ['ALL'],
        Privileged: false,
        Tmpfs: { '/tmp': 'rw,nosuid,nodev,size=32000000,mode=1777,uid=65534,gid=65534' },
        Ulimits: [
          { Name: 'fsize', Soft: 32e6, Hard: 32e6 },
          { Name: 'core', Soft: 0, Hard: 0 },
        ],
        Mounts: [{ Type: 'volume', Target: '/tempograph' }],
      },
    });
  });

  it('leaves command, entrypoint and folder to the image where nothing is said', () => {
    const options = containerOptions(ask());
    for (const key of ['Cmd', 'Entrypoint', 'WorkingDir']) expect(options).not.toHaveProperty(key);
  });

  it.each([
    [{ command: ['a', 'b'] }, { Cmd: ['a', 'b'] }],
    [
      { entrypoint: ['/run'], command: ['b'] },
      { Entrypoint: ['/run'], Cmd: ['b'] },
    ],
    [{ entrypoint: [] }, { Entrypoint: [''] }], // an empty list would leave the image's
    [{ workdir: '/w' }, { WorkingDir: '/w' }],
    [{ files: { a: 'x' } }, { WorkingDir: '/tempograph/files' }],
    [{ files: { a: 'x' }, workdir: '/w' }, { WorkingDir: '/w' }],
  ])('says %j as %j', (spec, expected) => {
    expect(containerOptions(ask({ spec: { image: 'busy:1', ...spec } }))).toMatchObject(expected);
  });

  it('limits what an image declares as a volume, unless something is mounted there', () => {
    const mounts = [{ source: '/a', target: '/data', readOnly: true }];
    const tmpfs = (more: Partial<ContainerAsk>) =>
      Object.keys(containerOptions(ask(more)).HostConfig?.Tmpfs as object);
    expect(tmpfs({ volumes: ['/data', '/more'] })).toEqual(['/tmp', '/data', '/more']);
    expect(tmpfs({ volumes: ['/data', '/more'], mounts })).toEqual(['/tmp', '/more']);
  });

  it('mounts nothing that lies below the source', () => {
    const mounts = [{ source: '/a', target: '/b', readOnly: true }];
    expect(containerOptions(ask({ mounts })).HostConfig?.Mounts?.[1]).toEqual({
      Type: 'bind',
      Source: '/a',
      Target: '/b',
      ReadOnly: true,
      BindOptions: { Propagation: 'rprivate', NonRecursive: true },
    });
  });

  it('gives its profile only to an engine with seccomp', () => {
    const profile = `seccomp=${JSON.stringify(seccompProfile())}`;
    expect(containerOptions(ask()).HostConfig?.SecurityOpt).toEqual(['no-new-privileges', profile]);
    expect(containerOptions(ask({ seccomp: false })).HostConfig?.SecurityOpt).toEqual([
      'no-new-privileges',
    ]);
  });

  it('puts it on the network that it names, with sockets of IPv4 and IPv6 for it', () => {
    const { HostConfig } = containerOptions(ask({ spec: { image: 'busy:1', network: 'db' } }));
    expect(HostConfig).toMatchObject({ NetworkMode: 'db', CapDrop: ['ALL'] });
    expect(HostConfig?.SecurityOpt).toContain(`seccomp=${JSON.stringify(seccompProfile(true))}`);
    for (const network of ['none', []])
      expect(containerOptions(ask({ spec: { image: 'busy:1', network } }))).toEqual(
        containerOptions(ask()),
      );
  });

  it('has the engine start an init only where the operator says so', () => {
    const init = (said: object) => containerOptions(ask(), said).HostConfig?.Init;
    expect([init({}), init({ init: true })]).toEqual([false, true]);
  });

  it.each(['0:0', 'root', '0:5', '5:0', '5', ''])('refuses the user %j', (user) => {
    expect(() => containerOptions(ask(), { user })).toThrow(/neither of them 0/);
  });
});

describe('assertHeld', () => {
  const lacking = (
    level: 'LOW' | 'MEDIUM' | 'HIGH',
    lacks: Partial<EngineFacts>,
    runtime?: string,
  ) => {
    try {
      assertHeld({ ...FACTS, ...lacks }, level, runtime === undefined ? {} : { runtime });
      return 'held';
    } catch (error) {
      return (error as Error).message.replace(/.*needs: /, '');
    }
  };

  it.each([
    ['LOW', { seccomp: false, swap: false, lsm: undefined }, 'held'],
    ['LOW', { memory: false, processes: false }, 'a memory limit, a limit of processes'],
    ['MEDIUM', { cpu: false }, 'a CPU limit'],
    ['MEDIUM', { seccomp: false, swap: false }, 'seccomp, a limit of swap memory'],
    ['MEDIUM', { lsm: undefined }, 'held'],
    ['HIGH', { lsm: undefined, userns: true }, 'held'],
  ] as const)('at %s without %j: %s', (level, lacks, expected) => {
    expect(lacking(level, lacks)).toBe(expected);
  });

  it('asks for a second wall at HIGH, which a runtime may be', () => {
    expect(lacking('HIGH', { lsm: undefined })).toMatch(/^a second wall/);
    expect(lacking('HIGH', { lsm: undefined }, 'runsc')).toBe('held');
  });
});

describe('seccompProfile', () => {
  const { defaultAction, syscalls } = seccompProfile();

  it('allows what it does not name, and names each call once', () => {
    expect(defaultAction).toBe('SCMP_ACT_ALLOW');
    const always = syscalls.filter(({ args }) => args === undefined).flatMap(({ names }) => names);
    expect(new Set(always).size).toBe(always.length);
  });

  it('refuses each new namespace by itself', () => {
    const flags = syscalls
      .filter(({ names }) => names[0] === 'clone')
      .map(({ args }) => args?.[0]?.value ?? 0);
    expect(flags.reduce((all, flag) => all | flag, 0)).toBe(0x7e020000);
    expect(flags).toHaveLength(7);
  });

  it.each([
    ['without a network', false, [1]],
    ['on a network', true, [1, 2, 10]],
  ])('lets a container %s have sockets of few families', (_where, networked, allowed) => {
    const rules = seccompProfile(networked)
      .syscalls.filter(({ names }) => names[0] === 'socket')
      .map(({ args, errnoRet }) => ({ ...args?.[0], errnoRet }));
    const isRefused = (family: number): boolean =>
      rules.some(({ op, value = 0, errnoRet }) => {
        expect(errnoRet).toBe(97);
        if (op === 'SCMP_CMP_EQ') return family === value;
        return op === 'SCMP_CMP_GT' ? family > value : family !== value;
      });
    const families = Array.from({ length: 64 }, (_, family) => family);
    expect(families.filter((family) => !isRefused(family))).toEqual(allowed);
  });

  it('makes libc fall back from the call whose flags no filter sees', () => {
    expect(syscalls.find(({ names }) => names[0] === 'clone3')).toMatchObject({ errnoRet: 38 });
  });
});
