import { EXIT, failureOf, UsageError } from '../../src/cli/exit.js';
import { ERROR_CODES, TaskError, type ErrorCode } from '../../src/domain/errors.js';
import { ServerUnavailableError } from '../../src/servers/unavailable.js';

describe('failureOf', () => {
  it.each(['UNREACHABLE', 'STORE', 'NO_WORKER'] as const)('ends %s with 3', (code) => {
    expect(failureOf(new TaskError(code, 'x'))).toMatchObject({ exit: EXIT.unreachable, code });
  });

  it.each(['SPEC_INVALID', 'CONFIGURATION', 'INPUT_INVALID', 'STATE', 'UNKNOWN_TASK'] as const)(
    'ends %s with 2',
    (code) => {
      expect(failureOf(new TaskError(code, 'x')).exit).toBe(EXIT.refused);
    },
  );

  it('gives every code of ours an exit code', () => {
    for (const code of Object.keys(ERROR_CODES) as ErrorCode[])
      expect([1, 2, 3]).toContain(failureOf(new TaskError(code, 'x')).exit);
  });

  it('ends bad usage with 2, and a server that cannot be had with 3', () => {
    expect(failureOf(new UsageError('x')).exit).toBe(2);
    expect(failureOf(new ServerUnavailableError('server', [], [])).exit).toBe(3);
  });

  it.each([
    [14, 3],
    [4, 3],
    [1, 3],
    [16, 3],
    [13, 1],
  ])('ends gRPC status %i, in a cause, with %i', (code, exit) => {
    const cause = Object.assign(new Error('x'), { code, details: 'what the server said' });
    expect(failureOf(new Error('call failed', { cause })).exit).toBe(exit);
  });

  it('says what the server said, whatever that was', () => {
    const cause = Object.assign(new Error('x'), { code: 13, details: 'what the server said' });
    expect(failureOf(new Error('call failed', { cause })).message).toBe(
      'call failed: what the server said',
    );
  });

  it('keeps the details of an error', () => {
    expect(failureOf(new TaskError('SPEC_INVALID', 'x', { details: [1] })).details).toEqual([1]);
  });
});
