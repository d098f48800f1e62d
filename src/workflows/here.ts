/** Runs nodes as activities of this workflow: one activity a node, in a cancellation scope of its own. */
import { CancellationScope, scheduleActivity, workflowInfo } from '@temporalio/workflow';
import {
  heldByPause,
  isHeld,
  unrun,
  withoutResult,
  withSpent,
  type ActivityOutcome,
  type NodeOutcome,
  type Spent,
} from '../domain/outcome.js';
import type { NodeClass } from '../domain/plan.js';
import { outcomeOfFailure, outcomeOfResult } from './activity-failure.js';
import { activityOptions, placing, queueOf, type Placed } from './activity-options.js';
import { Alarm } from './alarm.js';
import type { AboveSignal } from './between.js';
import { BurstActivities } from './burst-activities.js';
import { Children } from './children.js';
import { Elsewhere } from './elsewhere.js';
import { ACTIVITY } from './messages.js';
import type { Deliver, NodeExecutor, StopHow } from './node-executor.js';
import { nodeRequest } from './node-request.js';
import type { AttemptLook, LookAtAttempts } from './operator-messages.js';
import type { Burst, NodeOrder, NodeRequest, Prepared, SettleRequest } from './requests.js';
import { Results, STOPPED } from './results.js';
import { TaskBudget } from './task-budget.js';
import { isUnknown, settleUnknown } from './unknown.js';
import { LOOK, work } from './work.js';

/** In a history longer than this the server keeps all waits: a hold costs eleven events, and the server ends a run at 51,200. */
const HOLDS_UP_TO = 30_000;
const EVER_MS = 366 * 86_400_000;
/** Activities that are pending at once: at 2,000 the server refuses the workflow task, for ever. */
const PENDING_LIMIT = 1_500;
/** Activities that one look at the server is about: what each has behind it comes back in one payload of at most 2 MB. */
const LOOKED_AT = 50;

export type HereContext = Omit<Prepared, 'plan' | 'rerun'> & {
  classes: readonly NodeClass[];
  inlineLimit: number;
};

interface Running {
  order: NodeOrder;
  scope: CancellationScope;
}

export class HereExecutor implements NodeExecutor {
  private readonly alarm = new Alarm(() => this.drain());
  private waiting: NodeOrder[] = [];
  private readonly waitingBursts: Burst[] = [];
  private pendingActivities = 0;
  private readonly running = new Map<number, Running>();
  /** What nodes that are stopped have behind them, where only the server knows. */
  private readonly behind = new Map<number, Spent>();
  /** Running nodes that were asked to stop, but not for good. */
  private readonly pausing = new Map<number, 'pause' | 'end'>();
  private readonly elsewhere = new Elsewhere();
  private readonly children: Children;
  private readonly bursts: BurstActivities;
  private readonly budget = new TaskBudget();
  private readonly results = new Results(this.budget);

  constructor(
    private readonly context: HereContext,
    private readonly deliver: Deliver,
  ) {
    this.children = new Children(context);
    this.bursts = new BurstActivities({
      context,
      classOf: (order) => this.classOf(order),
      options: (order) => placing(this.placed(order)),
      unheard: (order, error) => outcomeOfFailure(error, order, this.request(order), Date.now()),
      isOpen: (order, outcome) =>
        !isHeld(outcome) &&
        (this.pausing.get(order.index) === 'end' || !this.isWhole(order, outcome)),
      told: (order, outcome) => this.toldOfBurst(order, outcome),
    });
  }

  beginBurst(burst: Burst): void {
    this.waitingBursts.push(burst);
    this.drain();
  }

  private runBurst(burst: Burst): void {
    this.budget.spend(burst);
    this.pendingActivities++;
    void this.bursts.run(burst).then(() => {
      this.pendingActivities--;
      this.drain();
    });
  }

  /** @param outcome undefined for a node that has not begun: whatever was asked of it, its graph does */
  private toldOfBurst(order: NodeOrder, outcome: ActivityOutcome | undefined): void {
    const pausing = this.pausing.get(order.index);
    this.pausing.delete(order.index);
    if (!outcome) return this.deliver(order.index, { left: true });
    if (isHeld(outcome)) return this.deliver(order.index, outcome);
    if (pausing === 'end' || (pausing === 'pause' && outcome.status === 'CANCELLED'))
      return this.deliver(order.index, heldByPause(outcome, pausing));
    if (this.isWhole(order, outcome)) return this.deliver(order.index, outcome);
    // Its hooks have their turn among what else is to be begun.
    this.begin([{ ...order, ended: outcome, neverStarted: outcome.status === 'SKIPPED' }]);
  }

  begin(orders: readonly NodeOrder[]): void {
    this.waiting.push(...orders);
    this.drain();
  }

