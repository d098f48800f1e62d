/** One child process that runs handlers: a process group of its own, ended as a whole. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { guestProgram } from './guest-program.js';
import type { FromGuest, ToGuest } from './protocol.js';

/** V8's pages about a full heap become an error's message; nobody wants to read them. */
const HEAP_DUMP = '<--- Last few GCs --->';
const STDERR_KEPT = 4_096;
/** How long a dead child's last messages are waited for; a grandchild may hold its pipes open. */
const LAST_WORDS_MS = 1_000;
/** Flags of this process that make no sense twice: one debugger a port, one program a process. */
const OWN_FLAGS = /^--(inspect|test|watch|cpu-prof|heap-prof|max-old-space-size)/;

export interface ChildEnd {
  code: number | null;
  signal: NodeJS.Signals | null;
  stderr: string;
  /** V8 has reported a full heap. */
  heapFull: boolean;
  /** Why the process could not be started at all. */
  error?: Error;
}

export class Child {
  /** Resolves when the process is gone and what it said has been heard. */
  readonly ended: Promise<ChildEnd>;
  alive = true;
  /** Gets what the child says; between two jobs nobody listens. */
  onMessage: ((message: FromGuest) => void) | undefined;
  private readonly process: ChildProcess;
  private stderr = '';
  private dumping = false;

  /** @param memoryMb the bound of its heap */
  constructor(memoryMb: number) {
    this.process = fork(guestProgram(), [], {
      execArgv: [...execArgv(), `--max-old-space-size=${memoryMb}`],
      serialization: 'advanced',
      detached: true,
      // 4 is the lifeline: the child ends when its other end here is closed, however this process ends.
      stdio: ['ignore', 'inherit', 'pipe', 'ipc', 'pipe'],
    });
    this.process.on('message', (message: FromGuest) => this.onMessage?.(message));
    this.process.stderr?.on('data', (chunk: Buffer) => this.hearStderr(chunk));
    this.lifeline?.on('error', () => undefined);
    this.ended = this.end();
  }

  get pid(): number {
    return this.process.pid ?? 0;
  }

  send(message: ToGuest): void {
    // A child that is gone says so by `ended`.
    if (this.process.connected) this.process.send(message, () => undefined);
  }

  /** Ends it and its own children. */
  kill(signal: 'SIGTERM' | 'SIGKILL'): void {
    if (!this.alive || this.process.pid === undefined) return;
    try {
      process.kill(-this.process.pid, signal);
    } catch {
      this.process.kill(signal); // where there are no process groups
    }
  }

  /** An idle child does not keep this process from ending. */
  hold(busy: boolean): void {
    const change = busy ? 'ref' : 'unref';
    this.process[change]();
    this.process.channel?.[change]();
    (this.process.stderr as Socket | null)?.[change]();
    this.lifeline?.unref();
  }

  private hearStderr(chunk: Buffer): void {
    this.stderr = (this.stderr + chunk.toString('utf8')).slice(-STDERR_KEPT);
    if (this.dumping) return;
    const at = chunk.indexOf(HEAP_DUMP);
    this.dumping = at >= 0;
    process.stderr.write(this.dumping ? chunk.subarray(0, at) : chunk);
  }

  private get lifeline(): Socket | undefined {
    return (this.process.stdio[4] as Socket | null | undefined) ?? undefined;
  }

  private async end(): Promise<ChildEnd> {
    const { process: child } = this;
    const disconnected = new Promise((resolve) => child.once('disconnect', resolve));
    const closed = new Promise((resolve) => child.once('close', resolve));
    try {
      const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
      this.alive = false;
      killGroup(child.pid); // what it has left behind
      const timer = new AbortController();
      const late = wait(LAST_WORDS_MS, undefined, { signal: timer.signal });
      await Promise.race([
        Promise.all([child.connected ? disconnected : undefined, closed]),
        late.catch(() => undefined),
      ]);
      timer.abort();
      return { code, signal, stderr: this.stderr, heapFull: this.dumping };
    } catch (error) {
      this.alive = false;
      return {
        ...{ code: null, signal: null, stderr: this.stderr, heapFull: false },
        error: error as Error,
      };
    }
  }
}

function killGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // Nothing was left, which is usual.
  }
}

/** This process's flags, loaders such as tsx among them, without those that are for it alone. */
function execArgv(): string[] {
  const flags = process.execArgv;
  return flags.filter((flag, at) => {
    if (OWN_FLAGS.test(flag) || /^-(e|p|i)$|^--(eval|print|interactive)/.test(flag)) return false;
    return !/^-(e|p|pe)$|^--(eval|print)$/.test(flags[at - 1] ?? '');
  });
}
