/**
 * Runs the nodes of a big graph in segments: child workflows that hold the activities, so that the coordinator can
 * continue as new at any time without waiting for them.
 *
 * S1. A segment takes `nodesPerSegment` orders in its life, those of nodes that are lent counted, and what is left of its
 *     last burst. It never continues as new.
 * S2. Messages to one segment arrive in the order they were sent: each waits for the one before.
 * S3. A segment that is gone is found when a message cannot be delivered, else by asking the server after 1, 2, 4 … 60
 *     minutes; its nodes are begun again elsewhere, with one attempt counted as lost.
 */
import {
  CancellationScope,
  ParentClosePolicy,
  getExternalWorkflowHandle,
  isCancellation,
  log,
  sleep,
  startChild,
  workflowInfo,
} from '@temporalio/workflow';
import { fitting } from '../domain/budget.js';
import { messageOf } from '../domain/errors.js';
import { jsonBytes } from '../domain/json.js';
import type { NodeClass } from '../domain/plan.js';
import { ACTIVITY, SIGNAL, WORKFLOW } from './messages.js';
import type {
  AboveSignal,
  AssignSignal,
  CancelSignal,
  Carry,
  InFlightCarry,
  SegmentArgs,
  SegmentCarry,
  SettledSignal,
  TellSignal,
  Turn,
} from './between.js';
import { lostDelivered, type HandedOver } from './lost-segment.js';
import type { Burst, Lent, NodeOrder, Prepared } from './requests.js';
import type { Deliver, NodeExecutor, StopHow } from './node-executor.js';
import { LOOK, work } from './work.js';

const MINUTE = 60_000;
/** Orders in one message, and characters of JSON: a payload has at most 2 MB. */
const ORDERS_PER_MESSAGE = 200;
const MESSAGE_BYTES = 500_000;
/** What a light node puts into its segment's history, as a share of what another one does: its outcome, and no event. */
const SHARE_OF_LIGHT = 0.25;

interface InFlight extends HandedOver {
  class: number;
}

interface Segment {
  id: string;
  handed: number;
  sealed: boolean;
  inFlight: Map<number, InFlight>;
  /** Resolves when the last message has arrived. */
  sent: Promise<void>;
  /** It has reported since it was last looked at. */
  heard: boolean;
  /** Places of the window that it keeps for what was lent to it. */
  kept: number;
  /** The last message, while it waits for the one before and is about orders. */
  unsent?: { signal: AssignSignal; indexes: number[] } | undefined;
}

interface AssignOptions {
  burst?: Burst;
  lent?: Lent;
  /** What belongs to it follows. */
  more?: boolean;
  /** No orders follow. */
  last?: boolean;
}

export interface SegmentsParts {
  context: Omit<Prepared, 'plan'>;
  classes: NodeClass[];
  nodesPerSegment: number;
  carry: Carry | undefined;
  /** Segments keep so many places more, or fewer. */
  keep: (places: number) => void;
}

export class SegmentsExecutor implements NodeExecutor {
  private readonly segments = new Map<string, Segment>();
  private readonly segmentOf = new Map<number, Segment>();
  private next: number;
  private underWay = 0;
  private late: SettledSignal[] | undefined;
  private outbox: NodeOrder[] = [];
  private readonly watching: CancellationScope;

  constructor(
    private readonly parts: SegmentsParts,
    private readonly deliver: Deliver,
  ) {
    this.next = parts.carry?.nextSegment ?? 0;
    for (const carried of parts.carry?.segments ?? []) this.adopt(carried);
    this.watching = new CancellationScope({ cancellable: true });
    void this.watching.run(() => this.watch()).catch(() => undefined); // cancelled when the graph is done
  }

  begin(orders: readonly NodeOrder[]): void {
    this.outbox.push(...orders);
    while (this.outbox.length > 0) {
      const segment = this.open();
      const room = Math.min(ORDERS_PER_MESSAGE, this.parts.nodesPerSegment - segment.handed);
      this.assign(segment, this.outbox.splice(0, fitting(this.outbox, room, MESSAGE_BYTES)));
    }
  }

  beginBurst(burst: Burst): void {
    this.assign(this.open(), [], { burst });
  }

  lendsTo(index: number): string | undefined {
    const segment = this.segmentOf.get(index);
    return segment?.sealed === false ? segment.id : undefined;
  }

  openRun(): string | undefined {
    return [...this.segments.values()].find(({ sealed }) => !sealed)?.id;
  }

  keptIn(run: string): number {
    return this.segments.get(run)?.kept ?? 0;
  }

  roomIn(run: string): number {
    return this.parts.nodesPerSegment - (this.segments.get(run)?.handed ?? Infinity);
  }

