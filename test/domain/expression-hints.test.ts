import { validateGraph } from '../../src/domain/validate.js';

/** What is said of an expression in one field of a node that waits for `b`. */
function said(field: object): string[] {
  const { faults } = validateGraph({
    name: 'x',
    params: { day: { type: 'string', default: 'a' } },
    tasks: [
      { id: 'b', task: 'noop' },
      { id: 'a', task: 'noop', dependsOn: ['b'], ...field },
    ],
  });
  return faults.map(({ message, hint }) => (hint === undefined ? message : `${message} (${hint})`));
}

describe('an expression that reads what there is not', () => {
  it.each([
    ['task.b.output', 'Unknown variable: task (did you mean "tasks"?)'],
    ['taks.b.output', 'Unknown variable: taks (did you mean "tasks"?)'],
    ['param.day', 'Unknown variable: param (did you mean "params"?)'],
    ['executions.id', 'Unknown variable: executions (did you mean "execution"?)'],
    ['secret.key', 'Unknown variable: secret (did you mean "secrets"?)'],
  ])('%s is told the variable that is near', (source, words) => {
    expect(said({ input: `\${{ ${source} }}` })).toEqual([
      expect.stringContaining(`: ${words}`) as string,
    ]);
  });

  it('is told so in conditions, lists, limits, results, questions and undos, too', () => {
    const near = [expect.stringContaining('(did you mean "tasks"?)') as string];
    expect(said({ when: 'task.b.output == 1' })).toEqual(near);
    expect(said({ map: '${{ task.b.output }}' })).toEqual(near);
    expect(said({ task: undefined, approval: { message: '${{ task.b.output }}' } })).toEqual(near);
    expect(said({ limit: '${{ param.day }}' })).toEqual([
      'expression "param.day": Unknown variable: param (did you mean "params"?)',
    ]);
    expect(said({ result: { select: 'outputs.x' } })[0]).toContain('(did you mean "output"?)');
    const undo = { task: 'noop', input: '${{ outputs.x }}' };
    expect(said({ compensate: undo })[0]).toContain('(did you mean "output"?)');
  });

  it.each([
    ['tasks.b.outputs', /tasks\.b has .* and no "outputs" \(did you mean "output"\?\)/],
    ['tasks.c.output', /no such task \(did you mean "b"\?\)/],
    ['b.output', /Unknown variable: b \(a node's output is written tasks\.b\.output\)/],
    ['day', /Unknown variable: day \(a parameter is written params\.day\)/],
  ])('%s is told what is meant', (source, words) => {
    expect(said({ input: `\${{ ${source} }}` })).toEqual([expect.stringMatching(words) as string]);
  });

  it('is told of no other where none is near', () => {
    expect(said({ input: '${{ quite.another }}' })).toEqual([
      'expression "quite.another": Unknown variable: quite',
    ]);
  });
});
