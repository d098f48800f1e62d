/** Runs bursts of light nodes: one activity each. What was asked of a node of it is asked of all; the others go on later. */
import { CancellationScope, scheduleActivity, type ActivityOptions } from '@temporalio/workflow';
import { ActivityFailure, TimeoutFailure } from '@temporalio/common';
import { heldByPause, isHeld, type ActivityOutcome } from '../domain/outcome.js';
import type { NodeClass } from '../domain/plan.js';
import { ACTIVITY } from './messages.js';
import type { RequestContext } from './node-request.js';
import type { Burst, BurstRequest, BurstResult, NodeOrder } from './requests.js';

/** Tries of one burst: what ends its workers three times in a row is found out node by node. */
const ATTEMPTS = 3;
/** A burst is over within seconds, unless its code does not listen. */
const HEARTBEAT = '10s';

export interface BurstActivitiesParts {
  context: RequestContext;
  classOf: (order: NodeOrder) => NodeClass;
  /** Options that a node of the burst would have. */
  options: (
    order: NodeOrder,
  ) => Pick<ActivityOptions, 'priority' | 'scheduleToStartTimeout' | 'taskQueue'>;
  /** Called with each node and what it came to; undefined for one that has not begun. `asked`: it was to stop. */
  told: (order: NodeOrder, outcome: ActivityOutcome | undefined, asked: boolean) => void;
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
    if (failed) for (const position of mayHaveBegun(burst, results)) results.set(position, ALONE);
    const ended = [...results.keys()];
    const left = burst.nodes.flatMap((_, position) => (results.has(position) ? [] : [position]));
    for (const position of [...ended, ...left]) {
      const order = burst.nodes[position]?.order;
      if (!order) continue;
      this.scopes.delete(order.index);
      const asked = this.asked.delete(order.index);
      const outcome = results.get(position);
      this.parts.told(order, asked ? outcome : unlessInVain(outcome), asked);
    }
  }

  private async resultsOf(
    burst: Burst,
    scope: CancellationScope,
  ): Promise<{ results: BurstResult; failed?: true }> {
    const [first] = burst.nodes;
    if (!first) return { results: [] };
    const { context, classOf, options } = this.parts;
    const request: BurstRequest = {
      ...burst,
      // A failed attempt always gives its place back: the wait is the workflow's.
      context: { ...context, serverWaitsMs: 0 },
      classes: Object.fromEntries(burst.nodes.map(({ order }) => [order.class, classOf(order)])),
    };
    const longest = Math.max(...burst.nodes.map(({ order }) => classOf(order).timeoutMs));
    try {
      const results = await scope.run(() =>
        scheduleActivity<BurstResult>(ACTIVITY.burst, [request], {
          ...options(first.order),
          activityId: `~burst-${first.order.index}`,
          summary: `${burst.nodes.length} light nodes from ${first.order.id} on`,
          startToCloseTimeout: longest + 10_000,
          heartbeatTimeout: HEARTBEAT,
          cancellationType: 'WAIT_CANCELLATION_COMPLETED',
          retry: { maximumAttempts: ATTEMPTS, initialInterval: '1s' },
        }),
      );
      return { results };
    } catch (error) {
      return { results: saidLast(error), failed: true };
    }
  }
}

/** Runs by itself from now on: its workers were lost, one after the other, with what ran beside it. */
const ALONE: ActivityOutcome = {
  ...{ held: 'retry', waitMs: 0 },
  ...{ attemptsUsed: 0, attempts: [], executionTimeMs: 0 },
};

/** Nodes of which nothing is known, and that were not kept by others of the burst. */
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

/** What a burst that failed had done when it last said so. */
function saidLast(error: unknown): BurstResult {
  const cause = error instanceof ActivityFailure ? error.cause : undefined;
  const details: unknown = cause instanceof TimeoutFailure ? cause.lastHeartbeatDetails : undefined;
  return Array.isArray(details) ? (details as BurstResult) : [];
}
