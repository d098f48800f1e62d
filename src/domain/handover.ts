/**
 * An attempt that ends elsewhere: its handler has started something and returned, and the node runs on until somebody
 * reports its end. What is needed to end it then lies in the activity's heartbeat, so any worker can.
 */
import type { Json } from './json.js';
import type { Value } from './outcome.js';

export interface Handover {
  /** The node's request, as its worker got it. */
  request: Value;
  /** The input after pre hooks. */
  input: Value;
  inputHash?: string;
  /** Where workers are that know the task. */
  queue: string;
  /** Epoch milliseconds on the clock of the worker that handed it over. */
  at: number;
  enteredAt: number;
  deadline: number;
  /** Epoch milliseconds on the server's clock. */
  scheduledAt: number;
  firstScheduledAt: number;
  /** What was left of `totalTimeout` then; null without one. */
  totalLeftMs: number | null;
  warnings: string[];
  metrics: Record<string, number>;
  /** The list of what the handler kept beside its output. */
  artifacts?: Value;
}

/** An error as it is reported from elsewhere. */
export interface ReportedError {
  message: string;
  name?: string;
  /** What retry policies match, and what the node's error is called. */
  code?: string;
  /** Whether another attempt makes sense; without it the policy says. */
  retriable?: boolean;
  /** Milliseconds until the next attempt, where there is one. */
  retryAfterMs?: number;
  details?: Json;
}

/** How an attempt ended elsewhere. */
export type ReportedEnd = { result: Json } | { error: ReportedError };
