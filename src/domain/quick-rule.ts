/** Which tasks count as quick where a node says `light: auto`. Pure. */

/** How far back it is looked, in milliseconds. */
export const QUICK_SPAN_MS = 86_400_000;
/** Fewer ends than that say nothing yet. */
export const QUICK_LEAST_RUNS = 20;
/** A fifth of what a burst has before it begins nothing more. */
export const QUICK_P95_MS = 100;

/** What was seen of a task. */
export interface TaskFigures {
  /** COMPLETED. */
  successful: number;
  /** Milliseconds; null where none has run. */
  runMs: { p95: number | null };
}

/** Whether it completed often enough, and nearly always within {@link QUICK_P95_MS}. */
export function isQuick({ successful, runMs: { p95 } }: TaskFigures): boolean {
  return successful >= QUICK_LEAST_RUNS && p95 !== null && p95 <= QUICK_P95_MS;
}
