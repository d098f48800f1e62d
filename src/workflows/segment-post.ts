/**
 * Sends messages to segments; the first one to a segment starts it.
 *
 * P1. Messages to one segment arrive in the order they were sent: each waits for the one before.
 * P2. A message that cannot be delivered means that its segment is gone.
 */
import {
  getExternalWorkflowHandle,
  log,
  ParentClosePolicy,
  startChild,
  workflowInfo,
} from '@temporalio/workflow';
import { messageOf } from '../domain/errors.js';
import { jsonBytes } from '../domain/json.js';
import type { NodeClass } from '../domain/plan.js';
import type { AssignSignal, CancelSignal, SegmentArgs, TellSignal } from './between.js';
import { SIGNAL, WORKFLOW } from './messages.js';
import type { Lent, Prepared } from './requests.js';

/** Characters of JSON in one message: a payload has at most 2 MB. */
export const MESSAGE_BYTES = 500_000;

/** A segment, as messages go to it. */
export interface Addressee {
  readonly id: string;
  /** Resolves when the last message has arrived. */
  sent: Promise<void>;
  /** The last message, while it waits for the one before and is about orders. */
  unsent?: Assignment | undefined;
}

/** What a segment is given to do, and the nodes that it is about. */
export interface Assignment {
  signal: AssignSignal;
  indexes: number[];
}

export interface SegmentPostParts<S extends Addressee> {
  context: Omit<Prepared, 'plan'>;
  classes: NodeClass[];
  /** A segment has the orders of these nodes. */
  arrived: (segment: S, indexes: readonly number[]) => void;
  /** A segment is gone. */
  lost: (segment: S) => void;
}

export class SegmentPost<S extends Addressee> {
  private underWay = 0;

  constructor(private readonly parts: SegmentPostParts<S>) {}

  /** Messages that have not arrived yet. */
  pending(): number {
    return this.underWay;
  }

  /** Gives a segment something to do. What is lent goes with the last message, where that waits yet and both are few. */
  assign(segment: S, message: Assignment, isFirst: boolean): void {
    const { signal, indexes } = message;
    const { lent, sealed } = signal;
    const { unsent } = segment;
    if (lent && unsent && !unsent.signal.lent && areFew(unsent.signal, lent)) {
      Object.assign(unsent.signal, { lent, sealed });
      unsent.indexes.push(...indexes);
      return;
    }
    this.chain(segment, async () => {
      if (segment.unsent === message) segment.unsent = undefined;
      await (isFirst ? this.start(segment, signal) : this.signal(segment, SIGNAL.assign, signal));
      this.parts.arrived(segment, indexes);
    });
    segment.unsent = message;
  }

  stop(segment: S, message: CancelSignal): void {
    this.chain(segment, () => this.signal(segment, SIGNAL.cancel, message));
  }

  recall(segment: S): void {
    this.chain(segment, () => this.signal(segment, SIGNAL.recall, {}));
  }

  tell(segment: S, message: TellSignal): void {
    this.chain(segment, () => this.signal(segment, SIGNAL.tell, message));
  }

  private chain(segment: S, step: () => Promise<void>): void {
    this.underWay++;
    segment.unsent = undefined; // what is added to a message must not overtake the next one
    const run = async (): Promise<void> => {
      try {
        await step();
      } catch (error) {
        log.warn(`segment ${segment.id} cannot be reached: ${messageOf(error)}`);
        this.parts.lost(segment);
      } finally {
        this.underWay--;
      }
    };
    segment.sent = segment.sent.then(run);
  }

  private async start(segment: S, assigned: AssignSignal): Promise<void> {
    const { context, classes } = this.parts;
    const { workflowId } = workflowInfo();
    const argument: SegmentArgs = {
      coordinatorId: workflowId,
      prepared: context,
      classes,
      ...assigned,
    };
    await startChild(WORKFLOW.segment, {
      workflowId: segment.id,
      args: [argument],
      parentClosePolicy: ParentClosePolicy.ABANDON,
      staticSummary: `nodes of ${workflowId}`,
    });
  }

  private async signal(
    segment: S,
    name: string,
    argument: AssignSignal | CancelSignal | TellSignal | Record<string, never>,
  ): Promise<void> {
    await getExternalWorkflowHandle(segment.id).signal(name, argument);
  }
}

/** They go into one message. */
const areFew = (signal: AssignSignal, lent: Lent): boolean =>
  jsonBytes(signal) + jsonBytes(lent) <= MESSAGE_BYTES;
