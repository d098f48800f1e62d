/**
 * Writes what happens to executions into the store, in batches and off the hot path. May lose its last batch with the
 * process: the end of an execution is written again from its manifest, and the reconciler finds what is left.
 *
 * R1. Of one run of an execution only the newest live state and its end wait to be written: states that came and went
 *     meanwhile are in its history. The two are kept apart, and so are two ends: which one counts the store decides.
 * R2. That something has begun is not even put together where its end comes before the next batch: most of what is quick.
 * R3. A store that is down holds nobody up: batches are kept up to a bound, and tried again.
 * R4. A write that comes to no JSON is dropped: kept, it would hold up all others for ever.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../domain/errors.js';
import { isTerminal } from '../domain/status.js';
import type { ExecutionWrite } from '../store/execution-row.js';
import type { Store } from '../store/store.js';
import type { Logger } from '../telemetry.js';

const FLUSH_MS = 100;
const RETRY_MS = 2_000;
/** Writes that wait; beyond it the reconciler has to find them. */
const KEPT = 20_000;

/** A write that may still be taken back. */
export interface Draft {
  /** What comes says all that it says. */
  withdraw(): void;
}

export class Recorder {
  /** By execution, run and end. */
  private waiting = new Map<string, ExecutionWrite>();
  private drafts = new Set<() => ExecutionWrite>();
  private timer: NodeJS.Timeout | undefined;
  private writing: Promise<void> = Promise.resolve();
  private last = 0;
  private down = false;

  constructor(
    private readonly store: Store,
    private readonly log: Logger,
  ) {}

  /** A number that grows with every call: writes are ordered by it. */
  next(): number {
    this.last = Math.max(this.last + 1, Date.now());
    return this.last;
  }

  /** Has a state written soon. Never throws, never waits. */
  record(write: ExecutionWrite): void {
    const key = keyOf(write);
    const known = this.waiting.get(key);
    if (!known && this.waiting.size >= KEPT) return;
    this.waiting.set(key, known ? merged(known, write) : write);
    this.arm();
  }

  /**
   * The same for what need not be said where more comes at once.
   *
   * @param draft makes the write, with a sequence from before this call
   */
  draft(draft: () => ExecutionWrite): Draft {
    if (this.drafts.size < KEPT) this.drafts.add(draft);
    this.arm();
    return { withdraw: () => void this.drafts.delete(draft) };
  }

  private recordDraft(draft: () => ExecutionWrite): void {
    try {
      this.record(draft());
    } catch (error) {
      this.log.warn(`that an attempt runs is not recorded: ${messageOf(error)}`);
    }
  }

  private arm(): void {
    this.timer ??= setTimeout(() => void this.flush(), this.down ? RETRY_MS : FLUSH_MS);
  }

  /** Writes these at once, after whatever waits, each of them when it is there. @throws TaskError STORE */
  async write(batches: AsyncIterable<readonly ExecutionWrite[]>): Promise<void> {
    await this.flush();
    for await (const writes of batches) await this.store.executions.record(writes, Date.now());
  }

  /** Writes what waits. Never throws. */
  async flush(): Promise<void> {
    const { drafts } = this;
    this.drafts = new Set();
    for (const draft of drafts) this.recordDraft(draft);
    clearTimeout(this.timer);
    this.timer = undefined;
    const batch = this.waiting;
    this.waiting = new Map();
    this.writing = this.writing.then(() => this.send(batch));
    await this.writing;
  }

  /** Writes what waits, and tries once more where the store does not answer. */
  async close(): Promise<void> {
    await this.flush();
    if (this.waiting.size > 0) {
      await sleep(FLUSH_MS);
      await this.flush();
    }
    clearTimeout(this.timer);
  }

  private async send(batch: Map<string, ExecutionWrite>): Promise<void> {
    if (batch.size === 0) return;
    try {
      await this.store.executions.record([...batch.values()], Date.now());
      if (this.down) this.log.info(`the store at ${this.store.location} is back`);
      this.down = false;
    } catch (error) {
      if (this.dropUnwritable(batch)) return await this.send(batch);
      if (!this.down)
        this.log.warn(
          `the store does not answer, executions go on without it: ${messageOf(error)}`,
        );
      this.down = true;
      const newer = this.waiting;
      this.waiting = new Map(batch);
      for (const write of newer.values()) this.record(write);
      this.timer ??= setTimeout(() => void this.flush(), RETRY_MS);
    }
  }

  /** R4. @returns true when one was dropped */
  private dropUnwritable(batch: Map<string, ExecutionWrite>): boolean {
    let dropped = false;
    for (const [key, write] of batch) {
      const why = whyUnwritable(write);
      if (why === undefined) continue;
      this.log.warn(`a state of ${write.executionId} is not recorded: ${why}`);
      batch.delete(key);
      dropped = true;
    }
    return dropped;
  }
}

function whyUnwritable(write: ExecutionWrite): string | undefined {
  try {
    JSON.stringify(write);
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

/** Both in one, whichever came first: of a field the later says what it is. */
function merged(known: ExecutionWrite, write: ExecutionWrite): ExecutionWrite {
  const [before, after] = known.sequence > write.sequence ? [write, known] : [known, write];
  const statusHistory = [...(before.statusHistory ?? []), ...(after.statusHistory ?? [])];
  return { ...before, ...after, statusHistory };
}

function keyOf({ executionId, run, status, sequence }: ExecutionWrite): string {
  const end = status !== undefined && isTerminal(status) ? sequence : '';
  return `${run?.id ?? ''} ${end} ${executionId}`;
}
