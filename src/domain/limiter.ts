/**
 * The keeper of one limit: hears what graphs ask for and give back, decides who gets the next place.
 *
 * Pure: events and the time come in, messages come out. `workflows/limit.ts` sends them.
 * K1. The weights of all places that are out come to at most `max`. A place heavier than a `max` that was lowered under
 *     it goes out alone.
 * K2. Totals only: a message that comes twice, late or out of order changes nothing that a newer one has said.
 * K3. The queue: fairness keys with the least out go first, of those with as much the one whose turn is the longest ago;
 *     in a key the more urgent, then graphs with the least out, then whose turn is the longest ago. Nobody overtakes the
 *     first in the queue, however heavy it is.
 * K4. Ten seconds of waiting count as one priority; who has waited a minute goes before all others. So nobody starves.
 * K5. A graph keeps its places while it has nodes for them. One is asked back after a quantum, when somebody waits whom
 *     the queue prefers; without anybody waiting nothing is ever asked back.
 */
import { LimitLine } from './limit-line.js';
import type { LimitAsk, LimitGrant, Totals } from './limit-messages.js';
import {
  AGING_MS,
  asksBackFirst,
  inOrder,
  lineOf,
  prefers,
  Standing,
  STARVING_MS,
  type Holder,
  type HolderSnapshot,
  type InLine,
  type Waiter,
} from './limit-order.js';

export { AGING_MS, STARVING_MS } from './limit-order.js';

/** How long a graph may keep a place before it is asked back. */
export const QUANTUM_MS = 1_000;
/** A graph that has not been heard of for so long is looked at, then after 2, 4 … 60 minutes. */
export const LEASE_MS = 60_000;
const MOST_LEASE_MS = 60 * 60_000;
/** Ended graphs whose late messages are still recognised. */
const REMEMBERED = 200;

/** The keeper's memory as JSON. */
export interface LimiterSnapshot {
  max: number;
  turns: number;
  holders: HolderSnapshot[];
  ended: [graph: string, run: string][];
  /** Graphs that have not been told of the last change. */
  untold: string[];
  keyTurns: [fairnessKey: string, turn: number][];
  moment?: number;
}

/** What a graph has to be told. */
export interface Told {
  graph: string;
  grant: Omit<LimitGrant, 'limit'>;
}

/** Who has what, and who waits. Times are epoch milliseconds. */
export interface LimiterView {
  max: number;
  used: number;
  holders: { graph: string; places: number; weight: number; since: number }[];
  waiters: { graph: string; places: number; weight: number; since: number; priority: number }[];
}

export class Limiter {
  private readonly holders = new Map<string, Holder>();
  private readonly ended = new Map<string, string>();
  private readonly untold = new Set<string>();
  private readonly keyTurns = new Map<string, number>();
  private turns = 0;
  /** When waiting long enough makes a difference; found by `decide`. */
  private nextMoment: number | undefined;

  constructor(private places: number) {}

  get max(): number {
    return this.places;
  }

  /** Weights of all places that are out. */
  get used(): number {
    return this.sum((line) => line.out);
  }

  /** True when no graph is known. */
  get isEmpty(): boolean {
    return this.holders.size === 0;
  }

  hear(ask: LimitAsk, now: number): void {
    if (this.ended.get(ask.graph) === ask.run) return;
    const known = this.holders.get(ask.graph);
    // Another run under the same id: the first message of it says that the one before is over.
    if (known && known.run !== ask.run && ask.sequence > 0) return;
    if (ask.closed) return this.forget(ask.graph, ask.run);
    if (known && known.run !== ask.run) this.forget(known.graph, known.run);
    const holder = known?.run === ask.run ? known : this.enter(ask, now);
    const fresh = ask.sequence >= holder.sequence;
    if (fresh) {
      const { sequence, priority, fairnessKey } = ask;
      Object.assign(holder, { sequence, priority, fairnessKey });
    }
    holder.checkAt = Math.max(holder.checkAt, now + LEASE_MS);
    holder.checks = 0;
    const weights = [ask.asked, ask.granted, ask.released].flatMap((one) => Object.keys(one));
    for (const weight of new Set([...weights.map(Number), ...holder.lines.keys()])) {
      const line = holder.lines.get(weight) ?? new LimitLine(weight);
      holder.lines.set(weight, line);
      const wasAskedBack = line.askedBack > 0;
      const back = line.hear(ask, fresh, now);
      line.noteWait(now, () => this.nextTurn(holder));
      if (back > 0 && wasAskedBack && line.want > 0) line.turn = ++this.turns; // to the end of the queue
    }
  }

  setMax(max: number): void {
    if (max === this.places) return;
    this.places = max;
    for (const graph of this.holders.keys()) this.untold.add(graph);
  }

