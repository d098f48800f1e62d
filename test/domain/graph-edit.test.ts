import { fault } from '../../src/domain/fault.js';
import { editedNodes, growPlan, mergeEdit, placeFaults } from '../../src/domain/graph-edit.js';
import { makePlan } from '../../src/domain/make-plan.js';
import type { Plan } from '../../src/domain/plan.js';
import { validateGraph } from '../../src/domain/validate.js';

const noop = (id: string, more: object = {}): { id: string } => ({
  id,
  ...{ task: 'noop' },
  ...more,
});

function planOf(tasks: readonly unknown[]): Plan {
  const { faults, valid } = validateGraph({ name: 'edited', tasks });
  if (!valid) throw new Error(JSON.stringify(faults));
  return makePlan(valid, { task: () => undefined, postHooks: false, postHooksOnSkipped: false });
}

describe('mergeEdit', () => {
  it('puts what is new behind what is there, and what changed into its place', () => {
    const merged = mergeEdit([noop('a'), noop('b')], {
      add: [noop('c')],
      replace: [noop('a', { input: 1 })],
    });
    expect(merged).toEqual({
      tasks: [noop('a', { input: 1 }), noop('b'), noop('c')],
      names: new Map([
        [0, 'replace[0]'],
        [2, 'add[0]'],
      ]),
    });
  });

  it.each([
    ['an id that there is', { add: [noop('a')], replace: [] }, 'add[0].id DUPLICATE_ID'],
    [
      'an id that there is not',
      { add: [], replace: [noop('c')] },
      'replace[0].id UNKNOWN_REFERENCE',
    ],
    [
      'a node that is replaced twice',
      { add: [], replace: [noop('a'), noop('a')] },
      'replace[1].id DUPLICATE_ID',
    ],
    ['what is no node', { add: [], replace: [5] }, 'replace[0].id UNKNOWN_REFERENCE'],
  ])('refuses %s', (_title, edit, place) => {
    const merged = mergeEdit([noop('a'), noop('b')], edit);
    const faults = 'faults' in merged ? merged.faults : [];
    expect(faults.map(({ path, code }) => `${path} ${code}`)).toEqual([place]);
  });
});

describe('placeFaults', () => {
  it('names the places as the caller wrote them, and leaves the others', () => {
    const names = new Map([[12, 'add[1]']]);
    const faults = [
      fault(['tasks', 12, 'input', 'x'], 'EXPRESSION', 'bad'),
      fault(['tasks', 1, 'input'], 'EXPRESSION', 'bad'),
      fault(['params', 'p'], 'MISSING', 'bad'),
    ];
    expect(placeFaults(faults, names).map(({ path }) => path)).toEqual([
      'add[1].input.x',
      'tasks[1].input',
      'params.p',
    ]);
  });
});

describe('editedNodes and growPlan', () => {
  it('keep the classes’ numbers, share what is known and add what is not', () => {
    const plan = planOf([noop('a'), noop('b', { priority: 'HIGH', dependsOn: ['a'] })]);
    const before = JSON.parse(JSON.stringify(plan.classes)) as Plan['classes'];
    const tasks = [
      noop('a'),
      noop('b', { dependsOn: ['a'] }),
      noop('c', { priority: 'LOW', dependsOn: ['b'] }),
    ];
    const names = new Map([
      [1, 'replace[0]'],
      [2, 'add[0]'],
    ]);
    const edited = editedNodes(plan, planOf(tasks), names);
    if ('faults' in edited) throw new Error('refused');
    growPlan(plan, edited.nodes);
    expect(plan.classes.slice(0, before.length)).toEqual(before);
    expect(plan.classes).toHaveLength(before.length + 1);
    expect(plan.nodes.map(({ id, class: own }) => [id, plan.classes[own]?.priority])).toEqual([
      ['a', 'MEDIUM'],
      ['b', 'MEDIUM'],
      ['c', 'LOW'],
    ]);
    expect(plan.nodes[2]?.dependsOn).toEqual([1]);
  });

  it('put a node into the line of a limit that is open, and refuse one that is not', () => {
    const limit = { key: 'api', max: 3, weight: 2 };
    const plan = planOf([noop('a', { limit: 'db' }), noop('b', { limit })]);
    const more = (limitOf: object | string) => [noop('z', { limit: limitOf })];
    const into = (limitOf: object | string) =>
      editedNodes(
        plan,
        planOf([noop('b', { limit: 'other' }), ...more(limitOf)]),
        new Map([[1, 'add[0]']]),
      );
    const taken = into(limit);
    expect('nodes' in taken && taken.nodes[0]?.class.lane).toBe(1);
    for (const other of ['new', { key: 'api', max: 3 }]) {
      const refused = into(other);
      expect('faults' in refused && refused.faults).toMatchObject([
        { path: 'add[0].limit', code: 'LIMIT' },
      ]);
    }
  });
});
