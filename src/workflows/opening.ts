/** Opens the window of a batch by and by, see `domain/opening-window.ts`. */
import { OpeningWindow } from '../domain/opening-window.js';
import type { Scheduler } from '../domain/scheduler.js';
import type { GraphRunParts } from './graph-run-parts.js';
import type { GraphState } from './graph-state.js';
import type { Delivered } from './node-executor.js';

export class Opening {
  private readonly window: OpeningWindow;

  private constructor(
    private readonly scheduler: Scheduler,
    private readonly state: GraphState,
  ) {
    this.window = new OpeningWindow(scheduler.concurrency);
    scheduler.narrow(this.window.size);
  }

  /**
   * Of a batch in one piece: segments have windows of their own. Light items run beside others in one activity, and none of
   * them lies in a queue of the server.
   */
  static of(
    { prepared, plan }: GraphRunParts,
    scheduler: Scheduler,
    state: GraphState,
  ): Opening | undefined {
    const isQueued = !('bodies' in prepared.plan) && !plan.classes.some(({ light }) => light);
    return isQueued && prepared.execution.kind === 'batch'
      ? new Opening(scheduler, state)
      : undefined;
  }

  /** An item is heard of, and its time of hand-over is still known. */
  heard(index: number, delivered: Delivered): void {
    const first = 'attempts' in delivered ? delivered.attempts[0]?.startedAt : undefined;
    const { scheduledAt } = this.state.timesOf(index);
    const isKnown = first !== undefined && scheduledAt !== undefined;
    this.window.ended(isKnown ? Date.parse(first) - scheduledAt : undefined);
    this.scheduler.narrow(this.window.size);
  }

  /** Before more is handed over. @returns when to look again, epoch milliseconds */
  look(now: number): number | undefined {
    if (this.scheduler.firstWithoutPlace === undefined) return undefined;
    const next = this.window.look(now);
    this.scheduler.narrow(this.window.size);
    return next;
  }
}
