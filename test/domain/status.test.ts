import { describe, expect, it } from '@jest/globals';
import { TaskStateError } from '../../src/domain/errors.js';
import {
  canTransition,
  isFailure,
  isTerminal,
  STATUSES,
  TERMINAL_STATUSES,
  transition,
  TRANSITIONS,
  type Status,
} from '../../src/domain/status.js';

/** Written by hand from the design, letters in the order of STATUSES: x where the step is allowed. */
const ALLOWED: Readonly<Record<Status, string>> = {
  //          PE SC PR RU RE PA CO FA TI CA RJ SK
  PENDING: '. x x x . x x x x x x x',
  SCHEDULED: 'x . x x x x x x x x x x',
  PREPARING: 'x . . x x x x x x x x x',
  RUNNING: 'x . . . x x x x x x x .',
  RETRYING: 'x x x x . x x x x x . x',
  PAUSED: 'x x . . x . x x x x . x',
  COMPLETED: '. . . . . . . . . . . .',
  FAILED: '. . . . . . . . . . . .',
  TIMEOUT: '. . . . . . . . . . . .',
  CANCELLED: '. . . . . . . . . . . .',
  REJECTED: '. . . . . . . . . . . .',
  SKIPPED: '. . . . . . . . . . . .',
};

const pairs = STATUSES.flatMap((from) =>
  STATUSES.map((to, column): [Status, Status, boolean] => [
    from,
    to,
    ALLOWED[from].split(' ')[column] === 'x',
  ]),
);
const allowed = pairs.filter(([, , yes]) => yes);
const forbidden = pairs.filter(([, , yes]) => !yes);
const live = STATUSES.filter((status) => !isTerminal(status));

describe('transition', () => {
  it.each(allowed)('lets %s become %s', (from, to) => {
    expect(canTransition(from, to)).toBe(true);
    expect(transition(from, to)).toBe(to);
  });

  it.each(forbidden)('refuses to go from %s to %s, naming both', (from, to) => {
    expect(canTransition(from, to)).toBe(false);
    const attempt = (): unknown => transition(from, to, 'orders/load');
    expect(attempt).toThrow(TaskStateError);
    expect(attempt).toThrow(`orders/load cannot go from ${from} to ${to}`);
  });

  it('says what may follow instead', () => {
    expect(() => transition('PAUSED', 'RUNNING')).toThrow(
      'from PAUSED may follow PENDING, SCHEDULED, RETRYING, COMPLETED, FAILED, TIMEOUT, CANCELLED, SKIPPED',
    );
    expect(() => transition('COMPLETED', 'RUNNING')).toThrow('nothing: it is final');
  });

  it('is a refusal that is not worth a retry', () => {
    const refused = expect.objectContaining({ code: 'STATE', retriable: false });
    expect(() => transition('FAILED', 'RUNNING')).toThrow(refused);
  });
});

describe('TRANSITIONS', () => {
  it('names no status twice and no status after itself', () => {
    for (const [from, list] of Object.entries(TRANSITIONS)) {
      expect(new Set(list).size).toBe(list.length);
      expect(list).not.toContain(from);
    }
  });

  it.each(live)('lets %s be cancelled and time out', (status) => {
    expect(TRANSITIONS[status]).toEqual(expect.arrayContaining(['CANCELLED', 'TIMEOUT']));
  });

  it('leads from PENDING to every other status', () => {
    const reached = new Set<Status>(['PENDING']);
    for (const status of reached) for (const next of TRANSITIONS[status]) reached.add(next);
    expect([...reached].sort()).toEqual([...STATUSES].sort());
  });
});

describe('isTerminal', () => {
  it('is true for exactly the six statuses that nothing follows', () => {
    expect(STATUSES.filter(isTerminal)).toEqual([...TERMINAL_STATUSES]);
    expect(TERMINAL_STATUSES.flatMap((status) => TRANSITIONS[status])).toEqual([]);
  });
});

describe('isFailure', () => {
  it('counts what should have been done and was not; a cancel and a skip are no failure', () => {
    expect(STATUSES.filter(isFailure)).toEqual(['FAILED', 'TIMEOUT', 'REJECTED']);
  });
});
