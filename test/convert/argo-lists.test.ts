/** Lists: texts of JSON that loops of Argo go over, and what all items of a loop gave. */
import { describe, expect, it } from '@jest/globals';
import type { Conversion } from '../../src/convert/conversion.js';
import { expressionSource, parseExpression } from '../../src/domain/expression.js';
import type { Json, JsonObject } from '../../src/domain/json.js';
import type { GraphSpec } from '../../src/domain/spec.js';
import { node, read, steps, told } from './support/argo.js';

const SAY = 'script: { image: i, command: [sh], source: x }';
const TAKE = 'container: { image: i, command: [c] }';
const value = (source: string, context: JsonObject): Json =>
  parseExpression(expressionSource(source)).evaluate(context);
const listOf = (map: unknown): string => String((map as { over: unknown }).over);
const over = (made: Conversion, at = 1): string => listOf(node(made, at)?.map);
const passing = (tag: string) =>
  `arguments: { parameters: [{ name: p, value: ${JSON.stringify(tag)} }] }`;
const passed = (made: Conversion, at: number): string =>
  (node(made, at)?.input as { parameters: { p: string } }).parameters.p;

describe('a loop over a text', () => {
  const RESULT = 'tasks.a.output.?result.orValue("")';

  it('goes over what it holds, while others read the text as it is', () => {
    const made = steps([
      ['a', SAY],
      [
        'b',
        TAKE,
        `withParam: "{{steps.a.outputs.result}}", when: "'{{steps.a.outputs.result}}' != '[]'"`,
      ],
      ['c', TAKE, passing('{{steps.a.outputs.result}}')],
    ]);
    expect(over(made)).toBe(`(${RESULT} == "" ? [] : fromJson(${RESULT}))`);
    const after = (result: string) => ({ tasks: { a: { output: { result } } } });
    expect(value(over(made), after('[1, {"a": "x"}]'))).toEqual([1, { a: 'x' }]);
    expect(value(over(made), after(''))).toEqual([]);
    expect(value(over(made), { tasks: { a: { output: null } } })).toEqual([]);
    expect(value(node(made, 1)?.when ?? '', after('[]'))).toBe(false);
    expect(value(passed(made, 2), after('[12345678901234567890]'))).toBe('[12345678901234567890]');
    expect(told(made)).toEqual([]);
  });

  it('may be one of several outputs, also of a step that says what it is where it was skipped', () => {
    const made = steps([
      [
        'a',
        `${TAKE}, outputs: { parameters: [{ name: x, valueFrom: { path: /tmp/x, default: "[7]" } }, { name: y, valueFrom: { path: /tmp/y } }] }`,
      ],
      ['b', TAKE, 'withParam: "{{steps.a.outputs.parameters.x}}"'],
    ]);
    expect(value(over(made), { tasks: { a: { output: null } } })).toEqual([7]);
    expect(told(made)).toEqual([]);
  });

  it('a condition on the item filters the list', () => {
    const made = steps([
      ['a', SAY],
      ['b', TAKE, 'withParam: "{{steps.a.outputs.result}}", when: "{{item}} != x"'],
    ]);
    expect(value(over(made), { tasks: { a: { output: { result: '["x","y"]' } } } })).toEqual(['y']);
  });

  const inGraph = (given: string, list = '{{inputs.parameters.list}}') =>
    read(`{ entrypoint: main, arguments: { parameters: [{ name: l, value: "[1]" }] }, templates: [
      { name: main, steps: [[{ name: a, template: say }], [{ name: loop, template: take, withItems: [1, 2] }], [{ name: g, template: graph, arguments: { parameters: [{ name: list, value: "${given}" }] } }], [{ name: z, template: take, withParam: "{{steps.g.outputs.parameters.chosen}}" }]] },
      { name: graph, inputs: { parameters: [{ name: list }] }, steps: [[{ name: s, template: say }], [{ name: b, template: take, withParam: "${list}" }]], outputs: { parameters: [{ name: chosen, valueFrom: { parameter: "{{steps.s.outputs.result}}" } }] } },
      { name: say, ${SAY} }, { name: take, ${TAKE} }] }`);
  const inner = (made: Conversion) => listOf((node(made, 2)?.graph as GraphSpec).tasks[1]?.map);

  it('may be a parameter of a sub-graph or of the workflow, or what a sub-graph chose', () => {
    const text = inGraph('{{steps.a.outputs.result}}');
    expect(value(inner(text), { params: { list: '[1]' } })).toEqual([1]);
    const param = inGraph('{{workflow.parameters.l}}');
    expect(param.pipeline.params).toMatchObject({ l: { type: 'string' } });
    for (const list of ['[1]', [1]]) expect(value(inner(param), { params: { list } })).toEqual([1]);
    const workflow = inGraph('x', '{{workflow.parameters.l}}');
    expect(value(inner(workflow), { params: { workflow_l: '[1]' } })).toEqual([1]);
    const chosen = { outputs: { parameters: { chosen: '[3]' } } };
    expect(value(over(text, 3), { tasks: { g: { output: chosen } } })).toEqual([3]);
    expect(value(over(text, 3), { tasks: { g: { output: null } } })).toEqual([]);
    for (const made of [text, param, workflow]) expect(told(made)).toEqual([]);
  });

  it('what all items of a loop gave is a list in a sub-graph already', () => {
    expect(inner(inGraph('{{steps.loop.outputs.result}}'))).toBe('params.list');
  });
});

