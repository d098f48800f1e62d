/**
 * Runs handlers in a pool of threads (piscina). A handler that spins or fills its heap ends with its thread, not with
 * the worker; files, network and environment are the worker's: no sandbox is claimed.
 */
import { hostname } from 'node:os';
import { setTimeout as wait } from 'node:timers/promises';
import { MessageChannel, receiveMessageOnPort, type MessagePort } from 'node:worker_threads';
import { Piscina } from 'piscina';
import { messageOf, TaskError } from '../domain/errors.js';
import { isObject } from '../domain/json.js';
import type { RegisteredTask } from '../registry.js';
import { Conversation, type ConversationOptions } from './conversation.js';
import { exitError, startError } from './guest-exit.js';
import { checkJob, runJob } from './guest-job.js';
import { guestProgram } from './guest-program.js';
import type { FromGuest, Job } from './protocol.js';
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
/** How long to wait for a thread that was ended; native code cannot be interrupted. */
const GONE_MS = 1_000;

export interface ThreadOptions {
  maxThreads: number;
  memoryMb: number;
  graceMs: number;
}

interface Thread {
  id: number;
  gone: Promise<unknown>;
}

export class ThreadRunner implements Runner {
  readonly detail: ModeDetail;
  private readonly slots: Slots;
  private pool: Piscina | undefined;
  private closing: Promise<void> | undefined;
  private readonly threads = new WeakMap<object, Thread>();
  private readonly stops = new Set<AbortController>();

  constructor(private readonly options: ThreadOptions) {
    const { maxThreads, memoryMb } = options;
    this.detail = { mode: 'thread', size: maxThreads, memoryMb };
    this.slots = new Slots(maxThreads);
  }

  async run(request: RunRequest, { signal }: RunOptions): Promise<RunOutcome> {
    const { context } = request;
    const { graceMs } = this.options;
    const { output, ...told } = await this.serve(runJob(request), { signal, graceMs, context });
    const place = `${hostname()}:${process.pid}/thread-${told.threadId}`;
    return {
      output,
      metrics: metricsOf(told.started, Date.now(), place),
      enforced: { memory: 'heap', termination: 'terminate' },
    };
  }

  async check(tasks: readonly RegisteredTask[]): Promise<string[]> {
    const { output } = await this.serve(checkJob(tasks), {
      signal: AbortSignal.timeout(60_000),
      graceMs: 0,
    });
    return output as string[];
  }

  async close(): Promise<void> {
    await (this.closing ??= (async () => {
      this.slots.refuseAll(closed());
      for (const stop of this.stops) stop.abort();
      await this.pool?.destroy();
    })());
  }

  private async serve(
    job: Job,
    options: ConversationOptions,
  ): Promise<{ output: unknown; started: number; threadId: number }> {
    const release = await this.slots.take(
      options.signal,
      () => new StoppedError(`no thread was free in time (maxThreads is ${this.slots.size})`),
    );
    const { port1, port2 } = new MessageChannel();
    const stop = new AbortController();
    this.stops.add(stop);
    let thread: Thread | undefined;
    const end = (): void => stop.abort();
    const conversation = new Conversation(
      job,
      { send: (message) => port1.postMessage(message), terminate: end, kill: end },
      options,
    );
    port1.on('message', (message: FromGuest) => {
      if (message.type === 'hello') thread = this.threadOf(message.threadId);
      conversation.receive(message);
    });
    const call = this.begin(port2, stop.signal)
      // Its last word came by another port, and perhaps is still there.
      .then(() => drain(port1, conversation))
      .catch(async (error: unknown) => {
        if (stop.signal.aborted) await within(GONE_MS, thread?.gone);
        drain(port1, conversation);
        conversation.lost(this.closing ? closed() : this.whyLost(error, conversation.greeted));
      })
      .finally(() => {
        port1.close();
        this.stops.delete(stop);
        // A thread that is still in native code keeps its place.
        void Promise.resolve(stop.signal.aborted ? thread?.gone : undefined).then(release);
      });
    const started = Date.now();
    const output = await conversation.ended.finally(() => call);
    return { output, started, threadId: thread?.id ?? 0 };
  }

  private async begin(port: MessagePort, signal: AbortSignal): Promise<void> {
    if (this.closing) throw closed();
    this.pool ??= this.makePool();
    await this.pool.run({ port }, { name: 'runInThread', transferList: [port], signal });
  }

  private makePool(): Piscina {
    const { maxThreads, memoryMb } = this.options;
    const pool = new Piscina({
      filename: guestProgram(),
      minThreads: 0,
      maxThreads,
      idleTimeout: IDLE_MS,
      // Blocking between jobs would hold up the messages of a job that has ended.
      atomics: 'disabled',
      recordTiming: false,
      resourceLimits: { maxOldGenerationSizeMb: memoryMb },
    });
    // A thread that cannot start leaves its job in piscina's queue for ever.
    pool.on('error', () => {
      for (const stop of this.stops) if (pool.threads.length === 0) stop.abort();
    });
    return pool;
  }

  private threadOf(id: number): Thread | undefined {
    const worker = this.pool?.threads.find(({ threadId }) => threadId === id);
    if (!worker) return undefined;
    let thread = this.threads.get(worker);
    if (!thread) {
      thread = { id, gone: new Promise((resolve) => worker.once('exit', resolve)) };
      this.threads.set(worker, thread);
    }
    return thread;
  }

  private whyLost(error: unknown, greeted: boolean): Error {
    if (!greeted) return startError('thread', error, messageOf(error));
    const outOfMemory = isObject(error) && error['code'] === 'ERR_WORKER_OUT_OF_MEMORY';
    const code = /exited with code: (\d+)/.exec(messageOf(error))?.[1];
    if (!outOfMemory && code === undefined)
      return new TaskError('CRASHED', `the handler's thread ended: ${messageOf(error)}`, {
        cause: error,
      });
    return exitError({
      place: 'thread',
      code: Number(code ?? 0),
      signal: null,
      outOfMemory,
      memoryMb: this.options.memoryMb,
    });
  }
}

const closed = (): StoppedError => new StoppedError('the worker has closed its threads');

/** What the guest said before it ended may still lie in the port. */
function drain(port: MessagePort, conversation: Conversation): void {
  for (let next = receiveMessageOnPort(port); next; next = receiveMessageOnPort(port))
    conversation.receive(next.message as FromGuest);
}

async function within(ms: number, promise: Promise<unknown> | undefined): Promise<void> {
  if (!promise) return;
  const timer = new AbortController();
  await Promise.race([
    promise,
    wait(ms, undefined, { signal: timer.signal }).catch(() => undefined),
  ]);
  timer.abort();
}
