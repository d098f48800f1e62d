/** The server's timers may be a little early, in milliseconds. */
const EARLY_MS = 50;

/** When an execution starts, where that is not now. Both are epoch milliseconds. */
export const laterStart = (startsAt: number | undefined, nowMs: number): number | undefined =>
  startsAt !== undefined && startsAt > nowMs + EARLY_MS ? startsAt : undefined;
