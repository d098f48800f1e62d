import { describe, expect, it } from '@jest/globals';
import {
  isHeld,
  KEPT_ATTEMPTS,
  withAttempt,
  type AttemptRecord,
} from '../../src/domain/outcome.js';

describe('withAttempt', () => {
  const attempt = (n: number, more: Partial<AttemptRecord> = {}): AttemptRecord => ({
    attempt: n,
    startedAt: '2027-01-01T00:00:00Z',
    outcome: 'FAILED',
    ...more,
  });

  it('keeps the last twenty, oldest first', () => {
    let attempts: AttemptRecord[] = [];
    for (let n = 1; n <= 25; n++) attempts = withAttempt(attempts, attempt(n));
    expect(attempts.map((one) => one.attempt)).toEqual(
      Array.from({ length: KEPT_ATTEMPTS }, (_, i) => i + 6),
    );
  });

  it('replaces what it knew of the same attempt', () => {
    const running = withAttempt([attempt(1)], attempt(2, { outcome: 'RUNNING' }));
    expect(
      withAttempt(running, attempt(2, { outcome: 'TIMEOUT' })).map((one) => one.outcome),
    ).toEqual(['FAILED', 'TIMEOUT']);
  });
});

describe('isHeld', () => {
  it('tells a node that gave its place back from one that ended', () => {
    const common = { attempts: [], executionTimeMs: 0 };
    expect(isHeld({ held: 'retry', waitMs: 5, attemptsUsed: 1, ...common })).toBe(true);
    expect(isHeld({ status: 'COMPLETED', attemptCount: 1, ...common })).toBe(false);
  });
});
