import { makePlan } from '../../src/domain/make-plan.js';
import { isHeavy, ResultSchema, shapeResult } from '../../src/domain/result-options.js';
import { validateGraph, type KnownTasks } from '../../src/domain/validate.js';

const output = { rows: [{ id: 1 }, { id: 2 }], meta: { page: 3 } };

describe('shapeResult', () => {
  it.each([
    ['select', { select: 'output.rows' }, output.rows],
    ['select in braces', { select: '${{ output.meta.page }}' }, 3],
    [
      'transform',
      { transform: '{"count": size(output.rows), "of": input.name}' },
      { count: 2, of: 'x' },
    ],
    [
      'transform what was selected',
      { select: 'output.rows', transform: 'output.map(r, r.id)' },
      [1, 2],
    ],
    ['merge over the input', { select: 'output.meta', merge: 'input' }, { name: 'x', page: 3 }],
    [
      'merge with its fields on top',
      { select: 'output.meta', merge: '{"page": 1, "of": 9}' },
      { page: 3, of: 9 },
    ],
    ['nothing', {}, output],
  ])('can %s', (_what, options, expected) => {
    expect(shapeResult(options, output, { name: 'x' })).toEqual(expected);
  });

  it.each([
    [{ select: 'output.row' }, 'EXPRESSION', /^result\.select: .*row/],
    [{ transform: 'output + 1' }, 'EXPRESSION', /^result\.transform: /],
    [
      { select: 'output.rows', merge: 'input' },
      'RESULT_FAILED',
      /the output must be an object, got \[/,
    ],
    [
      { select: 'output.meta', merge: 'output.page' },
      'RESULT_FAILED',
      /put over must be an object, got 3/,
    ],
  ])('fails at %j, naming the step', (options, code, message) => {
    expect(() => shapeResult(options, output, { name: 'x' })).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(message) as string }) as Error,
    );
  });

  it('knows what may take long', () => {
    expect(isHeavy({ select: 'output.rows' })).toBe(false);
    expect(isHeavy({ select: 'output', transform: 'output.map(r, r)' })).toBe(true);
  });

  it('keeps keys of any name as fields', () => {
    const odd = JSON.parse('{"__proto__": {"a": 1}, "constructor": 2}') as never;
    const merged = shapeResult({ merge: 'input' }, odd, { b: 3 });
    expect(JSON.parse(JSON.stringify(merged))).toEqual(
      JSON.parse('{"b": 3, "__proto__": {"a": 1}, "constructor": 2}'),
    );
  });
});

describe('result in a spec', () => {
  const spec = (result: unknown) => ({ name: 'g', tasks: [{ id: 'a', task: 't', result }] });

  it.each([
    [{ select: 'output.' }, 'tasks[0].result.select'],
    [{ select: 'params.x' }, 'tasks[0].result.select'], // there are only output and input
    [{ store: 'file' }, 'tasks[0].result.store'],
    [{ selekt: 'output' }, 'tasks[0].result.selekt'],
  ])('is refused as %j, with its place', (result, path) => {
    const { faults } = validateGraph(spec(result), {});
    expect(faults.map((one) => one.path)).toEqual([path]);
    expect(ResultSchema.safeParse(result).success).toBe(false);
  });

  it('comes from node, submission, defaults or definition, the strongest whole', () => {
    const planned = (node: object, submission: object, defaults: object) => {
      const graph = { name: 'g', ...defaults, tasks: [{ id: 'a', task: 't', ...node }] };
      const { valid } = validateGraph(graph, submission);
      if (!valid) throw new Error('refused');
      const options = { result: { select: 'output.definition' } };
      const task = () => ({ version: '1', options, postHooks: false, postHooksOnSkipped: false });
      const plan = makePlan(valid, { task, postHooks: false, postHooksOnSkipped: false });
      return plan.classes[0]?.result;
    };
    const from = (name: string) => ({ result: { select: `output.${name}` } });
    const defaults = { defaults: from('defaults') };
    const submission = { options: from('submission') };
    expect(planned(from('node'), submission, defaults)).toEqual({ select: 'output.node' });
    expect(planned({}, submission, defaults)).toEqual({ select: 'output.submission' });
    expect(planned({}, {}, defaults)).toEqual({ select: 'output.defaults' });
    expect(planned({}, {}, {})).toEqual({ select: 'output.definition' });
  });

  it('gives an output of another shape than its task: nothing is said against what reads it', () => {
    const tasks: KnownTasks = {
      names: ['gives', 'takes'],
      schemas: (name) =>
        name === 'gives'
          ? {
              output: {
                ...{ type: 'object', additionalProperties: false },
                properties: { rows: { type: 'array' } },
              },
            }
          : {},
    };
    const graph = (result?: unknown) => ({
      name: 'g',
      tasks: [
        { id: 'a', task: 'gives', ...(result ? { result } : {}) },
        { id: 'b', task: 'takes', dependsOn: ['a'], input: '${{ tasks.a.output.count }}' },
      ],
    });
    expect(validateGraph(graph(), {}, tasks).faults).toHaveLength(1);
    const shaped = graph({ transform: '{"count": size(output.rows)}' });
    expect(validateGraph(shaped, {}, tasks).faults).toEqual([]);
  });
});
