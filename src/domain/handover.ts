/**
 * An attempt that ends elsewhere: its handler has started something and returned, and the node runs on until somebody
 * reports its end. What is needed to end it then lies in the activity's heartbeat, so any worker can.
 */
import type { Json } from './json.js';
import type { Value } from './outcome.js';

export interface Handover {
  /** The request, the input and what the handler said: here where it is small. */
  work: Value;
  /** The activity's task token in base64: the server takes it for this attempt only, never for one that follows. */
  token: string;
  /** Which attempt of its activity it is, from 1: where another is pending, this handover is of one that is over. */
  activityAttempt: number;
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
