/** How each status looks: one sign, one word, one colour with a meaning. */
import type { AttemptRecord } from '../../src/domain/outcome.js';
import type { Status } from '../../src/domain/status.js';
import { S, STATUS_WORDS } from './strings/page.js';

export type Tone = 'good' | 'bad' | 'warn' | 'busy' | 'idle';

interface Look {
  sign: string;
  tone: Tone;
  terminal?: true;
}

/** The colours are the report's, the signs the command line's. TypeScript refuses a status without a row. */
const LOOK: Record<Status, Look> = {
  PENDING: { sign: '·', tone: 'idle' },
  SCHEDULED: { sign: '○', tone: 'idle' },
  PREPARING: { sign: '◔', tone: 'busy' },
  RUNNING: { sign: '●', tone: 'busy' },
  RETRYING: { sign: '↻', tone: 'warn' },
  PAUSED: { sign: '‖', tone: 'warn' },
  COMPLETED: { sign: '✔', tone: 'good', terminal: true },
  FAILED: { sign: '✘', tone: 'bad', terminal: true },
  TIMEOUT: { sign: '✘', tone: 'bad', terminal: true },
  CANCELLED: { sign: '⊘', tone: 'idle', terminal: true },
  REJECTED: { sign: '✘', tone: 'bad', terminal: true },
  SKIPPED: { sign: '–', tone: 'idle', terminal: true },
};

export const STATUSES = Object.keys(LOOK) as Status[];

export function isTerminal(status: Status): boolean {
  return LOOK[status].terminal === true;
}

export function toneOf(outcome: Status | AttemptRecord['outcome']): Tone {
  return outcome === 'WORKER_LOST' ? 'bad' : LOOK[outcome].tone;
}

export function signOf(status: Status): string {
  return LOOK[status].sign;
}

/** Sign and word of a status. @param warnings how many there are, which of what completed is said */
export function Badge({ status, warnings = 0 }: { status: Status; warnings?: number }) {
  const words = status === 'COMPLETED' && warnings > 0 ? S.withWarnings : STATUS_WORDS[status];
  return (
    <span className={`badge ${toneOf(status)}`} data-status={status}>
      <Sign status={status} />
      {words}
    </span>
  );
}

export function Sign({ status }: { status: Status }) {
  return (
    <span className={`sign ${status === 'RUNNING' ? 'pulse' : ''}`} aria-hidden="true">
      {signOf(status)}
    </span>
  );
}

/** A bar of how many nodes stand how, with the numbers in words beside it. */
export function CountsBar({
  counts,
  total,
}: {
  counts: Partial<Record<Status, number>>;
  total: number;
}) {
  const parts = STATUSES.filter((status) => counts[status]).reverse();
  const words = parts.map((status) => `${counts[status]} ${STATUS_WORDS[status]}`).join(', ');
  return (
    <span className="counts" role="img" aria-label={words} title={words}>
      {parts.map((status) => (
        <span
          key={status}
          className={`part ${toneOf(status)}`}
          style={{ width: `${(100 * (counts[status] ?? 0)) / Math.max(1, total)}%` }}
        />
      ))}
    </span>
  );
}
