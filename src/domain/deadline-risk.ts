/**
 * Whether an execution that has a deadline will probably miss it, by what is known while it runs.
 *
 * Pure. Two things speak against it, looked at in this order:
 * - `node`: a node that runs usually takes longer than what is left, so that its end would come after the deadline;
 * - `time`: four fifths of the time have passed, and it is not done.
 */

/** The part of the time after which an execution that is not done is at risk, whatever its nodes do. */
const LATE = 0.8;

/** That an execution may miss its deadline. Times are epoch milliseconds. */
export interface DeadlineRisk {
  /** When that was seen. */
  at: number;
  deadlineAt: number;
  because: 'node' | 'time';
}

/** A node that runs. */
export interface RunningNode {
  startedAt: number;
  /** How long its task usually runs; undefined where nobody knows. */
  usualMs: number | undefined;
}

/**
 * What speaks against a deadline; undefined where nothing does, and once it has passed: then the execution ends, and
 * says so itself.
 *
 * @param began when its time began to run, and how long it may take
 * @param running its nodes that run, as far as they were looked at
 */
export function deadlineRisk(
  { beganAt, deadlineMs }: { beganAt: number; deadlineMs: number },
  running: readonly RunningNode[],
  now: number,
): DeadlineRisk | undefined {
  const deadlineAt = beganAt + deadlineMs;
  if (now >= deadlineAt) return undefined;
  const tooLong = running.some(({ startedAt, usualMs = 0 }) => startedAt + usualMs > deadlineAt);
  if (tooLong) return { at: now, deadlineAt, because: 'node' };
  return now >= beganAt + LATE * deadlineMs ? { at: now, deadlineAt, because: 'time' } : undefined;
}
