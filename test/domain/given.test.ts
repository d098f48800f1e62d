import { describe, expect, it } from '@jest/globals';
import { catalogueMark } from '../../src/domain/catalogue-mark.js';
import { SpecInvalidError } from '../../src/domain/errors.js';
import { planGraph } from '../../src/domain/forecast.js';
import { makePlan, type PlanContext } from '../../src/domain/make-plan.js';
import { bodiesOf, nodeBody, type NodeBody, type Plan } from '../../src/domain/plan.js';
import { NO_FACTS } from '../../src/domain/plan-facts.js';
import { DefaultsSchema, type DefaultsInput } from '../../src/domain/spec.js';
import { validateGraph } from '../../src/domain/validate.js';
import { faultsOf, graph, KNOWN, node, places } from './support/specs.js';

/** What workers know of the tasks: their definitions by name. */
type Definitions = Readonly<Record<string, DefaultsInput>>;

function contextOf(definitions: Definitions): PlanContext {
  const known = Object.entries(definitions).map(([name, said]) => {
    const options = DefaultsSchema.parse(said);
    return [name, { version: '1', options, postHooks: false, postHooksOnSkipped: false }] as const;
  });
  const byName = new Map(known);
  return { task: (name) => byName.get(name), postHooks: false, postHooksOnSkipped: false };
}

function planOf(
  spec: object,
  definitions: Definitions = {},
  submission: object = {},
): { plan: Plan; bodies: NodeBody[] } {
  const { valid, faults } = validateGraph(spec, submission);
  if (!valid) throw new SpecInvalidError(faults);
  const plan = makePlan(valid, contextOf(definitions));
  return { plan, bodies: bodiesOf(valid.graph.tasks, plan) };
}

const undoOf = (spec: object, definitions: Definitions = {}, submission: object = {}) => {
  const { plan } = planOf(spec, definitions, submission);
  return plan.nodes.map((one) => plan.classes[one.class]?.undo?.task);
};

describe('metadata and tags that a node does not say', () => {
  const layers = [
    { metadata: { of: 'node', node: 1 }, tags: ['node'] },
    { metadata: { of: 'defaults', defaults: 1 }, tags: ['defaults'] },
    { metadata: { of: 'definition', definition: 1 }, tags: ['definition'] },
  ];

  it.each([
    ['metadata', (body: NodeBody | undefined) => body?.metadata],
    ['tags', (body: NodeBody | undefined) => body?.metadata?.['tags']],
  ] as const)('%s: those of node, defaults, definition count, each whole', (field, found) => {
    for (let strongest = 0; strongest <= layers.length; strongest++) {
      const from = (at: number): object =>
        at < strongest || layers[at] === undefined ? {} : { [field]: layers[at][field] };
      const spec = graph({ defaults: from(1), tasks: [node('a', from(0))] });
      const { bodies } = planOf(spec, { load: from(2) });
      expect(found(bodies[0])).toEqual(layers[strongest]?.[field]);
    }
  });

  it('are taken over one by one: a node with tags of its own has the metadata of the defaults', () => {
    const [{ metadata, tags } = {}] = [layers[1]];
    const spec = graph({
      defaults: { metadata, tags },
      tasks: [node('a', { tags: ['own'] }), node('b', { metadata: { own: 1 } })],
    });
    const [a, b] = planOf(spec).bodies;
    expect(a?.metadata).toEqual({ ...metadata, tags: ['own'] });
    expect(b?.metadata).toEqual({ own: 1, tags });
  });

  it('are refused by a node that says none', () => {
    const spec = graph({
      defaults: { metadata: { a: 1 }, tags: ['x'] },
      tasks: [node('a', { metadata: {}, tags: [] })],
    });
    expect(planOf(spec).bodies[0]?.metadata).toEqual({ tags: [] });
  });

  it('are those of maps, sub-graphs and approvals too', () => {
    const inner = { name: 'x', tasks: [node('x')] };
    const spec = graph({
      defaults: { metadata: { team: 'data' }, tags: ['x'] },
      tasks: [
        node('map', { map: [1] }),
        { id: 'sub', graph: inner },
        { id: 'ask', approval: { message: 'go?' } },
      ],
    });
    const all = planOf(spec).bodies.map(({ metadata }) => metadata);
    expect(all).toEqual([0, 1, 2].map(() => ({ team: 'data', tags: ['x'] })));
  });

  it('are not left out for what a client writes into the metadata of a node by itself', () => {
    const mark = catalogueMark({ id: 'x', version: 1 });
    const said = { load: { metadata: { team: 'data' } } };
    const marked = planOf(graph({ tasks: [node('a', { metadata: mark })] }), said);
    expect(marked.bodies[0]?.metadata).toEqual({ team: 'data', ...mark });
    const item = graph({ tasks: [node('0', { metadata: { requestId: 'r' } })] });
    const batch = planOf(item, said, { kind: 'batch' });
    expect(batch.bodies[0]?.metadata).toEqual({ team: 'data', requestId: 'r' });
    expect(planOf(item, said).bodies[0]?.metadata).toEqual({ requestId: 'r' });
  });

  it('of a lone task are those of its submission, where that has some', () => {
    const spec = graph({ tasks: [node('a')] });
    const said = { load: { metadata: { a: 1 }, tags: ['x'] } };
    const lone = (more: object) =>
      planOf(spec, said, { kind: 'task', ...more }).bodies[0]?.metadata;
    expect(lone({})).toEqual({ a: 1, tags: ['x'] });
    expect(lone({ metadata: { b: 1 } })).toEqual({ tags: ['x'] });
    expect(lone({ tags: ['y'] })).toEqual({ a: 1 });
  });

  it('make no class more, whatever nodes say of their own, and are looked through once', () => {
    const large = { text: 'x'.repeat(60_000) };
    let read = 0;
    const seen = new Proxy(large, {
      ownKeys: (target) => {
        read++;
        return Reflect.ownKeys(target);
      },
    });
    const { valid } = validateGraph(
      graph({
        tasks: Array.from({ length: 3_000 }, (_, i) =>
          node(`n${i}`, i % 2 ? { metadata: { i } } : {}),
        ),
      }),
    );
    if (!valid) throw new Error('refused');
    valid.graph.defaults = { metadata: seen, tags: ['x'] };
    const plan = makePlan(valid, contextOf({}));
    expect(plan.classes).toHaveLength(2);
    expect(read).toBeLessThan(10);
  });

  it('lie elsewhere where they are not small, and are put into the body when it is read', () => {
    const body = nodeBody({ input: 1, tags: ['own'] }, { ref: 'blob' });
    expect(body).toEqual({ input: 1, metadata: { tags: ['own'] }, given: 'blob' });
  });
});

