/**
 * Watches one sandbox from its start until nothing of it runs: its output, its gate, what it uses, when to end it.
 *
 * S1. Ending never depends on the program: SIGKILL to bwrap takes its whole pid namespace along.
 * S2. The first reason to end it is the reason.
 * S3. `ended` settles when all of it is dead, and its output is read.
 */
import { LINE_COST, lineBreaksIn } from '../domain/log-cost.js';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { StringDecoder } from 'node:string_decoder';
import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { startOf } from '../process-name.js';
import type { TaskCgroup } from './cgroup.js';
import type { Disk } from './disk.js';
import type { Launched } from './launch.js';
import type { Resource, SandboxRunOptions } from './sandbox-spec.js';

/** How often memory and disk are looked at, in milliseconds. */
const LOOK_MS = 250;
const RETRY_MS = 5;
/** Kept of standard error, in characters. */
const TAIL = 4_000;

/** What is known of a run when it is handed to a sandbox that waits. */
export type SupervisedRun = Pick<SandboxRunOptions, 'graceMs' | 'onOutput'>;

export interface SupervisionOptions extends SupervisedRun {
  signal: AbortSignal;
  /** It says first that it waits, and is told later what to run: {@link Supervision.handOver}. Default false. */
  waits?: boolean;
  logBytes: number;
  disk: Disk;
  cgroup: TaskCgroup | undefined;
  /** The program is about to begin; it waits until this settles. What it throws ends the sandbox as unprepared. */
  onBegin: (init: number) => Promise<void>;
}

export interface SupervisionEnd {
  ended: 'stopped' | Resource | undefined;
  /** What `onBegin` threw. */
  failed: unknown;
  reported: boolean;
  code: number | null;
  signal: NodeJS.Signals | null;
  stderr: string;
  /** Milliseconds of `performance.now()`. */
  begunAt: number | undefined;
  /** Something that it said went to `onOutput`. */
  told: boolean;
  diskWasFull: boolean;
  /** Until its first process ended. */
  forkRefusals: number;
}

interface Init {
  pid: number;
  start: number | undefined;
}

export class Supervision {
  /** Never rejects but where the host does not let go of the dead. */
  readonly ended: Promise<SupervisionEnd>;
  private reason: 'stopped' | Resource | undefined;
  private failed: unknown;
  private begunAt: number | undefined;
  /** Process 1 inside, as the host calls it, and when it started. */
  private init: Init | undefined;
  private reported = false;
  private stderr = '';
  private diskWasFull = false;
  private grace: NodeJS.Timeout | undefined;
  private looks: NodeJS.Timeout | undefined;
  private told = false;
  private run: SupervisedRun;
  /** Of what it may say on each stream. */
  private left = { stdout: 0, stderr: 0 };
  /** Settles when it waits. Rejects where it ends before. */
  readonly waiting: Promise<unknown>;

  constructor(
    private readonly launched: Launched,
    private readonly options: SupervisionOptions,
  ) {
    this.run = options;
    this.mayLog();
    this.listen('stdout', launched.stdout);
    this.listen('stderr', launched.stderr);
    this.followStatus(launched.status);
    this.ended = this.follow();
    this.waiting = options.waits ? this.comesUp() : Promise.resolve();
    if (!options.waits) this.begins();
  }

  /** Neither it nor process 1 inside has ended, as far as is known. */
  get isAlive(): boolean {
    const { exitCode, signalCode } = this.launched.child;
    if (exitCode !== null || signalCode !== null || this.reason !== undefined) return false;
    return this.init?.start !== undefined && startOf(this.init.pid) === this.init.start;
  }

  /** To one that waits: what it is to run, whose it is from now on. */
  handOver(run: SupervisedRun, message: string): void {
    this.run = run;
    // What was said while it waited is nobody's.
    this.stderr = '';
    this.mayLog();
    this.begins();
    this.launched.gate.write(message);
  }

  private mayLog(): void {
    const { logBytes } = this.options;
    this.left = { stdout: logBytes, stderr: logBytes };
  }

  private begins(): void {
    this.looks ??= setInterval(() => void this.look(), LOOK_MS);
    this.launched.gate.once('data', () => void this.begin());
  }

  private async comesUp(): Promise<Init> {
    const { gate } = this.launched;
    const up = new Promise<boolean>((resolve) => gate.once('data', () => resolve(true)));
    if (await Promise.race([up, this.ended.then(() => false)])) return await this.initKnown();
    throw new Error(`it ended before it was up: ${this.stderr.trim()}`);
  }

  /** Ends it now (S1, S2). */
  end(reason: 'stopped' | Resource): void {
    this.reason ??= reason;
    this.launched.child.kill('SIGKILL');
  }

