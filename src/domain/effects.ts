import type { StatusReason, TerminalStatus } from './status.js';

/** A node that ended without running, as a consequence of something else. */
export interface Settled {
  index: number;
  status: TerminalStatus;
  reason?: StatusReason;
}

/** What follows from an event: nodes that ended without running, and running nodes that should be cancelled. */
export interface Effects {
  settled: Settled[];
  cancel: { index: number; reason: StatusReason }[];
}
