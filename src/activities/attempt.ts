/**
 * One attempt as the pipeline sees it: its number, its history, its heartbeat and its signal.
 *
 * A1. The history of earlier attempts comes with the request (earlier activities) and with the heartbeat (this one).
 * A2. An attempt that left no trace was lost: with its worker, or by a time-out that only the server saw.
 * A3. Attempts older than 2 s beat by themselves; a cancel rides on the answer.
 */
import { Context } from '@temporalio/activity';
import type { ActivityCancellationDetails } from '@temporalio/common';
import type { Handover } from '../domain/handover.js';
import type { Json } from '../domain/json.js';
import { withAttempt, type AttemptRecord, type HeartbeatDetails } from '../domain/outcome.js';
import type { Progress } from '../domain/progress.js';
import { fallbackPolicy } from '../domain/retry.js';
import { askedBeforeMs } from '../domain/stopping-early.js';
import type { NodeRequest } from '../workflows/requests.js';

/** Between two heartbeats, at most. */
const BEAT_MS = 2_000;
/** What a handler says of its progress leaves at most this often. */
const TELL_MS = 1_000;

/** `slow`: it holds up the nodes that it runs with, and is to run by itself. */
export type AbortReason = 'cancelled' | 'timeout' | 'workerShutdown' | 'interrupted' | 'slow';

/** What an attempt runs in: an activity of its own, or one that it shares with others. */
export interface AttemptHost {
  /** Its number within the activity, from 1. */
  readonly attempt: number;
  /** On the server's clock, epoch milliseconds: when the node was handed over, and this attempt of it. */
  readonly firstScheduledAt: number;
  readonly scheduledAt: number;
  /** What the attempt before said last. */
  readonly heartbeatDetails: unknown;
  /** Undefined where the host beats for all of its nodes. */
  readonly beat: ((details: HeartbeatDetails) => void) | undefined;
  readonly stopping: AbortSignal;
  /** Why it is stopping. */
  stopReason(): AbortReason;
}

/** The activity that runs now. */
export function ownActivity(): AttemptHost {
  const context = Context.current();
  const { info } = context;
  return {
    attempt: info.attempt,
    firstScheduledAt: info.scheduledTimestampMs,
    scheduledAt: info.currentAttemptScheduledTimestampMs,
    heartbeatDetails: info.heartbeatDetails,
    beat: (details) => context.heartbeat(details),
    stopping: context.cancellationSignal,
    stopReason: () => reasonOf(context.cancellationDetails),
  };
}

export class Attempt {
  /** From 1, over all of the node's activities. */
  readonly number: number;
  readonly startedAt = Date.now();
  /** When the server's time-out for this attempt strikes. */
  readonly deadline: number;
  attempts: AttemptRecord[];
  executionTimeMs: number;
  lostWorkers: number;
  checkpoint: Json | undefined;
  /** What the handler last said of how far it is. */
  progress: Progress | undefined;
  /** When the handler was entered. */
  enteredAt: number | undefined;
  /** How to end it, where that happens elsewhere. */
  handover: Handover | undefined;
  /** The lost attempts that this one found, oldest first. */
  readonly found: AttemptRecord[] = [];

  private readonly controller = new AbortController();
  private readonly timers: NodeJS.Timeout[] = [];
  private telling: NodeJS.Timeout | undefined;
  private toldAt = 0;
  /** What its time ends by. */
  readonly bound: 'timeout' | 'totalTimeout' | 'deadline';
  private over = false;

