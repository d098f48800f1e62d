import { describe, expect, it, jest } from '@jest/globals';
import type { Client } from '@temporalio/client';
import { isClosing } from '../../src/observe/before.js';

/** A client of a workflow that answers so, in turn; an error is no answer. The workflow stands as `now`. */
function answering(now: string, ...answers: (string | Error)[]): Client {
  const query = jest.fn(() => {
    const next = answers.shift() ?? new Error('asked too often');
    return typeof next === 'string' ? Promise.resolve({ status: next }) : Promise.reject(next);
  });
  const describe = () => Promise.resolve({ status: { name: now } });
  return {
    workflow: { getHandle: () => ({ query, describe }) },
    withDeadline: async (_: number, ask: () => Promise<unknown>) => await ask(),
  } as unknown as Client;
}

describe('whether only the end of a run is still to be written', () => {
  const late = new Error('deadline exceeded');

  it.each<[string, boolean, string, (string | Error)[]]>([
    ['all of its nodes have ended', true, 'RUNNING', ['FAILED']],
    ['some of its nodes run', false, 'RUNNING', ['RUNNING']],
    ['nobody answered, and it has ended meanwhile', true, 'FAILED', [late]],
    ['nobody answered, and asked again all have ended', true, 'RUNNING', [late, 'COMPLETED']],
    ['nobody answered, and asked again some run', false, 'RUNNING', [late, 'RUNNING']],
    ['nobody answers', false, 'RUNNING', [late, late]],
  ])('where %s: %s', async (_, expected, now, answers) => {
    await expect(isClosing(answering(now, ...answers), 'a', 'r')).resolves.toBe(expected);
  });
});
