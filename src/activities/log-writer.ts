/**
 * Writes what tasks log into the store, in batches and off the hot path.
 *
 * W1. It costs nothing until something is said: no timer, no write.
 * W2. A store that is down holds nobody up: what is said meanwhile waits, up to a bound, and what is beyond it is lost;
 *     the next line of that attempt that can be kept stands behind one that says so.
 * W3. A batch may be written twice, and is kept once: each line has its writer's number.
 */
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../domain/errors.js';
import type { NewLogLine } from '../store/log-lines.js';
import type { Store } from '../store/store.js';
import type { Logger } from '../telemetry.js';

const FLUSH_MS = 200;
const RETRY_MS = 2_000;
/** Lines of a transaction: other writers wait for it, and on SQLite the whole process does, about 4 ms. */
const AT_ONCE = 500;
/** What waits at most, in lines and in characters. */
const KEPT_LINES = 20_000;
const KEPT_CHARACTERS = 32 * 2 ** 20;
/** Characters that a line takes beside its own. */
const LINE_COST = 250;
/** Times that a store which answers may refuse a batch. */
const REFUSALS = 3;

/** Somebody some of whose lines were not taken. */
export interface Owed {
  /** There is room again: says what is missing. */
  catchUp(): void;
}

export class LogWriter {
  private waiting: NewLogLine[] = [];
  private characters = 0;
  private timer: NodeJS.Timeout | undefined;
  private writing: Promise<void> | undefined;
  private down = false;
  private refusals = 0;
  private lost = 0;
  private readonly owed = new Set<Owed>();

  constructor(
    private readonly store: Pick<Store, 'logs' | 'location'>,
    private readonly log: Pick<Logger, 'info' | 'warn'>,
  ) {}

  get hasRoom(): boolean {
    return this.waiting.length < KEPT_LINES && this.characters < KEPT_CHARACTERS;
  }

  /**
   * Has a line written soon. Never throws, never waits.
   *
   * @returns false when there is no room for it; `by` is told once there is
   */
  take(line: NewLogLine, by: Owed): boolean {
    if (!this.hasRoom) {
      this.lost++;
      if (this.owed.size < KEPT_LINES) this.owed.add(by);
      return false;
    }
    this.waiting.push(line);
    this.characters += costOf(line);
    this.arm();
    return true;
  }

  /** Writes what waits, as far as the store takes it. Never throws. */
  async flush(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    await (this.writing ??= this.writeAll().finally(() => {
      this.writing = undefined;
      if (this.waiting.length > 0) this.arm();
    }));
  }

  /** Writes what waits, and tries once more where the store does not answer. */
  async close(): Promise<void> {
    await this.flush();
    if (this.waiting.length > 0) {
      await sleep(FLUSH_MS);
      await this.flush();
    }
    clearTimeout(this.timer);
    this.lost += this.waiting.length;
    this.waiting = [];
    this.tellLost();
  }

  private arm(): void {
    this.timer ??= setTimeout(() => void this.flush(), this.down ? RETRY_MS : FLUSH_MS);
  }

  private async writeAll(): Promise<void> {
    while (this.waiting.length > 0) {
      const batch = this.waiting.slice(0, AT_ONCE);
      if (!(await this.write(batch))) return;
      this.waiting = this.waiting.slice(batch.length);
      for (const line of batch) this.characters -= costOf(line);
      for (const one of [...this.owed]) {
        if (!this.hasRoom) break;
        this.owed.delete(one);
        one.catchUp();
      }
      await nextTurn();
    }
    if (!this.down) this.tellLost();
  }

  /** @returns false when it is to be tried again later */
  private async write(batch: readonly NewLogLine[]): Promise<boolean> {
    try {
      await this.store.logs.add(batch);
      if (this.down) this.log.info(`the store at ${this.store.location} takes log lines again`);
      this.down = false;
      this.refusals = 0;
      return true;
    } catch (error) {
      return await this.failed(batch, error);
    }
  }

  /** A batch that the store will never take must not hold up all others for ever. */
  private async failed(batch: readonly NewLogLine[], error: unknown): Promise<boolean> {
    const answers = await this.store.logs.head().then(
      () => true,
      () => false,
    );
    if (answers && ++this.refusals >= REFUSALS) {
      this.log.warn(`the store refuses ${batch.length} log lines of tasks: ${messageOf(error)}`);
      this.refusals = 0;
      this.lost += batch.length;
      return true;
    }
    if (!this.down)
      this.log.warn(
        `the store takes no log lines; ${KEPT_LINES} of them wait here, more are only in this log: ${messageOf(error)}`,
      );
    this.down = true;
    return false;
  }

  private tellLost(): void {
    if (this.lost > 0) this.log.warn(`${this.lost} log lines of tasks are not in the store`);
    this.lost = 0;
  }
}

const costOf = ({ text, fields }: NewLogLine): number =>
  LINE_COST + text.length + (fields?.length ?? 0);
