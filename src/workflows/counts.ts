/** How many nodes of a running graph stand how. */
import type { Scheduler } from '../domain/scheduler.js';
import type { Counts } from './messages.js';

/**
 * @param ended by status, of those that have ended
 * @param heldPending held nodes that wait for something else than their next attempt
 */
export function countsOf(
  { running, withoutPlace, ready, heldCount, waitingCount, isAllPaused }: Scheduler,
  ended: Counts,
  heldPending: number,
): Counts {
  const paused = isAllPaused ? ready : 0;
  const live = {
    PENDING: waitingCount + ready - paused + heldPending,
    PAUSED: paused,
    SCHEDULED: running - withoutPlace,
    RUNNING: withoutPlace,
    RETRYING: heldCount - heldPending,
  };
  return Object.fromEntries(
    [...Object.entries(live), ...Object.entries(ended)].filter(([, count]) => count > 0),
  );
}
