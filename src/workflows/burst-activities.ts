/** Runs bursts of light nodes: one activity each. What was asked of a node of it is asked of all; the others go on later. */
import { CancellationScope, scheduleActivity, type ActivityOptions } from '@temporalio/workflow';
import { ActivityFailure, CancelledFailure, TimeoutFailure } from '@temporalio/common';
import { again, heldByPause, isHeld, isOutcome, type ActivityOutcome } from '../domain/outcome.js';
import type { NodeClass } from '../domain/plan.js';
import { ACTIVITY } from './messages.js';
import type { RequestContext } from './node-request.js';
import type { Burst, BurstRequest, BurstResult, NodeOrder } from './requests.js';

/** Tries of one burst: what ends its workers three times in a row is found out node by node. */
const ATTEMPTS = 3;
/** What a burst may take beyond the longest time-out of its nodes. */
const MARGIN_MS = 10_000;

export interface BurstActivitiesParts {
  context: RequestContext;
  classOf: (order: NodeOrder) => NodeClass;
  /** Options that a node of the burst would have. */
  options: (
    order: NodeOrder,
  ) => Pick<ActivityOptions, 'priority' | 'scheduleToStartTimeout' | 'taskQueue'>;
  /** How a node ends that no worker took in time. */
  unheard: (order: NodeOrder, error: unknown) => ActivityOutcome;
  /** True for a node of which more is to be done before what follows it may be heard of. */
  isOpen: (order: NodeOrder, outcome: ActivityOutcome) => boolean;
  /** Called with each node and what it came to; undefined for one that has not begun. */
  told: (order: NodeOrder, outcome: ActivityOutcome | undefined) => void;
}

export class BurstActivities {
  private readonly scopes = new Map<number, CancellationScope>();
  private readonly asked = new Set<number>();

  constructor(private readonly parts: BurstActivitiesParts) {}

  has(index: number): boolean {
    return this.scopes.has(index);
  }

  /** Asks nodes to stop, and with them all that run in the same bursts. */
  stop(indexes: readonly number[]): void {
    for (const index of indexes) this.asked.add(index);
    for (const scope of new Set(indexes.flatMap((index) => this.scopes.get(index) ?? [])))
      scope.cancel();
  }

  /** Runs a burst; resolves once every node of it was told. */
  async run(burst: Burst): Promise<void> {
    const scope = new CancellationScope({ cancellable: true });
    for (const { order } of burst.nodes) this.scopes.set(order.index, scope);
    const { results: list, failed } = await this.resultsOf(burst, scope);
    const results = new Map(list);
    if (failed) for (const position of mayHaveBegun(burst, results)) results.set(position, again());
    for (const position of this.inVain(burst, results)) results.delete(position);
    const ended = [...results.keys()];
    const left = burst.nodes.flatMap((_, position) => (results.has(position) ? [] : [position]));
    for (const position of [...ended, ...left]) {
      const order = burst.nodes[position]?.order;
      if (!order) continue;
      this.scopes.delete(order.index);
      const asked = this.asked.delete(order.index);
      const outcome = results.get(position);
      this.parts.told(order, asked ? outcome : unlessInVain(outcome));
    }
  }

  /** What followed nodes whose end is yet to be made, or is another one, as a person said: it was made of what does not hold. */
  private inVain(burst: Burst, results: ReadonlyMap<number, ActivityOutcome>): Set<number> {
    const open = new Set<number>();
    const inVain = new Set<number>();
    // Whatever follows a node stands behind it.
    burst.nodes.forEach(({ order, waitsFor }, position) => {
      const follows = waitsFor.some((other) => open.has(other) || inVain.has(other));
      const outcome = results.get(position);
      if (follows) inVain.add(position);
      else if (outcome && this.parts.isOpen(order, outcome)) open.add(position);
    });
    return inVain;
  }

  /** No worker came in time: so it is with those that could have begun. */
  private unheard({ nodes }: Burst, error: unknown): BurstResult {
    return nodes.flatMap(({ order, waitsFor }, position): BurstResult =>
      waitsFor.length === 0 ? [[position, this.parts.unheard(order, error)]] : [],
    );
  }

  private async resultsOf(
    burst: Burst,
    scope: CancellationScope,
  ): Promise<{ results: BurstResult; failed?: true }> {
    const [first] = burst.nodes;
    if (!first) return { results: [] };
    const { classOf, options } = this.parts;
    const { execution, params, inlineLimit } = this.parts.context;
    const request: BurstRequest = {
      ...burst,
      // A failed attempt always gives its place back: the wait is the workflow's.
      context: { execution, params, inlineLimit, serverWaitsMs: 0 },
      handedAt: Date.now(),
      classes: Object.fromEntries(burst.nodes.map(({ order }) => [order.class, classOf(order)])),
    };
    const most = (of: (node: NodeClass) => number): number =>
      Math.max(...burst.nodes.map(({ order }) => of(classOf(order))));
    try {
      const results = await scope.run(() =>
        scheduleActivity<unknown>(ACTIVITY.burst, [request], {
          ...options(first.order),
          activityId: `~burst-${first.order.index}`,
          summary: `${burst.nodes.length} light nodes from ${first.order.id} on`,
          startToCloseTimeout: most(({ timeoutMs }) => timeoutMs) + MARGIN_MS,
          heartbeatTimeout: most(({ heartbeatTimeoutMs }) => heartbeatTimeoutMs),
          cancellationType: 'WAIT_CANCELLATION_COMPLETED',
          retry: { maximumAttempts: ATTEMPTS, initialInterval: '1s' },
        }),
      );
      return resultsIn(results, burst) ?? { results: [], failed: true };
    } catch (error) {
      const cause = error instanceof ActivityFailure ? error.cause : error;
      if (cause instanceof CancelledFailure) return { results: [] }; // before a worker had it
      const isUnheard =
        cause instanceof TimeoutFailure && cause.timeoutType === 'SCHEDULE_TO_START';
      if (isUnheard) return { results: this.unheard(burst, error) };
      const said = cause instanceof TimeoutFailure ? cause.lastHeartbeatDetails : undefined;
      return { results: [], ...resultsIn(said, burst), failed: true };
    }
  }
}

/** Nodes of which nothing is known, and that were not kept by others of the burst: from now on they run by themselves. */
function mayHaveBegun(burst: Burst, results: ReadonlyMap<number, ActivityOutcome>): number[] {
  const isDone = (position: number): boolean => {
    const outcome = results.get(position);
    return outcome !== undefined && 'status' in outcome && outcome.status === 'COMPLETED';
  };
  return burst.nodes.flatMap(({ waitsFor }, position) =>
    !results.has(position) && waitsFor.every(isDone) ? [position] : [],
  );
}

/** A node that was stopped only since another one of its burst was goes on later. */
function unlessInVain(outcome: ActivityOutcome | undefined): ActivityOutcome | undefined {
  const inVain = outcome && !isHeld(outcome) && outcome.status === 'CANCELLED';
  return inVain ? { ...heldByPause(outcome), held: 'retry' } : outcome;
}

/** What a worker said, if it is one of ours. */
function resultsIn(said: unknown, { nodes }: Burst): { results: BurstResult } | undefined {
  const isPair = (pair: unknown): boolean => {
    const [position, outcome] = Array.isArray(pair) ? (pair as unknown[]) : [];
    return typeof position === 'number' && Object.hasOwn(nodes, position) && isOutcome(outcome);
  };
  return Array.isArray(said) && said.every(isPair) ? { results: said as BurstResult } : undefined;
}