  stop(indexes: readonly number[], how: StopHow): void {
    if (how === 'pause') {
      const below = indexes.filter((index) => this.children.has(index));
      if (below.length > 0) {
        this.tell(below, { verb: 'pause', mode: 'hard' });
        return this.stop(
          indexes.filter((index) => !below.includes(index)),
          how,
        );
      }
    } else this.results.stop(indexes);
    const asked = new Set(indexes);
    for (const index of indexes) {
      if (how === 'cancel') this.pausing.delete(index);
      else this.pausing.set(index, how);
    }
    this.stopWaiting(asked);
    const unbegun = this.waiting.filter((order) => !order.ended && asked.has(order.index));
    this.waiting = this.waiting.filter((order) => !unbegun.includes(order));
    for (const order of unbegun) this.deliver(order.index, this.unlessPaused(order));
    this.bursts.stop(indexes.filter((index) => this.bursts.has(index)));
    if (how === 'cancel') this.cancelRunning(this.runningOf(indexes));
    else void this.stopKnowing(indexes);
  }

  /** Bursts that have not begun are given back whole: what was asked of their nodes the graph does. */
  private stopWaiting(asked: ReadonlySet<number>): void {
    const stopped = this.waitingBursts.filter(({ nodes }) =>
      nodes.some(({ order }) => asked.has(order.index)),
    );
    for (const burst of stopped) {
      this.waitingBursts.splice(this.waitingBursts.indexOf(burst), 1);
      for (const { order } of burst.nodes) {
        this.pausing.delete(order.index);
        this.deliver(order.index, { left: true });
      }
    }
  }

  /** Stops nodes that go on later, or whose record stays: what they have behind them is asked for first. */
  private async stopKnowing(indexes: readonly number[]): Promise<void> {
    const stopped = this.runningOf(indexes);
    const asked = stopped.flatMap(({ order }) => (order.below === undefined ? [order] : []));
    const { workflowId } = workflowInfo();
    for (let at = 0; at < asked.length; at += LOOKED_AT) {
      const orders = asked.slice(at, at + LOOKED_AT);
      const request: LookAtAttempts = { workflowId, nodeIds: orders.map(({ id }) => id) };
      const looks = await work<AttemptLook[]>(ACTIVITY.lookAtAttempts, [request], LOOK).catch(
        (): AttemptLook[] => [],
      );
      orders.forEach(({ index }, nth) => {
        const look = looks[nth];
        if (look?.state === 'waiting') this.behind.set(index, look);
      });
    }
    this.cancelRunning(stopped);
  }

  private runningOf(indexes: readonly number[]): Running[] {
    return indexes.flatMap((index) => this.running.get(index) ?? []);
  }

  /** What has ended meanwhile, and perhaps begun anew, is left alone. */
  private cancelRunning(stopped: readonly Running[]): void {
    for (const { scope } of stopped) scope.cancel();
    const still = stopped.filter((one) => this.running.get(one.order.index) === one);
    // Not before: the server ends nothing as cancelled that was not asked to stop.
    this.elsewhere.letGo(still.map(({ order }) => order.index));
  }

  tell(indexes: readonly number[], signal: AboveSignal): void {
    for (const index of indexes) this.children.tell(index, signal);
  }

  hasRoom(): boolean {
    return this.pendingActivities < PENDING_LIMIT && this.budget.hasRoom;
  }

  /** Begins what waits as far as this workflow task and the pending activities have room for it. */
  private drain(): void {
    while (this.waitingBursts.length > 0 && this.hasRoom())
      this.runBurst(this.waitingBursts.shift() as Burst);
    while (this.waiting.length > 0 && this.hasRoom()) {
      const order = this.waiting.shift() as NodeOrder;
      const request = this.request(order);
      this.budget.spend(request);
      this.pendingActivities++;
      const done = order.ended
        ? this.settle(order, request, order.ended, order.neverStarted ?? true)
        : this.run(order, request);
      void done.then((outcome) => this.finished(order, outcome));
    }
    // The rest in the next workflow task; at the limit of pending activities the next one that ends goes on with it.
    const full = this.pendingActivities >= PENDING_LIMIT;
    if (this.waiting.length + this.waitingBursts.length > 0 && !full)
      this.alarm.set(Date.now() + 1);
  }

  private finished(order: NodeOrder, outcome: ActivityOutcome): void {
    this.pendingActivities--;
    this.deliver(order.index, outcome);
    this.drain();
  }

  runs(): string[] {
    return [workflowInfo().workflowId];
  }

  runOf(): string {
    return workflowInfo().workflowId;
  }

  pending(): number {
    return 0;
  }

  async close(): Promise<void> {}