  /** The graph has ended: its places are free. */
  forget(graph: string, run: string): void {
    const holder = this.holders.get(graph);
    if (holder?.run === run) {
      this.holders.delete(graph);
      this.untold.delete(graph);
      const { fairnessKey } = holder;
      if (![...this.holders.values()].some((other) => other.fairnessKey === fairnessKey))
        this.keyTurns.delete(fairnessKey);
    }
    this.ended.set(graph, run);
    for (const oldest of this.ended.keys()) {
      if (this.ended.size <= REMEMBERED) break;
      this.ended.delete(oldest);
    }
  }

  /** Gives out what is free, asks back what is due; what has to be told, one message a graph. */
  decide(now: number): Told[] {
    this.nextMoment = undefined;
    this.giveOut(now);
    this.askBack(now);
    const told = [...this.untold].flatMap((graph) => this.holders.get(graph) ?? []);
    this.untold.clear();
    return told.map(({ graph, run, lines }) => {
      const granted: Totals = {};
      const giveBack: Totals = {};
      for (const [weight, line] of lines) {
        granted[weight] = line.totals.granted;
        giveBack[weight] = line.totals.wished;
      }
      return { graph, grant: { run, granted, giveBack, max: this.places } };
    });
  }

  /**
   * When to decide again, or to look at a graph, though nothing is heard.
   *
   * @param isLooking a look is under way: no other begins before its end
   */
  nextDue(isLooking = false): number | undefined {
    const checks = isLooking ? [] : [...this.holders.values()].map(({ checkAt }) => checkAt);
    const moments = [...checks, ...(this.nextMoment === undefined ? [] : [this.nextMoment])];
    return moments.length === 0 ? undefined : Math.min(...moments);
  }

  /** Graphs that have not been heard of for long: do they still run? */
  overdue(now: number): { graph: string; run: string }[] {
    return [...this.holders.values()]
      .filter(({ checkAt }) => checkAt <= now)
      .map(({ graph, run }) => ({ graph, run }));
  }

  /** It still runs, or nobody could say. */
  stillThere(graph: string, now: number): void {
    const holder = this.holders.get(graph);
    if (!holder) return;
    holder.checks++;
    holder.checkAt = now + Math.min(LEASE_MS * 2 ** holder.checks, MOST_LEASE_MS);
  }

  view(): LimiterView {
    const rows = [...this.holders.values()].flatMap((holder) =>
      [...holder.lines.values()].map((line) => ({ holder, line })),
    );
    return {
      max: this.places,
      used: this.used,
      holders: rows
        .filter(({ line }) => line.out > 0)
        .map(({ holder: { graph }, line }) => ({
          graph,
          places: line.out,
          weight: line.weight,
          since: line.firstGrant ?? 0,
        })),
      waiters: rows
        .filter(({ line }) => line.want > 0)
        .map(({ holder: { graph, priority }, line }) => ({
          graph,
          places: line.want,
          weight: line.weight,
          since: line.waitingSince ?? 0,
          priority,
        })),
    };
  }

  /** Who gets the next places, the first in front, if nothing else is heard; at most `most` of them. */
  line(now: number, most: number): InLine[] {
    return lineOf(this.waiters(), this.standing(new Map(this.keyTurns)), this.turns, now, most);
  }

  snapshot(): LimiterSnapshot {
    return {
      max: this.places,
      turns: this.turns,
      holders: [...this.holders.values()].map(({ lines, ...holder }) => ({
        ...holder,
        lines: [...lines].map(([weight, line]) => [weight, line.snapshot()]),
      })),
      ended: [...this.ended],
      untold: [...this.untold],
      keyTurns: [...this.keyTurns],
      ...(this.nextMoment === undefined ? {} : { moment: this.nextMoment }),
    };
  }

  static restore(snapshot: LimiterSnapshot): Limiter {
    const limiter = new Limiter(snapshot.max);
    limiter.turns = snapshot.turns;
    for (const { lines, ...holder } of snapshot.holders) {
      const restored = lines.map(
        ([weight, line]) => [weight, LimitLine.restore(weight, line)] as const,
      );
      limiter.holders.set(holder.graph, { ...holder, lines: new Map(restored) });
    }
    for (const [graph, run] of snapshot.ended) limiter.ended.set(graph, run);
    for (const graph of snapshot.untold) limiter.untold.add(graph);
    for (const [key, turn] of snapshot.keyTurns) limiter.keyTurns.set(key, turn);
    limiter.nextMoment = snapshot.moment;
    return limiter;
  }

  private nextTurn({ fairnessKey }: Holder): number {
    this.turns++;
    if (!this.keyTurns.has(fairnessKey)) this.keyTurns.set(fairnessKey, this.turns);
    return this.turns;
  }

