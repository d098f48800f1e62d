import {
  chooseRunner,
  ISOLATIONS,
  RUNNER_CHOICE,
  type Isolation,
  type RunnerAsk,
  type RunnerChoice,
} from '../../src/domain/choose-runner.js';
import { SECURITY_LEVELS } from '../../src/domain/program.js';

const LOW: Omit<RunnerAsk, 'kind'> = {
  ...{ level: 'LOW', permissions: [], hasResources: false, hasRuntime: false },
};
const KINDS = ['handler', 'process', 'container', 'faas'] as const;
const chosen = (ask: RunnerAsk, may: Partial<RunnerChoice> = {}): string => {
  const found = chooseRunner(ask, { ...RUNNER_CHOICE, ...may });
  return 'runner' in found ? found.runner : 'refused';
};

describe('the truth table of document 004 (E2)', () => {
  const engine = { containers: true };
  it.each<[string, RunnerAsk, Partial<RunnerChoice>, string]>([
    // kind, level, what else is asked → runner
    ['a simple handler', { ...LOW, kind: 'handler' }, {}, 'in-process'],
    [
      'a simple handler, in-process off',
      { ...LOW, kind: 'handler' },
      { inProcess: false },
      'process',
    ],
    ['a handler with resources', { ...LOW, kind: 'handler', hasResources: true }, {}, 'process'],
    [
      'a handler with permissions',
      { ...LOW, kind: 'handler', permissions: ['env:A'] },
      {},
      'process',
    ],
    ['a handler at MEDIUM', { ...LOW, kind: 'handler', level: 'MEDIUM' }, {}, 'refused'],
    ['a handler at HIGH', { ...LOW, kind: 'handler', level: 'HIGH' }, engine, 'refused'],
    ['a command', { ...LOW, kind: 'process' }, engine, 'process'],
    ['a command at HIGH', { ...LOW, kind: 'process', level: 'HIGH' }, engine, 'process'],
    ['code', { ...LOW, kind: 'process', hasRuntime: true }, engine, 'process'],
    [
      'code at HIGH with an engine',
      { ...LOW, kind: 'process', hasRuntime: true, level: 'HIGH' },
      engine,
      'container',
    ],
    [
      'code at HIGH without one',
      { ...LOW, kind: 'process', hasRuntime: true, level: 'HIGH' },
      {},
      'process',
    ],
    ['an image', { ...LOW, kind: 'container' }, {}, 'container'],
    ['an image at HIGH', { ...LOW, kind: 'container', level: 'HIGH' }, engine, 'container'],
    ['a function', { ...LOW, kind: 'faas' }, {}, 'faas'],
    ['a function at HIGH', { ...LOW, kind: 'faas', level: 'HIGH' }, {}, 'refused'],
    ['a function, functions off', { ...LOW, kind: 'faas' }, { faas: false }, 'refused'],
  ])('%s', (_name, ask, may, expected) => {
    expect(chosen(ask, may)).toBe(expected);
  });

  const named: Record<(typeof KINDS)[number], Isolation[]> = {
    handler: ['in-process', 'thread', 'process'],
    process: ['process'], // a container too, where an image can run it: see below
    container: ['container'],
    faas: ['faas'],
  };
  it.each(KINDS)(
    'takes the isolation that is named, where a %s can run so, and no other',
    (kind) => {
      const takes = ISOLATIONS.filter(
        (isolation) => chosen({ ...LOW, kind, isolation }) === isolation,
      );
      expect(takes).toEqual(named[kind]);
    },
  );

  it('runs code for a runtime in a container where that is named', () => {
    const ask: RunnerAsk = { ...LOW, kind: 'process', isolation: 'container' };
    expect(chosen({ ...ask, hasRuntime: true })).toBe('container');
    expect(chosen(ask)).toBe('refused');
  });

  it('never gives less than the level asks for, whatever is named', () => {
    for (const kind of KINDS)
      for (const level of SECURITY_LEVELS.slice(1))
        for (const isolation of [undefined, ...ISOLATIONS]) {
          const runner = chosen({ ...LOW, kind, level, isolation }, engine);
          expect({ kind, level, runner }).not.toMatchObject({ runner: 'in-process' });
          expect({ kind, level, runner }).not.toMatchObject({ runner: 'thread' });
        }
  });

  it('says what to change where it refuses', () => {
    const ask: RunnerAsk = { ...LOW, kind: 'container', isolation: 'thread' };
    expect(chooseRunner(ask, RUNNER_CHOICE)).toEqual({
      refused: 'isolation "thread": a container runs in container',
    });
  });
});
