/** Where the nodes of a plan run: the rule over all who may say something of it. */
import { makePlan, type PlanContext } from '../../src/domain/make-plan.js';
import { grantsOf } from '../../src/domain/grants.js';
import { RUNNER_CHOICE } from '../../src/domain/choose-runner.js';
import { taskOptions } from '../../src/registry.js';
import { validateGraph } from '../../src/domain/validate.js';

const python = { runtime: 'python', code: '1' };
/** A task that says nothing of where it runs, and one that does. */
const context = (runners: Partial<typeof RUNNER_CHOICE> = {}): PlanContext => ({
  postHooks: false,
  postHooksOnSkipped: false,
  runners: { ...RUNNER_CHOICE, ...runners },
  task: (name) =>
    name === 'unknown'
      ? undefined
      : {
          ...{
            version: '1',
            postHooks: false,
            postHooksOnSkipped: false,
            inProcess: name !== 'threaded',
            ...(name === 'closed' ? { loadable: false } : {}),
          },
          options: taskOptions({ name, ...(name === 'threaded' ? { isolation: 'thread' } : {}) }),
        },
});

function runOf(node: object, graph: object = {}, runners?: Partial<typeof RUNNER_CHOICE>) {
  const spec = { name: 'g', ...graph, tasks: [{ id: 'a', ...node }] };
  const { faults, valid } = validateGraph(spec);
  if (!valid) throw new Error(JSON.stringify(faults));
  return makePlan(valid, context(runners)).classes[0]?.run;
}

describe('a light node', () => {
  it('stands alone where its result is made apart', () => {
    const lightOf = (result: object): unknown => {
      const tasks = [{ id: 'a', task: 'plain', light: true, result }];
      const { valid } = validateGraph({ name: 'g', tasks });
      return valid && makePlan(valid, context()).classes[0]?.light;
    };
    expect([lightOf({ select: 'output' }), lightOf({ async: true })]).toEqual([true, undefined]);
  });
});

describe('a permission for a path of the host', () => {
  it('is refused before a worker is asked, with its place', () => {
    const security = { permissions: ['network:a.example:443', 'read:/etc'] };
    const spec = { name: 'g', tasks: [{ id: 'a', process: python, security }] };
    expect(validateGraph(spec).faults).toMatchObject([
      {
        path: 'tasks[0].security.permissions[1]',
        message: expect.stringContaining(
          'no worker grants paths of its host (read:/etc)',
        ) as string,
      },
    ]);
  });
});

describe('a handler', () => {
  it.each<[string, object, object]>([
    ['that nobody says anything of', { task: 'plain' }, {}],
    ['whose definition says where', { task: 'threaded' }, {}],
    ['that no worker here knows', { task: 'unknown' }, {}],
    [
      'beside programs that a graph gives resources to',
      { task: 'plain' },
      { resources: { cpu: 1 } },
    ],
    [
      'beside programs that a graph grants something',
      { task: 'plain' },
      { security: { permissions: ['env:A'] } },
    ],
  ])('%s runs as its definition has it', (_title, node, defaults) => {
    expect(runOf(node, { defaults })).toBeUndefined();
  });

  it.each<[string, object]>([
    ['resources', { resources: { cpu: 1 } }],
    ['permissions', { security: { permissions: ['env:A'] } }],
    ['a thread', { isolation: 'thread' }],
  ])('without a module is refused where it asks for %s', (_what, asked) => {
    expect(() => runOf({ task: 'closed', ...asked })).toThrow(/"closed" has no module for a/);
    expect(runOf({ task: 'closed' })).toBeUndefined();
  });

  it.each<[string, object, string]>([
    ['where the node names it', { task: 'plain', isolation: 'thread' }, 'thread'],
    [
      'in a process, where it asks for resources itself',
      { task: 'plain', resources: { cpu: 1 } },
      'process',
    ],
    [
      'in the worker, where the node names that over the definition',
      { task: 'threaded', isolation: 'in-process' },
      'in-process',
    ],
  ])('runs %s', (_title, node, runner) => expect(runOf(node)).toEqual({ runner }));

  it('runs in a process where workers let none into their own', () => {
    expect(runOf({ task: 'plain' }, {}, { inProcess: false })).toEqual({ runner: 'process' });
    expect(runOf({ task: 'threaded' }, {}, { inProcess: false })).toBeUndefined();
  });

  it('is refused a level that no handler can be held at, whoever asks for it', () => {
    expect(() => runOf({ task: 'plain' }, { defaults: { security: { level: 'MEDIUM' } } })).toThrow(
      /a handler is code of the worker and has no sandbox/,
    );
  });
});

describe('a program', () => {
  it('has what its graph, its node and document 004 say together, field by field', () => {
    const defaults = { resources: { memory: '64Mi', processes: 8 }, security: { level: 'HIGH' } };
    const node = { process: python, resources: { cpu: 1 }, security: { permissions: ['env:A'] } };
    expect(runOf(node, { defaults })).toEqual({
      ...{ runner: 'process', level: 'HIGH', permissions: ['env:A'] },
      limits: {
        cpu: 1,
        memoryBytes: 64 * 2 ** 20,
        diskBytes: 500 * 2 ** 20,
        processes: 8,
        logBytes: 2 ** 20,
      },
    });
  });

  it('goes to a container at HIGH where there is an engine', () => {
    const node = { process: python, security: { level: 'HIGH' } };
    expect(runOf(node, {}, { containers: true })).toMatchObject({ runner: 'container' });
  });

  it.each<[string, object, RegExp]>([
    [
      'a network for a container',
      { container: { image: 'a', network: ['a.example:1'] } },
      /no filtered network/,
    ],
    [
      'a network that no permission names, at MEDIUM',
      { container: { image: 'a', network: 'db' }, security: { level: 'MEDIUM' } },
      /add "network:db" to security\.permissions/,
    ],
    [
      'a path of the host',
      { process: python, security: { permissions: ['read:/etc'] } },
      /no worker grants paths/,
    ],
  ])('is refused %s', (_title, node, message) => expect(() => runOf(node)).toThrow(message));

  it('is a container all the same where a permission for all names a host, which opens nothing there', () => {
    const security = { permissions: ['network:a.example:1'] };
    expect(runOf({ container: { image: 'a' }, security })).toMatchObject({ runner: 'container' });
    expect(
      grantsOf({ kind: 'container', container: { image: 'a' } }, 'LOW', security.permissions),
    ).toMatchObject({ network: [] });
  });

  it('may join a network that a permission names, at MEDIUM', () => {
    const security = { level: 'MEDIUM', permissions: ['network:db'] };
    const node = { container: { image: 'a', network: 'db' }, security };
    expect(runOf(node)).toMatchObject({ runner: 'container', level: 'MEDIUM' });
  });

  it('is refused where functions are switched off', () => {
    const node = { faas: { url: 'https://f.example' } };
    expect(() => runOf(node, {}, { faas: false })).toThrow(/switched off.*setting faas/);
  });
});
