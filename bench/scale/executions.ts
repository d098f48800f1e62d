/** Executions as our engine runs them, decided by its own scheduler: in one run, or by a coordinator and its segments. */
import { Lender } from '../../src/domain/lender.js';
import { Scheduler } from '../../src/domain/scheduler.js';
import type { Lent, NodeOrder } from '../../src/workflows/requests.js';
import type { Cluster } from './cluster.js';
import { BOUNDS, burstOf, fillBurst, type Graph } from './handing.js';
import { Segment, type Assigned, type Heard, type SegmentHeard, type Told } from './segment.js';
import { Workflow, type Decided } from './workflow.js';

/** Defaults of `maxNodesPerRun` and `coordinatorEvents`. */
const NODES_PER_RUN = 4_000;
const COORDINATOR_EVENTS = 8_000;
const { BATCH } = BOUNDS['handing-over'];
const { ORDERS_PER_MESSAGE, SHARE_OF_LIGHT } = BOUNDS.segments;
const { PAGE_NODES, GROWTH_BYTES, LEAST_GROWTH_BYTES, MOST_BYTES } = BOUNDS['going-on'];
/** Messages on their way, from which on nothing more is handed over (`hasRoom` in `workflows/segments.ts`). */
const MOST_UNDER_WAY = 10;
/** `PLAN_PAGE_BYTES` of `activities/pin.ts`. */
const PLAN_PAGE_BYTES = 1_000_000;

/** Starts an execution of a graph; `ended` is called when it is over. */
export function startExecution(cluster: Cluster, graph: Graph, ended: () => void): void {
  const { server } = cluster.costs;
  const isSplit = graph.nodes.length > NODES_PER_RUN;
  cluster.serve(server.execution * server.share.begin, () =>
    cluster.commit(cluster.shard(), () => {
      const over = (): void =>
        cluster.serve(server.execution * (server.share.end + server.share.after), ended);
      if (isSplit) new Coordinator(cluster, graph, over).begin();
      else new OneRun(cluster, graph, over).begin();
    }),
  );
}

/** A graph, or a lone task, that holds its activities itself. */
class OneRun extends Workflow<Heard> {
  private readonly scheduler: Scheduler;

  constructor(
    cluster: Cluster,
    private readonly graph: Graph,
    private readonly over: () => void,
  ) {
    super(cluster);
    const { nodes, window } = graph;
    this.scheduler = new Scheduler(nodes, { concurrency: window, onFailure: 'continue' });
  }

  begin(): void {
    this.hear({ kind: 'started' });
  }

  protected decide(heard: readonly Heard[]): Decided {
    const { cluster, graph, scheduler } = this;
    const { worker } = cluster.costs;
    const { now } = cluster.clock;
    const commands: Decided['commands'] = [];
    let cpuMs = 0;
    for (const one of heard) {
      if (one.kind === 'started') {
        cpuMs += worker.execution;
        if (graph.nodes.length > 1) cpuMs += worker.graph + worker.planned * graph.nodes.length;
        this.wrote(1);
        scheduler.start(now);
      } else if (one.kind === 'ended') {
        for (const index of one.nodes) scheduler.settle(index, 'COMPLETED', now);
      } else if (one.kind === 'recorded') return { cpuMs, commands: [() => this.close()] };
    }
    if (scheduler.isDone) {
      const isLone = graph.nodes.length === 1;
      const end = (): void => this.activity(worker.activity, { kind: 'recorded' });
      return { cpuMs, commands: [isLone ? () => this.close() : end] };
    }
    for (let taken = scheduler.take(BATCH); taken.length > 0; taken = scheduler.take(BATCH)) {
      if (graph.light) {
        const nodes = fillBurst(scheduler, taken, burstOf(worker.light));
        cpuMs += nodes.length * worker.decided;
        const ms = worker.activity + nodes.length * worker.light;
        commands.push(() => this.activity(ms, { kind: 'ended', nodes }));
        continue;
      }
      cpuMs += taken.length * (worker.node + worker.decided);
      for (const index of taken)
        commands.push(() => this.activity(worker.activity, { kind: 'ended', nodes: [index] }));
    }
    return { cpuMs, commands };
  }

  private close(): void {
    this.wrote(1);
    this.over();
  }
}

/** Decides for a split graph; its segments hold the activities. */
class Coordinator extends Workflow<Heard> {
  private readonly scheduler: Scheduler;
  private segment: Segment | undefined;
  private handed = 0;
  private readonly messages: (() => void)[] = [];
  /** Messages that have not arrived, the one on its way included. */
  private underWay = 0;
  private unpaged = 0;
  private state: 'preparing' | 'reading' | 'running' | 'shedding' | 'going on' | 'ending' =
    'preparing';
  private pagesToRead = 0;
  private atStart = 0;
  private recalling = false;
  private readonly lender: Lender<Segment>;
  private readonly segmentOf = new Map<number, Segment>();
  /** The last message, while it waits for the one before. */
  private unsent: Assigned | undefined;

