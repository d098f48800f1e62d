/**
 * Whose a sandbox is: the worker's name, by which what a killed one left is known, and its range of users.
 *
 * O1. A name is never given twice: boot, namespace of processes, process id, the process's start in clock ticks since
 *     boot, and chance. Of a worker in another namespace nobody here can tell whether it lives: it counts as alive.
 * O2. A range of users is held by a listening abstract socket: the kernel gives it back when its holder ends, however.
 */
import { randomBytes } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { createServer, type Server } from 'node:net';

/** Users of one worker: as many sandboxes may live at once. */
export const UIDS = 512;
/** Workers of one host. */
const RANGES = 64;
const PREFIX = 'tempograph';
const UNKNOWN = '00000000';

/** `tempograph-1a2b3c4d-4026531836-4711-987654-c0ffee42` for this process; another with each call. */
export function ownName(): string {
  const began = startOf(process.pid) ?? 0;
  const chance = randomBytes(4).toString('hex');
  return `${PREFIX}-${boot()}-${pidNamespace()}-${process.pid}-${began}-${chance}`;
}

export function isOwnerName(name: string): boolean {
  return new RegExp(`^${PREFIX}-[0-9a-f]{8}-\\d+-\\d+-\\d+-[0-9a-f]{8}$`).test(name);
}

/** Whether the worker of that name still runs on this host. */
export function isAlive(name: string): boolean {
  const [, ofBoot, namespace, pid, start] = name.split('-');
  const now = boot();
  if (now === UNKNOWN) return true; // whoever cannot be asked about is left alone
  if (ofBoot !== now) return false;
  if (namespace !== pidNamespace()) return true;
  const stat = statOf(Number(pid));
  return stat === 'unknown' || (stat !== undefined && String(aliveSince(stat)) === start);
}

/** Two containers of one host share its boot and perhaps its folders, and do not see each other's processes. */
function pidNamespace(): string {
  try {
    return /\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0] ?? '0';
  } catch {
    return '0';
  }
}

function boot(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').slice(0, 8);
  } catch {
    return UNKNOWN;
  }
}

interface Stat {
  state: string;
  start: number;
}

/** State letter and start of a process; its name, in brackets, may hold anything. Undefined where there is none. */
function statOf(pid: number): Stat | 'unknown' | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return { state: fields[0] ?? '', start: Number(fields[19]) };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' || code === 'ESRCH' ? undefined : 'unknown';
  }
}

const aliveSince = ({ state, start }: Stat): number | undefined =>
  'ZX'.includes(state) ? undefined : start;

/** When a process started, in clock ticks since boot; undefined where there is none, or only its entry is left. */
export function startOf(pid: number): number | undefined {
  const stat = statOf(pid);
  return stat === undefined || stat === 'unknown' ? undefined : aliveSince(stat);
}

/** Users that no other worker of this host uses. */
export class UidRange {
  private readonly free: number[];

  private constructor(
    readonly first: number,
    private readonly server: Server,
  ) {
    this.free = Array.from({ length: UIDS }, (_, slot) => first + slot);
  }

  /** @param base the first of all ranges. @throws Error when all are taken */
  static async claim(base: number): Promise<UidRange> {
    for (let range = 0; range < RANGES; range++) {
      const first = base + range * UIDS;
      const server = await listen(abstractName(`${PREFIX}-sandbox-users-${first}`));
      if (server) return new UidRange(first, server);
    }
    throw new Error(`all ${RANGES} ranges of users from ${base} on are taken by other workers`);
  }

  has(uid: number): boolean {
    return uid >= this.first && uid < this.first + UIDS;
  }

  /** @throws Error when all are in use */
  take(): number {
    const uid = this.free.shift();
    if (uid === undefined) throw new Error(`all ${UIDS} users for sandboxes are in use`);
    return uid;
  }

  give(uid: number): void {
    this.free.push(uid);
  }

  close(): Promise<void> {
    return new Promise((resolve) => this.server.close(() => resolve()));
  }
}

/** Of full length: some versions of Node fill a shorter one with NULs, which makes it another name. */
export function abstractName(name: string): string {
  return `\0${name.padEnd(107, '.')}`;
}

function listen(path: string): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' ? resolve(undefined) : reject(error),
    );
    server.listen({ path }, () => resolve(server.unref()));
  });
}