  constructor(
    readonly request: NodeRequest,
    private readonly host: AttemptHost,
  ) {
    const before = readDetails(host.heartbeatDetails);
    const base = request.round?.attemptsUsed ?? 0;
    this.number = base + host.attempt;
    const leftMs = this.totalLeftMs();
    this.deadline = this.startedAt + Math.min(request.timeoutMs, leftMs);
    this.bound = boundOf(request, leftMs);
    this.attempts = before?.attempts ?? request.round?.attempts ?? [];
    this.executionTimeMs = before?.executionTimeMs ?? request.round?.executionTimeMs ?? 0;
    this.checkpoint = before?.checkpoint ?? request.round?.checkpoint;
    this.lostWorkers =
      before?.lostWorkers ?? this.attempts.filter((a) => a.outcome === 'WORKER_LOST').length;
    for (let missing = base + 1; missing < this.number; missing++)
      this.findLost(missing, missing - base, before);
    if (this.found.length > 0) this.beat(); // so that the next attempt need not guess as well
    this.watch();
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  get phase(): HeartbeatDetails['phase'] {
    return this.enteredAt === undefined ? 'PREPARING' : 'RUNNING';
  }

  /** Its handler is about to run. */
  enter(): void {
    this.enteredAt = Date.now();
  }

  /** Why the signal was aborted. */
  get abortReason(): AbortReason | undefined {
    return this.signal.aborted ? (this.signal.reason as { kind?: AbortReason }).kind : undefined;
  }

  /**
   * What is left of `totalTimeout`, or until the graph's deadline, now; infinite without one. Counted on the server's
   * clock and this attempt's own run.
   */
  totalLeftMs(): number {
    const before = this.host.scheduledAt - this.host.firstScheduledAt;
    const { totalLeftMs = Infinity, deadlineLeftMs = Infinity } = this.request;
    return Math.min(totalLeftMs, deadlineLeftMs) - before - (Date.now() - this.startedAt);
  }

  /** When the node was first handed to the server; of a node that was held, the first time of all. */
  get firstScheduledAt(): number {
    return this.request.round?.firstScheduledAt ?? this.host.firstScheduledAt;
  }

  /** When this attempt was scheduled, on the server's clock. */
  get scheduledAt(): number {
    return this.host.scheduledAt;
  }

  /** Sends the heartbeat now. */
  beat(): void {
    this.host.beat?.(this.details());
  }

  /** What its heartbeat says now. */
  details(): HeartbeatDetails {
    return {
      phase: this.phase,
      attempt: this.number,
      startedAt: new Date(this.startedAt).toISOString(),
      attempts: this.attempts,
      executionTimeMs: this.executionTimeMs,
      lostWorkers: this.lostWorkers,
      ...(this.checkpoint === undefined ? {} : { checkpoint: this.checkpoint }),
      ...(this.progress === undefined ? {} : { progress: this.progress }),
      ...(this.handover === undefined ? {} : { handover: this.handover }),
    };
  }

  /**
   * How far the handler is. Leaves with a heartbeat, at once where the last is a second old, else when it is: a handler
   * may say so a thousand times a second.
   *
   * @param tell called when it leaves, with what was said last
   */
  tellProgress(progress: Progress, tell: (progress: Progress) => void): void {
    if (this.over) return;
    this.progress = progress;
    this.telling ??= setTimeout(
      () => {
        this.telling = undefined;
        this.toldAt = Date.now();
        this.beat();
        if (this.progress) tell(this.progress);
      },
      Math.max(0, this.toldAt + TELL_MS - Date.now()),
    );
  }

  /** Writes this attempt's end into the history. */
  record(
    outcome: AttemptRecord['outcome'],
    rest: Pick<AttemptRecord, 'error' | 'waitMs'> = {},
  ): void {
    const endedAt = Date.now();
    const { enteredAt } = this;
    if (enteredAt !== undefined) this.executionTimeMs += endedAt - this.startedAt;
    this.attempts = withAttempt(this.attempts, attemptRecord(this, endedAt, outcome, rest));
  }

  /** Stops beating. The attempt is over, however it ended. */
  close(): void {
    this.over = true;
    clearTimeout(this.telling);
    this.host.stopping.removeEventListener('abort', this.stop);
    for (const timer of this.timers) clearTimeout(timer);
  }

  /** @param nth its number within this activity, from 1 */
  private findLost(number: number, nth: number, before: HeartbeatDetails | undefined): void {
    if (this.attempts.some((known) => known.attempt === number)) return;
    const { firstScheduledAt, scheduledAt } = this.host;
    const seen = before?.attempt === number ? before : undefined;
    const started = seen
      ? Date.parse(seen.startedAt)
      : Date.parse(this.attempts.at(-1)?.endedAt ?? '') || firstScheduledAt;
    const lasted = scheduledAt - started - fallbackWait(this.request, nth);
    const { timeoutMs, heartbeatTimeoutMs } = this.request;
    // Where an attempt may be silent for all of its time, nothing but its own time-out can have ended it.
    const timedOut = timeoutMs <= heartbeatTimeoutMs || lasted >= timeoutMs * 0.98;
    const outcome = timedOut ? 'TIMEOUT' : 'WORKER_LOST';
    const lost: AttemptRecord = {
      attempt: number,
      startedAt: new Date(started).toISOString(),
      endedAt: new Date(Math.max(started, scheduledAt)).toISOString(),
      outcome,
      error: timedOut
        ? {
            code: 'TIMEOUT',
            message: `attempt ${number} was not done within ${this.request.timeoutMs} ms`,
          }
        : { code: 'WORKER_LOST', message: `the worker that ran attempt ${number} was lost` },
    };
    if (!timedOut) this.lostWorkers++;
    this.attempts = withAttempt(this.attempts, lost);
    this.found.push(lost);
  }

  private watch(): void {
    if (this.host.beat) this.keepBeating();
    const allowed = this.deadline - this.startedAt;
    const limit = setTimeout(
      () => this.abort('timeout'),
      Math.min(Math.max(0, allowed - askedBeforeMs(allowed)), 2 ** 31 - 1),
    );
    this.timers.push(limit);
    const { stopping } = this.host;
    if (stopping.aborted) this.stop();
    else stopping.addEventListener('abort', this.stop, { once: true });
  }

  private readonly stop = (): void => this.abort(this.host.stopReason());

  private keepBeating(): void {
    // Three in each heartbeat time-out: one may be late.
    const every = Math.min(BEAT_MS, this.request.heartbeatTimeoutMs / 3);
    const beat = setTimeout(() => {
      this.beat();
      this.timers.push(setInterval(() => this.beat(), every));
    }, every);
    this.timers.push(beat);
  }

  private abort(kind: AbortReason): void {
    if (this.signal.aborted) return;
    const messages = {
      cancelled: 'cancelled',
      timeout: 'the attempt is out of time',
      workerShutdown: 'the worker is shutting down',
      interrupted: 'paused or reset by an operator',
      slow: 'it takes too long to run with others',
    };
    this.controller.abort(Object.assign(new DOMException(messages[kind], 'AbortError'), { kind }));
  }
}

/** The entry of an attempt that has ended in the history of its node. */
export function attemptRecord(
  { number, startedAt, enteredAt }: Pick<Attempt, 'number' | 'startedAt' | 'enteredAt'>,
  endedAt: number,
  outcome: AttemptRecord['outcome'],
  rest: Pick<AttemptRecord, 'error' | 'waitMs'>,
): AttemptRecord {
  return {
    attempt: number,
    startedAt: new Date(startedAt).toISOString(),
    ...(enteredAt === undefined ? {} : { enteredAt: new Date(enteredAt).toISOString() }),
    endedAt: new Date(endedAt).toISOString(),
    outcome,
    ...rest,
  };
}

function reasonOf(details: ActivityCancellationDetails | undefined): AbortReason {
  if (details?.cancelRequested) return 'cancelled';
  if (details?.workerShutdown) return 'workerShutdown';
  if (details?.timedOut) return 'timeout';
  return details?.paused || details?.reset ? 'interrupted' : 'cancelled';
}

/** The wait that the server kept by itself after the n-th attempt of this activity. */
function fallbackWait({ retry, round }: NodeRequest, nth: number): number {
  const { initialIntervalMs, backoffCoefficient, maximumIntervalMs } = fallbackPolicy(
    retry,
    round?.attemptsUsed,
  );
  return Math.min(initialIntervalMs * backoffCoefficient ** (nth - 1), maximumIntervalMs);
}

function readDetails(details: unknown): HeartbeatDetails | undefined {
  const candidate = details as HeartbeatDetails | null | undefined;
  return Array.isArray(candidate?.attempts) ? candidate : undefined;
}

function boundOf(
  { timeoutMs, totalLeftMs = Infinity, deadlineLeftMs = Infinity }: NodeRequest,
  leftMs: number,
): Attempt['bound'] {
  if (timeoutMs <= leftMs) return 'timeout';
  return deadlineLeftMs < totalLeftMs ? 'deadline' : 'totalTimeout';
}