  private async follow(): Promise<SupervisionEnd> {
    const { child } = this.launched;
    const { signal, cgroup } = this.options;
    const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
    const onAbort = (): void => void this.stop();
    signal.addEventListener('abort', onAbort);
    if (signal.aborted) onAbort();
    try {
      const [code, by] = await this.exit();
      // To end what is left no fork is let through: those refusals are ours.
      const { forkRefusals = 0 } = (await cgroup?.usage()) ?? {};
      // One that it left behind may hold its output open.
      await (cgroup ? cgroup.kill() : this.initGone());
      await closed;
      const { reason: ended, failed, reported, stderr, begunAt, told, diskWasFull } = this;
      return {
        ...{ ended, failed, reported, code, signal: by, stderr, begunAt, told, diskWasFull },
        forkRefusals,
      };
    } finally {
      clearInterval(this.looks);
      clearTimeout(this.grace);
      signal.removeEventListener('abort', onAbort);
    }
  }

  /** One that could not be started has failed, and has no code. */
  private async exit(): Promise<[number | null, NodeJS.Signals | null]> {
    try {
      return (await once(this.launched.child, 'exit')) as [number | null, NodeJS.Signals | null];
    } catch (error) {
      this.failed ??= error;
      return [null, null];
    }
  }

  /** A line of no characters costs whoever keeps it, too. */
  private listen(stream: 'stdout' | 'stderr', readable: Readable): void {
    const decoder = new StringDecoder('utf8');
    const say = (text: string): void => {
      if (text === '') return;
      if (stream === 'stderr') this.stderr = (this.stderr + text).slice(-TAIL);
      const { onOutput } = this.run;
      if (onOutput === undefined) return;
      this.told = true;
      onOutput(stream, text);
    };
    readable.on('data', (chunk: Buffer) => {
      if (this.left[stream] < 0) return;
      say(decoder.write(chunk.subarray(0, this.left[stream])));
      this.left[stream] -= chunk.byteLength + LINE_COST * lineBreaksIn(chunk);
      if (this.left[stream] < 0) this.end('logs');
    });
    readable.on('end', () => say(decoder.end()));
  }

  private followStatus(status: Readable): void {
    let text = '';
    status.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      const pid = /"child-pid": (\d+)/.exec(text)?.[1];
      if (pid !== undefined) this.init ??= { pid: Number(pid), start: startOf(Number(pid)) };
      this.reported ||= text.includes('"exit-code"');
    });
  }

  /** It waits for our byte: what is done here holds before the program does anything. */
  private async begin(): Promise<void> {
    const { cgroup, onBegin, signal } = this.options;
    try {
      await cgroup?.holdCpu();
      const init = await this.initKnown();
      await onBegin(init.pid);
      if (signal.aborted) return this.end('stopped');
      this.begunAt = performance.now();
      this.launched.gate.end('\n');
    } catch (error) {
      this.failed ??= error;
      this.launched.child.kill('SIGKILL');
    }
  }

  /** Process 1 inside. The status is written before the gate, but another pipe may be read first. */
  private async initKnown(): Promise<Init> {
    const signal = this.gone();
    while (this.init === undefined) await delay(1, undefined, { signal });
    return this.init;
  }

  private gone(): AbortSignal {
    const gone = new AbortController();
    const { child } = this.launched;
    if (child.exitCode !== null || child.signalCode !== null) gone.abort();
    else child.once('exit', () => gone.abort());
    return gone.signal;
  }

  /** SIGTERM to the program, and the end after the grace. */
  private async stop(): Promise<void> {
    this.reason ??= 'stopped';
    const { graceMs } = this.run;
    if (graceMs <= 0 || this.begunAt === undefined || this.init === undefined)
      return this.end('stopped');
    this.grace = setTimeout(() => this.end('stopped'), graceMs);
    const { pid } = this.init;
    const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
    // The first is the program; the others are what lost their parents.
    const program = Number(children.split(' ')[0]);
    if (program > 1) for (const one of [-program, program]) if (terminate(one)) return;
    this.end('stopped');
  }

  private async look(): Promise<void> {
    const { cgroup, disk } = this.options;
    try {
      if (((await cgroup?.usage())?.oomKills ?? 0) > 0) this.end('memory');
      if (!(await disk.isFull())) return;
      this.diskWasFull = true;
      // The image holds by itself, and tells the program.
      if (disk.means === 'polled') this.end('disk');
    } catch {
      // It has just been taken down.
    }
  }

  /** A pid namespace is empty when its first process is no more than an entry. */
  private async initGone(): Promise<void> {
    const { init } = this;
    if (init?.start === undefined) return;
    while (startOf(init.pid) === init.start) await delay(RETRY_MS);
  }
}

function terminate(pid: number): boolean {
  try {
    return process.kill(pid, 'SIGTERM');
  } catch {
    return false;
  }
}
