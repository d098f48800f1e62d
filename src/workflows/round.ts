/** What a node has behind it while it is held. */
import type { HeldOutcome } from '../domain/outcome.js';
import type { Round } from './requests.js';

/**
 * What is behind a node that a pipeline has given back.
 *
 * @param before what was behind it before
 * @param scheduledAt when it was first handed over, epoch milliseconds; counts where nothing was before
 */
export function roundAfter(
  { held, attemptsUsed, attempts, executionTimeMs, checkpoint, setups }: HeldOutcome,
  before: Round | undefined,
  scheduledAt: number,
  now: number,
): Round {
  return {
    attemptsUsed,
    attempts,
    executionTimeMs,
    firstScheduledAt: before?.firstScheduledAt ?? scheduledAt,
    ...(checkpoint === undefined ? {} : { checkpoint }),
    ...(setups === undefined ? {} : { setups }),
    ...(held === 'no_handler' ? { unknownSince: before?.unknownSince ?? now } : {}),
    ...(held === 'circuit' || held === 'coalesced'
      ? { waiting: waitingFor(held, before, now) }
      : {}),
  };
}

/** Since when a node waits for a circuit, or for another one that does the same work: looking again starts no new wait. */
function waitingFor(
  held: 'circuit' | 'coalesced',
  round: Round | undefined,
  now: number,
): NonNullable<Round['waiting']> {
  const { waiting } = round ?? {};
  return waiting?.for === held ? waiting : { for: held, since: now };
}
