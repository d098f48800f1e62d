import { z } from 'zod';
import { knownTasks } from '../../src/activities/prepare.js';
import { validateGraph } from '../../src/domain/validate.js';
import { defineTask, TaskRegistry } from '../../src/registry.js';

const list = defineTask({
  name: 'list',
  output: z.object({
    files: z.array(z.object({ name: z.string(), bytes: z.int() })),
    open: z.looseObject({}),
  }),
  run: () => ({ files: [], open: {} }),
});
const weigh = defineTask({
  name: 'weigh',
  input: z.object({ bytes: z.number(), label: z.string().optional() }),
  run: () => null,
});
const tasks = knownTasks(new TaskRegistry([list, weigh]));

const faultsOf = (input: unknown) =>
  validateGraph(
    {
      name: 'flow',
      tasks: [
        { id: 'a', task: 'list' },
        { id: 'b', task: 'weigh', dependsOn: ['a'], input },
      ],
    },
    {},
    tasks,
  ).faults;

describe('data along an edge', () => {
  it.each([
    [{ bytes: '${{ tasks.a.output.files[0].bytes }}' }],
    [{ bytes: '${{ tasks.a.output.files[0].bytes * 2 }}' }],
    [{ bytes: '${{ tasks.a.output.open.anything }}' }],
    [{ bytes: 1, label: 'in ${{ tasks.a.output.files[0].bytes }}' }],
    [{ bytes: '${{ has(tasks.a.output.fils) ? 1 : 2 }}' }],
    [{ bytes: '${{ tasks.a.output.?fils.orValue(1) }}' }],
    ['${{ tasks.a.output.files[0] }}'],
  ])('is accepted where the schemas allow it: %j', (input) => {
    expect(faultsOf(input)).toEqual([]);
  });

  it('is refused where the output has no such field, with the nearest name', () => {
    expect(faultsOf({ bytes: '${{ tasks.a.output.fils[0].bytes + 1 }}' })).toEqual([
      {
        path: 'tasks[1].input.bytes',
        code: 'UNKNOWN_REFERENCE',
        message: 'reads tasks.a.output.fils[0].bytes, but the output has no field "fils"',
        hint: 'did you mean "files"?',
      },
    ]);
  });

  it.each([
    [
      { bytes: '${{ tasks.a.output.files[0].name }}' },
      'tasks[1].input.bytes',
      'tasks.a.output.files[0].name gives string, but number is taken here',
    ],
    [
      { bytes: 1, label: '${{ tasks.a.output.files }}' },
      'tasks[1].input.label',
      'tasks.a.output.files gives array, but string is taken here',
    ],
  ])('is refused where the types can never fit: %j', (input, path, message) => {
    expect(faultsOf(input)).toEqual([{ path, code: 'INPUT_INVALID', message }]);
  });

  it('is not checked where nothing is known of the tasks', () => {
    const spec = {
      name: 'x',
      tasks: [
        { id: 'a', task: 'p' },
        { id: 'b', task: 'q', dependsOn: ['a'], input: '${{ tasks.a.output.anything }}' },
      ],
    };
    expect(validateGraph(spec).faults).toEqual([]);
  });
});
