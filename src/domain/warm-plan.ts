/**
 * Which sandboxes are to wait for programs, and how many of each. Pure.
 *
 * P1. Those that the settings name come first, as many as they say; then the three used most in the last hour, where
 *     waiting pays.
 * P2. What the waiting may use together is within the budget, each counted with all the memory that it may have.
 * P3. Where it is not enough, those go first that nobody named, and among them the least used.
 */
import type { Limits, Runtime, SecurityLevel } from './program.js';

/** What a sandbox that waits is made for: a program of another one does not fit. */
export interface WarmKey {
  runtime: Runtime;
  level: SecurityLevel;
  limits: Limits;
  /** Modules that it has loaded. */
  preload?: readonly string[] | undefined;
}

/** @returns the same text for the same key, in whatever order its modules are named */
export function textOf({ runtime, level, limits, preload = [] }: WarmKey): string {
  const { cpu, memoryBytes, diskBytes, processes, logBytes } = limits;
  return [
    runtime,
    level,
    cpu,
    memoryBytes,
    diskBytes,
    processes,
    logBytes,
    ...new Set(preload.toSorted()),
  ].join(' ');
}

const MINUTE_MS = 60_000;
const MINUTES = 60;
/** Keys that are remembered; of more, those used longest ago are forgotten. */
const MAX_KEYS = 200;

/** How often each key was used in the last hour, to the minute. */
export class WarmUses {
  /** By key, used last at the end; each with its uses by minute. */
  private readonly keys = new Map<string, { key: WarmKey; minutes: Map<number, number> }>();

  /** @param now epoch milliseconds */
  add(key: WarmKey, now: number): void {
    const text = textOf(key);
    const { minutes } = this.keys.get(text) ?? { minutes: new Map<number, number>() };
    const minute = Math.floor(now / MINUTE_MS);
    minutes.set(minute, (minutes.get(minute) ?? 0) + 1);
    this.keys.delete(text);
    this.keys.set(text, { key, minutes });
    for (const oldest of this.keys.keys()) {
      if (this.keys.size <= MAX_KEYS) return;
      this.keys.delete(oldest);
    }
  }

  /** Those of the last hour. */
  list(now: number): WarmUse[] {
    const first = Math.floor(now / MINUTE_MS) - MINUTES;
    const uses: WarmUse[] = [];
    for (const [text, { key, minutes }] of this.keys) {
      for (const minute of minutes.keys()) if (minute <= first) minutes.delete(minute);
      const count = [...minutes.values()].reduce((sum, n) => sum + n, 0);
      if (count === 0) this.keys.delete(text);
      else uses.push({ key, count });
    }
    return uses;
  }
}

export interface WarmUse {
  key: WarmKey;
  /** In the last hour. */
  count: number;
}

export interface WarmWish {
  key: WarmKey;
  /** How many are to wait. */
  count: number;
}

export interface WarmPlanOptions {
  named: readonly WarmWish[];
  uses: readonly WarmUse[];
  /** Bytes of memory for all that wait; 0 for none. */
  budgetBytes: number;
  /** Sandboxes that wait, at most. */
  most: number;
  /** Whether a runtime is kept warm without being named. */
  pays: (runtime: Runtime) => boolean;
}

/** Keys beside the named ones. */
const BUSIEST = 3;
/** Once in an hour is no custom. */
const LEAST_USES = 2;
/** Of one key that nobody named. */
const MOST_UNNAMED = 4;

/** @returns what is to wait, the most important first; no key twice, and no count of 0 */
export function planWarm(options: WarmPlanOptions): WarmWish[] {
  const { named, uses, budgetBytes, most, pays } = options;
  const used = new Map(uses.map(({ key, count }) => [textOf(key), count]));
  const usesOf = ({ key }: WarmWish): number => used.get(textOf(key)) ?? 0;
  const asked = merged(named).sort((a, b) => usesOf(b) - usesOf(a));
  const names = new Set(asked.map(({ key }) => textOf(key)));
  const busiest = uses
    .filter(({ key, count }) => count >= LEAST_USES && pays(key.runtime))
    .filter(({ key }) => !names.has(textOf(key)))
    .sort((a, b) => b.count - a.count)
    .slice(0, BUSIEST)
    .map(({ key, count }) => ({ key, count: wanted(count) }));
  const left = { bytes: budgetBytes, places: most };
  return [...fitting(asked, left), ...fitting(busiest, left)];
}

/** One for each use in a minute: 1 to 4. */
const wanted = (uses: number): number =>
  Math.min(MOST_UNNAMED, Math.max(1, Math.ceil(uses / MINUTES)));

/** One of each, then a second of each, and so on: a key with many does not keep the others from their first. */
function fitting(wishes: readonly WarmWish[], left: { bytes: number; places: number }): WarmWish[] {
  const given = wishes.map(({ key }) => ({ key, count: 0 }));
  for (let round = 1, more = true; more; round++) {
    more = false;
    for (const [index, { key, count }] of wishes.entries()) {
      const one = given[index];
      const { memoryBytes } = key.limits;
      if (!one || count < round || left.places < 1 || left.bytes < memoryBytes) continue;
      one.count++;
      left.places--;
      left.bytes -= memoryBytes;
      more = true;
    }
  }
  return given.filter(({ count }) => count > 0);
}

function merged(wishes: readonly WarmWish[]): WarmWish[] {
  const byText = new Map<string, WarmWish>();
  for (const { key, count } of wishes) {
    const text = textOf(key);
    byText.set(text, { key, count: count + (byText.get(text)?.count ?? 0) });
  }
  return [...byText.values()];
}

/** Who counts how often a program finds a sandbox that waits. */
export interface PoolWatch {
  /** So many wait now. */
  ready: (runtime: Runtime, count: number) => void;
  hit: (runtime: Runtime) => void;
  /** It could have had one, and was started cold. */
  miss: (runtime: Runtime) => void;
  /** Told of one that could not be made, one sentence. */
  fault?: (text: string) => void;
}

/** Nobody does. */
export const UNWATCHED: PoolWatch = {
  ready: () => undefined,
  hit: () => undefined,
  miss: () => undefined,
};
