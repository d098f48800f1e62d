/**
 * Starts bubblewrap: in its control group, as its own user, with nothing of ours.
 *
 * L1. The group is joined by the very process that becomes bwrap: from outside there would be a time without limits.
 * L2. The real user is changed before bwrap: `bwrap --uid` alone relabels, and files would be root's.
 * L3. bwrap gets an empty environment: it keeps what it was started with, to be read inside at /proc/1/environ.
 * L4. A descriptor that the worker has without close-on-exec is /dev/null inside.
 * L5. Only from the main thread: `--die-with-parent` follows the thread that starts it.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs';
import type { Readable, Writable } from 'node:stream';
import { isMainThread } from 'node:worker_threads';
import type { Limits } from '../domain/program.js';
import { bwrapCommand, FD, type BwrapSpec } from './bwrap.js';

export interface LaunchSpec extends BwrapSpec {
  bwrap: string;
  /** Undefined: the worker's own, where it is not root. */
  uid: number | undefined;
  /** Files of its control group, each to be written its process id. */
  joins: readonly string[];
  /** Arguments of prlimit(1). */
  rlimits: readonly string[];
  /** What goes to {@link FD.seccomp}. */
  filter: Buffer | undefined;
}

export interface Launched {
  child: ChildProcess;
  stdout: Readable;
  stderr: Readable;
  /** Both ways. */
  gate: Readable & Writable;
  /** JSON documents, one a line. */
  status: Readable;
}

const JOIN = 'while [ "$1" != -- ]; do echo $$ > "$1" || exit 1; shift; done; shift; exec "$@"';

/** @throws Error when it cannot be started, or not from here (L5) */
export function launch(spec: LaunchSpec): Launched {
  if (!isMainThread) throw new Error('a sandbox can be started from the main thread only');
  const { args, hidden } = bwrapCommand(spec);
  const asUser =
    spec.uid === undefined
      ? ['/usr/bin/setpriv', '--no-new-privs']
      : [
          ...['/usr/bin/setpriv', `--reuid=${spec.uid}`, `--regid=${spec.uid}`, '--clear-groups'],
          ...['--no-new-privs', '--inh-caps=-all', '--bounding-set=-all'],
        ];
  const nothing = openSync('/dev/null', 'r+');
  try {
    const stdio: ('ignore' | 'pipe' | number)[] = ['ignore', 'pipe', 'pipe'];
    for (const fd of inheritable()) stdio[fd] = nothing; // L4
    for (const fd of Object.values(FD)) stdio[fd] = 'pipe';
    const child = spawn(
      '/bin/sh',
      [
        ...['-c', JOIN, 'sh', ...spec.joins, '--', ...asUser],
        ...['/usr/bin/prlimit', ...spec.rlimits, spec.bwrap, ...args],
      ],
      { env: {}, cwd: '/', stdio: Array.from(stdio, (entry) => entry ?? 'ignore') },
    );
    child.on('error', () => undefined); // whoever waits for its end hears of it too
    const pipe = (fd: number): Readable & Writable =>
      child.stdio[fd] as unknown as Readable & Writable;
    feed(pipe(FD.args), hidden);
    feed(pipe(FD.seccomp), spec.filter ?? Buffer.alloc(0));
    const [gate, status] = [pipe(FD.gate), pipe(FD.status)];
    // It may end before it has read; how it ended says more than this.
    for (const one of [gate, status]) one.on('error', () => undefined);
    const [stdout, stderr] = [child.stdout as Readable, child.stderr as Readable];
    return { child, stdout, stderr, gate, status };
  } finally {
    closeSync(nothing);
  }
}

function feed(pipe: Writable, bytes: Buffer): void {
  pipe.on('error', () => undefined);
  pipe.end(bytes);
}

/** The limits of a process that hold beside a control group, or instead of one. */
export interface RlimitOptions {
  limits: Limits;
  /** Nothing else holds it. */
  memory: boolean;
  cpuSeconds: number | undefined;
  disk: boolean;
}

/**
 * Command that bounds processes, to be run inside: only there it counts those of the sandbox, by its user namespace
 * (Linux 5.14; before, all of the user's on the host, which is stricter). Process 1 counts too.
 */
export function boundProcesses({ processes }: Limits): string[] {
  return ['/usr/bin/prlimit', `--nproc=${processes + 1}:${processes + 1}`];
}

/** Arguments of prlimit(1). Memory is each process's own, and what it may write to, not what it may map. */
export function rlimitArguments(options: RlimitOptions): string[] {
  const { limits, memory, cpuSeconds, disk } = options;
  const set = (name: string, value: number): string => `--${name}=${value}:${value}`;
  return [
    set('core', 0),
    ...(memory ? [set('data', limits.memoryBytes)] : []),
    ...(cpuSeconds === undefined ? [] : [`--cpu=${cpuSeconds}:${cpuSeconds + 1}`]),
    ...(disk ? [set('fsize', limits.diskBytes)] : []),
  ];
}

/** Descriptors of this process that what it starts would get, beside the standard ones. */
export function inheritable(): number[] {
  return readdirSync('/proc/self/fd')
    .map(Number)
    .filter((fd) => fd > 2 && isInheritable(fd));
}

const O_CLOEXEC = 0o2000000;

function isInheritable(fd: number): boolean {
  try {
    const flags = /^flags:\s+([0-7]+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1'));
    return (parseInt(flags?.[1] ?? '0', 8) & O_CLOEXEC) === 0;
  } catch {
    return false; // it was the one that we read the folder by
  }
}
