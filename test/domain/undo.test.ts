import { undoerText } from '../../src/domain/compensation.js';
import { makePlan, type PlanContext } from '../../src/domain/make-plan.js';
import { nodeBody, type UndoClass } from '../../src/domain/plan.js';
import { SpecInvalidError } from '../../src/domain/errors.js';
import { validateGraph } from '../../src/domain/validate.js';

const spec = (node: object, rest: object = {}) => ({
  name: 'g',
  tasks: [{ id: 'a', task: 't', ...node }],
  ...rest,
});
const faultsOf = (compensate: unknown, more: object = {}) =>
  validateGraph(spec({ compensate, ...more })).faults.map(({ path, code }) => [path, code]);
const context: PlanContext = {
  task: () => undefined,
  ...{ postHooks: false, postHooksOnSkipped: false },
};

/** How what undoes the node is planned. */
function undoOf(node: object, rest: object = {}, more: Partial<PlanContext> = {}): UndoClass {
  const { submission = {}, ...graph } = rest as { submission?: object };
  const { valid, faults } = validateGraph(spec(node, graph), submission);
  if (!valid) throw new Error(JSON.stringify(faults));
  return makePlan(valid, { ...context, ...more }).classes[0]?.undo as UndoClass;
}
const command = { process: { command: ['true'] } };