  constructor(
    cluster: Cluster,
    private readonly graph: Graph,
    private readonly over: () => void,
  ) {
    super(cluster);
    const { nodes, window } = graph;
    this.scheduler = new Scheduler(nodes, { concurrency: window, onFailure: 'continue' });
    this.lender = new Lender({
      scheduler: this.scheduler,
      mayBeLent: () => !graph.light,
      segmentOf: (index) => {
        const its = this.segmentOf.get(index);
        return its === this.segment ? its : undefined;
      },
      open: () => this.segment,
      roomIn: () => NODES_PER_RUN - this.handed,
    });
  }

  begin(): void {
    this.hear({ kind: 'started' });
  }

  protected decide(heard: readonly Heard[]): Decided {
    const { cluster, graph, scheduler } = this;
    const { worker } = cluster.costs;
    const { now } = cluster.clock;
    const commands: Decided['commands'] = [];
    let cpuMs = worker.coordinatorTask;
    for (const one of heard) {
      if (one.kind === 'started') {
        const prepare = worker.execution + worker.graph + worker.planned * graph.nodes.length;
        commands.push(() => this.activity(prepare, { kind: 'prepared' }));
      } else if (one.kind === 'prepared') {
        this.read(commands);
      } else if (one.kind === 'read') {
        if (--this.pagesToRead > 0) continue;
        cpuMs += worker.read * graph.nodes.length;
        if (scheduler.started === 0) scheduler.start(now);
        this.atStart = this.bytes;
        this.state = 'running';
      } else if (one.kind === 'sent') {
        this.underWay--;
        const next = this.messages.shift();
        if (next) commands.push(next);
      } else if (one.kind === 'ended') {
        const told =
          one.told ?? one.nodes.map((index): Told => ({ index, what: 'ended', places: 0 }));
        for (const it of told) this.heardOf(it, one.from);
        cpuMs += one.nodes.length * worker.decided;
        this.unpaged += one.nodes.length;
      } else if (one.kind === 'paged') {
        this.unpaged = Math.max(0, this.unpaged - PAGE_NODES);
        if (this.state === 'shedding') this.state = 'running';
      } else return { cpuMs, commands: [...commands, () => this.close()] };
    }
    if (this.state === 'running') this.go(commands);
    if (this.state === 'going on') this.goOn(commands);
    return { cpuMs, commands };
  }

  private go(commands: Decided['commands']): void {
    this.givePlaces(commands);
    this.dispatch(commands);
    this.review(commands);
    const { scheduler } = this;
    if (scheduler.isDone) {
      this.state = 'ending';
      const pages = this.unpaged > 0 ? 1 : 0;
      const { activity } = this.cluster.costs.worker;
      if (pages > 0) this.writePage(commands);
      commands.push(() => this.activity(activity, { kind: 'recorded' }));
    } else if (this.unpaged >= PAGE_NODES) {
      this.state = 'shedding';
      this.writePage(commands);
    } else if (this.isLong()) this.state = 'going on';
  }

  private heardOf({ index, what, places }: Told, from: Segment | undefined): void {
    const { scheduler, lender } = this;
    const { now } = this.cluster.clock;
    if (from) this.keep(from, places);
    if (index === undefined) return;
    if (what === 'begun') return scheduler.lentBegan(index);
    this.segmentOf.delete(index);
    if (what === 'ended') scheduler.settle(index, 'COMPLETED', now);
    else {
      lender.left(index);
      scheduler.giveBack(index, now);
    }
  }

  private isLong(): boolean {
    const grown = this.bytes - this.atStart;
    const room = Math.max(LEAST_GROWTH_BYTES, Math.min(GROWTH_BYTES, MOST_BYTES - this.atStart));
    return this.events >= COORDINATOR_EVENTS || grown >= room;
  }

  private writePage(commands: Decided['commands']): void {
    const { costs } = this.cluster;
    const bytes = Math.min(this.unpaged, PAGE_NODES) * costs.bytes.paged;
    commands.push(() => {
      this.wrote(0, bytes);
      this.activity(costs.worker.activity, { kind: 'paged' });
    });
  }

  /** A new run: it begins by reading the plan. */
  private goOn(commands: Decided['commands']): void {
    if (this.underWay > 0) return;
    if (this.unpaged > 0) {
      this.writePage(commands);
      this.unpaged = 0;
    }
    this.events = 0;
    this.bytes = 0;
    this.read(commands);
  }

  private read(commands: Decided['commands']): void {
    const { costs } = this.cluster;
    const bytes = this.graph.nodes.length * costs.bytes.planned;
    const pages = Math.max(1, Math.ceil(bytes / PLAN_PAGE_BYTES));
    this.state = 'reading';
    this.pagesToRead = pages;
    const each = this.graph.nodes.length / pages;
    for (let page = 0; page < pages; page++)
      commands.push(() => {
        this.wrote(0, bytes / pages);
        this.activity(costs.worker.activity + each * costs.worker.read, { kind: 'read' });
      });
  }

