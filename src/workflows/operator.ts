/** What people ask of a running graph: all verbs of one execution, and what was answered. */
import type { NodeOutcome } from '../domain/outcome.js';
import type { HeldPlan } from '../domain/plan.js';
import type { ShutCircuits } from '../domain/shut-circuits.js';
import type { GraphSpec, Submission } from '../domain/spec.js';
import type { StatusChange, StatusReason } from '../domain/status.js';
import { Answered } from './answered.js';
import type { Carry, OpenQuestion } from './between.js';
import type { GraphStatus } from './messages.js';
import { GraphEdits } from './graph-edits.js';
import { NodeVerbs } from './node-verbs.js';
import type { OrderBook } from './orders.js';
import type { Prepared } from './requests.js';
import { executionMarked } from './trace.js';
import { GraphVerbs, type VerbParts, type AboutToEnd } from './verbs.js';

export interface OperatorParts extends Omit<VerbParts, 'told' | 'isClosing' | 'aboutToEnd'> {
  prepared: Prepared;
  plan: HeldPlan;
  spec: GraphSpec | null;
  submission: Submission | null;
  carry: Carry | undefined;
  orders: OrderBook;
  startedAt(): number;
  /** Why nothing starts any more, but what cleans up. */
  stopping(): StatusReason | undefined;
  /** Something that cleans up is left to be done. */
  cleansUp(): boolean;
  /** It runs, and was asked to stop for good. */
  isCancelled(index: number): boolean;
  shutCircuits: ShutCircuits;
  /** Ends a node that does not run, or whose attempt is over. */
  end(index: number, outcome: NodeOutcome): void;
}

export class Operator {
  readonly verbs: GraphVerbs;
  readonly nodes: NodeVerbs;
  readonly edits: GraphEdits;
  readonly answered: Answered;
  /** Answers that take a look at the world first. */
  private busy = 0;

  private closing = false;

  constructor(private readonly parts: OperatorParts) {
    const { prepared, plan, spec, submission, carry, orders } = parts;
    const { execution } = prepared;
    const told: VerbParts['told'] = (mark, node) => {
      const which = node && { ...parts.state.nameOf(node.index), goesOn: node.goesOn };
      const startedAt = parts.startedAt();
      executionMarked(execution, { mark, startedAt, ...(which ? { node: which } : {}) });
    };
    const meanwhile = <T>(work: () => Promise<T>): Promise<T> =>
      this.meanwhile(work).finally(() => parts.apply({ settled: [], cancel: [] }));
    const markGraph = (mark: StatusChange): void => this.verbs.mark(mark);
    const isClosing = (): boolean => this.closing;
    const aboutToEnd = (index: number): AboutToEnd | undefined =>
      this.nodes.ending(index) ?? (parts.isCancelled(index) ? { status: 'CANCELLED' } : undefined);
    const common = { ...parts, told, meanwhile, markGraph, isClosing, aboutToEnd };
    this.verbs = new GraphVerbs(common);
    this.verbs.marks.push(...(carry?.marks ?? []));
    const letThrough = (index: number): void =>
      parts.shutCircuits.letThrough(parts.state.circuitOf(index), index, Date.now());
    const stopping = (): StatusReason | undefined =>
      parts.cleansUp() ? undefined : parts.stopping();
    this.nodes = new NodeVerbs({ ...common, orders, letThrough, stopping }, carry?.operator);
    this.edits = new GraphEdits({
      ...{ ...common, execution, plan, spec, submission },
      isBelow: prepared.below !== undefined,
      stopping: () => parts.stopping() ?? parts.scheduler.stopping,
      isEnding: (index) => aboutToEnd(index) !== undefined,
      edited: () => orders.edited(),
    });
    this.answered = new Answered(carry?.answered);
  }

  /** A question is asked: whoever looks sees it, and the store hears of it. */
  asked(open: OpenQuestion): void {
    const { state, apply } = this.parts;
    state.asked(open);
    const at = new Date(open.askedAt).toISOString();
    this.verbs.markNode(open.index, { status: 'RUNNING', at, reason: 'approval' }, false);
    apply({ settled: [], cancel: [] });
  }

  /** Every node has ended: the graph takes no more. */
  close(): void {
    this.closing = true;
  }

  /** The graph does not end while somebody waits for an answer. */
  get isBusy(): boolean {
    return this.busy > 0;
  }

  /** Pauses and resumes of the whole graph, and what else was asked of it; nothing where nothing was. */
  get marked(): { marks?: StatusChange[] } {
    const { marks } = this.verbs;
    return marks.length > 0 ? { marks } : {};
  }

  /** What the query `status` shows of all this. */
  get shown(): Pick<GraphStatus, 'concurrency' | 'graphVersion' | 'marks'> {
    const { concurrency } = this.parts.scheduler;
    return { concurrency, graphVersion: this.edits.version, ...this.marked };
  }

  carry(): Pick<Carry, 'marks' | 'operator' | 'answered'> {
    const operator = this.nodes.carry();
    return {
      marks: this.verbs.marks,
      answered: this.answered.carry(),
      ...(operator ? { operator } : {}),
    };
  }

  private async meanwhile<T>(work: () => Promise<T>): Promise<T> {
    this.busy++;
    try {
      return await work();
    } finally {
      this.busy--;
    }
  }
}
