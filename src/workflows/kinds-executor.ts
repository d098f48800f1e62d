/** Sends each node where its kind is run: approvals wait in the graph's own workflow, all else goes to the other executor. */
import type { NodeClass } from '../domain/plan.js';
import type { Approvals } from './approvals.js';
import type { AboveSignal, OpenQuestion, SettledSignal } from './between.js';
import type { CarriedSegments, NodeExecutor, StopHow } from './node-executor.js';
import type { Burst, Lent, NodeOrder } from './requests.js';

export class KindsExecutor implements NodeExecutor {
  constructor(
    private readonly inner: NodeExecutor,
    readonly approvals: Approvals,
    private readonly classes: readonly NodeClass[],
  ) {}

  begin(orders: readonly NodeOrder[]): void {
    const questions = orders.filter((order) => this.classes[order.class]?.kind === 'approval');
    this.approvals.begin(questions);
    const others = orders.filter((order) => !questions.includes(order));
    if (others.length > 0) this.inner.begin(others);
  }

  beginBurst(burst: Burst): void {
    this.inner.beginBurst(burst);
  }

  stop(indexes: readonly number[], how: StopHow): void {
    // A question that is asked stays asked while its graph is paused.
    if (how !== 'pause') this.approvals.cancel(indexes);
    const others = indexes.filter((index) => !this.approvals.has(index));
    if (others.length > 0) this.inner.stop(others, how);
  }

  lend(run: string, lent: Lent): void {
    this.inner.lend?.(run, lent);
  }

  lendsTo(index: number): string | undefined {
    return this.inner.lendsTo?.(index);
  }

  openRun(): string | undefined {
    return this.inner.openRun?.();
  }

  keptIn(run: string): number {
    return this.inner.keptIn?.(run) ?? 0;
  }

  roomIn(run: string): number {
    return this.inner.roomIn?.(run) ?? 0;
  }

  recall(): void {
    this.inner.recall?.();
  }

  tell(indexes: readonly number[], signal: AboveSignal): void {
    this.inner.tell(indexes, signal);
  }

  hasRoom(): boolean {
    return this.inner.hasRoom();
  }

  runs(): string[] {
    return this.inner.runs();
  }

  runOf(index: number): string | undefined {
    return this.inner.runOf(index);
  }

  pending(): number {
    return this.inner.pending() + this.approvals.pending();
  }

  async close(): Promise<void> {
    this.approvals.close();
    await this.inner.close();
  }

  get carry(): (() => CarriedSegments & { questions: OpenQuestion[] }) | undefined {
    const { inner } = this;
    if (!inner.carry) return undefined;
    return () => ({
      segments: [],
      nextSegment: 0,
      ...inner.carry?.(),
      questions: this.approvals.carry(),
    });
  }

  freeze(): SettledSignal[] {
    return this.inner.freeze?.() ?? [];
  }

  thaw(): void {
    this.inner.thaw?.();
  }
}