  private enter({ graph, run, priority, fairnessKey }: LimitAsk, now: number): Holder {
    const holder: Holder = {
      ...{ graph, run, priority, fairnessKey, sequence: 0, checks: 0 },
      checkAt: now + LEASE_MS,
      lines: new Map(),
    };
    this.holders.set(graph, holder);
    return holder;
  }

  /** Grants to the first in the queue, again and again, until it does not fit (K3). */
  private giveOut(now: number): void {
    const out = this.standing();
    let used = this.used;
    for (let waiters = this.waiters(); ; waiters = waiters.filter(({ line }) => line.want > 0)) {
      const first = waiters.reduce<Waiter | undefined>(
        (best, one) => (best && inOrder(best, one, out, now) <= 0 ? best : one),
        undefined,
      );
      if (!first) return;
      const { holder, line } = first;
      if (used + line.weight > this.places && used > 0) return;
      line.grant(now);
      used += line.weight;
      out.add(holder, line.weight);
      line.turn = ++this.turns;
      this.keyTurns.set(holder.fairnessKey, this.turns);
      line.waitingSince = line.want > 0 ? now : undefined;
      this.untold.add(holder.graph);
    }
  }

  /** Asks for places that those who wait should have instead of those who have them (K5). */
  private askBack(now: number): void {
    const out = this.standing();
    const coming = this.sum((line) => line.askedBack);
    let excess = this.used - coming - this.places;
    for (let left = this.count(); excess > 0 && left > 1; left--) {
      const victim = this.victim(undefined, out, now);
      if (!victim) break;
      excess -= this.take(victim, out);
    }
    const waiters = this.waiters().sort((a, b) => inOrder(a, b, out, now));
    if (waiters.length === 0) return;
    let free = this.places - this.used + this.sum((line) => line.askedBack);
    const served = new Map<LimitLine, number>();
    let progress = true;
    while (progress) {
      progress = false;
      for (const waiter of waiters) {
        const { holder, line } = waiter;
        const had = served.get(line) ?? 0;
        if (had >= line.want) continue;
        while (free < Math.min(line.weight, this.places)) {
          const victim = this.victim(waiter, out, now);
          if (!victim) break;
          free += this.take(victim, out);
        }
        if (free < Math.min(line.weight, this.places)) continue;
        free -= line.weight;
        served.set(line, had + 1);
        out.add(holder, line.weight);
        progress = true;
      }
    }
    if (this.holders.size > 1) for (const { line } of waiters) this.noteAging(line, now);
  }

  /** The place to ask back first for one who waits; without one, the first of all. */
  private victim(waiter: Waiter | undefined, out: Standing, now: number): Waiter | undefined {
    let best: Waiter | undefined;
    for (const holder of this.holders.values()) {
      for (const line of holder.lines.values()) {
        const since = line.oldest();
        if (since === undefined) continue;
        const candidate = { holder, line };
        if (waiter && !prefers(waiter, candidate, out, now)) continue;
        if (waiter && since + QUANTUM_MS > now) {
          this.noteMoment(since + QUANTUM_MS);
          continue;
        }
        if (!best || asksBackFirst(candidate, best, out)) best = candidate;
      }
    }
    return best;
  }

  private take({ holder, line }: Waiter, out: Standing): number {
    line.askBack();
    out.add(holder, -line.weight);
    this.untold.add(holder.graph);
    return line.weight;
  }

  private waiters(): Waiter[] {
    return [...this.holders.values()].flatMap((holder) =>
      [...holder.lines.values()].flatMap((line) => (line.want > 0 ? [{ holder, line }] : [])),
    );
  }

  private standing(keyTurns = this.keyTurns): Standing {
    const out = new Standing(keyTurns);
    for (const holder of this.holders.values())
      for (const line of holder.lines.values())
        out.add(holder, line.weight * (line.out - line.askedBack));
    return out;
  }

  /** Places that are out and were not asked back. */
  private count(): number {
    let count = 0;
    for (const { lines } of this.holders.values())
      for (const line of lines.values()) count += line.out - line.askedBack;
    return count;
  }

  private sum(places: (line: LimitLine) => number): number {
    let sum = 0;
    for (const { lines } of this.holders.values())
      for (const line of lines.values()) sum += line.weight * places(line);
    return sum;
  }

  private noteAging({ waitingSince }: LimitLine, now: number): void {
    if (waitingSince === undefined || now - waitingSince >= STARVING_MS) return;
    const steps = Math.floor((now - waitingSince) / AGING_MS) + 1;
    this.noteMoment(waitingSince + steps * AGING_MS);
  }

  private noteMoment(at: number): void {
    this.nextMoment = Math.min(this.nextMoment ?? Infinity, at);
  }
}
