/** Nodes with `onCancel: run`: what has to be cleaned up though its graph is cancelled, or its time is over. */
import type { HeldPlan } from '../domain/plan.js';
import type { Scheduler } from '../domain/scheduler.js';
import { showStatus } from './finish.js';
import type { NodeExecutor } from './node-executor.js';
import type { GraphVerbs } from './verbs.js';

const RESUMED = 'no pause holds back what cleans up';

export interface CleanUpParts {
  plan: HeldPlan;
  scheduler: Scheduler;
  executor: () => Pick<NodeExecutor, 'tell'>;
  /** Writes down that something goes on. */
  verbs: () => Pick<GraphVerbs, 'mark' | 'markNode'>;
}

export class CleanUp {
  constructor(private readonly parts: CleanUpParts) {}

  /** True for a node that neither a cancel nor the deadline stops. */
  has(index: number): boolean {
    return this.parts.plan.nodes[index]?.runsOnCancel === true;
  }

  /** Those that have not ended, and those of them that run. Costs O(graph). */
  counts(): { open: number; running: number } {
    const states = this.open().map((index) => this.parts.scheduler.state(index));
    const running = states.filter((state) => state === 'running').length;
    return { open: states.length, running };
  }

  /** True where nothing else is left to be done, but to make results. Costs O(graph). */
  isAllThatIsOpen(): boolean {
    const { plan, scheduler } = this.parts;
    const isDone = (index: number): boolean =>
      scheduler.state(index) === 'settled' || scheduler.hasPassed(index);
    return plan.nodes.every((_, index) => this.has(index) || isDone(index));
  }

  /** The graph is about to be cancelled, which ends its pauses: they end below, too, and that is written down. */
  resume(): void {
    const { scheduler, executor, verbs } = this.parts;
    const paused = this.open().filter((index) => scheduler.isPaused(index));
    const alone = paused.filter((index) => scheduler.isNodePaused(index));
    if (paused.length === 0) return;
    const isAll = scheduler.isAllPaused;
    const runs = (index: number): boolean => scheduler.state(index) === 'running';
    const mark = { at: new Date(Date.now()).toISOString(), note: RESUMED };
    if (isAll) verbs().mark({ status: 'RUNNING', ...mark });
    if (isAll) showStatus('RUNNING');
    for (const index of alone) verbs().markNode(index, { status: 'PENDING', ...mark }, runs(index));
    executor().tell(paused.filter(runs), { verb: 'resume', reason: RESUMED });
  }

  private open(): number[] {
    const { plan, scheduler } = this.parts;
    return plan.nodes.flatMap((_, index) =>
      this.has(index) && scheduler.state(index) !== 'settled' ? [index] : [],
    );
  }
}
