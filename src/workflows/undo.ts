/** Undoes what a graph's nodes did, the newest first, one after another; what cannot be undone holds up nothing else. */
import { log } from '@temporalio/workflow';
import { compensates, type Undone } from '../domain/compensation.js';
import { INLINE_LIMIT } from '../domain/outcome.js';
import type { Plan, UndoClass } from '../domain/plan.js';
import type { TerminalStatus } from '../domain/status.js';
import { runAfter } from './after.js';
import type { Carry } from './between.js';
import type { GraphState } from './graph-state.js';
import type { OrderBook } from './orders.js';
import type { Prepared } from './requests.js';

export class Undoing {
  /** What was undone so far, in this order. */
  readonly undone: Undone[];

  constructor(
    private readonly parts: { prepared: Prepared; plan: Plan; carry?: Carry | undefined },
    private readonly nodes: GraphState,
    private readonly orders: OrderBook,
  ) {
    this.undone = [...(parts.carry?.undone ?? [])];
  }

  /** How far it is in a graph that ended so; undefined where nothing is left to be undone. */
  state(status: TerminalStatus): { done: number; total: number } | undefined {
    const { compensation = 'none' } = this.parts.plan;
    const [done, total] = [this.undone.length, this.nodes.undoable.length];
    return done < total && compensates(compensation, status) ? { done, total } : undefined;
  }

  /**
   * To be called in a shielded scope: no cancel cuts it short.
   *
   * @param between each two, where a run may be left whose history has grown long
   */
  async run(status: TerminalStatus, between: () => Promise<void>): Promise<void> {
    if (!this.state(status)) return;
    for (const index of [...this.nodes.undoable].reverse().slice(this.undone.length)) {
      this.undone.push(await this.undo(index));
      await between();
    }
  }

  private async undo(index: number): Promise<Undone> {
    const { execution, params } = this.parts.prepared;
    const undo = this.nodes.classOf(index).undo as UndoClass; // `undoable` holds no other nodes
    const order = this.orders.order(index);
    const startedAt = new Date(Date.now()).toISOString();
    const request = {
      ...{ execution, params, body: order.body, inlineLimit: INLINE_LIMIT },
      ...(order.reads ? { reads: order.reads } : {}),
      ...(order.item ? { item: order.item } : {}),
    };
    const output = this.nodes.upstream.get(index)?.output ?? null;
    const { status, attemptCount, error } = await runAfter(order, request, { undo: output }, undo);
    const problem = error && { code: error.code, message: error.message.slice(0, 300) };
    if (status !== 'COMPLETED')
      log.error(`the work of ${order.id} could not be undone`, {
        ...{ executionId: execution.id, nodeId: order.id, task: undo.task, to: status },
        ...(problem ? { error: problem } : {}),
      });
    return {
      ...{ nodeId: order.id, task: undo.task, status, attempts: attemptCount, startedAt },
      endedAt: new Date(Date.now()).toISOString(),
      ...(problem ? { error: problem } : {}),
    };
  }
}
