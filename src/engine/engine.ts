/**
 * The container engine: where it listens, and what it says of itself. Docker and Podman speak one API; what differs
 * between them is told by {@link EngineFacts}.
 */
import { existsSync } from 'node:fs';
import type Dockerode from 'dockerode';
import { TaskError } from '../domain/errors.js';
import { engineFailed, NoAnswer } from './engine-error.js';

export interface EngineAddress {
  /** A socket of this host, such as `/run/podman/podman.sock`. */
  socketPath?: string;
  /** As in DOCKER_HOST: `unix:///path` or `tcp://host:port`, unencrypted. Not beside a socket path. */
  host?: string;
}

/** What the engine said of itself when it was opened. */
export interface EngineFacts {
  name: 'docker' | 'podman';
  version: string;
  cgroup: '1' | '2';
  /** Limits that its kernel can hold. */
  memory: boolean;
  swap: boolean;
  cpu: boolean;
  processes: boolean;
  seccomp: boolean;
  /** The security module beside seccomp. */
  lsm: 'apparmor' | 'selinux' | undefined;
  /** The engine is no root on its host, or maps root of a container to somebody else. */
  userns: boolean;
}

export interface Engine {
  docker: Dockerode;
  /** For messages: the address. */
  where: string;
  facts: EngineFacts;
}

/** Where engines listen by default, in the order of asking. */
const SOCKETS = (environment: NodeJS.ProcessEnv): string[] => [
  '/var/run/docker.sock',
  '/run/podman/podman.sock',
  ...(environment['XDG_RUNTIME_DIR']
    ? [`${environment['XDG_RUNTIME_DIR']}/podman/podman.sock`]
    : []),
];

/** Docker 20.10: the first whose seccomp profiles say which error a call gives. */
const OLDEST_API = 1.41;

/**
 * Opens the engine: by its address, else DOCKER_HOST (with DOCKER_TLS_VERIFY and DOCKER_CERT_PATH), else the first of
 * the usual sockets that is there.
 *
 * @throws TaskError CONFIGURATION for an address that is none, and for an engine that is too old
 * @throws TaskError ENVIRONMENT when nothing answers there
 */
export async function openEngine(
  address: EngineAddress = {},
  environment: NodeJS.ProcessEnv = process.env,
): Promise<Engine> {
  const { options, where } = connection(address, environment);
  if (options?.socketPath !== undefined && !existsSync(options.socketPath))
    throw engineFailed(`${where} is not there`, new NoAnswer('no engine listens'));
  // 0.15 s that workers without an engine are spared.
  const { default: Docker } = await import('dockerode');
  const docker = new Docker(options);
  try {
    const [version, info] = await Promise.all([
      docker.version() as Promise<EngineVersion>,
      docker.info() as Promise<EngineInfo>,
    ]);
    if (Number(version.ApiVersion) < OLDEST_API)
      throw new TaskError(
        'CONFIGURATION',
        `the container engine at ${where} speaks API ${version.ApiVersion}; at least ${OLDEST_API} is needed (Docker 20.10, Podman 4)`,
      );
    return { docker, where, facts: factsOf(version, info) };
  } catch (error) {
    throw error instanceof TaskError ? error : engineFailed(`${where} did not answer`, error);
  }
}

function connection(
  { socketPath, host }: EngineAddress,
  environment: NodeJS.ProcessEnv,
): { options: Dockerode.DockerOptions | undefined; where: string } {
  if (socketPath !== undefined) return { options: { socketPath }, where: socketPath };
  if (host !== undefined) return { options: parseHost(host), where: host };
  // docker-modem reads DOCKER_HOST and its two companions itself.
  if (environment['DOCKER_HOST']) return { options: undefined, where: environment['DOCKER_HOST'] };
  const sockets = SOCKETS(environment);
  const found = sockets.find((path) => existsSync(path)) ?? sockets[0];
  return { options: { socketPath: found }, where: found ?? '' };
}

function parseHost(host: string): Dockerode.DockerOptions {
  const [, socketPath] = /^unix:\/\/(\/.+)$/.exec(host) ?? [];
  if (socketPath !== undefined) return { socketPath };
  const [, name, port] = /^tcp:\/\/([^/:\s]+|\[[0-9a-fA-F:]+\]):(\d{1,5})$/.exec(host) ?? [];
  if (name !== undefined)
    return { protocol: 'http', host: name.replace(/^\[|\]$/g, ''), port: Number(port) };
  throw new TaskError(
    'CONFIGURATION',
    `the container engine's address ${JSON.stringify(host)}: expected unix:///<path> or tcp://<host>:<port>`,
  );
}

interface EngineVersion {
  Version?: string;
  ApiVersion?: string;
  Components?: { Name?: string }[];
}

interface EngineInfo {
  CgroupVersion?: string;
  MemoryLimit?: boolean;
  SwapLimit?: boolean;
  CpuCfsQuota?: boolean;
  PidsLimit?: boolean;
  SecurityOptions?: string[] | null;
}

function factsOf(version: EngineVersion, info: EngineInfo): EngineFacts {
  const has = (name: string): boolean =>
    (info.SecurityOptions ?? []).some((option) => option.split(',').includes(`name=${name}`));
  return {
    name: version.Components?.some(({ Name }) => /podman/i.test(Name ?? '')) ? 'podman' : 'docker',
    version: version.Version ?? 'unknown',
    cgroup: info.CgroupVersion === '2' ? '2' : '1',
    memory: info.MemoryLimit === true,
    swap: info.SwapLimit === true,
    cpu: info.CpuCfsQuota === true,
    processes: info.PidsLimit === true,
    seccomp: has('seccomp'),
    lsm: has('apparmor') ? 'apparmor' : has('selinux') ? 'selinux' : undefined,
    userns: has('userns') || has('rootless'),
  };
}
