/**
 * The circuits that a graph knows to be open: its nodes find that out one at a time, and the others wait for what that
 * one hears. What it knows may be out of date, but no longer than a node was told to wait; the store has the truth.
 */
import { isHeld, type ActivityOutcome } from './outcome.js';

/** While one node tries, the others look again after as long as it has tried, within these bounds. */
const LEAST_LOOK_MS = 1_000;
const MOST_LOOK_MS = 60_000;

interface Shut {
  until: number;
  /** The node that was sent after that. */
  trying?: { index: number; since: number };
}

export class ShutCircuits {
  private readonly shut = new Map<string, Shut>();

  /** How a node of this circuit was held, or has ended. */
  heard(circuit: string | undefined, index: number, outcome: ActivityOutcome, now: number): void {
    const known = circuit === undefined ? undefined : this.shut.get(circuit);
    if (circuit === undefined) return;
    if (isHeld(outcome) && outcome.held === 'circuit')
      this.shut.set(circuit, { until: now + outcome.waitMs });
    else if (
      !isHeld(outcome) &&
      outcome.status === 'COMPLETED' &&
      !outcome.cached &&
      !outcome.reused
    )
      this.shut.delete(circuit);
    else if (known?.trying?.index === index) delete known.trying;
  }

  /** A person wants this node to be sent, whatever is known. The store has the truth all the same. */
  letThrough(circuit: string | undefined, index: number, now: number): void {
    const known = circuit === undefined ? undefined : this.shut.get(circuit);
    if (known)
      Object.assign(known, { until: Math.min(known.until, now), trying: { index, since: now } });
  }

  /** Until when a node of this circuit is held; undefined: it is sent. */
  holds(circuit: string | undefined, index: number, now: number): number | undefined {
    const known = circuit === undefined ? undefined : this.shut.get(circuit);
    if (!known) return undefined;
    if (known.until > now) return known.until;
    known.trying ??= { index, since: now };
    const { trying } = known;
    if (trying.index === index) return undefined;
    return now + Math.min(Math.max(now - trying.since, LEAST_LOOK_MS), MOST_LOOK_MS);
  }
}
