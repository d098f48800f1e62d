/**
 * Watches running executions for many at once: one poller for each execution, however many look.
 *
 * L1. Whoever comes gets the whole state first, then what changes.
 * L2. A slow reader gets fewer updates, never old ones: what it has not taken yet is merged, node by node.
 * L3. The last update has a terminal status. When the last reader has gone, the poller stops.
 * L4. A look that found nothing new is told once a second, as a sign that a worker answers.
 * L5. A look that fails, or that nobody answers, is made anew, and no reader is told: under load Temporal keeps a question
 *     for as long as half a minute with a worker that will not answer it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ExecutionUpdate, TaskEngine } from '../client.js';
import { TaskError } from '../domain/errors.js';
import { isTerminal } from '../domain/status.js';
import type { NodeView } from '../workflows/messages.js';

/** How long a look may take before it is made anew: twice as long each time, since a large graph takes its time. */
const PATIENCE_MS = 5_000;
/** Between updates that say nothing new. */
const QUIET_MS = 1_000;
/** Looks that fail one after another before the readers are told. */
const LOOKS = 4;

/** How patient a hub is. */
export interface Patience {
  lookMs: number;
  /** Between a look that failed and the next. */
  againMs: number;
  /** Between updates that say nothing new. */
  quietMs: number;
}

interface Reader {
  waiting: ExecutionUpdate | undefined;
  failed: unknown;
  wake: () => void;
}

class Watched {
  readonly readers = new Set<Reader>();
  private readonly nodes = new Map<string, NodeView>();
  private last: ExecutionUpdate | undefined;
  private toldAt = 0;

  constructor(private readonly quietMs: number) {}

  /** The state now, as a first update; undefined before there is one. */
  get whole(): ExecutionUpdate | undefined {
    return this.last && { ...this.last, changed: [...this.nodes.values()] };
  }

  get ended(): boolean {
    return this.last !== undefined && isTerminal(this.last.status);
  }

  take(update: ExecutionUpdate): void {
    const now = Date.now();
    const isNews = update.changed.length > 0 || !isSame(update, this.last);
    if (!isNews && now - this.toldAt < this.quietMs) return;
    this.toldAt = now;
    for (const node of update.changed) this.nodes.set(node.id, node);
    this.last = update;
    for (const reader of this.readers) {
      reader.waiting = reader.waiting ? merged(reader.waiting, update) : update;
      reader.wake();
    }
  }

  fail(error: unknown): void {
    for (const reader of this.readers) {
      reader.failed = error;
      reader.wake();
    }
  }
}

export class LiveHub {
  private readonly watched = new Map<string, { state: Watched; stop: AbortController }>();

  constructor(
    private readonly engine: TaskEngine,
    private readonly patience: Patience = { lookMs: PATIENCE_MS, againMs: 300, quietMs: QUIET_MS },
  ) {}

  /** How many executions are polled now. */
  get pollers(): number {
    return this.watched.size;
  }

  /** How many look at them. */
  get watchers(): number {
    return [...this.watched.values()].reduce((sum, { state }) => sum + state.readers.size, 0);
  }

  /** Updates until the execution has ended. @throws TaskError NOT_FOUND */
  async *watch(executionId: string, signal: AbortSignal): AsyncGenerator<ExecutionUpdate> {
    const { state, stop } = this.poller(executionId);
    const reader: Reader = { waiting: state.whole, failed: undefined, wake: () => {} };
    state.readers.add(reader);
    const wake = (): void => reader.wake();
    signal.addEventListener('abort', wake);
    try {
      while (!signal.aborted) {
        const update = reader.waiting;
        if (update) {
          reader.waiting = undefined;
          yield update;
          if (isTerminal(update.status)) return;
        } else if (reader.failed !== undefined) {
          throw reader.failed as Error;
        } else {
          await new Promise<void>((resolve) => (reader.wake = resolve));
        }
      }
    } finally {
      signal.removeEventListener('abort', wake);
      state.readers.delete(reader);
      if (state.readers.size === 0) {
        stop.abort();
        if (this.watched.get(executionId)?.state === state) this.watched.delete(executionId);
      }
    }
  }

  /** Ends all of them. */
  close(): void {
    for (const { stop } of this.watched.values()) stop.abort();
    this.watched.clear();
  }

  private poller(executionId: string): { state: Watched; stop: AbortController } {
    const found = this.watched.get(executionId);
    if (found) return found;
    const made = { state: new Watched(this.patience.quietMs), stop: new AbortController() };
    this.watched.set(executionId, made);
    void this.poll(executionId, made);
    return made;
  }

  private async poll(
    executionId: string,
    { state, stop }: { state: Watched; stop: AbortController },
  ): Promise<void> {
    let failed = 0;
    try {
      while (!stop.signal.aborted && !state.ended) {
        try {
          for await (const update of this.looks(executionId, stop.signal, failed)) {
            failed = 0;
            state.take(update);
          }
        } catch (error) {
          if (++failed === LOOKS || isFinal(error)) throw error;
          await sleep(this.patience.againMs, undefined, { signal: stop.signal });
        }
      }
    } catch (error) {
      state.fail(error);
    } finally {
      // The next who comes gets a poller of its own.
      if (this.watched.get(executionId)?.state === state) this.watched.delete(executionId);
    }
  }

  /** What one watch of the engine gives. @throws TaskError UNREACHABLE where it is silent for too long */
  private async *looks(
    executionId: string,
    signal: AbortSignal,
    failed: number,
  ): AsyncGenerator<ExecutionUpdate> {
    const left = new AbortController();
    const both = AbortSignal.any([signal, left.signal]);
    const handle = await this.engine.open(executionId);
    const updates = handle.watch({ signal: both })[Symbol.asyncIterator]();
    try {
      for (;;) {
        const next = await this.inTime(updates.next(), this.patience.lookMs * 2 ** failed);
        if (next.done) return;
        yield next.value;
      }
    } finally {
      left.abort();
      // It may still wait for the answer that never came.
      void updates.return(undefined).then(undefined, () => undefined);
    }
  }

  private async inTime<T>(asked: Promise<T>, ms: number): Promise<T> {
    const over = new AbortController();
    const late = sleep(ms, undefined, { signal: over.signal, ref: false }).then(() => {
      throw new TaskError('UNREACHABLE', `nobody answered within ${ms} ms`);
    });
    // Whichever of them loses has nobody who waits for it.
    late.catch(() => undefined);
    asked.catch(() => undefined);
    try {
      return await Promise.race([asked, late]);
    } finally {
      over.abort();
    }
  }
}

/** Whether two updates say the same of the whole. */
function isSame(update: ExecutionUpdate, last: ExecutionUpdate | undefined): boolean {
  const whole = (one: ExecutionUpdate): string => JSON.stringify({ ...one, changed: [] });
  return last !== undefined && whole(update) === whole(last);
}

/** What asking again does not change. */
function isFinal(error: unknown): boolean {
  return error instanceof TaskError && ['NOT_FOUND', 'FORBIDDEN'].includes(error.code);
}

function merged(before: ExecutionUpdate, after: ExecutionUpdate): ExecutionUpdate {
  const nodes = new Map(before.changed.map((node) => [node.id, node]));
  for (const node of after.changed) nodes.set(node.id, node);
  return { ...after, changed: [...nodes.values()] };
}
