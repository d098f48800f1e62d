/** `taskSegment`: holds the activities of some nodes of a big graph and reports how they end. Started by `taskGraph` only. */
import {
  ApplicationFailure,
  CancellationScope,
  condition,
  getExternalWorkflowHandle,
  setCurrentDetails,
  workflowInfo,
} from '@temporalio/workflow';
import { fitting } from '../domain/budget.js';
import { INLINE_LIMIT_SEGMENT } from '../domain/outcome.js';
import { HereExecutor } from './here.js';
import { LentNodes, type Told } from './lent-nodes.js';
import type { StopHow } from './node-executor.js';
import { isAssign, isCancel, isSegmentArgs, isTell } from './shapes.js';
import { onSignal, shielded } from './shielded.js';
import { ACTIVITY, SIGNAL } from './messages.js';
import type { AssignSignal, SegmentArgs, SettledSignal } from './between.js';
import { LOOK, work } from './work.js';

/** Outcomes in one report, and characters of JSON: a payload has at most 2 MB. */
const OUTCOMES_PER_REPORT = 1_000;
const REPORT_BYTES = 500_000;
/** What nobody waits for is reported after this time, or with so much else. */
const QUIET = '200ms';
const QUIET_MOST = 100;
/** An idle segment that hears nothing for so long looks whether its coordinator is still there. */
const IDLE = '10m';

/** @returns how many nodes ended here */
export async function taskSegment(args: SegmentArgs): Promise<{ ended: number }> {
  if (!isSegmentArgs(args)) {
    throw ApplicationFailure.nonRetryable(
      'taskSegment is started by taskGraph; start taskGraph with your spec instead',
      'CONFIGURATION',
    );
  }
  const { cancelRequested } = CancellationScope.current();
  return await CancellationScope.nonCancellable(() => {
    const segment = new Segment(args);
    void cancelRequested.catch(() => shielded(() => segment.cancelAll()));
    return segment.run();
  });
}

class Segment {
  private readonly executor: HereExecutor;
  private readonly lent: LentNodes;
  private readonly running = new Set<number>();
  private readonly outbox: Told[] = [];
  private sealed = false;
  private orphaned = false;
  /** Somebody waits for what is to be reported. */
  private urgent = false;
  private ended = 0;
  private version = 0;

  constructor(private readonly args: SegmentArgs) {
    const { prepared, classes } = args;
    this.executor = new HereExecutor(
      { ...prepared, classes, inlineLimit: INLINE_LIMIT_SEGMENT },
      (index, delivered) => {
        if ('passed' in delivered)
          return this.heard({ outcome: [index, delivered], places: 0, quiet: false });
        this.lent.heard(index, delivered);
        this.urgent ||= this.lent.lacksPlace;
      },
    );
    this.lent = new LentNodes(
      (order) => this.executor.begin([order]),
      (told) => this.heard(told),
    );
    // Signals that came with the start are heard as their handlers are set: what is asked of nodes, after their orders.
    this.assign(args);
    onSignal(SIGNAL.assign, (signal) => {
      if (isAssign(signal, classes.length)) this.assign(signal);
    });
    onSignal(SIGNAL.recall, () => this.lent.recall());
    onSignal(SIGNAL.cancel, (signal) => {
      if (isCancel(signal))
        this.stop(signal.indexes, signal.end ? 'end' : signal.pause ? 'pause' : 'cancel');
    });
    onSignal(SIGNAL.tell, (signal) => {
      if (isTell(signal)) this.executor.tell(signal.indexes, signal.tell);
    });
  }

  async run(): Promise<{ ended: number }> {
    void this.report();
    for (;;) {
      const seen = this.version;
      setCurrentDetails(
        `${this.running.size} nodes running, ${this.ended} ended, for \`${this.args.coordinatorId}\``,
      );
      if (this.isDone()) return { ended: this.ended };
      const changed = (): boolean => this.version !== seen;
      if (this.running.size > 0) await condition(changed);
      else if (!(await condition(changed, IDLE))) await this.lookForCoordinator();
    }
  }

  cancelAll(): void {
    this.lent.recall();
    this.stop([...this.running], 'cancel');
  }

  private assign({ orders, bursts = [], lent, sealed }: AssignSignal): void {
    this.version++;
    this.sealed ||= sealed;
    const light = bursts.flatMap(({ nodes }) => nodes.map(({ order }) => order));
    const { classes } = this.args;
    const placed = new Set(
      orders.filter(({ look, ended, class: of }) => !look && !ended && !classes[of]?.kind),
    );
    for (const order of [...orders, ...light]) {
      this.running.add(order.index);
      this.lent.ordered(order.index, placed.has(order));
    }
    this.executor.begin(orders);
    for (const burst of bursts) this.executor.beginBurst(burst);
    if (lent) this.lent.take(lent);
  }

  private heard(told: Told): void {
    if (told.outcome) {
      const [index, delivered] = told.outcome;
      if ('begun' in delivered) this.running.add(index);
      else if (!('passed' in delivered)) this.running.delete(index);
      if ('status' in delivered) this.ended++;
    }
    this.outbox.push(told);
    this.urgent ||= !told.quiet || this.outbox.length >= QUIET_MOST;
    this.version++;
  }

  private stop(indexes: readonly number[], how: StopHow): void {
    this.executor.stop(this.lent.stop(indexes), how);
    this.version++;
  }

  private isDone(): boolean {
    return (
      (this.sealed || this.orphaned) &&
      this.running.size + this.lent.size === 0 &&
      (this.outbox.length === 0 || this.orphaned)
    );
  }

  /** Reports one batch at a time: what ends meanwhile goes with the next. */
  private async report(): Promise<void> {
    const coordinator = getExternalWorkflowHandle(this.args.coordinatorId);
    for (;;) {
      await condition(() => this.outbox.length > 0);
      if (!this.urgent) await condition(() => this.urgent, QUIET);
      const told = this.outbox.slice(0, fitting(this.outbox, OUTCOMES_PER_REPORT, REPORT_BYTES));
      this.urgent = told.length < this.outbox.length;
      const kept = told.reduce((sum, { places }) => sum + places, 0);
      const signal: SettledSignal = {
        segmentId: workflowInfo().workflowId,
        outcomes: told.flatMap(({ outcome }) => (outcome ? [outcome] : [])),
        ...(kept === 0 ? {} : { kept }),
      };
      try {
        await coordinator.signal(SIGNAL.settled, signal);
      } catch {
        return this.abandon();
      }
      this.outbox.splice(0, told.length);
      this.version++;
    }
  }

  /** The coordinator is gone, so nobody waits for what runs here. */
  private abandon(): void {
    this.orphaned = true;
    this.cancelAll();
  }

  private async lookForCoordinator(): Promise<void> {
    let found: string;
    try {
      found = await work<string>(ACTIVITY.describe, [this.args.coordinatorId], LOOK);
    } catch {
      return; // not knowing is no reason to give up: it is looked at again
    }
    if (found !== 'running') this.abandon();
  }
}
