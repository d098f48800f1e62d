import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { validateGraph } from '../../src/domain/validate.js';
import {
  faultsOf,
  graph,
  inWords,
  KNOWN,
  lone,
  node,
  places,
  type BadSpec,
} from './support/specs.js';

const refuses = (title: string, bad: BadSpec[]): void => {
  it.each(bad)(`${title}: %s`, (_title, spec, place, says) => {
    const faults = faultsOf(spec);
    expect(places(faults)).toEqual([place]);
    expect(inWords(faults)).toMatch(says);
  });
};
const tasks = (...list: object[]): object => graph({ tasks: list });
/** Nodes n0, n1, …, each depending on the one before, the first on the last. */
const circle = (length: number): object =>
  tasks(
    ...Array.from({ length }, (_, i) =>
      node(`n${i}`, { dependsOn: [`n${(i + length - 1) % length}`] }),
    ),
  );
/** A node b after a, and x, which stands aside; b has this input. */
const reading = (input: unknown): object =>
  tasks(node('a'), node('lines-1'), node('x'), node('b', { dependsOn: ['a'], input }));

describe('validateGraph on dependencies', () => {
  refuses('refuses', [
    [
      'an id used twice',
      tasks(node('a'), node('b'), node('a')),
      'tasks[2].id DUPLICATE_ID',
      /"a" is already the id of tasks\[0\]/,
    ],
    [
      'an unknown dependency',
      tasks(node('load'), node('b', { dependsOn: ['lod'] })),
      'tasks[1].dependsOn[0] UNKNOWN_DEPENDENCY',
      /unknown task "lod" \(did you mean "load"\?\)/,
    ],
    [
      'one that is near nothing',
      tasks(node('a', { dependsOn: ['elsewhere'] })),
      'tasks[0].dependsOn[0] UNKNOWN_DEPENDENCY',
      /unknown task "elsewhere"$/,
    ],
    [
      'one that objects inherit',
      tasks(node('a', { dependsOn: ['constructor'] })),
      'tasks[0].dependsOn[0] UNKNOWN_DEPENDENCY',
      /"constructor"/,
    ],
    [
      'a dependency listed twice',
      tasks(node('a'), node('b', { dependsOn: ['a', 'a'] })),
      'tasks[1].dependsOn[1] DUPLICATE_ID',
      /"a" is listed twice/,
    ],
    [
      'a node that waits for itself',
      circle(1),
      'tasks[0].dependsOn CYCLE',
      /a cycle: n0 → n0 \(each depends on the next/,
    ],
    ['a cycle of two', circle(2), 'tasks[0].dependsOn CYCLE', /n0 → n1 → n0/],
    ['a cycle of three', circle(3), 'tasks[0].dependsOn CYCLE', /n0 → n2 → n1 → n0/],
    ['a cycle of 5,000', circle(5_000), 'tasks[0].dependsOn CYCLE', /^.{0,900}$/],
  ]);

  it('names the cycle of every knot', () => {
    const faults = faultsOf(
      tasks(
        node('a', { dependsOn: ['c', 'b'] }),
        node('b', { dependsOn: ['a'] }),
        node('c', { dependsOn: ['d'] }),
        node('d', { dependsOn: ['c'] }),
      ),
    );
    expect(faults.map(({ message }) => message)).toEqual([
      'the graph has a cycle: c → d → c',
      'the graph has a cycle: a → b → a',
    ]);
  });

  it('still names a cycle beside an unknown dependency and a duplicate id', () => {
    const faults = faultsOf(tasks(node('a', { dependsOn: ['a', 'zz'] }), node('a')));
    expect(places(faults).sort()).toEqual([
      'tasks[0].dependsOn CYCLE',
      'tasks[0].dependsOn[1] UNKNOWN_DEPENDENCY',
      'tasks[1].id DUPLICATE_ID',
    ]);
  });
});

describe('validateGraph on tasks and hooks', () => {
  refuses('refuses', [
    [
      'an unknown task',
      lone({ task: 'lod' }),
      'tasks[0].task UNKNOWN_TASK',
      /unknown task "lod" \(did you mean "load"\?\)/,
    ],
    [
      'one that is near nothing',
      lone({ task: 'elsewhere' }),
      'tasks[0].task UNKNOWN_TASK',
      /the worker that was asked has no such task/,
    ],
    [
      'the name default',
      lone({ task: 'default' }),
      'tasks[0].task UNKNOWN_TASK',
      /a name of our own/,
    ],
    [
      'a name of our own',
      lone({ task: 'tempograph.prepare' }),
      'tasks[0].task UNKNOWN_TASK',
      /a name of our own/,
    ],
    [
      'our own name on another queue',
      lone({ task: 'default', queue: 'gpu' }),
      'tasks[0].task UNKNOWN_TASK',
      /a name of our own/,
    ],
    [
      'an unknown hook',
      graph({ hooks: { post: ['audit', 'notfy'] } }),
      'hooks.post[1] UNKNOWN_HOOK',
      /unknown hook "notfy" \(did you mean "notify"\?\)/,
    ],
    [
      'an input that the task refuses',
      lone({ task: 'transform', input: 'x' }),
      'tasks[0].input INPUT_INVALID',
      /rows: expected array/,
    ],
    [
      'no input where the task wants one',
      lone({ task: 'transform', input: 5 }),
      'tasks[0].input INPUT_INVALID',
      /rows/,
    ],
  ]);

  it.each([
    ['a task of another queue', lone({ task: 'elsewhere', queue: 'gpu' })],
    ['an input that is only known later', reading('${{ tasks.a.output }}')],
    ['an input with an escaped expression', lone({ task: 'transform', input: '$${{ x }}' })],
  ])('leaves %s to the worker', (_title, spec) => {
    expect(faultsOf(spec)).toEqual([]);
  });

  it('checks no names where no worker was asked, but still refuses our own', () => {
    expect(validateGraph(lone({ task: 'elsewhere' })).faults).toEqual([]);
    expect(validateGraph(graph({ hooks: { pre: ['elsewhere'] } })).faults).toEqual([]);
    expect(validateGraph(lone({ task: 'default' })).faults).toHaveLength(1);
  });
});

describe('validateGraph on what inputs read', () => {
  refuses('refuses', [
    [
      'a bad expression',
      reading({ q: ['${{ 1 + }}'] }),
      'tasks[3].input.q[0] EXPRESSION',
      /expression "1 \+"/,
    ],
    [
      'an expression without end',
      reading('${{ tasks.a.output'),
      'tasks[3].input EXPRESSION',
      /no closing "}}"/,
    ],
    [
      'an unknown variable',
      reading('${{ task.a.output }}'),
      'tasks[3].input EXPRESSION',
      /Unknown variable: task/,
    ],
    [
      'macros nested twice',
      reading('${{ [1].map(a, [1].map(b, [1].map(c, c))) }}'),
      'tasks[3].input EXPRESSION',
      /nest only once/,
    ],
    [
      'a task that is not there',
      reading('${{ tasks.aa.output }}'),
      'tasks[3].input UNKNOWN_REFERENCE',
      /reads tasks.aa, .* \(did you mean "a"\?\)/,
    ],
    [
      'an id with a hyphen and a number',
      reading('${{ tasks.lines-1.output }}'),
      'tasks[3].input EXPRESSION',
      /written tasks\["lines-1"\]/,
    ],
    [
      'an id with a hyphen and a word',
      tasks(
        node('load-orders'),
        node('b', { dependsOn: ['load-orders'], input: '${{ tasks.load-orders.output }}' }),
      ),
      'tasks[1].input EXPRESSION',
      /Unknown variable: orders \(an id .* tasks\["load-orders"\]/,
    ],
    [
      'a field that no node has',
      tasks(node('a'), node('c', { dependsOn: ['a'], input: '${{ tasks.a.outptu.n }}' })),
      'tasks[1].input EXPRESSION',
      /tasks\.a has output, status, artifacts, and no "outptu" \(did you mean "output"\?\)/,
    ],
    [
      'half of an id with a dot',
      tasks(node('a.b'), node('c', { dependsOn: ['a.b'], input: '${{ tasks.a.b.output }}' })),
      'tasks[1].input UNKNOWN_REFERENCE',
      /written tasks\["a.b"\]/,
    ],
    [
      'a task that it does not wait for',
      reading('${{ tasks.x.output }}'),
      'tasks[3].input NOT_AN_ANCESTOR',
      /"b" does not wait for \(add "x" to dependsOn\)/,
    ],
    [
      'itself',
      reading('${{ tasks.b.output }}'),
      'tasks[3].input NOT_AN_ANCESTOR',
      /a task cannot read itself/,
    ],
    [
      'an index that is computed',
      reading('${{ tasks["a" + "b"].output }}'),
      'tasks[3].input EXPRESSION',
      /indexed by a name .* tasks\["a"\]\.output/,
    ],
    [
      'all tasks at once',
      reading('${{ size(tasks) }}'),
      'tasks[3].input EXPRESSION',
      /indexed by a name/,
    ],
    [
      'an unknown parameter',
      reading('${{ params.n }}'),
      'tasks[3].input UNKNOWN_PARAM',
      /params.n, which the graph does not declare \(declare it under params\)/,
    ],
    [
      'a parameter that objects inherit',
      reading('${{ params.constructor }}'),
      'tasks[3].input UNKNOWN_PARAM',
      /params.constructor/,
    ],
  ]);

  it('takes what a node waits for directly or not, and remembers it', () => {
    const { valid } = validateGraph(
      graph({
        params: { n: { default: 1 }, m: { default: 2 } },
        tasks: [
          node('a'),
          node('b-1', { dependsOn: ['a'], input: '${{ params.n }}' }),
          node('c', {
            dependsOn: ['b-1'],
            input: ['${{ tasks.a.output }}', '${{ tasks["b-1"].status }}'],
          }),
        ],
      }),
    );
    expect(valid?.reads).toEqual([[], [], [0, 1]]);
    expect(valid?.readsParams).toEqual([false, true, false]);
  });

  it('suggests the parameter that is nearly named', () => {
    const spec = { ...reading('${{ params.cont }}'), params: { count: { default: 1 } } };
    expect(inWords(faultsOf(spec))).toContain('did you mean "count"?');
  });
});

describe('validateGraph on big graphs', () => {
  const many = (count: number, each: (i: number) => object): object =>
    tasks(...Array.from({ length: count }, (_, i) => node(`n${i}`, each(i))));

  it('takes a chain of 15,000 nodes that all read the first', () => {
    const chain = many(15_000, (i) =>
      i === 0 ? {} : { dependsOn: [`n${i - 1}`], input: '${{ tasks.n0.output }}' },
    );
    expect(faultsOf(chain)).toEqual([]);
  });

  it('refuses more than 250,000 nodes', () => {
    const tiny = Array.from({ length: 250_001 }, (_, i) => ({ id: i.toString(36), task: 'load' }));
    expect(places(faultsOf({ ...tasks(), tasks: tiny }))).toEqual(['tasks TOO_LARGE']);
  });

  it('names every unknown dependency of 10,000, with suggestions for the first hundred', () => {
    const faults = faultsOf(many(10_000, (i) => ({ dependsOn: [`m${i}`] })));
    expect(faults).toHaveLength(10_000);
    expect(faults.filter(({ hint }) => hint !== undefined)).toHaveLength(100);
  });

  it('finds nothing wrong with any graph without cycles, and a cycle in any with one', () => {
    const sizes = fc.integer({ min: 2, max: 30 });
    fc.assert(
      fc.property(sizes, fc.infiniteStream(fc.nat()), (size, chance) => {
        const list = Array.from({ length: size }, (_, i) => {
          const before = i === 0 ? [] : [`n${(chance.next().value as number) % i}`];
          return node(`n${i}`, { dependsOn: before });
        });
        expect(faultsOf(tasks(...list))).toEqual([]);
        const root = node('n0', { dependsOn: [`n${size - 1}`] });
        expect(places(faultsOf(tasks(root, ...list.slice(1))))).toEqual([
          expect.stringMatching(/^tasks\[\d+\]\.dependsOn CYCLE$/),
        ]);
      }),
    );
  });

  it('gives a refusal or a graph that a second pass takes too', () => {
    const { valid } = validateGraph(graph(), {}, KNOWN);
    expect(validateGraph(valid?.graph, valid?.submission, KNOWN).valid?.graph).toEqual(
      valid?.graph,
    );
  });
});
