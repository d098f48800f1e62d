/**
 * Whose a sandbox is: whether the worker whose name it bears still lives, and that worker's range of users.
 *
 * O1. Of a worker in another namespace of processes nobody here can tell whether it lives: it counts as alive.
 * O2. A range of users is held by a listening abstract socket: the kernel gives it back when its holder ends, however.
 */
import { createServer, type Server } from 'node:net';
import { isOfBefore, stateOf } from '../process-name.js';

/** Users of one worker: as many sandboxes may live at once. */
export const UIDS = 512;
/** Workers of one host. */
const RANGES = 64;
const PREFIX = 'tempograph';

/** Whether the worker of that name may still run on this host. What is of another boot was this host's before. */
export function isAlive(name: string): boolean {
  return !isOfBefore(name) && stateOf(name) !== 'dead';
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