describe('what undoes a node that does not say it', () => {
  it('is what its defaults say, else its definition; the strongest counts whole', () => {
    const tasks = [node('a', { compensate: 'own' }), node('b'), node('c', { task: 'other' })];
    const said = { load: { compensate: { task: 'of-load', timeout: '1s' } } } as const;
    expect(undoOf(graph({ tasks }), said)).toEqual(['own', 'of-load', undefined]);
    const defaults = { compensate: 'of-all' };
    expect(undoOf(graph({ tasks, defaults }), said)).toEqual(['own', 'of-all', 'of-all']);
    const { plan } = planOf(graph({ tasks: [node('b')], defaults }), said);
    expect(plan).toMatchObject({
      compensation: 'onFailureOrCancel',
      classes: [{ undo: { task: 'of-all', timeoutMs: 3_600_000 } }],
    });
    expect(plan.classes[0]).not.toHaveProperty('given'); // it has no input of its own
  });

  it('brings its input and its program into the body', () => {
    const compensate = { process: { command: ['rm'] }, input: { of: '${{ output }}' } };
    const { plan, bodies } = planOf(graph({ tasks: [node('a')] }), { load: { compensate } });
    expect(bodies[0]).toMatchObject({
      undo: compensate.input,
      undoProgram: { program: { kind: 'process', process: compensate.process } },
    });
    expect(plan.classes[0]?.undo).toMatchObject({ task: 'tempograph.process', timeoutMs: 300_000 });
  });

  it('is nothing where the node says false, or the defaults do', () => {
    const said: Definitions = { load: { compensate: 'undo' } };
    expect(undoOf(graph({ tasks: [node('a', { compensate: false })] }), said)).toEqual([undefined]);
    expect(undoOf(graph({ defaults: { compensate: false } }), said)).toEqual([
      undefined,
      undefined,
    ]);
    const own = graph({ defaults: { compensate: false }, tasks: [node('a', { compensate: 'u' })] });
    expect(undoOf(own, said)).toEqual(['u']);
  });

  it('is nothing for a map, a sub-graph and an approval, which may say their own', () => {
    const inner = { name: 'x', tasks: [node('x')] };
    const tasks = [
      node('map', { map: [1] }),
      { id: 'sub', graph: inner },
      { id: 'ask', approval: { message: 'go?' } },
    ];
    const said: Definitions = { load: { compensate: 'undo' } };
    const defaults = { compensate: { task: 'undo', input: '${{ output }}' } };
    expect(undoOf(graph({ tasks, defaults }), said)).toEqual([undefined, undefined, undefined]);
    const own = tasks.map((one) => ({ ...one, compensate: 'own' }));
    expect(undoOf(graph({ tasks: own, defaults }), said)).toEqual(['own', 'own', 'own']);
  });

  it('is nothing in a graph that undoes nothing, in a batch and of a lone task', () => {
    const said: Definitions = { load: { compensate: 'undo' } };
    const tasks = [node('a')];
    expect(undoOf(graph({ tasks, compensation: 'none' }), said)).toEqual([undefined]);
    for (const kind of ['batch', 'task'])
      expect(undoOf(graph({ tasks }), said, { kind })).toEqual([undefined]);
  });

  it('may be the very task: what undoes is no node, and is not undone', () => {
    expect(undoOf(graph({ tasks: [node('a')] }), { load: { compensate: 'load' } })).toEqual([
      'load',
    ]);
  });

  it('is tried as its own definition says, which the node’s says nothing of', () => {
    const { plan } = planOf(graph({ tasks: [node('a', { retry: 'NONE' })] }), {
      load: { compensate: 'undo', timeout: '1s' },
      undo: { retry: { maxRetries: 9 }, timeout: '7s' },
    });
    expect(plan.classes[0]?.undo).toMatchObject({ retry: { maxRetries: 9 }, timeoutMs: 7_000 });
  });
});

