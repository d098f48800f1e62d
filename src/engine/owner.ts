/**
 * Who a container belongs to: one runner of one worker. An owner is known by host, process, the moment that process
 * began, and the runner; so whether it still lives can be told on its own host, also after its process id was given
 * to another.
 */
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { processState, startOf } from '../process-name.js';

/** `<host>.<pid>.<began>.<runner>`: goes into a container's name. */
export type OwnerId = string;

/** `elsewhere`: of another host, or hidden from this process: nobody here can tell. */
export type OwnerState = 'alive' | 'dead' | 'elsewhere';

const OWNER = /^([0-9a-f]{12})\.(\d+)\.(\d+)\.([0-9a-f]{12})$/;

/** A fresh owner in this process. */
export function newOwner(): OwnerId {
  const began = startOf(process.pid) ?? 0;
  return `${hostId()}.${process.pid}.${began}.${randomBytes(6).toString('hex')}`;
}

export function isOwner(text: string): text is OwnerId {
  return OWNER.test(text);
}

export function ownerState(owner: OwnerId): OwnerState {
  const [, host, pid = '', began] = OWNER.exec(owner) ?? [];
  if (host !== hostId()) return 'elsewhere';
  const state = processState(Number(pid), Number(began));
  // Nobody here can tell, no more than of one on another host.
  return state === 'unknown' ? 'elsewhere' : state;
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

function read<T>(get: () => T): T | undefined {
  try {
    return get();
  } catch {
    return undefined;
  }
}