describe('compensate by a program', () => {
  it.each<[string, object]>([
    ['a process', { process: { command: ['rm', '${{ input.output.name }}'] } }],
    ['code', { process: { runtime: 'python', code: 'print(1)', args: ['${{ input.x }}'] } }],
    ['a container', { container: { image: 'alpine', env: { NAME: '${{ input.output }}' } } }],
    ['a function', { faas: { url: 'https://example.com/undo' }, input: '${{ output.name }}' }],
    [
      'one with all that may be said of it',
      {
        ...{ ...command, input: { of: '${{ input }}' }, inputSchema: { type: 'object' } },
        ...{ retry: { maxRetries: 9 }, timeout: '10s', queue: 'q', isolation: 'process' },
        ...{ resources: { cpu: 1 }, security: { level: 'MEDIUM' } },
      },
    ],
  ])('may be %s, of a task, a program, a map, a sub-graph and an approval', (_title, undo) => {
    const graph = { name: 'x', tasks: [{ id: 'x', task: 'x' }] };
    const works = [{}, { task: undefined, ...command }, { map: [1] }, { task: undefined, graph }];
    for (const work of [...works, { task: undefined, approval: { message: 'go?' } }])
      expect(faultsOf(undo, work)).toEqual([]);
  });

  it.each<[unknown, [path: string, code: string][]]>([
    [{}, [['task', 'MISSING']]],
    [{ input: 1 }, [['task', 'MISSING']]],
    [{ task: 'x', ...command }, [['process', 'INVALID_VALUE']]],
    [{ ...command, faas: { url: 'https://x.org' } }, [['faas', 'INVALID_VALUE']]],
    [{ task: 'x', security: { level: 'LOW' } }, [['security', 'INVALID_VALUE']]],
    [{ task: 'x', resources: {} }, [['resources', 'INVALID_VALUE']]],
    [{ task: 'x', isolation: 'thread' }, [['isolation', 'INVALID_VALUE']]],
    [{ task: 'x', inputSchema: {} }, [['inputSchema', 'INVALID_VALUE']]],
    [{ process: { command: [] } }, [['process.command', 'INVALID_VALUE']]],
    [{ process: { comand: ['x'] } }, [['process.comand', 'UNKNOWN_FIELD']]],
    [{ process: { command: ['${{ tasks.a }}'] } }, [['process.command[0]', 'EXPRESSION']]],
    [{ process: { runtime: 'node', code: 'x', network: ['${{ input }}'] } }, 'process.network'],
    [{ process: { runtime: 'node', file: 'a.js' } }, [['process.file', 'INVALID_VALUE']]],
    [{ container: { image: 'i', network: ['a:1'] } }, [['container.network', 'INVALID_VALUE']]],
    [{ ...command, inputSchema: { type: 'txt' } }, [['inputSchema.type', 'INVALID_VALUE']]],
    [
      { ...command, security: { permissions: ['env:A', 'read:/etc'] } },
      [['security.permissions[1]', 'INVALID_VALUE']],
    ],
    [{ ...command, input: { a: ['${{ params.x }}'] } }, [['input.a[0]', 'EXPRESSION']]],
    [{ ...command, input: '${{ secrets.X }}' }, [['input', 'EXPRESSION']]],
    [{ ...command, input: '${{ item }}' }, [['input', 'EXPRESSION']]],
    [{ task: 'x', input: '${{ output. }}' }, [['input', 'EXPRESSION']]],
    [{ ...command, retry: { strategy: 'NONE', maxRetries: 2 } }, [['retry', 'RETRY']]],
    [{ ...command, queue: '/_sys/x' }, [['queue', 'INVALID_VALUE']]],
    [{ ...command, outputSchema: {} }, [['outputSchema', 'UNKNOWN_FIELD']]],
  ] as [unknown, [string, string][]][])('is refused with its place: %j', (undo, wrong) => {
    const found = faultsOf(undo);
    const places = typeof wrong === 'string' ? [[wrong, 'EXPRESSION']] : wrong;
    expect(found).toEqual(
      expect.arrayContaining(places.map(([path, code]) => [`tasks[0].compensate.${path}`, code])),
    );
  });

  it('names a task that there is, unless it has a queue whose workers may know it', () => {
    const known = { names: ['t'], hooks: { pre: [], post: [] } } as never;
    const faults = (compensate: unknown) =>
      validateGraph(spec({ compensate }), {}, known).faults.map(({ path }) => path);
    expect(faults('undo')).toEqual(['tasks[0].compensate']);
    expect(faults({ task: 'undo' })).toEqual(['tasks[0].compensate.task']);
    expect(faults({ task: 'undo', queue: 'theirs' })).toEqual([]);
    expect(faults(command)).toEqual([]);
    // The queue of a node is for its own work.
    const onUnknown = { verify: 'seen' };
    const node = { id: 'a', task: 'theirs', queue: 'theirs', onUnknown, compensate: 'undo' };
    const { faults: found } = validateGraph({ name: 'g', tasks: [node] }, {}, known);
    expect(found.map(({ path }) => path)).toEqual([
      ...['tasks[0].compensate', 'tasks[0].onUnknown.verify'],
    ]);
  });

  it('is planned as a program: where it runs, what it may use, and for how long', () => {
    expect(undoOf({ compensate: command })).toMatchObject({
      ...{ task: 'tempograph.process', timeoutMs: 300_000 },
      run: { runner: 'process', level: 'LOW', permissions: [], limits: { cpu: 0.1 } },
    });
    const said = { timeout: '9s', retry: 'NONE', queue: 'q', resources: { cpu: 2 } };
    expect(undoOf({ compensate: { ...command, ...said } })).toMatchObject({
      ...{ timeoutMs: 9_000, retry: { strategy: 'NONE' }, queue: 'q' },
      run: { limits: { cpu: 2 } },
    });
    const code = { process: { runtime: 'node', code: 'x' }, isolation: 'container' };
    expect(undoOf({ compensate: code }).run?.runner).toBe('container');
  });

  it('is held as its node is, and else as all of the graph are', () => {
    const node = {
      ...{ task: undefined, process: { command: ['x'] } },
      security: { level: 'MEDIUM', permissions: ['secret:A'] },
      resources: { cpu: 2, memory: '1Gi' },
    };
    const rest = { defaults: { resources: { disk: '1Gi' }, security: { level: 'HIGH' } } };
    const undo = { ...command, resources: { cpu: 1 }, security: { permissions: ['secret:B'] } };
    expect(undoOf({ ...node, compensate: undo }, rest).run).toMatchObject({
      ...{ level: 'MEDIUM', permissions: ['secret:B'] },
      limits: { cpu: 1, memoryBytes: 2 ** 30, diskBytes: 2 ** 30 },
    });
    const plain = { task: undefined, ...command, compensate: command };
    expect(undoOf(plain, rest).run?.level).toBe('HIGH');
    const submission = { options: { security: { level: 'MEDIUM' } } };
    expect(undoOf(plain, { ...rest, submission }).run?.level).toBe('MEDIUM');
  });

  it('leaves the time and the retries of the nodes to the nodes', () => {
    const rest = { defaults: { timeout: 1_000, retry: 'NONE' } };
    expect(undoOf({ timeout: 2_000, compensate: command }, rest)).toMatchObject({
      ...{ timeoutMs: 300_000, retry: { strategy: 'EXPONENTIAL_BACKOFF', maxRetries: 3 } },
    });
  });

  it.each<[string, object, RegExp]>([
    [
      'asks for what no permission grants',
      { security: { level: 'MEDIUM' } },
      /secrets asks for X, which no permission grants/,
    ],
    ['cannot run there', { isolation: 'faas' }, /isolation "faas": a process runs in/],
  ])('that %s is a fault of the graph, with its place', (_title, said, says) => {
    const compensate = { process: { command: ['true'], secrets: ['X'] }, ...said };
    let error: unknown;
    try {
      undoOf({ compensate });
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(SpecInvalidError);
    const [fault] = (error as SpecInvalidError).faults;
    expect(fault?.path).toBe('tasks[0].compensate');
    expect(fault?.message).toMatch(says);
  });

  it('travels in the body of its node, and a task alone does not', () => {
    const inputSchema = { type: 'object' };
    const compensate = { ...command, input: 1, inputSchema };
    expect(nodeBody({ compensate })).toEqual({
      undo: 1,
      undoProgram: { program: { kind: 'process', ...command }, inputSchema },
    });
    expect(nodeBody({ compensate: { task: 'x', input: 1 } })).toEqual({ undo: 1 });
    expect(nodeBody({ compensate: 'x' })).toEqual({});
  });
});

describe('undoerText', () => {
  it.each([
    ['refund', 'refund'],
    ['tempograph.process', 'a process'],
    ['tempograph.container', 'a container'],
    ['tempograph.faas', 'a function'],
  ])('of %s is %s', (task, text) => expect(undoerText(task)).toBe(text));
});
