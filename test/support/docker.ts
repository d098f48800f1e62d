/**
 * A Docker engine of a test's own: data, state and socket in a folder of its own, without a network, and an image of
 * busybox. It needs root, dockerd and busybox-static; where one of them is missing, tests of it are skipped aloud.
 */
import { execFile, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { createReadStream, createWriteStream } from 'node:fs';
import {
  chmod,
  copyFile,
  mkdir,
  mkdtemp,
  readFile,
  readdir,
  rm,
  rmdir,
  symlink,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import Docker from 'dockerode';
import { until } from './until.js';

const run = promisify(execFile);

export const BUSYBOX = 'tempograph/busybox:1';

export interface PrivateDocker {
  docker: Docker;
  socketPath: string;
  folder: string;
  /** Ends it and removes all that it left. */
  stop(): Promise<void>;
}

/** What this machine lacks for an engine of its own; undefined where it lacks nothing. */
export function lacksDocker(): string | undefined {
  if (process.getuid?.() !== 0) return 'it needs root';
  for (const program of ['dockerd', 'busybox', 'tar'])
    if (spawnSync('which', [program]).status !== 0) return `there is no ${program}`;
  return undefined;
}

/** Starts one. @throws with the end of its log when it does not come up */
export async function startDocker(): Promise<PrivateDocker> {
  const folder = await mkdtemp(join(tmpdir(), 'tempograph-docker-'));
  const socketPath = join(folder, 'd.sock');
  const daemon = startDaemon(folder, socketPath);
  const docker = new Docker({ socketPath });
  const stop = async (): Promise<void> => {
    await removeNetworks(docker);
    await end(daemon);
    await unmount(folder);
    await rm(folder, { recursive: true, force: true });
    await removeCgroups(folder);
  };
  try {
    await until(async () => {
      if (daemon.exitCode !== null) throw new Error(await tail(folder));
      return docker.ping().then(
        () => true,
        () => false,
      );
    }, 'dockerd');
    await importBusybox(docker, folder);
    return { docker, socketPath, folder, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function startDaemon(folder: string, socketPath: string): ChildProcess {
  const log = createWriteStream(join(folder, 'log'));
  const daemon = spawn(
    'dockerd',
    [
      // Without the first it turns on the forwarding of the host's packets, bridge or no bridge.
      ...['--ip-forward=false', '--ip-masq=false', '--iptables=false', '--ip6tables=false'],
      ...[
        '--bridge=none',
        '--data-root',
        join(folder, 'data'),
        '--exec-root',
        join(folder, 'exec'),
      ],
      // Limits below a folder of its own, which nobody else's engine is in when it is removed.
      ...['--exec-opt', 'native.cgroupdriver=cgroupfs', '--cgroup-parent', `/${basename(folder)}`],
      ...['--pidfile', join(folder, 'pid'), '-H', `unix://${socketPath}`],
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  daemon.stdout.pipe(log, { end: false });
  daemon.stderr.pipe(log, { end: false });
  return daemon;
}

async function end(daemon: ChildProcess): Promise<void> {
  if (daemon.exitCode !== null || daemon.signalCode !== null) return;
  const ended = new Promise((resolve) => daemon.once('exit', resolve));
  daemon.kill('SIGTERM');
  await ended;
}

async function tail(folder: string): Promise<string> {
  return `dockerd has ended:\n${(await readFile(join(folder, 'log'), 'utf8')).slice(-2_000)}`;
}

/** Imports a root file system of nothing but busybox. Its /tmp has to be open itself: its mode wins over the mount's. */
async function importBusybox(docker: Docker, folder: string): Promise<void> {
  const root = join(folder, 'rootfs');
  for (const name of ['bin', 'etc', 'tmp', 'data'])
    await mkdir(join(root, name), { recursive: true });
  await chmod(join(root, 'tmp'), 0o1777);
  const { stdout: where } = await run('which', ['busybox']);
  await copyFile(where.trim(), join(root, 'bin/busybox'));
  const { stdout: applets } = await run('busybox', ['--list']);
  for (const name of applets.split('\n'))
    if (name !== '' && name !== 'busybox') await symlink('busybox', join(root, 'bin', name));
  await importImage(docker, root, BUSYBOX);
}

/** Makes an image of a folder. @param changes such as `ENTRYPOINT ["/bin/sh"]` */
export async function importImage(
  docker: Docker,
  root: string,
  name: string,
  changes: readonly string[] = [],
): Promise<void> {
  const archive = `${root}.tar`;
  await run('tar', ['-C', root, '-cf', archive, '.']);
  const [repo = '', tag = ''] = name.split(':');
  const progress = await docker.importImage(createReadStream(archive), {
    repo,
    tag,
    changes: [...changes],
  });
  await pipeline(progress, async function* (lines) {
    for await (const _line of lines) yield* [];
  });
  await rm(archive);
}

export interface PrivateNetwork {
  name: string;
  /** The address of this machine on it. */
  gateway: string;
}

/** Makes a bridge, which goes with its engine. Two engines of one machine may both have theirs. */
export async function makeNetwork(docker: Docker): Promise<PrivateNetwork> {
  const third = process.pid % 256;
  const name = `tempograph-${process.pid}`;
  await docker.createNetwork({
    Name: name,
    Driver: 'bridge',
    IPAM: { Config: [{ Subnet: `10.213.${third}.0/24`, Gateway: `10.213.${third}.1` }] },
  });
  return { name, gateway: `10.213.${third}.1` };
}

/** An engine leaves its bridges on the machine when it ends. */
async function removeNetworks(docker: Docker): Promise<void> {
  for (const { Id, Driver } of await docker.listNetworks().catch(() => []))
    if (Driver === 'bridge')
      await docker
        .getNetwork(Id)
        .remove()
        .catch(() => undefined);
}

const CGROUPS = '/sys/fs/cgroup';

/** The folders of its limits, one below each controller, and those of containers below them. */
async function removeCgroups(folder: string): Promise<void> {
  for (const controller of ['', ...(await readdir(CGROUPS).catch(() => []))]) {
    const path = join(CGROUPS, controller, basename(folder));
    for (const entry of await readdir(path, { withFileTypes: true }).catch(() => []))
      if (entry.isDirectory()) await rmdir(join(path, entry.name)).catch(() => undefined);
    await rmdir(path).catch(() => undefined);
  }
}

/** What it left mounted, the inner before the outer. */
async function unmount(folder: string): Promise<void> {
  const mounts = (await readFile('/proc/mounts', 'utf8'))
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '')
    .filter((path) => path.startsWith(`${folder}/`));
  for (const path of mounts.reverse()) await run('umount', ['-l', path]).catch(() => undefined);
}
