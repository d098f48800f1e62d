import { describe, expect, it } from '@jest/globals';
import { decodeCursor, encodeCursor } from '../../src/store/paging.js';

const forged = (...place: unknown[]): string =>
  Buffer.from(JSON.stringify(place)).toString('base64url');

describe('decodeCursor', () => {
  it('gives back what a list encoded', () => {
    expect(decodeCursor('tasks', encodeCursor('tasks', ['a', 'b']))).toEqual(['a', 'b']);
    expect(decodeCursor('executions', encodeCursor('executions', ['17']))).toEqual(['17']);
  });

  it.each([
    ['of another list', encodeCursor('projects', ['load'])],
    ['that is none', 'no'],
    ['without a list', forged('load')],
    ['with a number for a text', forged('nodes', 1)],
    ['with a place too many', forged('nodes', 'a', 'b')],
  ])('refuses one %s', (_what, cursor) => {
    expect(() => decodeCursor('nodes', cursor)).toThrow(/^cursor: .* is none of this list; take/);
  });

  it.each(['', 'x', '-1', '1.5', '1e3', '9223372036854775808', '9999999999999999999'])(
    'refuses the number %j, which no column holds',
    (number) => {
      for (const list of ['executions', 'audit'] as const)
        expect(() => decodeCursor(list, forged(list, number))).toThrow(/is none of this list/);
    },
  );
});
