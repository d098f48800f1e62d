/** How a node goes once it runs: how long each attempt takes, which waits follow, how it ends. For the simulator. */
import { previewWaits, waitTime, type RetryPolicy } from './retry.js';
import type { NodeClass } from './plan.js';
import type { StatusReason, TerminalStatus } from './status.js';

/** One try of a node. Times in milliseconds. */
export interface CourseAttempt {
  runMs: number;
  /** The wait that follows it. */
  waitMs?: number;
  /** It gives its place in the window, and in its limit, back during the wait. */
  releases?: true;
}

export interface Course {
  /** Empty for a node that ends without an attempt. */
  attempts: readonly CourseAttempt[];
  status: TerminalStatus;
  reason?: StatusReason;
}

/** What of a node's options says how its attempts follow each other. */
export type CourseOptions = Pick<
  NodeClass,
  'retry' | 'lane' | 'circuit' | 'timeoutMs' | 'totalTimeoutMs'
>;

/** A node that ends without an attempt: its condition says no, or cannot be evaluated. */
export const withoutAttempt = (status: TerminalStatus, reason?: StatusReason): Course => ({
  attempts: [],
  status,
  ...(reason === undefined ? {} : { reason }),
});

/**
 * A node whose attempts take a time each; the first `failures` fail. More failures than the policy has retries for are
 * its end.
 *
 * @param serverWaitsMs waits up to this are the server's, unless the node has a limit or a circuit: it keeps its place
 */
export function courseOf(
  options: CourseOptions,
  serverWaitsMs: number,
  { runMs, failures = 0 }: { runMs: number; failures?: number },
): Course {
  const { retry } = options;
  const failed = Math.min(failures, retry.maxRetries);
  const attempts: CourseAttempt[] = Array.from({ length: failed }, (_, index) => ({
    runMs,
    ...wait(
      waitTime({ ...retry, jitter: 0 }, index + 1, () => 0.5),
      options,
      serverWaitsMs,
    ),
  }));
  attempts.push({ runMs });
  return { attempts, status: failures > retry.maxRetries ? 'FAILED' : 'COMPLETED' };
}

/**
 * The longest that a policy lets a node take: every attempt but the last fails when its time is over, and jitter makes
 * every wait as long as it can be. Of policies by kind of error it is the longest one's. `totalTimeout` cuts it.
 */
export function longestCourse(
  options: CourseOptions,
  serverWaitsMs: number,
  runMs: number,
): Course {
  const policies = [options.retry, ...Object.values(options.retry.byError ?? {})];
  const waits = policies.map(longestWaits);
  const lasts = waits.map((list) => (list.length + 1) * runMs + list.reduce((a, b) => a + b, 0));
  const worst = waits[lasts.indexOf(Math.max(...lasts))] ?? [];
  const attempts: CourseAttempt[] = worst.map((waitMs) => ({
    runMs,
    ...wait(waitMs, options, serverWaitsMs),
  }));
  attempts.push({ runMs });
  return { attempts: cut(attempts, options.totalTimeoutMs ?? Infinity), status: 'COMPLETED' };
}

/** The same course with every wait in its place: fewer steps to simulate. */
export const keepingPlace = ({ attempts, ...end }: Course): Course => ({
  ...end,
  attempts: attempts.map(({ runMs, waitMs }) => ({
    runMs,
    ...(waitMs === undefined ? {} : { waitMs }),
  })),
});

const longestWaits = (policy: RetryPolicy): number[] => previewWaits(policy, () => 1);

function wait(
  waitMs: number,
  { lane, circuit }: CourseOptions,
  serverWaitsMs: number,
): Pick<CourseAttempt, 'waitMs' | 'releases'> {
  const workflowsOwn = lane !== undefined || circuit !== undefined || waitMs > serverWaitsMs;
  return { waitMs, ...(workflowsOwn ? { releases: true as const } : {}) };
}

/** The attempts that begin within a time, none of them going beyond it. */
function cut(attempts: readonly CourseAttempt[], withinMs: number): CourseAttempt[] {
  const kept: CourseAttempt[] = [];
  let leftMs = withinMs;
  for (const { runMs, waitMs = 0, ...rest } of attempts) {
    const runs = Math.min(runMs, leftMs);
    const waits = Math.min(waitMs, leftMs - runs);
    leftMs -= runs + waits;
    kept.push({ ...rest, runMs: runs, ...(waits > 0 ? { waitMs: waits } : {}) });
    if (leftMs <= 0) break;
  }
  return kept;
}
