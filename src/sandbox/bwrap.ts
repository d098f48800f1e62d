/**
 * The command line of bubblewrap. Pure.
 *
 * What is here is what the escape suite was run against: order matters, as later mount points cannot be made in what has
 * been made read-only. bwrap itself stays inside as process 1: its own command line and environment can be read there, so
 * paths of the host go by a descriptor (`--args`), and it is to be started with an empty environment.
 */
import { TaskError } from '../domain/errors.js';
import { INSIDE, type Bind } from './sandbox-spec.js';

/** Descriptors of bwrap, as it is started. The program sees only `gate`, and closes it before it begins. */
export const FD = { gate: 3, args: 4, seccomp: 5, status: 6 } as const;
/** Of `/dev/shm`, which counts as memory. */
const SHM_BYTES = 1_048_576;

/** Folders of the host, as they are seen inside. */
export interface SandboxFolders {
  app: string;
  in: string;
  etc: string;
  tmp: string;
  out: string;
  /** With the proxy's socket; undefined where there is no network. */
  net: string | undefined;
}

export interface BwrapSpec {
  folders: SandboxFolders;
  binds: readonly Bind[];
  env: Readonly<Record<string, string>>;
  /** A filter comes by {@link FD.seccomp}. */
  seccomp: boolean;
  argv: readonly string[];
}

/** What the host has of its own that programs look for. Nothing in there is anybody's secret. */
const FROM_ETC = ['alternatives', 'java-17-openjdk', 'java-21-openjdk', 'ld.so.cache', 'ssl/certs'];

/** @returns its arguments, and those to be written to {@link FD.args}, each with a NUL behind it */
export function bwrapCommand(spec: BwrapSpec): { args: string[]; hidden: Buffer } {
  const hidden = [
    ...['--unshare-all', '--unshare-user', '--disable-userns', '--die-with-parent'],
    ...['--new-session', '--hostname', 'sandbox', '--clearenv'],
    ...Object.entries(spec.env).flatMap(([name, value]) => ['--setenv', name, value]),
    ...mounts(spec),
    // Else these are writable memory of any size.
    ...['--remount-ro', '/dev', '--remount-ro', '/', '--chdir', '/tmp', '--cap-drop', 'ALL'],
    ...(spec.seccomp ? ['--seccomp', String(FD.seccomp)] : []),
    ...['--json-status-fd', String(FD.status)],
  ];
  // It would end the argument, and what follows it would be one of bwrap's.
  if (hidden.some((argument) => argument.includes('\0')))
    throw new TaskError(
      'CONFIGURATION',
      'the program’s environment holds a NUL character, which no variable can; look at env and at the execution’s id',
    );
  return {
    args: ['--args', String(FD.args), '--', ...spec.argv],
    hidden: Buffer.from(hidden.map((argument) => `${argument}\0`).join('')),
  };
}

function mounts({ folders, binds }: BwrapSpec): string[] {
  return [
    ...['--ro-bind', '/usr', '/usr'],
    // What an administrator has put there is not the distribution's: nobody knows what is in it.
    ...['--size', '4096', '--tmpfs', '/usr/local', '--remount-ro', '/usr/local'],
    ...['--symlink', 'usr/bin', '/bin', '--symlink', 'usr/sbin', '/sbin'],
    ...['--symlink', 'usr/lib', '/lib', '--symlink', 'usr/lib64', '/lib64'],
    ...FROM_ETC.flatMap((name) => ['--ro-bind-try', `/etc/${name}`, `/etc/${name}`]),
    ...['passwd', 'group', 'hosts', 'nsswitch.conf'].flatMap((name) => [
      ...['--ro-bind', `${folders.etc}/${name}`, `/etc/${name}`],
    ]),
    ...['--proc', '/proc', '--size', '4096', '--tmpfs', '/proc/1', '--remount-ro', '/proc/1'],
    ...['--dev', '/dev', '--bind', folders.tmp, '/tmp'],
    ...['--ro-bind', folders.app, INSIDE.app, '--ro-bind', folders.in, '/in'],
    ...['--bind', folders.out, '/out'],
    ...(folders.net === undefined ? [] : ['--ro-bind', folders.net, '/net']),
    ...binds.flatMap(({ source, target }) => ['--ro-bind', source, target]),
    ...['--size', String(SHM_BYTES), '--tmpfs', '/dev/shm'],
  ];
}
