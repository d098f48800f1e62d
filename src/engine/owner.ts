/**
 * Who a container belongs to: one runner of one worker. An owner is known by host, process, the moment that process
 * began, and the runner; so whether it still lives can be told on its own host, also after its process id was given
 * to another.
 */
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/** `<host>.<pid>.<began>.<runner>`: goes into a container's name. */
export type OwnerId = string;

/** `elsewhere`: of another host, so nobody here can tell. */
export type OwnerState = 'alive' | 'dead' | 'elsewhere';

const OWNER = /^([0-9a-f]{12})\.(\d+)\.(\d+)\.([0-9a-f]{12})$/;

/** A fresh owner in this process. */
export function newOwner(): OwnerId {
  const began = beganAt(process.pid) ?? '0';
  return `${hostId()}.${process.pid}.${began}.${randomBytes(6).toString('hex')}`;
}

export function isOwner(text: string): text is OwnerId {
  return OWNER.test(text);
}

export function ownerState(owner: OwnerId): OwnerState {
  const [, host, pid = '', began] = OWNER.exec(owner) ?? [];
  if (host !== hostId()) return 'elsewhere';
  const now = beganAt(Number(pid));
  if (now !== undefined) return now === began ? 'alive' : 'dead';
  // No /proc: a signal of nothing tells whether there is such a process.
  return began === '0' && exists(Number(pid)) ? 'alive' : 'dead';
}

/** Two workers of one machine in containers of their own cannot see each other's processes: they count as two hosts. */
function hostId(): string {
  const parts = [
    hostname(),
    read(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()),
    read(() => readlinkSync('/proc/self/ns/pid')),
  ];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 12);
}

/** Clock ticks from the boot until the process began; undefined for none, and for one that only waits to be reaped. */
function beganAt(pid: number): string | undefined {
  const stat = read(() => readFileSync(`/proc/${pid}/stat`, 'utf8'));
  // The name stands in brackets and may hold anything, brackets too; the state is the first field behind it.
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ') ?? [];
  return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
}

function exists(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function read<T>(get: () => T): T | undefined {
  try {
    return get();
  } catch {
    return undefined;
  }
}
