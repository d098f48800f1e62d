/** A segment of a split graph, with the engine's own lent nodes, and what it and its coordinator say to each other. */
import type { NodeOutcome } from '../../src/domain/outcome.js';
import { LentNodes } from '../../src/workflows/lent-nodes.js';
import type { Lent } from '../../src/workflows/requests.js';
import type { Cluster } from './cluster.js';
import { BOUNDS } from './handing.js';
import { Workflow, type Decided } from './workflow.js';

const { OUTCOMES_PER_REPORT, QUIET_MOST } = BOUNDS.segment;
/** `QUIET` of `workflows/segment.ts`. */
const QUIET_MS = 200;

/** What a graph's own run hears. */
export type Heard =
  { kind: 'started' | 'prepared' | 'recorded' | 'read' | 'paged' | 'sent' } | Outcomes;
interface Outcomes {
  kind: 'ended';
  nodes: readonly number[];
  /** What became of them and others, in this order, where some were lent. */
  told?: readonly Told[];
  from?: Segment;
}
/** What a segment tells of a node, and how many places it keeps more. */
export interface Told {
  index: number | undefined;
  what: 'begun' | 'left' | 'ended';
  places: number;
}

/** What one message to a segment holds. */
export interface Assigned {
  orders: readonly number[];
  burst: readonly number[];
  lent?: Lent;
}

export type SegmentHeard =
  | ({ kind: 'assign' } & Assigned)
  | { kind: 'ended'; nodes: readonly number[] }
  | { kind: 'reported' | 'quiet' | 'recall' };

/** Holds the activities of some nodes of a split graph, and begins what is lent to it. */
export class Segment extends Workflow<SegmentHeard> {
  private told: Told[] = [];
  /** Places that the coordinator takes it to keep. */
  kept = 0;
  private isReporting = false;
  private isUrgent = false;
  private waitsQuietly = false;
  /** Nodes that begin in this workflow task. */
  private begins: number[] = [];
  private readonly lent = new LentNodes(
    ({ index }) => this.begins.push(index),
    ({ outcome, places, quiet }) => {
      const delivered = outcome?.[1] ?? {};
      const what = 'begun' in delivered ? 'begun' : 'left' in delivered ? 'left' : 'ended';
      this.told.push({ index: outcome?.[0], what, places });
      this.isUrgent ||= !quiet;
    },
  );

  constructor(
    cluster: Cluster,
    private readonly coordinator: Workflow<Heard>,
  ) {
    super(cluster);
  }

  protected decide(heard: readonly SegmentHeard[]): Decided {
    const { worker } = this.cluster.costs;
    const commands: Decided['commands'] = [];
    let cpuMs = 0;
    for (const one of heard) {
      if (one.kind === 'assign') {
        const { orders, burst, lent } = one;
        for (const index of orders) this.lent.ordered(index, true);
        for (const index of burst) this.lent.ordered(index, false);
        this.begins.push(...orders);
        if (lent) this.lent.take(lent);
        if (burst.length === 0) continue;
        cpuMs += burst.length * worker.decided;
        const ms = worker.activity + burst.length * worker.light;
        commands.push(() => this.activity(ms, { kind: 'ended', nodes: burst }));
      } else if (one.kind === 'ended') {
        for (const index of one.nodes) this.lent.heard(index, COMPLETED);
      } else if (one.kind === 'recall') this.lent.recall();
      else if (one.kind === 'quiet') {
        this.isUrgent = true;
        this.waitsQuietly = false;
      } else this.isReporting = false;
    }
    this.isUrgent ||= this.lent.lacksPlace;
    cpuMs += this.begins.length * worker.node;
    for (const index of this.begins.splice(0))
      commands.push(() => this.activity(worker.activity, { kind: 'ended', nodes: [index] }));
    this.report(commands);
    return { cpuMs, commands };
  }

  private report(commands: Decided['commands']): void {
    if (this.isReporting || this.told.length === 0) return;
    if (!this.isUrgent && this.told.length < QUIET_MOST) {
      if (this.waitsQuietly) return;
      this.waitsQuietly = true;
      this.wrote(1);
      this.cluster.clock.after(QUIET_MS, () => this.hear({ kind: 'quiet' }));
      return;
    }
    const { cluster, coordinator } = this;
    this.isReporting = true;
    const told = this.told.splice(0, OUTCOMES_PER_REPORT);
    this.isUrgent = this.told.length > 0;
    const nodes = told.flatMap(({ index, what }) =>
      index === undefined || what !== 'ended' ? [] : [index],
    );
    const bytes = nodes.length * cluster.costs.bytes.outcome;
    const heard: Heard = { kind: 'ended', nodes, told, from: this };
    commands.push(() => this.signal(coordinator, heard, { kind: 'reported' }, bytes));
  }
}

const COMPLETED: NodeOutcome = {
  ...{ status: 'COMPLETED', attempts: [], attemptCount: 1, executionTimeMs: 0 },
};
