import fc from 'fast-check';
import { resolveRetry } from '../../src/domain/retry-options.js';
import { STATUSES, TRANSITIONS, type Status } from '../../src/domain/status.js';
import {
  assertCanExecute,
  canExecute,
  errorResult,
  isComplete,
  isTimedOut,
  nextRetryAt,
  prepareForRetry,
  shouldRetry,
  updateStatus,
  type TaskExecutionState,
} from '../../src/domain/task-execution.js';

const NOW = 1_000_000;

const execution = (given: Partial<TaskExecutionState> = {}): TaskExecutionState => ({
  executionId: 'e1',
  status: 'PENDING',
  attempts: 0,
  retry: resolveRetry({ delay: 1_000, maxRetries: 2 }),
  timeoutMs: 5_000,
  statusHistory: [],
  ...given,
});

describe('canExecute', () => {
  it.each(STATUSES)('is true of %s only where it waits to be run', (status) => {
    expect(canExecute(execution({ status }), NOW)).toBe(
      status === 'PENDING' || status === 'SCHEDULED',
    );
  });

  it('is false before its start time', () => {
    const due = execution({ status: 'SCHEDULED', notBefore: NOW });
    expect([canExecute(due, NOW - 1), canExecute(due, NOW)]).toEqual([false, true]);
    expect(() => assertCanExecute(due, NOW - 1)).toThrow(/due at 1970-01-01T00:16:40.000Z/);
  });

  it('or TaskStateError names the status', () => {
    expect(() => assertCanExecute(execution({ status: 'COMPLETED' }), NOW)).toThrow(
      /"e1" cannot run: it is already COMPLETED/,
    );
    expect(() => assertCanExecute(execution({ status: 'RUNNING' }), NOW)).toThrow(
      /only PENDING or SCHEDULED may run/,
    );
  });
});

describe('isTimedOut', () => {
  it('is true from the very end of its time, and only while it runs', () => {
    const running = execution({ status: 'RUNNING', startedAt: NOW });
    expect([4_999, 5_000].map((after) => isTimedOut(running, NOW + after))).toEqual([false, true]);
    expect(isTimedOut({ ...running, status: 'COMPLETED' }, NOW + 9_000)).toBe(false);
  });

  it('counts the time of a second attempt from when a worker has it', () => {
    const first = updateStatus(execution({ status: 'SCHEDULED' }), 'PREPARING', NOW);
    const failed = prepareForRetry(updateStatus(first, 'RUNNING', NOW + 1_000), NOW + 4_000);
    const second = updateStatus(failed, 'PREPARING', NOW + 6_000);
    expect(isTimedOut(second, NOW + 10_999)).toBe(false);
    expect(isTimedOut(updateStatus(second, 'RUNNING', NOW + 7_000), NOW + 11_000)).toBe(true);
  });
});

describe('shouldRetry and nextRetryAt', () => {
  it.each([
    [0, undefined],
    [1, NOW + 1_000],
    [2, NOW + 2_000],
    [3, undefined],
  ])('after %i attempts the next is due at %s', (attempts, due) => {
    const failed = execution({ status: 'RUNNING', attempts });
    expect(shouldRetry(failed)).toBe(due !== undefined);
    expect(nextRetryAt(failed, NOW)).toBe(due);
  });

  it('do not retry an error that is final', () => {
    const error = { code: 'BAD', message: 'no', origin: 'task' as const, retriable: false };
    const failed = execution({ status: 'RUNNING', attempts: 1, error });
    expect(shouldRetry(failed)).toBe(false);
    expect(() => prepareForRetry(failed, NOW)).toThrow(/its error BAD is not retried/);
    expect(errorResult(error)).toEqual({ ok: false, output: null, error });
  });
});

describe('updateStatus', () => {
  it('walks the life of A1: PENDING, RUNNING, RETRYING, RUNNING, COMPLETED, each in the history', () => {
    const running = updateStatus(execution(), 'RUNNING', NOW);
    const retrying = prepareForRetry(running, NOW + 1);
    const again = updateStatus(retrying, 'RUNNING', NOW + 1_001);
    const done = updateStatus(again, 'COMPLETED', NOW + 1_002);
    expect(retrying).toMatchObject({ status: 'RETRYING', notBefore: NOW + 1_001 });
    expect(done).toMatchObject({ attempts: 2, startedAt: NOW + 1_001, endedAt: NOW + 1_002 });
    expect(done.statusHistory.map(({ status, attempt }) => [status, attempt])).toEqual([
      ['RUNNING', 1],
      ['RETRYING', 1],
      ['RUNNING', 2],
      ['COMPLETED', 2],
    ]);
  });

  it('refuses what the table does not have, and never leaves a final status', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...STATUSES),
        fc.constantFrom(...STATUSES),
        (from: Status, to: Status) => {
          const change = () => updateStatus(execution({ status: from }), to, NOW);
          if (TRANSITIONS[from].includes(to)) expect(change().status).toBe(to);
          else expect(change).toThrow(new RegExp(`"e1" cannot go from ${from} to ${to}`));
          if (isComplete({ status: from })) expect(change).toThrow();
        },
      ),
    );
  });
});
