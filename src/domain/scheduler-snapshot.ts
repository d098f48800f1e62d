/** The scheduler's state as JSON, to carry over a continue-as-new: one letter a node. */
import type { ChangedSnapshot } from './changed-options.js';
import type { PausesSnapshot } from './pauses.js';
import type { StatusReason, TerminalStatus } from './status.js';

export interface SchedulerSnapshot extends ChangedSnapshot, PausesSnapshot {
  /** w(aiting) h(eld) r(eady) u (running) l (running, to look) or, settled: C F T D (timed out, by the deadline) X (cancelled) R S (skipped) U (skipped, upstream failed) N (skipped by its condition) O (skipped by a person). */
  states: string;
  held: [index: number, until: number][];
  stopping?: StatusReason;
  /** Ready and held nodes that have looked in vain. */
  looked?: number[];
  /** Running nodes that take no place, since they were taken beyond the window or before their turn. */
  ahead?: number[];
  /** Those of them that are lent and have not begun. */
  lent?: number[];
  /** Places that are kept for them. */
  kept?: number;
  /** Running nodes that have done their work, and whose results are still made. */
  passed?: number[];
}

/** How a node ended; `status` is truthful, `allowFailure` acts only on what dependants see. */
export interface Ending {
  status: TerminalStatus;
  reason?: StatusReason | undefined;
}

const ENDINGS: Readonly<Record<string, Ending>> = {
  C: { status: 'COMPLETED' },
  F: { status: 'FAILED' },
  T: { status: 'TIMEOUT' },
  D: { status: 'TIMEOUT', reason: 'deadline' },
  X: { status: 'CANCELLED' },
  R: { status: 'REJECTED' },
  S: { status: 'SKIPPED', reason: 'rule' },
  U: { status: 'SKIPPED', reason: 'upstream_failed' },
  N: { status: 'SKIPPED', reason: 'condition' },
  O: { status: 'SKIPPED', reason: 'operator' },
};

const LETTERS: Readonly<Record<TerminalStatus, string>> = {
  COMPLETED: 'C',
  FAILED: 'F',
  TIMEOUT: 'T',
  CANCELLED: 'X',
  REJECTED: 'R',
  SKIPPED: 'S',
};

/** @param looks it runs only to look, if it runs */
export function letterOf(state: string, ending: Ending | undefined, looks: boolean): string {
  if (ending) return letterOfEnding(ending);
  return state !== 'running' ? state.charAt(0) : looks ? 'l' : 'u';
}

/** The reason is kept only where others need it, dependants or who is told: the rest stands in the node's record. */
export function letterOfEnding({ status, reason }: Ending): string {
  if (status === 'SKIPPED' && reason === 'condition') return 'N';
  if (status === 'SKIPPED' && reason === 'operator') return 'O';
  if (status === 'TIMEOUT' && reason === 'deadline') return 'D';
  return reason === 'upstream_failed' ? 'U' : LETTERS[status];
}

/** Undefined for the letter of a node that has not ended. */
export function endingOfLetter(letter: string): Ending | undefined {
  return ENDINGS[letter];
}
