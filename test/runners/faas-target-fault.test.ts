/** Which failures of a call are its target's, and which the function's own. */
import { isTargetFault } from '../../src/domain/target-fault.js';
import { answerError, wayError } from '../../src/runners/faas-errors.js';
import { sdkError } from '../../src/runners/faas-lambda-errors.js';
import { TaskError } from '../../src/domain/errors.js';

const answer = (status: number, body: unknown = 'no') =>
  answerError({
    ...{ from: 'faas: https://f.test/a', status, retryAfter: undefined },
    text: typeof body === 'string' ? body : JSON.stringify(body),
  });
const TOLD = { error: { message: 'the card is stolen', code: 'CARD' } };

describe('isTargetFault of an answer', () => {
  it.each<[number, unknown, boolean]>([
    [500, 'Internal Server Error', true],
    [500, '', true],
    [501, '', true],
    ...[429, 502, 503, 504].map((status): [number, unknown, boolean] => [status, '', true]),
    [503, TOLD, true],
    [429, { error: { message: 'slow down' } }, true],
    [500, TOLD, false],
    [500, { error: { message: 'no' } }, false],
    [500, { errorType: 'TypeError', errorMessage: 'no', stackTrace: [] }, false],
    ...[400, 401, 403, 404, 408, 409, 422].map((status): [number, unknown, boolean] => [
      ...([status, '', false] as const),
    ]),
    [400, TOLD, false],
  ])('%d with %j: %s', (status, body, expected) => {
    expect(isTargetFault(answer(status, body))).toBe(expected);
  });
});

describe('isTargetFault on the way', () => {
  it.each([
    ['ECONNREFUSED', true],
    ['ENOTFOUND', true],
    ['UND_ERR_SOCKET', true],
    ['UND_ERR_INVALID_ARG', false],
  ])('%s: %s', (code, expected) => {
    const thrown = Object.assign(new Error('no'), { code });
    expect(isTargetFault(wayError(thrown, 'faas: x'))).toBe(expected);
  });

  it('is false for an address that may not be reached', () => {
    expect(isTargetFault(wayError(new TaskError('CONFIGURATION', 'no'), 'faas: x'))).toBe(false);
  });
});

describe('isTargetFault of Lambda', () => {
  const service = (name: string, status: number, more: object = {}) =>
    sdkError(
      Object.assign(new Error('no'), { name, $metadata: { httpStatusCode: status }, ...more }),
      'faas: the function f',
    );
  it.each([
    ['TooManyRequestsException', 429, true],
    ['ServiceException', 500, true],
    ['ResourceConflictException', 409, true],
    ['ResourceNotFoundException', 404, false],
    ['AccessDeniedException', 403, false],
    ['RequestTooLargeException', 413, false],
    ['ExpiredTokenException', 400, false],
  ])('%s with %d: %s', (name, status, expected) => {
    expect(isTargetFault(service(name, status))).toBe(expected);
  });
});
