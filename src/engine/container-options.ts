/** What the engine is asked for, from a container and its limits. Pure. */
import type { ContainerCreateOptions } from 'dockerode';
import { networkJoined } from '../domain/container-network.js';
import { TaskError } from '../domain/errors.js';
import type { ContainerSpec, Limits, SecurityLevel } from '../domain/program.js';
import type { EngineFacts } from './engine.js';
import type { Mount } from './mounts.js';
import { seccompProfile } from './seccomp-profile.js';

/** Our folder in every container: a volume of its own, since the root is read-only. The program may write below `out`. */
export const FOLDER = '/tempograph';
export const PATHS = {
  input: `${FOLDER}/input.json`,
  output: `${FOLDER}/out/output.json`,
  outputs: `${FOLDER}/out/outputs`,
  artifacts: `${FOLDER}/out/artifacts`,
  files: `${FOLDER}/files`,
  inputFiles: `${FOLDER}/in`,
} as const;

/** A container, all settled. */
export interface ContainerAsk {
  spec: ContainerSpec;
  /** Id of the image, and the places that it declares as volumes: they would be writable without a limit. */
  image: string;
  volumes: readonly string[];
  env: Readonly<Record<string, string>>;
  limits: Limits;
  mounts: readonly Mount[];
  labels: Readonly<Record<string, string>>;
  /** Whether the engine has seccomp. */
  seccomp: boolean;
}

export interface ContainerSettings {
  /** Who programs are, `<uid>:<gid>`. Never root. Default 65534:65534. */
  user?: string;
  /** An OCI runtime that the engine knows, such as `runsc`. Default: the engine's own. */
  runtime?: string;
  /**
   * The engine's own init runs the program: it reaps children, and a program that says nothing about SIGTERM ends by it,
   * which the first process of a container does not. The engine must have one. Default false.
   */
  init?: boolean;
}

const DEFAULT_USER = '65534:65534';
const SHARED_MEMORY_BYTES = 64 * 2 ** 20;
/** The engine keeps what a program says until the container is removed; a line of one byte takes about 80. */
const LOG_OVERHEAD = 100;

export function containerOptions(
  { spec, image, volumes, env, limits, mounts, labels, seccomp }: ContainerAsk,
  { user = DEFAULT_USER, runtime, init = false }: ContainerSettings = {},
): ContainerCreateOptions {
  assertUser(user);
  const { entrypoint, command, workdir, files } = spec;
  const beside = Object.keys(files ?? {}).length > 0 ? PATHS.files : undefined;
  const workingDir = workdir ?? beside;
  const network = networkJoined(spec);
  return {
    Image: image,
    // An empty list would leave the image's own.
    ...(entrypoint ? { Entrypoint: entrypoint.length > 0 ? entrypoint : [''] } : {}),
    ...(command ? { Cmd: command } : {}),
    ...(workingDir === undefined ? {} : { WorkingDir: workingDir }),
    Env: Object.entries(env).map(([name, value]) => `${name}=${value}`),
    User: user,
    Hostname: 'sandbox',
    Labels: { ...labels },
    AttachStdin: false,
    AttachStdout: true,
    AttachStderr: true,
    Tty: false,
    OpenStdin: false,
    // A health check of the image would run beside the program.
    Healthcheck: { Test: ['NONE'] },
    HostConfig: {
      ...limitsFor(limits),
      NetworkMode: network,
      IpcMode: 'private',
      ReadonlyRootfs: true,
      CapDrop: ['ALL'],
      Privileged: false,
      SecurityOpt: [
        'no-new-privileges',
        ...(seccomp ? [`seccomp=${JSON.stringify(seccompProfile(network !== 'none'))}`] : []),
      ],
      RestartPolicy: { Name: 'no' },
      AutoRemove: false,
      Init: init,
      Tmpfs: tmpfsFor(['/tmp', ...volumes], limits.diskBytes, mounts, user),
      Mounts: [
        { Type: 'volume', Target: FOLDER, Source: '', VolumeOptions: { NoCopy: true, Labels: {} } },
        ...mounts.map(({ source, target, readOnly }) => ({
          Type: 'bind' as const,
          Source: source,
          Target: target,
          ReadOnly: readOnly,
          // What is mounted below the source would stay writable.
          BindOptions: { Propagation: 'rprivate' as const, NonRecursive: true },
        })),
      ] as NonNullable<ContainerCreateOptions['HostConfig']>['Mounts'] & object,
      LogConfig: {
        Type: 'json-file',
        Config: {
          'max-size': String((2 * limits.logBytes + 65_536) * LOG_OVERHEAD),
          'max-file': '1',
        },
      },
      ...(runtime === undefined ? {} : { Runtime: runtime }),
    },
  };
}

function limitsFor({
  cpu,
  memoryBytes,
  diskBytes,
  processes,
}: Limits): ContainerCreateOptions['HostConfig'] & object {
  return {
    Memory: memoryBytes,
    MemorySwap: memoryBytes, // both together: no swap
    NanoCpus: Math.round(cpu * 1e9),
    PidsLimit: processes,
    ShmSize: Math.min(SHARED_MEMORY_BYTES, diskBytes),
    Ulimits: [
      // One file of the volume; what all of them come to is measured.
      { Name: 'fsize', Soft: diskBytes, Hard: diskBytes },
      { Name: 'core', Soft: 0, Hard: 0 },
    ],
  };
}

/**
 * Each in memory, so they count against the memory as well. What is mounted over one goes first. They belong to the
 * program: where the image has such a folder, its mode wins over the one that is asked for here.
 */
function tmpfsFor(
  places: readonly string[],
  bytes: number,
  mounts: readonly Mount[],
  user: string,
): Record<string, string> {
  const [uid, gid] = user.split(':');
  const options = `rw,nosuid,nodev,size=${bytes},mode=1777,uid=${uid},gid=${gid}`;
  const free = places.filter((place) => !mounts.some(({ target }) => target === place));
  return Object.fromEntries(free.map((place) => [place, options]));
}

/** @throws TaskError CONFIGURATION for root */
function assertUser(user: string): void {
  if (/^[1-9]\d{0,9}:[1-9]\d{0,9}$/.test(user)) return;
  throw new TaskError(
    'CONFIGURATION',
    `the user of containers: expected <uid>:<gid>, neither of them 0, got ${JSON.stringify(user)}`,
  );
}

/**
 * Refuses what the engine cannot hold. Limits must be held always; from MEDIUM on the filter of system calls and the swap
 * too; HIGH asks for a second wall besides: a security module, mapped users, or a runtime of the
 * operator's own.
 *
 * @throws TaskError CONFIGURATION
 */
export function assertHeld(
  facts: EngineFacts,
  level: SecurityLevel,
  { runtime }: ContainerSettings = {},
): void {
  const needs: [boolean, string][] = [
    [facts.memory, 'a memory limit'],
    [facts.cpu, 'a CPU limit'],
    [facts.processes, 'a limit of processes'],
  ];
  if (level !== 'LOW')
    needs.push([facts.seccomp, 'seccomp'], [facts.swap, 'a limit of swap memory']);
  if (level === 'HIGH')
    needs.push([
      facts.lsm !== undefined || facts.userns || runtime !== undefined,
      'a second wall (AppArmor, SELinux, user namespaces, or a runtime such as runsc)',
    ]);
  const lacks = needs.filter(([held]) => !held).map(([, name]) => name);
  if (lacks.length === 0) return;
  throw new TaskError(
    'CONFIGURATION',
    `the container engine (${facts.name} ${facts.version}) does not offer what security level ${level} needs: ${lacks.join(', ')}`,
  );
}
