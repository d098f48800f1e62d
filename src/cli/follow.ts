/**
 * Follows an execution to its end: looks at it, tells an observer what has changed, and says when nobody works on it.
 *
 * The end is awaited beside the looking, for a look needs a worker that answers and the end does not.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { ExecutionResult } from '../client.js';
import type { CommandHandle } from '../remote/surface.js';
import type { NodeView } from '../workflows/messages.js';
import type { GraphView } from './graph-view.js';
import { isUnanswered, workerCommand } from './no-worker.js';
import type { Session } from './session.js';

export interface Observer {
  /** The nodes that have gone on since the last call; often none. */
  changed(nodes: readonly NodeView[]): void;
  /** The nodes that say that they have got further, and have not gone on otherwise. */
  progressed?(nodes: readonly NodeView[]): void;
  /** Nobody works on it, or undefined when somebody does again. */
  notice(text: string | undefined): void;
}

export interface FollowOptions {
  view: GraphView;
  observer: Observer;
  /** Aborted when the person has seen enough. */
  interrupted: AbortSignal;
  /** Rejects when a worker of this process died: nobody might go on with the execution. */
  workerDied?: Promise<never>;
}

/** A look that is not answered for this long is worth asking why. */
const PATIENCE_MS = 3_000;
/** Between a look that failed and the next, in milliseconds. */
const PAUSE_MS = 1_000;

/** @returns the result, or undefined when it was interrupted */
export async function follow(
  session: Session,
  handle: CommandHandle,
  options: FollowOptions,
): Promise<ExecutionResult | undefined> {
  const stop = new AbortController();
  const { interrupted, workerDied, view, observer } = options;
  const enough = new Promise<undefined>((resolve) => {
    if (interrupted.aborted) resolve(undefined);
    interrupted.addEventListener('abort', () => resolve(undefined), { once: true });
  });
  const looking = look(session, handle, options, stop.signal);
  try {
    const never = workerDied ?? new Promise<never>(() => undefined);
    // `looking` ends only by an error; what the last look has not seen, `finish` tells.
    const result = await Promise.race([handle.result(), enough, looking, never]);
    if (!result) return undefined;
    observer.notice(undefined);
    observer.changed(view.finish(result));
    return result;
  } finally {
    stop.abort();
  }
}

/** Looks until it is stopped. Rejects when the execution cannot be looked at. */
async function look(
  session: Session,
  handle: CommandHandle,
  { view, observer }: FollowOptions,
  stopped: AbortSignal,
): Promise<never> {
  const idle = new IdleAlarm(session, handle.executionId, observer, stopped);
  while (!stopped.aborted) {
    idle.asks();
    try {
      for await (const update of handle.watch()) {
        if (stopped.aborted) break;
        idle.answered();
        const moved = view.apply(update);
        observer.changed(moved);
        observer.progressed?.(update.changed.filter((one) => one.progress && !moved.includes(one)));
        if (view.ended) break;
        idle.asks();
      }
      idle.answered();
      if (view.ended) break;
    } catch (error) {
      if (stopped.aborted) break;
      if (!isUnanswered(error)) throw error;
      await delay(PAUSE_MS, undefined, { ref: false });
    }
  }
  return await new Promise<never>(() => undefined); // the end is the result's to tell
}

/** Says that no worker is there when a look is not answered, and takes it back when one is. */
class IdleAlarm {
  private timer: NodeJS.Timeout | undefined;
  private told = false;
  private answers = 0;

  constructor(
    private readonly session: Session,
    private readonly executionId: string,
    private readonly observer: Observer,
    private readonly stopped: AbortSignal,
  ) {
    stopped.addEventListener('abort', () => clearTimeout(this.timer), { once: true });
  }

  asks(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.check(), PATIENCE_MS);
  }

  answered(): void {
    clearTimeout(this.timer);
    if (this.told) this.observer.notice(undefined);
    this.told = false;
    this.answers++;
  }

  private async check(): Promise<void> {
    const { answers } = this;
    const workers = await this.session.workersOf(this.executionId).catch(() => undefined);
    if (this.stopped.aborted || !workers || answers !== this.answers) return;
    const { taskQueue, pollers } = workers;
    this.told = true;
    this.observer.notice(
      pollers === 0
        ? `no worker polls the task queue ${JSON.stringify(taskQueue)}, so the execution waits; start one with ${workerCommand(taskQueue)}`
        : `no worker on the task queue ${JSON.stringify(taskQueue)} has answered for ${PATIENCE_MS / 1_000} s; the execution waits`,
    );
  }
}