  private dispatch(commands: Decided['commands']): void {
    const { scheduler, graph } = this;
    while (this.underWay < MOST_UNDER_WAY) {
      const taken = scheduler.take(BATCH);
      if (taken.length === 0) return;
      if (graph.light) {
        const { light } = this.cluster.costs.worker;
        const burst = fillBurst(scheduler, taken, burstOf(light));
        this.assign({ orders: [], burst }, commands);
        continue;
      }
      const orders = [...taken];
      while (orders.length > 0) {
        const room = Math.max(1, Math.min(ORDERS_PER_MESSAGE, NODES_PER_RUN - this.handed));
        this.assign({ orders: orders.splice(0, room), burst: [] }, commands);
      }
      this.lender.handedOver(taken);
    }
  }

  private keep(segment: Segment, places: number): void {
    segment.kept += places;
    this.scheduler.keep(places);
  }

  /** As `workflows/lending.ts` does, and what follows. */
  private givePlaces(commands: Decided['commands']): void {
    const { scheduler, segmentOf } = this;
    if (scheduler.room === 0 || !this.mayLend) return;
    const waiting = new Map<Segment, number>();
    for (const index of scheduler.lentReady) {
      const its = segmentOf.get(index);
      if (its) waiting.set(its, (waiting.get(its) ?? 0) + 1);
    }
    for (const [segment, nodes] of waiting) {
      const places = Math.min(nodes - segment.kept, scheduler.room);
      if (places <= 0) continue;
      this.keep(segment, places);
      const lent: Lent = { nodes: [], quiet: [], places, ...this.roomLeft };
      const given: SegmentHeard = { kind: 'assign', orders: [], burst: [], lent };
      this.send(commands, () => this.signal(segment, given, { kind: 'sent' }, 0));
    }
  }

  private get mayLend(): boolean {
    return !this.recalling && this.underWay < MOST_UNDER_WAY;
  }

  private get roomLeft(): { room?: true } {
    return this.scheduler.room > 0 ? { room: true } : {};
  }

  /** Lends, or calls back what is lent. */
  private review(commands: Decided['commands']): void {
    const { scheduler, lender, segmentOf } = this;
    if (scheduler.lentCount === 0) this.recalling = false;
    if (this.mayLend && !lender.isBlocked) this.lend(commands);
    if (!lender.mustCallBack || scheduler.lentCount === 0 || this.recalling) return;
    this.recalling = true;
    lender.calledBack();
    for (const segment of new Set(segmentOf.values()))
      this.send(commands, () => this.signal(segment, { kind: 'recall' }, { kind: 'sent' }, 0));
  }

  private lend(commands: Decided['commands']): void {
    const { lender } = this;
    for (const [, loans] of lender.lend()) {
      const nodes = loans.map(({ index, waitsFor }) => ({
        ...{ order: { index } as NodeOrder, waitsFor },
      }));
      const before = loans.flatMap(({ index, waitsFor }) => [index, ...waitsFor]);
      const quiet = lender.onlyBeforeLent(new Set(before));
      while (nodes.length > 0) {
        const some = nodes.splice(0, ORDERS_PER_MESSAGE);
        const last = nodes.length === 0 ? quiet : [];
        const lent: Lent = { nodes: some, quiet: last, ...this.roomLeft };
        this.assign({ orders: [], burst: [], lent }, commands, nodes.length > 0);
      }
    }
  }

  private assign(given: Assigned, commands: Decided['commands'], more = false): void {
    const { bytes } = this.cluster.costs;
    const isNew = this.segment === undefined;
    const segment = (this.segment ??= new Segment(this.cluster, this));
    const lent = given.lent?.nodes.map(({ order }) => order.index) ?? [];
    for (const index of [...given.orders, ...lent]) this.segmentOf.set(index, segment);
    this.handed += given.orders.length + lent.length;
    this.handed += Math.ceil(given.burst.length * SHARE_OF_LIGHT);
    if (!more && this.handed >= NODES_PER_RUN) {
      this.segment = undefined;
      this.handed = 0;
    }
    if (given.lent && this.unsent && !this.unsent.lent) {
      this.unsent.lent = given.lent;
      return;
    }
    this.send(commands, () => {
      if (this.unsent === given) this.unsent = undefined;
      // A child's start costs about what a signal does, and an execution more.
      if (isNew) this.cluster.serve(this.cluster.costs.server.execution);
      const count = given.orders.length + (given.lent?.nodes.length ?? 0) + given.burst.length;
      this.signal(segment, { kind: 'assign', ...given }, { kind: 'sent' }, count * bytes.order);
    });
    this.unsent = given;
  }

  private send(commands: Decided['commands'], message: () => void): void {
    this.unsent = undefined;
    this.underWay++;
    if (this.underWay === 1) commands.push(message);
    else this.messages.push(message);
  }

  private close(): void {
    this.wrote(1);
    this.over();
  }
}