describe('what a sub-graph chooses of a step that was skipped', () => {
  const chosen = (own: string) => {
    const made =
      read(`{ entrypoint: main, templates: [{ name: main, steps: [[{ name: g, template: graph }]] },
      { name: graph, steps: [[{ name: s, template: t, when: "{{workflow.name}} == x" }]], outputs: { parameters: [{ name: p, valueFrom: { parameter: "{{steps.s.outputs.parameters.p}}", default: "it's out" } }, { name: r, valueFrom: { parameter: "{{steps.s.outputs.result}}" } }] } },
      { name: t, ${TAKE}, outputs: { parameters: [{ name: p, valueFrom: { path: /tmp/p ${own} } }] } }] }`);
    const input = (node(made)?.graph as GraphSpec).tasks[1]?.input;
    const { p, r } = (input as { parameters: Record<'p' | 'r', string> }).parameters;
    return [p, r].map((each) => value(each, { tasks: { s: { output: null } } }));
  };

  it("is the step's own default, else that of the sub-graph, else empty", () => {
    expect(chosen('')).toEqual(["it's out", '']);
    expect(chosen(', default: own')).toEqual(['own', '']);
  });
});

describe('what all items of a loop gave', () => {
  const loop = (how: string, tag = '{{steps.a.outputs.result}}') =>
    steps([
      ['a', SAY, how],
      ['b', TAKE, `withParam: "${tag}"`],
      ['c', TAKE, passing(tag)],
    ]);
  const GAVE = [{ result: '{"n": 1}' }, null, { result: 'x' }, { result: '[2]' }, { result: '{' }];
  const LIST = [{ n: 1 }, 'x', '[2]', '{'];

  it('is a list without those that gave nothing, and an object where it is one', () => {
    const made = loop('withItems: [1, 2, 3, 4, 5]');
    const context = { tasks: { a: { output: GAVE } } };
    expect(value(over(made), context)).toEqual(LIST);
    expect(value(passed(made, 2), context)).toEqual(LIST);
    expect(told(made)).toEqual([]);
  });

  it('is the same where the loop was written out', () => {
    const made = loop('withItems: [1, 2, 3, 4, 5], when: "{{item}} != 9"');
    const at = made.pipeline.tasks.findIndex(({ id }) => id === 'b');
    const tasks = Object.fromEntries(GAVE.map((output, i) => [`a-${i}`, { output }]));
    expect(value(over(made, at), { tasks })).toEqual(LIST);
    const single = loop('withItems: [1], when: "{{item}} != 9"');
    expect(value(over(single), { tasks: { 'a-0': { output: { result: 'x' } } } })).toEqual(['x']);
  });

  it('is a loss where the loop was written out as more nodes than an expression can ask', () => {
    const items = (count: number) => Array.from({ length: count }, (_none, at) => at).join(', ');
    const written = (count: number) => loop(`withItems: [${items(count)}], when: "{{item}} != x"`);
    expect(told(written(250))).toEqual([]);
    expect(told(written(251))[0]).toContain('reads what 251 nodes gave, of at most 250');
  });

  it('is empty where the whole loop was skipped', () => {
    const made = loop('withItems: [1], when: "{{workflow.name}} != x"');
    expect(value(over(made), { tasks: { a: { output: null } } })).toEqual([]);
  });

  it('is no text in a condition, which is a loss', () => {
    const made = steps([
      ['a', SAY, 'withItems: [1]'],
      ['b', TAKE, `when: "'{{steps.a.outputs.result}}' != '[]'"`],
    ]);
    expect(node(made, 1)?.when).toBeUndefined();
    expect(told(made)).toEqual([
      expect.stringContaining('uses what a loop gives, a list, as a text'),
    ]);
  });
});
