/** An attempt is asked to stop a little before its time is up, so that it can still say where it stood. */

/** At most so long before, in milliseconds. */
export const ASKED_BEFORE_MS = 500;

/** @param allowedMs what the attempt may take @returns how long before its end it is asked, in milliseconds: a tenth */
export const askedBeforeMs = (allowedMs: number): number =>
  Math.min(ASKED_BEFORE_MS, allowedMs * 0.1);
