/** How each status looks: one sign and one colour with a meaning. */
import type { Status } from '../domain/status.js';
import type { Style } from './output.js';

interface Look {
  sign: string;
  colour: 'green' | 'red' | 'yellow' | 'cyan' | 'dim';
  /** Work is going on: the sign turns where it can. */
  turning?: true;
}

/** TypeScript refuses a status without a row. */
const LOOK: Record<Status, Look> = {
  PENDING: { sign: '·', colour: 'dim' },
  SCHEDULED: { sign: '○', colour: 'dim' },
  PREPARING: { sign: '●', colour: 'cyan', turning: true },
  RUNNING: { sign: '●', colour: 'cyan', turning: true },
  RETRYING: { sign: '↻', colour: 'yellow' },
  PAUSED: { sign: '‖', colour: 'yellow' },
  COMPLETED: { sign: '✔', colour: 'green' },
  FAILED: { sign: '✘', colour: 'red' },
  TIMEOUT: { sign: '✘', colour: 'red' },
  CANCELLED: { sign: '⊘', colour: 'yellow' },
  REJECTED: { sign: '✘', colour: 'red' },
  SKIPPED: { sign: '-', colour: 'dim' },
};

const TURNS = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];

/** @param turn counts up while the picture moves; undefined for a still picture */
export function signOf(status: Status, turn?: number): string {
  const { sign, turning } = LOOK[status];
  return turning && turn !== undefined ? (TURNS[turn % TURNS.length] ?? sign) : sign;
}

export function painter(status: Status, style: Style): (text: string) => string {
  return style[LOOK[status].colour];
}
