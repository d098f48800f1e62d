/** What a node has behind it while it is held. */
import type { Round } from './requests.js';

/** Since when a node waits for a circuit, or for another one that does the same work: looking again starts no new wait. */
export function waitingFor(
  held: 'circuit' | 'coalesced',
  round: Round | undefined,
  now: number,
): NonNullable<Round['waiting']> {
  const { waiting } = round ?? {};
  return waiting?.for === held ? waiting : { for: held, since: now };
}
