/**
 * What waits for a circuit. A node is given back to its graph at once, unless it is this worker's engine that fails: of
 * that no graph knows, so the worker keeps what it has. It takes no more than it has places for, the rest stays in the
 * queue for workers whose engine works, and a queue of ten thousand is not given back ten thousand times.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { NodeRequest } from '../workflows/requests.js';
import type { Attempt } from './attempt.js';
import { FORCED_LOOK_MS, heldSince, PROBE_LOOK_MS, type Place, type Refused } from './circuits.js';
import type { Deps } from './deps.js';

/** The part of an attempt's time that it is kept for: it gets the whole of it in its next round. */
const MOST = 0.5;
/** Between looks at a circuit that somebody opened by hand. */
const LOOK_MS = 5_000;
/** Enough for a round: it may go on. */
const AT_ONCE_MS = 1;

/**
 * @returns how long the node waits in its graph
 * @throws why the attempt was stopped, where it was
 */
export async function keptHere(
  { circuits }: Pick<Deps, 'circuits'>,
  request: NodeRequest,
  { signal, deadline }: Pick<Attempt, 'signal' | 'deadline'>,
  { waitMs, found }: Refused,
): Promise<number> {
  if (!found.engine) return waitMs;
  const began = Date.now();
  const until = began + Math.min((deadline - began) * MOST, FORCED_LOOK_MS);
  for (let lookMs = PROBE_LOOK_MS; ; lookMs *= 1.5) {
    const now = Date.now();
    const leftMs = untilLook(await circuits.place(found.project, found.circuit), now, lookMs);
    if (leftMs <= 0) return AT_ONCE_MS;
    // Where an attempt has little time its graph keeps it, longer each time.
    if (now >= until)
      return Math.max(waitMs, Math.min(now - heldSince(request, now), FORCED_LOOK_MS));
    await sleep(Math.min(leftMs, until - now), undefined, { signal }).catch(() => undefined);
    if (signal.aborted) throw signal.reason;
  }
}

/** How long until it is worth looking again; 0 for a circuit that may be entered. */
function untilLook({ mode, openUntil }: Place, now: number, lookMs: number): number {
  if (mode === 'closed') return 0;
  if (mode === 'half_open') return Math.min(lookMs, LOOK_MS);
  return openUntil === null ? LOOK_MS : openUntil - now;
}
