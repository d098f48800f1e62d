/**
 * Runs the nodes of a big graph in segments: child workflows that hold the activities, so that the coordinator can
 * continue as new at any time without waiting for them.
 *
 * S1. A segment takes `nodesPerSegment` orders in its life, those of nodes that are lent counted, and what is left of its
 *     last burst. It never continues as new.
 * S2. A segment that is gone is found when a message cannot be delivered (`segment-post.ts`), else by asking the server
 *     after 1, 2, 4 … 60 minutes (`segment-watch.ts`); its nodes are begun again elsewhere, with one attempt counted as
 *     lost.
 */
import { workflowInfo } from '@temporalio/workflow';
import { fitting } from '../domain/budget.js';
import type { NodeClass } from '../domain/plan.js';
import type {
  AboveSignal,
  AssignSignal,
  Carry,
  InFlightCarry,
  SegmentCarry,
  SettledSignal,
  Turn,
} from './between.js';
import { lostDelivered, type HandedOver } from './lost-segment.js';
import type { Deliver, NodeExecutor, StopHow } from './node-executor.js';
import type { Burst, Lent, NodeOrder, Prepared } from './requests.js';
import { MESSAGE_BYTES, SegmentPost, type Addressee } from './segment-post.js';
import { SegmentWatch, type Watched } from './segment-watch.js';

/** Orders in one message. */
const ORDERS_PER_MESSAGE = 200;
/** What a light node puts into its segment's history, as a share of what another one does: its outcome, and no event. */
const SHARE_OF_LIGHT = 0.25;

interface InFlight extends HandedOver {
  class: number;
}

interface Segment extends Addressee, Watched {
  handed: number;
  sealed: boolean;
  inFlight: Map<number, InFlight>;
  /** Places of the window that it keeps for what was lent to it. */
  kept: number;
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
  private late: SettledSignal[] | undefined;
  /** Segments that were found to be gone while their reports are kept back. */
  private readonly goneMeanwhile: Segment[] = [];
  private outbox: NodeOrder[] = [];
  private readonly post: SegmentPost<Segment>;
  private readonly watch: SegmentWatch<Segment>;

  constructor(
    private readonly parts: SegmentsParts,
    private readonly deliver: Deliver,
  ) {
    this.next = parts.carry?.nextSegment ?? 0;
    for (const carried of parts.carry?.segments ?? []) this.adopt(carried);
    const lost = (segment: Segment): void => this.lost(segment);
    this.post = new SegmentPost<Segment>({
      ...{ context: parts.context, classes: parts.classes, lost },
      arrived: ({ inFlight }, indexes) => {
        for (const index of indexes) {
          const node = inFlight.get(index);
          if (node) node.told = true;
        }
      },
    });
    this.watch = new SegmentWatch<Segment>(() => this.segments.values(), lost);
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
      this.post.stop(segment, {
        indexes: of,
        ...(how === 'cancel' ? {} : { [how]: true as const }),
      });
  }

  recall(): void {
    for (const segment of this.segments.values()) {
      const waits = [...segment.inFlight.values()].some(({ turn }) => turn === 'later');
      if (waits) this.post.recall(segment);
    }
  }

  tell(indexes: readonly number[], tell: AboveSignal): void {
    for (const [segment, of] of this.bySegment(indexes))
      this.post.tell(segment, { indexes: of, tell });
  }

  hasRoom(): boolean {
    return this.post.pending() < 10;
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
    return this.post.pending() + this.goneMeanwhile.length;
  }

  async close(): Promise<void> {
    this.watch.close();
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
    for (const segment of this.goneMeanwhile.splice(0)) this.lost(segment);
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
      if ('passed' in outcome) {
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
    const signal: AssignSignal = {
      ...{ orders, sealed: segment.sealed },
      ...(burst ? { bursts: [burst] } : {}),
      ...(lent ? { lent } : {}),
    };
    this.post.assign(segment, { signal, indexes }, isNew);
  }

  private note(segment: Segment, order: NodeOrder, turn?: Turn): void {
    const { index, round = null, class: of } = order;
    segment.inFlight.set(index, { round, class: of, told: false, ...(turn ? { turn } : {}) });
    this.segmentOf.set(index, segment);
  }

  /** Gives the nodes of a segment that is gone back to the scheduler, or ends those that may not run again. */
  private lost(segment: Segment): void {
    // What it has told is heard first: one that is gone may have ended all that it had.
    if (this.late) return void this.goneMeanwhile.push(segment);
    if (!this.drop(segment)) return;
    for (const [index, node] of segment.inFlight) {
      this.segmentOf.delete(index);
      const retry = this.parts.classes[node.class]?.retry;
      this.deliver(index, lostDelivered(segment.id, node, { retry, at: Date.now() }));
    }
  }
}
