/**
 * Tells of executions that may miss their deadline, by one worker of a store at a time: the leader has a lease. What it
 * writes becomes the event `deadlineRisk`, once for each run.
 */
import { messageOf } from '../domain/errors.js';
import { deadlineRisk, type DeadlineRisk, type RunningNode } from '../domain/deadline-risk.js';
import type { OpenDeadline } from '../store/open-deadlines.js';
import type { Store } from '../store/store.js';

const LEASE = 'deadlines';
const LOOK_MS = 1_000;
const LEASE_MS = 15_000;
/** Executions that ended in so many days tell how long a task usually runs. */
const HISTORY_DAYS = 30;
const HISTORY_KEPT_MS = 10 * 60_000;
/** Nodes of one execution that are looked at. */
const MOST_NODES = 1_000;

export interface DeadlineWatchOptions {
  store: Store;
  /** Who it is, for the lease. */
  holder: string;
  /** How often the nodes that run are looked at. */
  intervalMs: number;
  warn: (message: string) => void;
}

export class DeadlineWatch {
  private timer: NodeJS.Timeout | undefined;
  private look: Promise<void> = Promise.resolve();
  private stopped = false;
  private led = false;
  private failing = false;
  private nodesAt = 0;
  private usual: { at: number; byTask: ReadonlyMap<string, number> } | undefined;

  constructor(private readonly options: DeadlineWatchOptions) {}

  start(): void {
    const inMs = Math.min(LOOK_MS, this.options.intervalMs);
    this.timer = setTimeout(() => {
      this.look = this.round().finally(() => {
        if (!this.stopped) this.start();
      });
    }, inMs);
    this.timer.unref();
  }

  /** Ends after the look that is under way. */
  async stop(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    await this.look;
    if (!this.led) return;
    await this.options.store.leases.release(LEASE, this.options.holder).catch(() => false);
  }

  private async round(): Promise<void> {
    const { store, holder, warn } = this.options;
    try {
      const now = Date.now();
      this.led = await store.leases.acquire(LEASE, holder, LEASE_MS, now);
      if (this.led) await this.tell(now);
      this.failing = false;
    } catch (error) {
      if (!this.failing) warn(`deadlines cannot be looked at, will try again: ${messageOf(error)}`);
      this.failing = true;
    }
  }

  private async tell(now: number): Promise<void> {
    const { store, intervalMs } = this.options;
    const open = await store.executions.openDeadlines();
    if (open.length === 0) return;
    const withNodes = now - this.nodesAt >= intervalMs;
    if (withNodes) this.nodesAt = now;
    for (const execution of open) {
      const running = withNodes ? await this.running(execution, now) : [];
      const risk = deadlineRisk(execution, running, now);
      if (risk) await this.write(execution, risk);
    }
  }

  private async write(execution: OpenDeadline, risk: DeadlineRisk): Promise<void> {
    const { executionId, runId: id, runStartedAt: startedAt } = execution;
    const { at } = risk;
    const run = id === null || startedAt === null ? {} : { run: { id, startedAt } };
    const write = { executionId, kind: 'graph' as const, sequence: at, ...run, deadlineRisk: risk };
    await this.options.store.executions.record([write], at);
  }

  private async running({ executionId }: OpenDeadline, now: number): Promise<RunningNode[]> {
    const { executions } = this.options.store;
    const page = await executions.children(executionId, { status: 'RUNNING', limit: MOST_NODES });
    const nodes = page.executions.filter(({ startedAt }) => startedAt !== null);
    if (nodes.length === 0) return [];
    const usual = await this.usualMs(now);
    return nodes.map(({ startedAt, taskId }) => ({
      startedAt: startedAt ?? now,
      usualMs: usual.get(taskId ?? ''),
    }));
  }

  /** Medians of what completed, by task. Programs, maps and sub-graphs are no task of their own. */
  private async usualMs(now: number): Promise<ReadonlyMap<string, number>> {
    if (this.usual && now - this.usual.at < HISTORY_KEPT_MS) return this.usual.byTask;
    const { groups = [] } = await this.options.store.stats.getExecutionStats({
      by: ['task', 'status'],
      kind: ['task', 'node', 'item'],
      since: now - HISTORY_DAYS * 86_400_000,
    });
    const byTask = new Map<string, number>();
    for (const { key, runMs } of groups) {
      const { task, status } = key;
      if (status !== 'COMPLETED' || typeof task !== 'string' || runMs.p50 === null) continue;
      if (!task.startsWith('tempograph.')) byTask.set(task, runMs.p50);
    }
    this.usual = { at: now, byTask };
    return byTask;
  }
}
