/** Makes the results of nodes that have done their work (`result.async`), each by an activity of its own beside what follows. */
import { CancellationScope, isCancellation, scheduleActivity } from '@temporalio/workflow';
import { messageOf } from '../domain/errors.js';
import { isHeld, isOutcome, withoutResult, type NodeOutcome } from '../domain/outcome.js';
import type { Placed } from './activity-options.js';
import { placing } from './activity-options.js';
import { ACTIVITY } from './messages.js';
import type { NodeRequest, ResultRequest } from './requests.js';

/** Tries; an expression that failed once is not tried again. */
const TRIES = 3;

export class Results {
  private readonly making = new Map<number, CancellationScope>();

  /** Does without results: the nodes complete with what their tasks gave. */
  stop(indexes: readonly number[]): void {
    for (const index of indexes) this.making.get(index)?.cancel();
  }

  /** Makes a node's result. @returns its end; where that failed, with a warning */
  async make(node: Placed, request: NodeRequest, outcome: NodeOutcome): Promise<NodeOutcome> {
    const { index, id } = node.order;
    const scope = new CancellationScope({ cancellable: true });
    this.making.set(index, scope);
    const argument: ResultRequest = { request, outcome };
    try {
      const made = await scope.run(() =>
        scheduleActivity<unknown>(ACTIVITY.makeResult, [argument], {
          activityId: `${id}~result`, // which no node's id can be
          summary: `result of ${id}`,
          startToCloseTimeout: request.timeoutMs,
          heartbeatTimeout: '30s', // it may block its worker's event loop for a while
          retry: { maximumAttempts: TRIES, initialInterval: '1s' },
          cancellationType: 'WAIT_CANCELLATION_COMPLETED',
          ...placing(node),
        }),
      );
      if (isOutcome(made) && !isHeld(made) && made.status === 'COMPLETED') return made;
      return withoutResult(outcome, 'whoever made it answered with no outcome');
    } catch (error) {
      return withoutResult(outcome, isCancellation(error) ? 'it was stopped' : causeOf(error));
    } finally {
      this.making.delete(index);
    }
  }
}

const causeOf = (error: unknown): string =>
  messageOf(error instanceof Error && error.cause !== undefined ? error.cause : error);
