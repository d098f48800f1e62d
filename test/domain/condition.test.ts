import { describe, expect, it } from '@jest/globals';
import { conditionProblem, parseCondition } from '../../src/domain/condition.js';
import { TaskError } from '../../src/domain/errors.js';
import type { JsonObject } from '../../src/domain/json.js';

const context: JsonObject = {
  params: { full: true, day: 'Sunday' },
  tasks: { a: { status: 'SKIPPED', output: null }, b: { status: 'COMPLETED', output: { n: 3 } } },
  execution: { id: 'e1' },
};

describe('parseCondition', () => {
  it.each([
    ['true', true],
    ['false', false],
    ['params.full', true],
    ['${{ params.full }}', true],
    ['  ${{ !params.full }}\n', false],
    ['tasks.b.output.n + 1 > 3.5', true],
    ['${{ tasks.a.status == "COMPLETED" }}', false],
    ['has(tasks.b.output.m)', false],
    ['has(tasks.notEnded) && tasks.notEnded.status == "FAILED"', false],
    ['params.day in ["Saturday", "Sunday"]', true],
    ['{"a": {"b": true}}.a.b', true],
    ['${{ "}}" == "}}" }}', true],
    ['[1, 2].exists(n, n == tasks.b.output.n - 1)', true],
  ])('takes an expression bare or in ${{ }}: %s', (text, says) => {
    expect(parseCondition(text).holds(context)).toBe(says);
  });

  it.each([
    ['params.day', 'expression "params.day" gave "Sunday"'],
    ['tasks.b.output.n', 'expression "tasks.b.output.n" gave 3'],
    ['tasks.a.output', 'expression "tasks.a.output" gave null'],
    ['tasks.a.output.n > 3', 'expression "tasks.a.output.n > 3"'],
  ])('throws EXPRESSION, naming the expression, where that gives no boolean: %s', (text, says) => {
    const condition = parseCondition(text);
    const holds = (): unknown => condition.holds(context);
    expect(holds).toThrow(TaskError);
    expect(holds).toThrow(expect.objectContaining({ code: 'EXPRESSION', retriable: false }));
    expect(holds).toThrow(says);
  });

  it.each([
    ['1 + 1', 'expression "1 + 1" gives int'],
    ['"false"', 'gives string'],
    ['size(tasks.b.output)', 'gives int'],
    ['tasks.b.output.n >', 'expression "tasks.b.output.n >"'],
    ['n is ${{ params.full }}', 'expression "n is ${{ params.full }}"'],
    ['${{ params.full }} && ${{ params.full }}', 'expression'],
    ['unknown.full', 'expression "unknown.full"'],
    ['${{ }}', 'expression ""'],
    ['   ', 'expression ""'],
  ])('refuses what can never say yes or no: %s', (text, says) => {
    const parse = (): unknown => parseCondition(text);
    expect(parse).toThrow(expect.objectContaining({ code: 'EXPRESSION' }));
    expect(parse).toThrow(says);
    expect(conditionProblem(text)).toEqual({
      problem: expect.stringMatching(/a condition is one CEL expression, bare or in \$\{\{ … \}\}/),
    });
  });

  it('knows what it reads', () => {
    const { references, heavy } = parseCondition('tasks.a.output.ok || tasks["b-1"].status == "X"');
    expect(references).toMatchObject({ tasks: ['a', 'b-1'], params: [], dynamic: false });
    expect(heavy).toBe(false);
    expect(parseCondition('params.list.all(n, n > 1)').heavy).toBe(true);
  });
});
