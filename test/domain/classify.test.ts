import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  errorKinds,
  isRetriable,
  NEVER_RETRIED_BY_DEFAULT,
  RETRIABLE_BY_DEFAULT,
} from '../../src/domain/classify.js';
import { NonRetriableError, TaskError } from '../../src/domain/errors.js';
import type { RetryPolicy } from '../../src/domain/retry.js';
import { programFailed } from '../../src/runners/program.js';

class StorageError extends Error {
  override name = 'StorageError';
}
class QuotaError extends StorageError {
  override name = 'Quota';
}

type Lists = Pick<RetryPolicy, 'retryOn' | 'neverRetryOn' | 'unknownErrors'>;
const lists = (some: Partial<Lists> = {}): Lists => ({
  neverRetryOn: [],
  unknownErrors: 'retry',
  ...some,
});
const withCode = (code: string, more: object = {}): Error =>
  Object.assign(new Error(code), { code }, more);
const retriable = (error: unknown, some?: Partial<Lists>): boolean =>
  isRetriable(error, lists(some));

describe('isRetriable', () => {
  it.each<[string, unknown, Partial<Lists>, boolean]>([
    [
      'never-list before retriable list',
      withCode('X'),
      { neverRetryOn: ['X'], retryOn: ['X'] },
      false,
    ],
    [
      'never-list before the default list',
      withCode('ECONNRESET'),
      { neverRetryOn: ['ECONNRESET'] },
      false,
    ],
    [
      'never-list before its own verdict',
      withCode('X', { retriable: true }),
      { neverRetryOn: ['X'] },
      false,
    ],
    [
      'retriable list before its own verdict',
      withCode('X', { retriable: false }),
      { retryOn: ['X'] },
      true,
    ],
    [
      'retriable list before what is never retried by default',
      new TaskError('INPUT_INVALID', 'no'),
      { retryOn: ['INPUT_INVALID'] },
      true,
    ],
    [
      'own verdict before unknownErrors retry',
      withCode('X', { retriable: false }),
      { unknownErrors: 'retry' },
      false,
    ],
    [
      'own verdict before unknownErrors fail',
      withCode('X', { retriable: true }),
      { unknownErrors: 'fail' },
      true,
    ],
    ['unknownErrors retry last', withCode('X'), { unknownErrors: 'retry' }, true],
    ['unknownErrors fail last', withCode('X'), { unknownErrors: 'fail' }, false],
    ['default list before unknownErrors', withCode('ECONNRESET'), { unknownErrors: 'fail' }, true],
    [
      'a list of the policy instead of the default one',
      withCode('ECONNRESET'),
      { retryOn: ['X'], unknownErrors: 'fail' },
      false,
    ],
  ])('asks in a fixed order: %s', (_title, error, some, expected) => {
    expect(retriable(error, some)).toBe(expected);
  });

  it.each(RETRIABLE_BY_DEFAULT)('retries %s by default', (code) => {
    expect(retriable(withCode(code), { unknownErrors: 'fail' })).toBe(true);
  });

  it('retries what a time-out of its own has ended, as AbortSignal.timeout and fetch say it', () => {
    const reason: unknown = new DOMException('timed out', 'TimeoutError');
    const refused = Object.assign(new TypeError('fetch failed'), {
      cause: withCode('UND_ERR_CONNECT_TIMEOUT'),
    });
    const aborted = Object.assign(new Error('aborted'), { name: 'AbortError', cause: reason });
    for (const error of [reason, refused, aborted])
      expect(retriable(error, { unknownErrors: 'fail' })).toBe(true);
    const stopped = new DOMException('somebody stopped it', 'AbortError');
    expect(retriable(stopped, { unknownErrors: 'fail' })).toBe(false);
  });

  it.each(NEVER_RETRIED_BY_DEFAULT)('never retries %s by default', (code) => {
    expect(retriable(withCode(code))).toBe(false);
    expect(retriable(withCode(code, { retriable: true }))).toBe(false);
  });

  it.each([
    ['an HTTP status that may pass', { status: 503 }, true],
    ['an HTTP status that will not', { status: 404 }, false],
  ])('knows %s', (_title, fields, expected) => {
    const error = Object.assign(new Error('http'), fields);
    expect(retriable(error, { unknownErrors: 'fail' })).toBe(expected);
  });

  it('never retries a NonRetriableError, also as a cause', () => {
    const inner = new NonRetriableError('give up');
    expect(retriable(inner)).toBe(false);
    expect(retriable(new Error('outer', { cause: inner }))).toBe(false);
  });

  it("takes Temporal's nonRetryable for the error's own verdict", () => {
    expect(retriable(Object.assign(new Error('x'), { nonRetryable: true }))).toBe(false);
  });

  it('takes the verdict of an error of ours, and not for one that has a code of ours by chance', () => {
    expect(retriable(new TaskError('STORE', 'busy'), { unknownErrors: 'fail' })).toBe(true);
    expect(retriable(new TaskError('STATE', 'it has ended'))).toBe(false);
    expect(retriable({ code: 'NOT_FOUND' })).toBe(true);
    expect(retriable({ code: 'STORE' }, { unknownErrors: 'fail' })).toBe(false);
  });

  it.each([
    ['its code', 'E_QUOTA'],
    ['its name', 'Quota'],
    ["its class's name", 'QuotaError'],
    ["a superclass's name", 'StorageError'],
  ])('matches an error by %s', (_title, entry) => {
    const error = Object.assign(new QuotaError('full'), { code: 'E_QUOTA' });
    expect(retriable(error, { neverRetryOn: [entry] })).toBe(false);
    const wrapped = new Error('outer', { cause: new Error('middle', { cause: error }) });
    expect(retriable(wrapped, { neverRetryOn: [entry] })).toBe(false);
  });

  it("matches a program's error by its exit code, which is nearer than its code", () => {
    const error = programFailed({ code: 75, signal: null, stderr: '' });
    expect(retriable(error, { neverRetryOn: ['EXIT_75'] })).toBe(false);
    expect(retriable(error, { neverRetryOn: ['EXIT_7'] })).toBe(true);
    expect(errorKinds(error).slice(0, 2)).toEqual(['EXIT_75', 'PROGRAM_FAILED']);
    const killed = programFailed({ code: null, signal: 'SIGSEGV', stderr: '' });
    expect(errorKinds(killed)[0]).toBe('PROGRAM_FAILED');
  });

  it('is not caught by a list that names Error, which every error is', () => {
    expect(errorKinds(new QuotaError('full'))).toEqual(['Quota', 'QuotaError', 'StorageError']);
  });

  it('comes to an end where causes go round', () => {
    const [a, b] = [withCode('A'), withCode('B')];
    a.cause = b;
    b.cause = a;
    expect(errorKinds(a)).toEqual(expect.arrayContaining(['A', 'B']));
    expect(retriable(a, { neverRetryOn: ['B'] })).toBe(false);
  });

  it.each([
    ['a text', 'boom'],
    ['null', null],
    ['undefined', undefined],
    ['a number', 5],
    ['a bigint', 5n],
    ['a symbol', Symbol('x')],
    ['a function', () => 1],
    ['a list', [1]],
    ['an object without prototype', Object.create(null)],
    ['a constructor that is null', { constructor: null }],
    ['a code that is no text', { code: 5, name: {}, type: [] }],
  ])('leaves %s, thrown, to unknownErrors', (_title, thrown) => {
    expect(retriable(thrown, { unknownErrors: 'retry' })).toBe(true);
    expect(retriable(thrown, { unknownErrors: 'fail' })).toBe(false);
  });

  it('gives an answer for whatever is thrown', () => {
    fc.assert(
      fc.property(fc.anything(), (thrown) => {
        expect(typeof retriable(thrown)).toBe('boolean');
      }),
    );
  });
});