  lend(run: string, { nodes, quiet, places = 0, room }: Lent): void {
    const segment = this.segments.get(run);
    if (!segment) throw new RangeError(`no segment ${run}`);
    this.keep(segment, places);
    const rest = [...nodes];
    do {
      const some = rest.splice(0, fitting(rest, ORDERS_PER_MESSAGE, MESSAGE_BYTES));
      const more = rest.length > 0;
      const last = more ? { quiet: [] } : { quiet, ...(places === 0 ? {} : { places }) };
      const given = { nodes: some, ...last, ...(room ? { room } : {}) };
      this.assign(segment, [], { lent: given, more });
    } while (rest.length > 0);
  }

  stop(indexes: readonly number[], how: StopHow): void {
    for (const [segment, of] of this.bySegment(indexes))
      this.chain(segment, () =>
        this.signal(segment, SIGNAL.cancel, {
          indexes: of,
          ...(how === 'cancel' ? {} : { [how]: true as const }),
        }),
      );
  }

  recall(): void {
    for (const segment of this.segments.values()) {
      const waits = [...segment.inFlight.values()].some(({ turn }) => turn === 'later');
      if (waits) this.chain(segment, () => this.signal(segment, SIGNAL.recall, {}));
    }
  }

  tell(indexes: readonly number[], tell: AboveSignal): void {
    for (const [segment, of] of this.bySegment(indexes))
      this.chain(segment, () => this.signal(segment, SIGNAL.tell, { indexes: of, tell }));
  }

  hasRoom(): boolean {
    return this.underWay < 10;
  }

  runs(): string[] {
    return [
      workflowInfo().workflowId,
      ...[...this.segments.values()].filter((s) => s.inFlight.size > 0).map((s) => s.id),
    ];
  }

  runOf(index: number): string | undefined {
    return this.segmentOf.get(index)?.id;
  }

  pending(): number {
    return this.underWay;
  }

  async close(): Promise<void> {
    this.watching.cancel();
    for (const segment of this.segments.values())
      if (!segment.sealed) this.assign(segment, [], { last: true });
    await Promise.all([...this.segments.values()].map((segment) => segment.sent));
  }

  carry(): { segments: SegmentCarry[]; nextSegment: number } {
    const segments = [...this.segments.values()].map(({ id, handed, sealed, inFlight, kept }) => ({
      ...{ id, handed, sealed },
      ...(kept === 0 ? {} : { kept }),
      inFlight: [...inFlight].map(([index, { round, class: of, turn }]): InFlightCarry =>
        turn ? [index, round, of, turn] : [index, round, of],
      ),
    }));
    return { segments, nextSegment: this.next };
  }

  /** Keeps reports back, in the list that is returned, until {@link thaw}. */
  freeze(): SettledSignal[] {
    return (this.late = []);
  }

  thaw(): void {
    const late = this.late ?? [];
    this.late = undefined;
    for (const signal of late) this.settled(signal);
  }

  /** A segment reports outcomes. */
  settled(signal: SettledSignal): void {
    if (this.late) return void this.late.push(signal);
    const segment = this.segments.get(signal.segmentId);
    if (!segment || !Array.isArray(signal.outcomes)) return; // not one of ours, or given up long ago
    segment.heard = true;
    this.keep(segment, signal.kept ?? 0);
    for (const [index, outcome] of signal.outcomes) {
      const node = segment.inFlight.get(index);
      if (!node) continue; // told twice
      if ('begun' in outcome) {
        delete node.turn;
        this.deliver(index, outcome);
        continue;
      }
      segment.inFlight.delete(index);
      this.segmentOf.delete(index);
      this.deliver(index, outcome);
    }
    if (segment.sealed && segment.inFlight.size === 0) this.drop(segment);
  }

  private keep(segment: Segment, places: number): void {
    segment.kept += places;
    if (places !== 0) this.parts.keep(places);
  }

  /** Nothing is heard of a segment any more: what it kept is free. @returns false where that is known */
  private drop(segment: Segment): boolean {
    this.keep(segment, -segment.kept);
    return this.segments.delete(segment.id);
  }

  private adopt({ id, handed, sealed, inFlight, kept = 0 }: SegmentCarry): void {
    const segment: Segment = {
      ...{ id, handed, sealed, kept },
      inFlight: new Map(
        inFlight.map(([index, round, classIndex, turn]) => [
          index,
          { round, class: classIndex, told: true, turn },
        ]),
      ),
      sent: Promise.resolve(),
      heard: true,
    };
    this.segments.set(id, segment);
    for (const index of segment.inFlight.keys()) this.segmentOf.set(index, segment);
  }

  private bySegment(indexes: readonly number[]): Map<Segment, number[]> {
    const found = new Map<Segment, number[]>();
    for (const index of indexes) {
      const segment = this.segmentOf.get(index);
      if (segment) found.set(segment, [...(found.get(segment) ?? []), index]);
    }
    return found;
  }

