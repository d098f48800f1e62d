/**
 * Sandboxes that wait for programs, by runtime, level, limits and preloaded modules. What is to wait is for warm-plan.ts
 * to say.
 *
 * One is made at a time, in the background. None is kept longer than `maxAgeMs`, and none that has ended.
 */
import { messageOf } from '../domain/errors.js';
import type { Runtime } from '../domain/program.js';
import {
  planWarm,
  textOf,
  WarmUses,
  type PoolWatch,
  type WarmKey,
  type WarmWish,
} from '../domain/warm-plan.js';
import type { WaitingSandbox } from './waiting.js';

const MAX_AGE_MS = 600_000;
/** The plan changes with the hour: looked at that often. */
const LOOK_MS = 60_000;
/** After a failure of one key, doubled with each that follows before one is used, up to the longest. */
const [FIRST_PAUSE_MS, LONGEST_PAUSE_MS] = [5_000, 300_000];
/** Sandboxes that wait: each has a user of the worker's, and running ones need theirs. */
const MOST = 64;

export interface WarmPoolsOptions {
  named: readonly WarmWish[];
  budgetBytes: number;
  pays: (runtime: Runtime) => boolean;
  make: (key: WarmKey) => Promise<WaitingSandbox>;
  watch?: PoolWatch | undefined;
  /** Default 10 min. */
  maxAgeMs?: number | undefined;
  /** Epoch milliseconds. */
  now?: () => number;
}

interface Entry {
  text: string;
  key: WarmKey;
  waiting: WaitingSandbox;
  madeAt: number;
}

export class WarmPools {
  /** Oldest first. */
  private entries: Entry[] = [];
  private readonly uses = new WarmUses();
  private readonly pauses = new Map<string, { until: number; ms: number }>();
  private readonly known = new Set<Runtime>();
  private readonly now: () => number;
  private filling: Promise<void> | undefined;
  private again = false;
  private closed = false;
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly options: WarmPoolsOptions) {
    this.now = options.now ?? Date.now;
    this.refill();
  }

  /** One for this key, which nobody else gets; undefined where none waits. Counts as a use of the key either way. */
  take(key: WarmKey): WaitingSandbox | undefined {
    const { watch } = this.options;
    const text = textOf(key);
    this.uses.add(key, this.now());
    const found = this.entries.find(
      (entry) => entry.text === text && entry.waiting.isReady && !this.isOld(entry),
    );
    if (found) this.entries = this.entries.filter((entry) => entry !== found);
    this.tellReady();
    if (found) this.pauses.delete(text);
    if (found) watch?.hit(key.runtime);
    else watch?.miss(key.runtime);
    this.refill();
    return found?.waiting;
  }

  /** Settles when as many wait as can be made now. */
  async settled(): Promise<void> {
    while (this.filling) await this.filling;
  }

  /** Ends all that wait. */
  async close(): Promise<void> {
    this.closed = true;
    clearTimeout(this.timer);
    await this.settled();
    await Promise.all(this.entries.splice(0).map(({ waiting }) => waiting.discard()));
    this.tellReady();
  }

  /** In the background; while it goes on, once more behind it. */
  private refill(): void {
    this.again = true;
    this.filling ??= this.work().finally(() => (this.filling = undefined));
  }

  private async work(): Promise<void> {
    await Promise.resolve(); // whoever asks goes on first
    while (this.again && !this.closed) {
      this.again = false;
      const plan = this.plan();
      await this.discardAllBut(plan);
      const missing = plan.find(
        ({ key, count }) => this.isDue(key) && this.countOf(textOf(key)) < count,
      );
      if (missing === undefined) continue;
      await this.makeOne(missing.key);
      this.again = true;
    }
    this.schedule();
  }

  private plan(): WarmWish[] {
    const { named, budgetBytes, pays } = this.options;
    const now = this.now();
    for (const [text, { until }] of this.pauses)
      if (until + LONGEST_PAUSE_MS < now) this.pauses.delete(text);
    // What waits already stays, and what cannot be made now takes no place of what can.
    const counts = ({ key }: { key: WarmKey }): boolean =>
      this.isDue(key) || this.countOf(textOf(key)) > 0;
    const [asked, uses] = [named.filter(counts), this.uses.list(now).filter(counts)];
    return planWarm({ ...{ named: asked, budgetBytes, pays, uses }, most: MOST });
  }

  /** The old, the ended, and what is too many. Before anything is made: so the budget holds at all times. */
  private async discardAllBut(plan: readonly WarmWish[]): Promise<void> {
    const left = new Map(plan.map(({ key, count }) => [textOf(key), count]));
    const [kept, gone]: [Entry[], Entry[]] = [[], []];
    // The youngest are kept.
    for (const entry of [...this.entries].reverse()) {
      const count = left.get(entry.text) ?? 0;
      const keeps = count > 0 && entry.waiting.isReady && !this.isOld(entry);
      if (keeps) left.set(entry.text, count - 1);
      (keeps ? kept : gone).push(entry);
    }
    this.entries = kept.reverse();
    this.tellReady();
    await Promise.all(gone.map(({ waiting }) => waiting.discard()));
  }

  private async makeOne(key: WarmKey): Promise<void> {
    const text = textOf(key);
    try {
      const waiting = await this.options.make(key);
      this.entries.push({ text, key, waiting, madeAt: this.now() });
      void waiting.gone.then(() => this.onGone(waiting));
      this.tellReady();
    } catch (error) {
      if (this.closed) return;
      this.pause(text);
      this.options.watch?.fault?.(
        `no sandbox for ${key.runtime} can be kept warm: ${messageOf(error)}; programs are started cold`,
      );
    }
  }

  /** It ended by itself. One that did so soon after it was up would do so again. */
  private onGone(waiting: WaitingSandbox): void {
    const entry = this.entries.find((one) => one.waiting === waiting);
    if (this.closed || !entry) return;
    if (this.now() - entry.madeAt < LOOK_MS) this.pause(entry.text);
    this.refill();
  }

  private pause(text: string): void {
    const last = this.pauses.get(text)?.ms;
    const ms = last === undefined ? FIRST_PAUSE_MS : Math.min(2 * last, LONGEST_PAUSE_MS);
    this.pauses.set(text, { until: this.now() + ms, ms });
  }

  private schedule(): void {
    clearTimeout(this.timer);
    if (this.closed) return;
    const now = this.now();
    const ages = this.entries.map(({ madeAt }) => madeAt + this.maxAgeMs - now);
    const pauses = [...this.pauses.values()].map(({ until }) => until - now).filter((ms) => ms > 0);
    const ms = Math.max(1, Math.min(LOOK_MS, ...ages, ...pauses));
    this.timer = setTimeout(() => this.refill(), ms).unref();
  }

  private get maxAgeMs(): number {
    return this.options.maxAgeMs ?? MAX_AGE_MS;
  }

  private isOld({ madeAt }: Entry): boolean {
    return this.now() - madeAt >= this.maxAgeMs;
  }

  private isDue(key: WarmKey): boolean {
    return (this.pauses.get(textOf(key))?.until ?? 0) <= this.now();
  }

  private countOf(text: string): number {
    return this.entries.filter((entry) => entry.text === text).length;
  }

  private tellReady(): void {
    const counts = new Map<Runtime, number>();
    for (const runtime of this.known) counts.set(runtime, 0);
    for (const { key, waiting } of this.entries)
      if (waiting.isReady) counts.set(key.runtime, (counts.get(key.runtime) ?? 0) + 1);
    for (const [runtime, count] of counts) {
      this.known.add(runtime);
      this.options.watch?.ready(runtime, count);
    }
  }
}
