import { verdictOf, type Ending } from '../../src/sandbox/sandbox-verdict.js';

const ending = (said: Partial<Ending>): Ending => ({
  ...{ ended: undefined, oomKills: 0, forkRefusals: 0, diskFull: false, reported: true },
  ...{ code: 0, signal: null, stderr: '' },
  ...said,
});
const memory = { kind: 'exhausted', resource: 'memory' };
const heap = 'FATAL ERROR: JavaScript heap out of memory';

describe('verdictOf', () => {
  it.each<[string, Partial<Ending>, object]>([
    ['ends well', {}, { kind: 'exited', code: 0, signal: null }],
    ['fails', { code: 3 }, { kind: 'exited', code: 3, signal: null }],
    ['dies of a signal inside', { code: 139 }, { kind: 'exited', code: null, signal: 'SIGSEGV' }],
    ['gives a code that is no signal', { code: 200 }, { kind: 'exited', code: 200, signal: null }],
    [
      'is killed, nobody knows why',
      { code: 137 },
      { kind: 'exited', code: null, signal: 'SIGKILL' },
    ],
    ['was asked to stop', { ended: 'stopped', oomKills: 1 }, { kind: 'stopped' }],
    ['said too much', { ended: 'logs', code: 137 }, { kind: 'exhausted', resource: 'logs' }],
    ['ends well, a child killed for memory', { oomKills: 1 }, memory],
    ['fills the heap of Node', { code: 134, stderr: heap }, memory],
    [
      'says so and fails otherwise',
      { code: 1, stderr: heap },
      { kind: 'exited', code: 1, signal: null },
    ],
    ['fills the heap of Java', { code: 3, stderr: 'java.lang.OutOfMemoryError: x' }, memory],
    ['fills what Python may have', { code: 1, stderr: 'Traceback\nMemoryError\n' }, memory],
    ['takes too much time', { code: 152 }, { kind: 'exhausted', resource: 'cpu' }],
    ['writes too large a file', { code: 153 }, { kind: 'exhausted', resource: 'disk' }],
    ['fails on a full disk', { code: 1, diskFull: true }, { kind: 'exhausted', resource: 'disk' }],
    ['ends well on a full disk', { diskFull: true }, { kind: 'exited', code: 0, signal: null }],
    [
      'fails without forks',
      { code: 2, forkRefusals: 3 },
      { kind: 'exhausted', resource: 'processes' },
    ],
    ['ends well without forks', { forkRefusals: 3 }, { kind: 'exited', code: 0, signal: null }],
    [
      'was never started',
      { reported: false, code: 1, stderr: 'bwrap: no' },
      { kind: 'unprepared', message: 'bwrap: no' },
    ],
    [
      'was ended from outside',
      { reported: false, code: null, signal: 'SIGKILL' },
      { kind: 'exited', code: null, signal: 'SIGKILL' },
    ],
  ])('knows one that %s', (_what, said, expected) => {
    expect(verdictOf(ending(said))).toEqual(expected);
  });
});
