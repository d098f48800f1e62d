import type { AttemptRecord } from '../../src/domain/outcome.js';
import type { Status, StatusChange } from '../../src/domain/status.js';
import { statusHistory, withEnd } from '../../src/domain/status-history.js';

const at = (second: number): string => `2026-01-01T00:00:0${second}.000Z`;
const ASKED: StatusChange = {
  ...{ status: 'CANCELLED', at: at(3), reason: 'cancelled', by: 'ada', note: 'not needed' },
};

describe('an attempt whose worker was lost', () => {
  const lost: AttemptRecord = {
    ...{ attempt: 1, outcome: 'WORKER_LOST', startedAt: at(1), endedAt: at(2) },
  };
  const next: AttemptRecord = { attempt: 2, outcome: 'RUNNING', startedAt: at(3) };

  it('is followed by RETRYING, from when it was lost', () => {
    const all = statusHistory({ createdAt: at(0), status: 'RUNNING', attempts: [lost, next] });
    expect(all).toContainEqual({
      ...{ status: 'RETRYING', at: at(2), attempt: 1, reason: 'worker_lost' },
    });
  });

  it('is not where it was the last', () => {
    const facts = { createdAt: at(0), endedAt: at(3), attempts: [lost] };
    const all = statusHistory({ ...facts, status: 'FAILED' });
    expect(all.map(({ status }) => status)).not.toContain('RETRYING');
  });
});

describe('a cancel that somebody asked for', () => {
  const attempt = (outcome: AttemptRecord['outcome'], endedAt?: string): AttemptRecord => ({
    ...{ attempt: 1, outcome, startedAt: at(1) },
    ...(endedAt === undefined ? {} : { endedAt }),
  });
  const history = (status: Status, endedAt?: string): StatusChange[] =>
    statusHistory({
      ...{ createdAt: at(0), scheduledAt: at(0), status, endedAt, marks: [ASKED] },
      attempts: [attempt(status === 'RUNNING' ? 'RUNNING' : (status as 'COMPLETED'), endedAt)],
    });

  it('stands in the history of a node that it ended, with who and why', () => {
    expect(history('CANCELLED', at(4))).toContainEqual(expect.objectContaining({ by: 'ada' }));
  });

  it.each<[Status, string | undefined]>([
    ['COMPLETED', at(4)],
    ['RUNNING', undefined],
  ])('is no change of a node that is %s all the same', (status, endedAt) => {
    const all = history(status, endedAt);
    expect(all.map((change) => change.status)).not.toContain('CANCELLED');
    expect(all.at(-1)?.status).toBe(status);
  });

  it('is told with the end of a whole execution, and with no other end', () => {
    const paused: StatusChange = { status: 'PAUSED', at: at(2), reason: 'paused' };
    expect(withEnd([paused, ASKED, ASKED], { status: 'CANCELLED', at: at(5) })).toEqual([
      paused,
      { ...ASKED, at: at(5) },
    ]);
    const end: StatusChange = { status: 'COMPLETED', at: at(5) };
    expect(withEnd([paused, ASKED], end)).toEqual([paused, end]);
  });
});
