/**
 * A small world for a limit: graphs with their gates, one keeper, and a post that may deliver late, twice and in any
 * order. At every step it is checked that what is in use stays within the limit.
 */
import { LimitGate, type GateSnapshot } from '../../../src/domain/limit-gate.js';
import type { LimitAsk, LimitGrant } from '../../../src/domain/limit-messages.js';
import { Limiter, type LimiterSnapshot } from '../../../src/domain/limiter.js';

export interface GraphPlan {
  priority: number;
  fairnessKey: string;
  window: number;
  /** Nodes by lane: the weight of each lane, and how many wait in it at first. */
  lanes: { weight: number; nodes: number }[];
}

interface Graph {
  plan: GraphPlan;
  id: string;
  run: string;
  gate: LimitGate;
  ready: number[];
  running: number[];
  started: number;
  ended: number;
  closed: boolean;
  /** What stands between it and the keeper. */
  outbox: LimitAsk[];
  inbox: { run: string; grant: Omit<LimitGrant, 'limit' | 'run'> }[];
}

const clone = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

export class LimitWorld {
  readonly graphs: Graph[];
  keeper: Limiter;
  now = 0;
  /** Messages that graphs sent, and that the keeper sent. */
  sent = { asks: 0, grants: 0 };
  /** `graph lane`, in the order of their starts. */
  readonly starts: string[] = [];

  constructor(
    readonly max: number,
    plans: readonly GraphPlan[],
  ) {
    this.keeper = new Limiter(max);
    this.graphs = plans.map((plan, index) => ({
      plan,
      id: `g${index}`,
      run: `r${index}`,
      gate: new LimitGate(
        [{ max, asked: {}, priority: plan.priority }],
        plan.lanes.map(({ weight }) => ({ limit: 0, weight })),
      ),
      ready: plan.lanes.map(({ nodes }) => nodes),
      running: plan.lanes.map(() => 0),
      started: 0,
      ended: 0,
      closed: false,
      outbox: [],
      inbox: [],
    }));
    for (const graph of this.graphs) this.turn(graph);
  }

  get inUse(): number {
    return this.graphs.reduce((sum, graph) => sum + usedBy(graph), 0);
  }

  get isDone(): boolean {
    return this.graphs.every(({ closed, ready, running }) =>
      [...ready, ...running].every((count) => closed || count === 0),
    );
  }

  /** One workflow task of a graph: starts what may start, then tells what has to be told. */
  turn(graph: Graph): void {
    const { gate, plan, ready, running } = graph;
    if (graph.closed) return;
    plan.lanes.forEach((_, lane) => {
      while ((ready[lane] ?? 0) > 0 && gate.free(lane) > 0 && roomOf(graph) > 0) {
        gate.use(lane);
        ready[lane]!--;
        running[lane]!++;
        graph.started++;
        this.starts.push(`${graph.id} ${lane}`);
      }
    });
    plan.lanes.forEach((_, lane) =>
      gate.settle(lane, {
        ready: ready[lane] ?? 0,
        room: roomOf(graph),
        priority: plan.priority,
        started: graph.started,
      }),
    );
    const message = gate.message(0);
    if (message) this.send(graph, { ...headOf(graph), ...message });
    this.check();
  }

  /** A node of a lane ends; its dependants may make others ready. */
  end(graph: Graph, lane: number, next = 0): void {
    if (graph.closed || !(graph.running[lane]! > 0)) return;
    graph.running[lane]!--;
    graph.ready[lane]! += next;
    graph.ended++;
    graph.gate.leave(lane);
    this.turn(graph);
  }

  close(graph: Graph): void {
    if (graph.closed) return;
    graph.closed = true;
    const none = { asked: {}, granted: {}, released: {} };
    this.send(graph, {
      ...headOf(graph),
      sequence: 1_000_000,
      priority: 1,
      ...none,
      closed: true as const,
    });
    graph.running.fill(0);
    graph.ready.fill(0);
  }

  /** A message reaches the keeper; `keep` leaves a copy in the post. */
  deliverAsk(graph: Graph, which: number, keep = false): void {
    const at = which % Math.max(1, graph.outbox.length);
    const [message] = keep ? graph.outbox.slice(at, at + 1) : graph.outbox.splice(at, 1);
    if (message) this.keeper.hear(clone(message), this.now);
  }

  deliverGrant(graph: Graph, which: number, keep = false): void {
    const at = which % Math.max(1, graph.inbox.length);
    const [message] = keep ? graph.inbox.slice(at, at + 1) : graph.inbox.splice(at, 1);
    if (!message || message.run !== graph.run || graph.closed) return;
    graph.gate.hear(0, clone(message.grant));
    this.turn(graph);
  }

  decide(): void {
    for (const { graph, grant } of this.keeper.decide(this.now)) {
      const to = this.graphs.find(({ id }) => id === graph);
      const { run, ...rest } = grant;
      to?.inbox.push({ run, grant: rest });
      this.sent.grants++;
    }
    if (this.keeper.used > this.max)
      throw new Error(`${this.keeper.used} of ${this.max} are given out`);
  }

  restoreKeeper(): void {
    this.keeper = Limiter.restore(clone<LimiterSnapshot>(this.keeper.snapshot()));
  }

  restoreGate(graph: Graph): void {
    const carried = clone<GateSnapshot>(graph.gate.snapshot());
    graph.gate = new LimitGate(
      [],
      graph.plan.lanes.map(({ weight }) => ({ limit: 0, weight })),
      carried,
    );
  }

  /** Everything arrives, in order, until nothing is under way. */
  settle(): void {
    for (let round = 0; ; round++) {
      if (round > 1_000) throw new Error('the messages never end');
      for (const graph of this.graphs) while (graph.outbox.length > 0) this.deliverAsk(graph, 0);
      this.decide();
      for (const graph of this.graphs) while (graph.inbox.length > 0) this.deliverGrant(graph, 0);
      if (this.graphs.every(({ outbox, inbox }) => outbox.length + inbox.length === 0)) return;
    }
  }

  /** Lets everything run: each node takes `runMs`. @throws where something is left for ever */
  runOut(runMs = 500, most = 5_000): void {
    for (let round = 0; !this.isDone; round++) {
      if (round > most) throw new Error(`stuck: ${JSON.stringify(this.keeper.view())}`);
      this.settle();
      this.now += runMs;
      for (const graph of this.graphs)
        graph.running.forEach((count, lane) => {
          for (let i = 0; i < count; i++) this.end(graph, lane);
        });
    }
  }

  private send(graph: Graph, message: LimitAsk): void {
    graph.outbox.push(clone(message));
    this.sent.asks++;
  }

  private check(): void {
    if (this.inUse > this.max) throw new Error(`${this.inUse} of ${this.max} are in use`);
  }
}

const usedBy = ({ running, plan }: Graph): number =>
  running.reduce((sum, count, lane) => sum + count * (plan.lanes[lane]?.weight ?? 0), 0);
const roomOf = ({ running, plan }: Graph): number =>
  plan.window - running.reduce((sum, count) => sum + count, 0);
const headOf = ({ id, run, plan }: Graph): Pick<LimitAsk, 'graph' | 'run' | 'fairnessKey'> => ({
  graph: id,
  run,
  fairnessKey: plan.fairnessKey,
});