  /** The segment that takes orders. */
  private open(): Segment {
    for (const segment of this.segments.values()) if (!segment.sealed) return segment;
    const id = `${workflowInfo().workflowId}/~seg/${this.next++}`;
    const segment: Segment = {
      ...{ id, handed: 0, sealed: false, kept: 0 },
      inFlight: new Map(),
      sent: Promise.resolve(),
      heard: true,
    };
    this.segments.set(id, segment);
    return segment;
  }

  private assign(
    segment: Segment,
    orders: NodeOrder[],
    { burst, lent, more = false, last = false }: AssignOptions = {},
  ): void {
    const isNew = segment.handed === 0 && !last;
    const light = burst?.nodes ?? [];
    const later = lent?.nodes ?? [];
    segment.handed += orders.length + later.length + Math.ceil(light.length * SHARE_OF_LIGHT);
    segment.sealed = last || (!more && segment.handed >= this.parts.nodesPerSegment);
    for (const order of orders) this.note(segment, order);
    for (const { order } of later) this.note(segment, order, 'later');
    for (const { order, waitsFor } of light)
      this.note(segment, order, waitsFor.length === 0 ? 'first' : 'later');
    const indexes = [...orders, ...[...later, ...light].map(({ order }) => order)].map(
      ({ index }) => index,
    );
    const { sealed, unsent } = segment;
    if (lent && unsent && !unsent.signal.lent && areFew(unsent.signal, lent)) {
      Object.assign(unsent.signal, { lent, sealed });
      unsent.indexes.push(...indexes);
      return;
    }
    const signal: AssignSignal = {
      ...{ orders, sealed },
      ...(burst ? { bursts: [burst] } : {}),
      ...(lent ? { lent } : {}),
    };
    const message = { signal, indexes };
    this.chain(segment, async () => {
      if (segment.unsent === message) segment.unsent = undefined;
      await (isNew ? this.start(segment, signal) : this.signal(segment, SIGNAL.assign, signal));
      for (const index of indexes) {
        const node = segment.inFlight.get(index);
        if (node) node.told = true;
      }
    });
    segment.unsent = message;
  }

  private note(segment: Segment, order: NodeOrder, turn?: Turn): void {
    const { index, round = null, class: of } = order;
    segment.inFlight.set(index, { round, class: of, told: false, ...(turn ? { turn } : {}) });
    this.segmentOf.set(index, segment);
  }

  private async start(segment: Segment, assigned: AssignSignal): Promise<void> {
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
    segment: Segment,
    name: string,
    argument: AssignSignal | CancelSignal | TellSignal | Record<string, never>,
  ): Promise<void> {
    await getExternalWorkflowHandle(segment.id).signal(name, argument);
  }

  private chain(segment: Segment, step: () => Promise<void>): void {
    this.underWay++;
    segment.unsent = undefined; // what is added to a message must not overtake the next one
    const run = async (): Promise<void> => {
      try {
        await step();
      } catch (error) {
        log.warn(`segment ${segment.id} cannot be reached: ${messageOf(error)}`);
        this.lost(segment);
      } finally {
        this.underWay--;
      }
    };
    segment.sent = segment.sent.then(run);
  }

  /** Gives the nodes of a segment that is gone back to the scheduler, or ends those that may not run again. */
  private lost(segment: Segment): void {
    if (!this.drop(segment)) return;
    for (const [index, node] of segment.inFlight) {
      this.segmentOf.delete(index);
      const retry = this.parts.classes[node.class]?.retry;
      this.deliver(index, lostDelivered(segment.id, node, { retry, at: Date.now() }));
    }
  }

  /** Not knowing is no reason to give a segment up: it is looked at again next time. */
  private async look(segment: Segment): Promise<'there' | 'gone'> {
    try {
      const found = await work<string>(ACTIVITY.describe, [segment.id], LOOK);
      return found === 'running' ? 'there' : 'gone';
    } catch (error) {
      if (isCancellation(error)) throw error;
      return 'there';
    }
  }

  private async watch(): Promise<never> {
    for (let wait = MINUTE; ; wait = Math.min(wait * 2, 60 * MINUTE)) {
      await sleep(wait);
      for (const segment of [...this.segments.values()]) {
        if (segment.heard || segment.inFlight.size === 0) {
          segment.heard = false;
          continue;
        }
        if ((await this.look(segment)) === 'gone') this.lost(segment);
      }
    }
  }
}

/** They go into one message. */
const areFew = (signal: AssignSignal, lent: Lent): boolean =>
  jsonBytes(signal) + jsonBytes(lent) <= MESSAGE_BYTES;
