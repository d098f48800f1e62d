/**
 * Runs handlers in a pool of child processes. A handler that spins, crashes or calls `process.exit` ends with its
 * process, not with the worker; files, network and environment are the worker's: no sandbox is claimed.
 */
import { hostname } from 'node:os';
import type { TaskError } from '../domain/errors.js';
import type { RegisteredTask } from '../registry.js';
import { Child, type ChildEnd } from './child.js';
import { Conversation, type ConversationOptions } from './conversation.js';
import { exitError, startError } from './guest-exit.js';
import { checkJob, runJob } from './guest-job.js';
import type { Job } from './protocol.js';
import {
  metricsOf,
  StoppedError,
  type ModeDetail,
  type Runner,
  type RunOptions,
  type RunOutcome,
  type RunRequest,
} from './runner.js';
import { Slots } from './slots.js';

const IDLE_MS = 60_000;

export interface ProcessOptions {
  maxProcesses: number;
  memoryMb: number;
  graceMs: number;
}

export class ProcessRunner implements Runner {
  readonly detail: ModeDetail;
  private readonly slots: Slots;
  private readonly children = new Set<Child>();
  private readonly idle = new Map<Child, NodeJS.Timeout>();
  private closing: Promise<void> | undefined;

  constructor(private readonly options: ProcessOptions) {
    const { maxProcesses, memoryMb } = options;
    this.detail = { mode: 'process', size: maxProcesses, memoryMb };
    this.slots = new Slots(maxProcesses);
  }

  async run(request: RunRequest, { signal }: RunOptions): Promise<RunOutcome> {
    const { context } = request;
    const { graceMs } = this.options;
    const { output, started, pid } = await this.serve(runJob(request), {
      signal,
      graceMs,
      context,
    });
    return {
      output,
      metrics: metricsOf(started, Date.now(), `${hostname()}:${pid}`),
      enforced: { memory: 'heap', termination: 'signals' },
    };
  }

  async check(tasks: readonly RegisteredTask[]): Promise<string[]> {
    const signal = AbortSignal.timeout(60_000);
    return (await this.serve(checkJob(tasks), { signal, graceMs: 0 })).output as string[];
  }

  async close(): Promise<void> {
    await (this.closing ??= (async () => {
      this.slots.refuseAll(closed());
      for (const child of this.children) child.kill('SIGKILL');
      await Promise.all([...this.children].map(({ ended }) => ended));
    })());
  }

  private async serve(
    job: Job,
    options: ConversationOptions,
  ): Promise<{ output: unknown; started: number; pid: number }> {
    const release = await this.slots.take(
      options.signal,
      () => new StoppedError(`no process was free in time (maxProcesses is ${this.slots.size})`),
    );
    try {
      if (this.closing) throw closed();
      const child = this.takeChild();
      const started = Date.now();
      const output = await this.converse(child, job, options);
      return { output, started, pid: child.pid };
    } finally {
      release();
    }
  }

  /** One job with one child, which afterwards is idle or gone. */
  private async converse(child: Child, job: Job, options: ConversationOptions): Promise<unknown> {
    const conversation = new Conversation(
      job,
      {
        send: (message) => child.send(message),
        terminate: () => child.kill('SIGTERM'),
        kill: () => child.kill('SIGKILL'),
      },
      options,
    );
    const fresh = !this.greeted.has(child);
    child.onMessage = (message) => {
      if (message.type === 'hello') this.greeted.add(child);
      conversation.receive(message);
    };
    const lost = child.ended.then((end) => {
      const came = !fresh || this.greeted.has(child);
      conversation.lost(this.closing ? closed() : this.whyLost(end, came));
    });
    try {
      return await conversation.ended;
    } finally {
      child.onMessage = undefined;
      if (conversation.reusable && child.alive) this.rest(child);
      else {
        child.kill('SIGKILL');
        await lost;
      }
    }
  }

  private readonly greeted = new WeakSet<Child>();

  private takeChild(): Child {
    for (const [child, timer] of [...this.idle].reverse()) {
      clearTimeout(timer);
      this.idle.delete(child);
      if (!child.alive) continue;
      child.hold(true);
      return child;
    }
    const child = newChild(this.options.memoryMb);
    this.children.add(child);
    void child.ended.then(() => {
      this.children.delete(child);
      clearTimeout(this.idle.get(child));
      this.idle.delete(child);
    });
    return child;
  }

  private rest(child: Child): void {
    child.hold(false);
    const timer = setTimeout(() => child.kill('SIGTERM'), IDLE_MS);
    this.idle.set(child, timer.unref());
  }

  private whyLost(
    { code, signal, stderr, heapFull, error }: ChildEnd,
    greeted: boolean,
  ): TaskError {
    if (error) return startError('process', error, error.message);
    if (!greeted)
      return startError('process', undefined, `it ended with ${signal ?? code}: ${stderr.trim()}`);
    const outOfMemory = heapFull || /heap out of memory/.test(stderr);
    const { memoryMb } = this.options;
    return exitError({ place: 'process', code, signal, outOfMemory, memoryMb, stderr });
  }
}

/** @throws TaskError ENVIRONMENT */
function newChild(memoryMb: number): Child {
  try {
    return new Child(memoryMb);
  } catch (error) {
    throw startError('process', error, (error as Error).message);
  }
}

const closed = (): StoppedError => new StoppedError('the worker has closed its processes');
