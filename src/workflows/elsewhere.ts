/**
 * Nodes whose attempts end elsewhere: nobody there hears a cancel, so a worker answers it.
 *
 * E1. One step for many nodes, and few steps at once: they stand beside the activities that run, and at 2,000 pending
 *     ones the server refuses the workflow task, for ever.
 */
import { CancellationScope, log, workflowInfo } from '@temporalio/workflow';
import { ACTIVITY } from './messages.js';
import type { LetGoAnswer, LetGoRequest } from './requests.js';
import { work } from './work.js';

/** Nodes of one step. */
const NODES = 500;
/** Steps at once. */
const STEPS = 10;

export class Elsewhere {
  /** By index of the node, its id. */
  private readonly nodes = new Map<number, string>();
  /** Indexes of nodes that were asked to stop, and which no step has yet. */
  private readonly asked = new Set<number>();
  private steps = 0;

  /** A node is under way whose attempts end elsewhere. */
  begun(index: number, nodeId: string): void {
    this.nodes.set(index, nodeId);
  }

  ended(index: number): void {
    this.nodes.delete(index);
    this.asked.delete(index);
  }

  /** Has the server told that these have stopped, as far as they end elsewhere. They were asked to stop just before. */
  letGo(indexes: readonly number[]): void {
    for (const index of indexes) if (this.nodes.has(index)) this.asked.add(index);
    while (this.steps < STEPS && this.asked.size > 0) {
      const some = [...this.asked].slice(0, NODES);
      for (const index of some) this.asked.delete(index);
      void this.step(some);
    }
  }

  private async step(indexes: readonly number[]): Promise<void> {
    const byId = new Map(indexes.map((index) => [this.nodes.get(index) ?? '', index]));
    const request: LetGoRequest = {
      workflowId: workflowInfo().workflowId,
      nodeIds: [...byId.keys()],
    };
    let again: number[] = [];
    this.steps++;
    try {
      const { left } = await CancellationScope.nonCancellable(() =>
        work<LetGoAnswer>(ACTIVITY.letGo, [request], { startToCloseTimeout: '2m' }),
      );
      again = left.flatMap((id) => byId.get(id) ?? []);
    } catch (error) {
      log.warn(`${request.nodeIds.join(', ')} stop only with their time: ${String(error)}`);
    }
    this.steps--;
    this.letGo(again);
  }
}
