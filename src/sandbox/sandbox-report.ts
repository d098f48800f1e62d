/** What a host can hold a program by, what it cannot, and which level asks for what. Pure. */
import { TaskError } from '../domain/errors.js';
import type { Runtime, SecurityLevel } from '../domain/program.js';
import type { RuntimePlace } from './runtimes.js';

/** What a sandbox is made of, each of which a host may lack. */
export type SandboxPart = 'namespaces' | 'user' | 'syscalls' | 'groups' | 'disk' | 'proxy';

export interface Lack {
  part: SandboxPart;
  /** What is missing, and how to get it: one sentence. */
  message: string;
}

export interface SandboxReport {
  /** As it says itself, such as `bubblewrap 0.8.0`; undefined where there is none. */
  bwrap: string | undefined;
  /** A user for each sandbox, or the worker's own. */
  user: 'own' | 'worker';
  syscalls: 'seccomp' | 'none';
  groups: 'cgroup1' | 'cgroup2' | 'none';
  disk: 'image' | 'polled';
  /** How a program reaches the proxy of its allow-list. */
  proxy: 'tcp' | 'socket';
  /** A runtime that is missing is a lack only for who asks for it. */
  runtimes: Readonly<Record<Runtime, RuntimePlace>>;
  lacks: readonly Lack[];
}

/** What a level asks for. What it does not, is used where it is there, and recorded as `enforced`. */
const NEEDS: Record<SecurityLevel, readonly SandboxPart[]> = {
  LOW: ['namespaces'],
  MEDIUM: ['namespaces', 'user', 'syscalls', 'groups'],
  HIGH: ['namespaces', 'user', 'syscalls', 'groups', 'disk'],
};

/** @throws TaskError ENVIRONMENT, not retriable, naming each lack and how to mend it */
export function assertHolds(level: SecurityLevel, { lacks }: SandboxReport): void {
  const missing = lacks.filter(({ part }) => NEEDS[level].includes(part));
  if (missing.length === 0) return;
  throw new TaskError(
    'ENVIRONMENT',
    `this worker's host cannot hold a program at level ${level}: ${missing.map(({ message }) => message).join('; ')}`,
    { retriable: false, details: { level, lacks: missing } },
  );
}