describe('validation of what nodes take over', () => {
  it.each<[string, object, string, RegExp]>([
    ['an unknown task', { compensate: 'lod' }, 'compensate UNKNOWN_TASK', /did you mean "load"/],
    [
      'an unknown task with more',
      { compensate: { task: 'lod' } },
      'compensate.task UNKNOWN_TASK',
      /unknown task "lod"/,
    ],
    ['none', { compensate: { input: 1 } }, 'compensate.task MISSING', /one of task, process/],
    [
      'two',
      { compensate: { task: 'load', process: { command: ['x'] } } },
      'compensate.process INVALID_VALUE',
      /this one has task and process/,
    ],
    [
      'an input that reads what it may not',
      { compensate: { task: 'load', input: '${{ params.x }}' } },
      'compensate.input EXPRESSION',
      /params/,
    ],
    [
      'retries that contradict each other',
      { compensate: { task: 'load', retry: { strategy: 'NONE', maxRetries: 2 } } },
      'compensate.retry RETRY',
      /NONE/,
    ],
    [
      'a task of the catalogue',
      { compensate: { taskId: 'x' } },
      'compensate.taskId UNKNOWN_FIELD',
      /only a node's compensate/,
    ],
    ['true', { compensate: true }, 'compensate INVALID_VALUE', /expected string, object or false/],
    ['large metadata', { metadata: { x: 'x'.repeat(70_000) } }, 'metadata INVALID_VALUE', /64 KiB/],
    ['tags that are none', { tags: 'x' }, 'tags INVALID_TYPE', /array/],
    ['a slip', { tag: ['x'] }, 'tag UNKNOWN_FIELD', /did you mean "tags"/],
  ])('refuses %s in defaults, with its place', (_title, defaults, place, says) => {
    const found = faultsOf(graph({ defaults }));
    expect(places(found)).toContain(`defaults.${place}`);
    expect(found.map(({ message, hint }) => `${message} (${hint})`).join('\n')).toMatch(says);
  });

  it('finds a task that a definition names and nobody has, at the nodes that would be undone by it', () => {
    const tasks = {
      ...KNOWN,
      undo: (name: string) => (name === 'load' ? { task: 'lod' } : undefined),
    };
    const found = faultsOf(
      graph({ tasks: [node('a'), node('b', { compensate: false }), node('c', { map: [1] })] }),
      {},
      tasks,
    );
    expect(found).toEqual([
      {
        path: 'tasks[0].task',
        code: 'UNKNOWN_TASK',
        message: '"load" is undone by its definition\'s compensate, unknown task "lod"',
        hint: 'did you mean "load"?',
      },
    ]);
    const elsewhere = { ...tasks, undo: () => ({ task: 'lod', queue: 'others' }) };
    expect(faultsOf(graph(), {}, elsewhere)).toEqual([]);
  });

  it.each([
    ['metadata', {}, 'it is said beside the options'],
    ['tags', [], 'it is said beside the options'],
    ['compensate', 'load', "say it at a node, in a graph's defaults or in a task's definition"],
  ])('says where %s may stand that options have not', (field, value, hint) => {
    expect(faultsOf(graph(), { options: { [field]: value } })).toMatchObject([
      { path: `submission.options.${field}`, code: 'UNKNOWN_FIELD', hint },
    ]);
  });
});

describe('planGraph', () => {
  const tasks = Object.fromEntries(
    Object.entries({ load: { compensate: 'undo', tags: ['defined'] } }).map(([name, said]) => [
      name,
      {
        version: '1',
        options: DefaultsSchema.parse(said),
        postHooks: false,
        postHooksOnSkipped: false,
      },
    ]),
  );
  const facts = { ...NO_FACTS, tasks };

  it('shows each with where it comes from, and says that a map is not undone by default', () => {
    const spec = graph({
      defaults: { metadata: { team: 'data' } },
      tasks: [
        node('a', { tags: ['own'] }),
        node('b', { compensate: false }),
        node('each', { map: [1] }),
        { id: 'ask', approval: { message: 'go?' } },
      ],
    });
    const { plan } = planGraph(spec, { facts });
    const shown = ['a', 'b', 'each', 'ask'].map((id) => {
      const { compensate, metadata, tags } = plan?.nodes[id]?.options ?? {};
      return [compensate, metadata, tags].map((one) => one && [one.value, one.from]);
    });
    const team = [{ team: 'data' }, 'defaults'];
    expect(shown).toEqual([
      [['undo', 'definition'], team, [['own'], 'node']],
      [[false, 'node'], team, [['defined'], 'definition']],
      [undefined, team, [['defined'], 'definition']],
      [undefined, team, undefined],
    ]);
    expect(plan?.notes).toContain('each: a map is undone only where its node says how');
  });
});
