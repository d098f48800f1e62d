import { describe, expect, it } from '@jest/globals';
import {
  ERROR_CODES,
  ExecutionError,
  formatError,
  MaxRetriesExceededError,
  NonRetriableError,
  SpecInvalidError,
  TaskError,
  TaskStateError,
  type ErrorCode,
} from '../../src/domain/errors.js';
import type { ExecutionResult } from '../../src/domain/execution-result.js';
import { fault } from '../../src/domain/fault.js';

describe('TaskError', () => {
  it.each(Object.entries(ERROR_CODES))(
    'takes from %s whether it is worth a retry',
    (code, { retriable }) => {
      expect(new TaskError(code as ErrorCode, 'x').retriable).toBe(retriable);
      expect(new TaskError(code as ErrorCode, 'x', { retriable: !retriable }).retriable).toBe(
        !retriable,
      );
    },
  );

  it('keeps cause and details', () => {
    const cause = new Error('inner');
    expect(new TaskError('STORE', 'x', { cause, details: { n: 1 } })).toMatchObject({
      cause,
      details: { n: 1 },
    });
    expect(Object.hasOwn(new TaskError('STORE', 'x'), 'cause')).toBe(false);
  });

  it.each([
    [new TaskStateError('x'), 'TaskStateError', 'STATE'],
    [new NonRetriableError('x'), 'NonRetriableError', 'NON_RETRIABLE'],
    [
      new MaxRetriesExceededError('MAX_RETRIES_EXCEEDED', 'x', undefined),
      'MaxRetriesExceededError',
      'MAX_RETRIES_EXCEEDED',
    ],
    [new SpecInvalidError([]), 'SpecInvalidError', 'SPEC_INVALID'],
  ])('has kinds with a name and a code: %s', (error, name, code) => {
    expect(error).toBeInstanceOf(TaskError);
    expect(error).toMatchObject({ name, code });
  });

  it('carries every attempt where an execution failed', () => {
    const attempt = { code: 'X', message: 'x', origin: 'task', retriable: true } as const;
    const error = new NonRetriableError('x', {
      result: { status: 'FAILED' } as ExecutionResult,
      attemptErrors: [attempt],
    });
    expect(error).toBeInstanceOf(ExecutionError);
    expect(error).toMatchObject({ result: { status: 'FAILED' }, attemptErrors: [attempt] });
    expect(error).toMatchObject({ lastError: attempt, durationMs: null, executionTimeMs: null });
  });
});

describe('SpecInvalidError', () => {
  it('lists all faults', () => {
    const faults = [fault(['a'], 'MISSING', 'is required'), fault(['b'], 'MISSING', 'is required')];
    const error = new SpecInvalidError(faults, 'orders.yaml');
    expect(error.message).toBe(
      'orders.yaml refused, 2 faults:\n  a: is required\n  b: is required',
    );
    expect([error.faults, error.details]).toEqual([faults, faults]);
    expect(new SpecInvalidError(faults.slice(1)).message).toMatch(/^graph refused, 1 fault:/);
  });
});

describe('formatError', () => {
  it.each([
    ['socket hang up', 'ECONNRESET: socket hang up'],
    ['ECONNRESET: socket hang up', 'ECONNRESET: socket hang up'],
  ])('writes the code once: %s', (message, expected) => {
    expect(formatError({ code: 'ECONNRESET', message, origin: 'task', retriable: true })).toBe(
      expected,
    );
  });

  it.each([
    [new Error('x'), 'Error: x'],
    [new TypeError('no function'), 'TypeError: no function'],
    [Object.assign(new Error('gone'), { code: 'ECONNRESET' }), 'ECONNRESET: gone'],
    [Object.assign(new Error('gone'), { code: 7 }), 'Error: gone'],
    [new TaskError('STORE', 'locked'), 'STORE: locked'],
    ['a text', 'a text'],
    [null, 'thrown: null'],
    [undefined, 'thrown: undefined'],
    [{}, 'thrown: [object Object]'],
    [
      {
        get code() {
          throw new Error('not even that');
        },
      },
      'thrown: [object Object]',
    ],
  ])('writes whatever was thrown: %s', (thrown, expected) => {
    expect(formatError(thrown)).toBe(expected);
  });
});
