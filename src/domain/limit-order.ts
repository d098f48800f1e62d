/** The order in which the keeper of a limit serves those who wait: K3 and K4 of `limiter.ts`. Pure. */
import type { LimitLine, LineSnapshot } from './limit-line.js';

/** Waiting for so long counts as one step of priority. */
export const AGING_MS = 10_000;
/** Who has waited for so long goes first. */
export const STARVING_MS = 60_000;

export interface HolderSnapshot {
  graph: string;
  run: string;
  sequence: number;
  priority: number;
  fairnessKey: string;
  checkAt: number;
  checks: number;
  lines: [weight: number, line: LineSnapshot][];
}

export interface Holder extends Omit<HolderSnapshot, 'lines'> {
  lines: Map<number, LimitLine>;
}

/** A graph that waits for a place of some weight, or has one. */
export interface Waiter {
  holder: Holder;
  line: LimitLine;
}

/** What the order is by. */
interface Ranked {
  holder: Holder;
  line: Pick<LimitLine, 'turn' | 'waitingSince'>;
}

/** A place that somebody waits for. */
export interface InLine {
  graph: string;
  weight: number;
}

/** What each graph and each fairness key has out, in weights, places that were asked back not counted. */
export class Standing {
  private readonly ofGraph = new Map<string, number>();
  private readonly ofKey = new Map<string, number>();

  constructor(private readonly keyTurns: Map<string, number>) {}

  add({ graph, fairnessKey }: Holder, weight: number): void {
    this.ofGraph.set(graph, this.graph(graph) + weight);
    this.ofKey.set(fairnessKey, this.key(fairnessKey) + weight);
  }

  graph(graph: string): number {
    return this.ofGraph.get(graph) ?? 0;
  }

  key(fairnessKey: string): number {
    return this.ofKey.get(fairnessKey) ?? 0;
  }

  turn(fairnessKey: string, turn: number): void {
    this.keyTurns.set(fairnessKey, turn);
  }

  keyTurn(fairnessKey: string): number {
    return this.keyTurns.get(fairnessKey) ?? 0;
  }
}

const waited = ({ waitingSince }: Ranked['line'], now: number): number =>
  now - (waitingSince ?? now);
const isStarving = ({ line }: Ranked, now: number): boolean => waited(line, now) >= STARVING_MS;
const urgency = ({ holder, line }: Ranked, now: number): number =>
  holder.priority - Math.floor(waited(line, now) / AGING_MS);

/** K3 and K4, as a comparison: negative when `a` goes before `b`. */
export function inOrder(a: Ranked, b: Ranked, out: Standing, now: number): number {
  const [starving, other] = [isStarving(a, now), isStarving(b, now)];
  if (starving || other)
    return Number(other) - Number(starving) || waited(b.line, now) - waited(a.line, now);
  return (
    out.key(a.holder.fairnessKey) - out.key(b.holder.fairnessKey) ||
    out.keyTurn(a.holder.fairnessKey) - out.keyTurn(b.holder.fairnessKey) ||
    urgency(a, now) - urgency(b, now) ||
    out.graph(a.holder.graph) - out.graph(b.holder.graph) ||
    a.line.turn - b.line.turn
  );
}

/** Whether one who waits should have a place instead of one who has it. */
export function prefers(waiter: Waiter, has: Waiter, out: Standing, now: number): boolean {
  if (waiter.line === has.line) return false;
  if (isStarving(waiter, now) || waiter.holder === has.holder) return true;
  const [mine, theirs] = [waiter.holder, has.holder];
  if (mine.fairnessKey !== theirs.fairnessKey)
    return out.key(mine.fairnessKey) < out.key(theirs.fairnessKey);
  if (mine.priority !== theirs.priority && mine.priority < theirs.priority) return true;
  const [myPlaces, theirPlaces] = [out.graph(mine.graph), out.graph(theirs.graph)];
  if (mine.priority === theirs.priority && myPlaces < theirPlaces) return true;
  return myPlaces === 0 && urgency(waiter, now) < theirs.priority;
}

/** Whether a place of `a` is asked back before one of `b`: the fullest key's, the least urgent, the fullest graph's. */
export function asksBackFirst(a: Waiter, b: Waiter, out: Standing): boolean {
  const order =
    out.key(b.holder.fairnessKey) - out.key(a.holder.fairnessKey) ||
    b.holder.priority - a.holder.priority ||
    out.graph(b.holder.graph) - out.graph(a.holder.graph) ||
    (a.line.oldest() ?? 0) - (b.line.oldest() ?? 0);
  return order < 0;
}

/**
 * The places that are waited for in the order in which they will be given out, if nothing else is heard.
 *
 * @param out what everybody has out; changed by it
 * @param turns turns that were given so far
 * @param most the longest line that is told
 */
export function lineOf(
  waiters: readonly Waiter[],
  out: Standing,
  turns: number,
  now: number,
  most: number,
): InLine[] {
  let left = waiters.map(({ holder, line: { want, weight, turn, waitingSince } }) => ({
    holder,
    line: { want, weight, turn, waitingSince },
  }));
  const inLine: InLine[] = [];
  for (let turn = turns + 1; left.length > 0 && inLine.length < most; turn++) {
    const [first, ...others] = left;
    if (!first) break;
    const { holder, line } = others.reduce(
      (best, one) => (inOrder(best, one, out, now) <= 0 ? best : one),
      first,
    );
    inLine.push({ graph: holder.graph, weight: line.weight });
    out.add(holder, line.weight);
    out.turn(holder.fairnessKey, turn);
    Object.assign(line, { want: line.want - 1, turn, waitingSince: now });
    left = left.filter((one) => one.line.want > 0);
  }
  return inLine;
}
