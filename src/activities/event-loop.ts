/** Tells of an event loop that was blocked: meanwhile nothing of the process ran, not even heartbeats. */
import { formatDuration } from '../domain/duration.js';
import type { Logger } from '../telemetry.js';

/** Between two looks, and how late one has to be to be told of, in milliseconds. */
const LOOK_MS = 1_000;
const BLOCKED_MS = 5_000;
const NAMED = 5;

export interface LoopWatch {
  log: Logger;
  /** Tasks whose handlers have run in this process since it was last asked. */
  tasks: () => readonly string[];
  lookMs?: number;
  blockedMs?: number;
}

/** @returns what to call to stop it */
export function watchEventLoop({
  log,
  tasks,
  lookMs = LOOK_MS,
  blockedMs = BLOCKED_MS,
}: LoopWatch): () => void {
  let last = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    const lateMs = now - last - lookMs;
    last = now;
    const names = [...new Set(tasks())].sort();
    if (lateMs >= blockedMs) tell(log, lateMs, names);
  }, lookMs).unref();
  return () => clearInterval(timer);
}

function tell(log: Logger, lateMs: number, tasks: readonly string[]): void {
  const blockedMs = Math.round(lateMs);
  const shown = tasks.slice(0, NAMED).join(', ') + (tasks.length > NAMED ? ', …' : '');
  const who = tasks.length === 0 ? 'no task ran in it' : `in it ran ${shown}`;
  log.warn(
    { blockedMs, tasks },
    `the event loop was blocked for ${formatDuration(blockedMs)}, so nothing else ran, heartbeats neither; ${who}. What computes for long belongs into a thread or process (isolation)`,
  );
}
