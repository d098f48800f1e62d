/** How far an attempt is: what a handler says, made sound, and what people read of it. */
import { isObject } from './json.js';

/** Counts, or a fraction as `done` of a `total` of 1. */
export interface Progress {
  done: number;
  /** Absent where nobody knows how much there is. */
  total?: number;
  message?: string;
}

/** What `ctx.progress` takes: a fraction from 0 to 1, or counts. */
export type ProgressInput = number | Progress;

/** Characters of a message that are kept. */
const MESSAGE_LIMIT = 200;

/**
 * What a handler said, or undefined where it says nothing: progress is told to people and never fails a task, so what
 * is no finite number from 0 up is passed over. A fraction over 1 is 1; a total below `done` is left as it is.
 */
export function progressOf(said: unknown): Progress | undefined {
  if (typeof said === 'number')
    return counts(said) ? { done: Math.min(said, 1), total: 1 } : undefined;
  if (!isObject(said)) return undefined;
  const { done, total, message } = said;
  if (!counts(done)) return undefined;
  return {
    done,
    ...(counts(total) ? { total } : {}),
    ...(typeof message === 'string' ? { message: message.slice(0, MESSAGE_LIMIT) } : {}),
  };
}

const counts = (value: unknown): value is number =>
  typeof value === 'number' && Number.isFinite(value) && value >= 0;

/** `42 %`, `3 of 12`, `1,200 done`, with the message behind it. Never rounds up to 100 %. */
export function progressText({ done, total, message }: Progress): string {
  const text =
    total === undefined
      ? `${amount(done)} done`
      : total === 1
        ? `${Math.floor(Math.min(done, 1) * 100)} %`
        : `${amount(done)} of ${amount(total)}`;
  return message ? `${text}, ${message}` : text;
}

const amount = (value: number): string => value.toLocaleString('en', { maximumFractionDigits: 2 });
