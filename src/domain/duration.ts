import ms from 'ms';
import { z } from 'zod';
import { preview } from './json.js';

/** Temporal's `Duration`: a number of milliseconds or a string such as `'5s'`, `'1.5h'`, `'3d'`. */
export type Duration = number | string;

/** The longest duration that is accepted: ten years, in milliseconds. */
export const MAX_DURATION_MS = 10 * 365 * 24 * 3_600_000;

/**
 * A duration in whole milliseconds.
 *
 * @throws RangeError when the value is no duration, negative, not finite, or over ten years
 */
export function parseDuration(value: unknown): number {
  const parsed =
    typeof value === 'number' ? value : typeof value === 'string' ? parseText(value) : undefined;
  if (parsed === undefined || !Number.isFinite(parsed) || parsed < 0 || parsed > MAX_DURATION_MS) {
    throw new RangeError(
      `expected a duration such as "5s", "10m", "1.5h" or milliseconds, from 0 to ten years, got ${preview(value)}`,
    );
  }
  return Math.round(parsed);
}

function parseText(text: string): number | undefined {
  if (!/^\s*[\d.]/.test(text) || text.length > 50) return undefined;
  return ms(text.trim() as ms.StringValue);
}

/** A field that takes a duration and gives milliseconds; parsing its own result again changes nothing. */
export const DurationSchema = z.union([z.number(), z.string()]).transform((value, context) => {
  try {
    return parseDuration(value);
  } catch (error) {
    context.addIssue({ code: 'custom', message: (error as Error).message, input: value });
    return z.NEVER;
  }
});

/** A field that takes how long something may last: not no time at all. */
export const TimeLimitSchema = DurationSchema.refine(
  (durationMs) => durationMs > 0,
  'must be longer than 0 ms',
);

/** `1.2 s`, `3 min`, `2 d`: a duration for people. */
export function formatDuration(durationMs: number): string {
  if (durationMs < 1_000) return `${Math.round(durationMs)} ms`;
  if (durationMs < 60_000) return `${trim(durationMs / 1_000)} s`;
  if (durationMs < 3_600_000) return `${trim(durationMs / 60_000)} min`;
  if (durationMs < 86_400_000) return `${trim(durationMs / 3_600_000)} h`;
  return `${trim(durationMs / 86_400_000)} d`;
}

const trim = (value: number): string => String(Math.round(value * 10) / 10);
