/** Undoes what a graph's nodes did, the newest first, one after another; what cannot be undone holds up nothing else. */
import { ActivityFailure, log, workflowInfo, type ApplicationFailure } from '@temporalio/workflow';
import { compensates, type Undone } from '../domain/compensation.js';
import { INLINE_LIMIT, type Value } from '../domain/outcome.js';
import type { HeldPlan, UndoClass } from '../domain/plan.js';
import type { TerminalStatus } from '../domain/status.js';
import { runAfter } from './after.js';
import type { Carry } from './between.js';
import type { GraphState } from './graph-state.js';
import { ACTIVITY, type GraphStatus } from './messages.js';
import type { OrderBook } from './orders.js';
import { nodeQueue } from './queues.js';
import type { CollectEndedRequest, Prepared } from './requests.js';
import { work } from './work.js';

/** What a node gave; `nothing` of a map of which no item has completed; or why that cannot be read. */
type Given =
  | { output: Value | null }
  | { status: 'FAILED'; attemptCount: number; error: { code: string; message: string } }
  | 'nothing';

export class Undoing {
  /** What was undone so far, in this order. */
  readonly undone: Undone[];

  constructor(
    private readonly parts: { prepared: Prepared; plan: HeldPlan; carry?: Carry | undefined },
    private readonly nodes: GraphState,
    private readonly orders: OrderBook,
  ) {
    this.undone = [...(parts.carry?.undone ?? [])];
  }

  /** How far it is in a graph that ended so, and what is under way; undefined where nothing is left to be undone. */
  state(status: TerminalStatus): GraphStatus['undoing'] {
    const { compensation = 'none' } = this.parts.plan;
    const { undoable } = this.nodes;
    const [done, total] = [this.undone.length, undoable.length];
    const index = undoable[total - 1 - done];
    if (index === undefined || !compensates(compensation, status)) return undefined;
    const { task, queue = null, run } = this.classOf(index);
    return {
      ...{ done, total, nodeId: this.nodes.node(index).id, task },
      queue: nodeQueue(workflowInfo().taskQueue, { queue, ...(run ? { run } : {}) }),
    };
  }

  /** `undoable` holds no nodes without one. */
  private classOf(index: number): UndoClass {
    return this.nodes.classOf(index).undo as UndoClass;
  }

  /**
   * To be called in a shielded scope: no cancel cuts it short.
   *
   * @param between each two, where a run may be left whose history has grown long
   */
  async run(status: TerminalStatus, between: () => Promise<void>): Promise<void> {
    if (!this.state(status)) return;
    const { undoable } = this.nodes;
    for (;;) {
      const place = undoable.length - 1 - this.undone.length;
      const index = undoable[place];
      if (index === undefined) return;
      const undone = await this.undo(index);
      if (undone) this.undone.push(undone);
      else undoable.splice(place, 1);
      await between();
    }
  }

  /** @returns undefined for a map of which no item has completed */
  private async undo(index: number): Promise<Undone | undefined> {
    const { execution, params } = this.parts.prepared;
    const undo = this.classOf(index);
    const order = this.orders.order(index);
    const startedAt = new Date(Date.now()).toISOString();
    const request = {
      ...{ execution, params, body: order.body, inlineLimit: INLINE_LIMIT },
      ...(order.reads ? { reads: order.reads } : {}),
      ...(order.item ? { item: order.item } : {}),
    };
    const given = await this.givenBy(index, `${execution.id}/${order.id}`);
    if (given === 'nothing') return undefined;
    const { status, attemptCount, error } =
      'error' in given ? given : await runAfter(order, request, { undo: given.output }, undo);
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

  /** What is to be undone: the output; of a map that came to nothing what its items gave, null for the others. */
  private async givenBy(index: number, executionId: string): Promise<Given> {
    const { status, output = null } = this.nodes.upstream.get(index) ?? {};
    if (status === 'COMPLETED') return { output };
    const request: CollectEndedRequest = { executionId, inlineLimit: INLINE_LIMIT };
    try {
      const made = await work<Value | null>(ACTIVITY.collectEnded, [request], {
        startToCloseTimeout: '3m',
      });
      return made === null ? 'nothing' : { output: made };
    } catch (error) {
      const cause = error instanceof ActivityFailure ? error.cause : error;
      const { type, message } = cause as ApplicationFailure;
      return { status: 'FAILED', attemptCount: 0, error: { code: type ?? 'ENGINE', message } };
    }
  }
}
