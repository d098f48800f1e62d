/** Rounds of {@link reconcileOpen} and {@link reconcileVisible}, by one worker of each task queue at a time: the leader has a lease. */
import { messageOf } from '../domain/errors.js';
import { PRUNED_AT_MOST } from '../store/log-lines.js';
import { reconcileOpen, reconcileVisible, type ReconcileParts } from './reconcile.js';

const PRUNE_EVERY_MS = 60 * 60_000;
/** Executions younger than this are still being written by their workers. */
const SETTLING_MS = 10_000;
/** How far back the visible ones are looked at; the first round of a leader looks at all. */
const LOOK_BACK_ROUNDS = 4;

export interface ReconcilerOptions extends ReconcileParts {
  /** Who it is, for the lease. */
  holder: string;
  /** Whose executions it looks for. Workers of other queues may have stores of their own. */
  taskQueue: string;
  intervalMs: number;
  /** How long log lines are kept. */
  logRetentionMs: number;
  warn: (message: string) => void;
}

export class Reconciler {
  private timer: NodeJS.Timeout | undefined;
  private round: Promise<void> = Promise.resolve();
  private stopped = false;
  private led = false;
  private prunedAt = 0;
  /** Where the next round goes on with what is open. */
  private openFrom: string | undefined;

  constructor(private readonly options: ReconcilerOptions) {}

  start(): void {
    this.timer = setTimeout(() => {
      this.round = this.run().finally(() => {
        if (!this.stopped) this.start();
      });
    }, this.options.intervalMs);
    this.timer.unref();
  }

  /** Ends after the round that is under way. */
  async stop(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    await this.round;
    if (!this.led) return;
    await this.options.store.leases.release(this.lease, this.options.holder).catch(() => false);
  }

  private get lease(): string {
    return `reconciler:${this.options.taskQueue}`;
  }

  private async run(): Promise<void> {
    const { store, holder, intervalMs, taskQueue, warn } = this.options;
    try {
      const now = Date.now();
      const leads = await store.leases.acquire(this.lease, holder, intervalMs * 3, now);
      const fresh = leads && !this.led;
      this.led = leads;
      if (!leads) return;
      const settled = now - Math.min(SETTLING_MS, intervalMs);
      const round = { olderThan: settled, from: this.openFrom };
      this.openFrom = (await reconcileOpen(this.options, round)).next;
      const since = new Date(settled - LOOK_BACK_ROUNDS * intervalMs);
      const until = new Date(settled);
      await reconcileVisible(this.options, { until, taskQueue, ...(fresh ? {} : { since }) });
      if (now - this.prunedAt < PRUNE_EVERY_MS) return;
      await store.events.prune(now);
      const pruned = await store.logs.prune(now - this.options.logRetentionMs);
      if (pruned >= PRUNED_AT_MOST) return; // the next round goes on
      this.prunedAt = now;
    } catch (error) {
      warn(`the reconciler's round failed, the next is in ${intervalMs} ms: ${messageOf(error)}`);
    }
  }
}