  private async run(order: NodeOrder, request: NodeRequest): Promise<ActivityOutcome> {
    const scope = new CancellationScope({ cancellable: true });
    this.running.set(order.index, { order, scope });
    if (order.below !== undefined) {
      const below = await this.children.run(order, request, this.classOf(order), scope);
      this.running.delete(order.index);
      return below;
    }
    if (this.classOf(order).external) this.elsewhere.begun(order.index, order.id);
    const options = activityOptions(this.placed(order), request);
    let outcome: ActivityOutcome;
    try {
      const result = await scope.run(() =>
        scheduleActivity<unknown>(request.node.task, [request], options),
      );
      outcome = outcomeOfResult(result, order);
    } catch (error) {
      outcome = outcomeOfFailure(error, order, request, Date.now());
    } finally {
      this.running.delete(order.index);
      this.elsewhere.ended(order.index);
    }
    if (request.holdUnknown && isUnknown(outcome))
      outcome = await settleUnknown(order, request, this.classOf(order), outcome);
    const spent = this.behind.get(order.index);
    this.behind.delete(order.index);
    if (isHeld(outcome)) return outcome;
    if (spent) outcome = withSpent(outcome, spent, order.round?.attemptsUsed ?? 0);
    if (outcome.unmade) outcome = await this.withResult(order, request, outcome, scope);
    const pausing = this.pausing.get(order.index);
    // Of a node that ends otherwise than its attempt no hook hears how the attempt did.
    if (pausing === 'end' || (pausing === 'pause' && outcome.status === 'CANCELLED')) {
      this.pausing.delete(order.index);
      return heldByPause(outcome, pausing);
    }
    if (this.isWhole(order, outcome)) return outcome;
    return await this.settle(order, request, outcome, outcome.status === 'SKIPPED');
  }

  /** Makes the result of a node that has done its work. One that was asked to end meanwhile does without. */
  private async withResult(
    order: NodeOrder,
    request: NodeRequest,
    done: NodeOutcome,
    { consideredCancelled }: CancellationScope,
  ): Promise<NodeOutcome> {
    const pausing = this.pausing.get(order.index);
    if (pausing === 'end' || (consideredCancelled && pausing !== 'pause'))
      return withoutResult(done, STOPPED);
    this.deliver(order.index, { passed: done });
    return await this.results.make(this.placed(order), request, done);
  }

  /** True where no hook of a node is left to run. */
  private isWhole(order: NodeOrder, outcome: NodeOutcome): boolean {
    return outcome.hooksDone === true || !this.classOf(order).settle;
  }

  /** What becomes of an order that was never begun. */
  private unlessPaused(order: NodeOrder): ActivityOutcome {
    const outcome = unrun(order.round, 'CANCELLED', 'cancelled');
    const pausing = this.pausing.get(order.index);
    this.pausing.delete(order.index);
    return pausing ? heldByPause(outcome, pausing) : outcome;
  }

  /** Shielded: neither a cancel of the node nor of the graph keeps the post hooks from running. */
  private async settle(
    order: NodeOrder,
    request: NodeRequest,
    outcome: NodeOutcome,
    neverStarted: boolean,
  ): Promise<NodeOutcome> {
    const argument: SettleRequest = { request, outcome, neverStarted };
    let failures: string[];
    try {
      failures = await CancellationScope.nonCancellable(() =>
        scheduleActivity<string[]>(ACTIVITY.settle, [argument], {
          activityId: `${order.id}~settle`,
          startToCloseTimeout: '10m',
          scheduleToCloseTimeout: '1h',
          heartbeatTimeout: '30s', // post hooks may block their worker's event loop for a while
          retry: { maximumAttempts: 3, initialInterval: '1s' },
          cancellationType: 'WAIT_CANCELLATION_COMPLETED',
          summary: `post hooks of ${order.id}`,
          ...queueOf(this.classOf(order)),
        }),
      );
    } catch (error) {
      failures = [`post hooks did not run: ${(error as Error).message}`];
    }
    const warnings = [...(outcome.warnings ?? []), ...failures];
    return { ...outcome, hooksDone: true, ...(warnings.length > 0 ? { warnings } : {}) };
  }

  private request(order: NodeOrder): NodeRequest {
    const long = workflowInfo().historyLength > HOLDS_UP_TO;
    const request = nodeRequest(this.context, this.classOf(order), order, Date.now());
    return long ? { ...request, serverWaitsMs: EVER_MS } : request;
  }

  private placed(order: NodeOrder): Placed {
    return { order, of: this.classOf(order), project: this.context.execution.project };
  }

  private classOf(order: NodeOrder): NodeClass {
    const found = this.context.classes[order.class];
    if (!found)
      throw new RangeError(
        `node ${order.id} names option class ${order.class}, which the plan does not have`,
      );
    return found;
  }
}
