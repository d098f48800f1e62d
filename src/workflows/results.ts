/** Makes the results of nodes that have done their work (`result.async`), each by an activity of its own beside what follows. */
import { ApplicationFailure } from '@temporalio/common';
import { CancellationScope, isCancellation, scheduleActivity, sleep } from '@temporalio/workflow';
import { messageOf } from '../domain/errors.js';
import { isHeld, isOutcome, withoutResult, type NodeOutcome } from '../domain/outcome.js';
import { placing, type Placed } from './activity-options.js';
import { ACTIVITY } from './messages.js';
import { RESULT_TRIES, type NodeRequest, type ResultRequest } from './requests.js';
import type { TaskBudget } from './task-budget.js';

export const STOPPED = 'it was stopped';

/** During a roll-out a worker may be asked that does not know the task yet: so long others are asked, ever less often. */
const UNKNOWN_TASK_MS = 600_000;
const ASKED_AGAIN_MS = { least: 1_000, most: 30_000 };

export class Results {
  private readonly making = new Map<number, CancellationScope>();

  /** @param budget many nodes may do their work in one workflow task */
  constructor(private readonly budget: Pick<TaskBudget, 'enter'>) {}

  /** Does without results: the nodes complete with what their tasks gave. */
  stop(indexes: readonly number[]): void {
    for (const index of indexes) this.making.get(index)?.cancel();
  }

  /** Makes a node's result. @returns its end; where that failed, with a warning */
  async make(node: Placed, request: NodeRequest, outcome: NodeOutcome): Promise<NodeOutcome> {
    const { index } = node.order;
    const scope = new CancellationScope({ cancellable: true });
    this.making.set(index, scope);
    try {
      return await scope.run(() => this.tryToMake(node, { request, outcome }));
    } catch (error) {
      return withoutResult(outcome, isCancellation(error) ? STOPPED : messageOf(causeOf(error)));
    } finally {
      this.making.delete(index);
    }
  }

  private async tryToMake(node: Placed, asked: ResultRequest): Promise<NodeOutcome> {
    const since = Date.now();
    for (;;) {
      try {
        await this.budget.enter(asked);
        return await ask(node, asked);
      } catch (error) {
        const waited = Date.now() - since;
        if (!isUnknownTask(causeOf(error)) || waited >= UNKNOWN_TASK_MS) throw error;
        await sleep(Math.min(Math.max(waited, ASKED_AGAIN_MS.least), ASKED_AGAIN_MS.most));
      }
    }
  }
}

async function ask(node: Placed, asked: ResultRequest): Promise<NodeOutcome> {
  const { id } = node.order;
  const made = await scheduleActivity<unknown>(ACTIVITY.makeResult, [asked], {
    activityId: `${id}~result`, // which no node's id can be
    summary: `result of ${id}`,
    startToCloseTimeout: asked.request.timeoutMs,
    heartbeatTimeout: '30s', // it may block its worker's event loop for a while
    retry: { maximumAttempts: RESULT_TRIES, initialInterval: '1s' },
    cancellationType: 'WAIT_CANCELLATION_COMPLETED',
    ...placing(node),
  });
  if (isOutcome(made) && !isHeld(made) && made.status === 'COMPLETED') return made;
  return withoutResult(asked.outcome, 'whoever made it answered with no outcome');
}

const causeOf = (error: unknown): unknown =>
  error instanceof Error && error.cause !== undefined ? error.cause : error;

const isUnknownTask = (cause: unknown): boolean =>
  cause instanceof ApplicationFailure && cause.type === 'UNKNOWN_TASK';
