/**
 * What a graph's deadline means for a node: that it is not started, or not tried again, where it could not be done by then.
 * What runs on though the graph is cancelled is not bound by it.
 */
import { ASKED_BEFORE_MS } from '../domain/stopping-early.js';
import type { HeldOutcome, NodeOutcome } from '../domain/outcome.js';
import type { Round } from './requests.js';

/** @param at the deadline, epoch milliseconds; undefined without one */
export type DeadlineAt = () => number | undefined;

export class Deadline {
  /** @param isFree true for a node that no deadline binds */
  constructor(
    private readonly time: DeadlineAt,
    private readonly isFree: (index: number) => boolean,
  ) {}

  get at(): number | undefined {
    return this.time();
  }

  /** The time by which a node has to be done, epoch milliseconds. */
  of(index: number): number | undefined {
    return this.isFree(index) ? undefined : this.at;
  }

  /**
   * True for a node that has run out of time for the deadline's sake: its attempt is asked to stop a moment before, so
   * that it can say where it stood, and may have ended by now.
   */
  cut(index: number, { status, reason }: NodeOutcome, now: number): boolean {
    if (status !== 'TIMEOUT' || reason === 'approval') return false;
    return now >= (this.of(index) ?? Infinity) - ASKED_BEFORE_MS;
  }

  /** The end of a node that could not be done in time if it began now; undefined where it may begin. */
  forStart(
    index: number,
    expectedMs: number,
    { now, round }: { now: number; round: Round | undefined },
  ): NodeOutcome | undefined {
    const at = this.of(index) ?? Infinity;
    if (now + expectedMs <= at) return undefined;
    const left = Math.max(0, at - now);
    return missed(
      `not started: it usually runs for ${expectedMs} ms, and the deadline is in ${left} ms`,
      round,
    );
  }

  /** The end of a node whose next attempt would come too late; undefined where it may wait. */
  forRetry(index: number, outcome: HeldOutcome, now: number): NodeOutcome | undefined {
    const at = this.of(index) ?? Infinity;
    if (outcome.held !== 'retry' || now + outcome.waitMs < at) return undefined;
    const why = outcome.error ? `: ${outcome.error.message}` : '';
    return missed(`not tried again: its next attempt would come after the deadline${why}`, outcome);
  }
}

function missed(
  message: string,
  before: Pick<HeldOutcome, 'attempts' | 'attemptsUsed' | 'executionTimeMs'> | undefined,
): NodeOutcome {
  const { attempts = [], attemptsUsed = 0, executionTimeMs = 0 } = before ?? {};
  return {
    ...{ status: 'TIMEOUT', reason: 'deadline', attempts, attemptCount: attemptsUsed },
    executionTimeMs,
    error: {
      code: 'TIMEOUT',
      message: message.slice(0, 1_000),
      origin: 'engine',
      retriable: false,
    },
  };
}
