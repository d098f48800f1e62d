/** How calls to Temporal are tried again. */
import { setTimeout as sleep } from 'node:timers/promises';
import { defaultGrpcRetryOptions, makeGrpcRetryInterceptor } from '@temporalio/client';
import { Outage } from '../domain/outage.js';
import { UNAVAILABLE } from './no-answer.js';

/** Statuses that a client gives itself: CANCELLED, DEADLINE_EXCEEDED, UNAVAILABLE. Any other is the server's. */
const OWN: readonly number[] = [1, 4, UNAVAILABLE];
/** What the SDK's ten tries take, roughly. */
const DEFAULT_PATIENCE_MS = 20_000;

/**
 * The SDK's retries, with two differences.
 *
 * - Where nobody has answered for a while, a call is tried once and fails at once, until one is answered.
 * - They end before the connection is closed: one that comes due on a closed channel throws where nobody can catch it, and
 *   ends the process.
 */
export class GrpcRetries {
  private isClosing = false;
  private lastDueAt = 0;
  private readonly defaults = defaultGrpcRetryOptions();
  private readonly outage: Outage;
  readonly interceptor: ReturnType<typeof makeGrpcRetryInterceptor> = makeGrpcRetryInterceptor({
    retryableDecider: (attempt, status) => {
      if (!OWN.includes(status.code)) this.outage.answered();
      if (Number(status.code) === UNAVAILABLE && !this.outage.missed(performance.now()))
        return false;
      return !this.isClosing && this.defaults.retryableDecider(attempt, status);
    },
    delayFunction: (attempt, status) => {
      const delayMs = this.defaults.delayFunction(attempt, status);
      this.lastDueAt = Math.max(this.lastDueAt, Date.now() + delayMs);
      return delayMs;
    },
  });

  /** @param patienceMs how long an outage is waited for, in milliseconds */
  constructor(patienceMs = DEFAULT_PATIENCE_MS) {
    this.outage = new Outage(patienceMs);
  }

  async closing(): Promise<void> {
    this.isClosing = true;
    const dueInMs = this.lastDueAt - Date.now();
    if (dueInMs > 0) await sleep(dueInMs + 50); // at most 6 s, and only where a call had just failed
  }
}
