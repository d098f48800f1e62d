import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { knownTasks } from '../../src/activities/prepare.js';
import { makePlan } from '../../src/domain/make-plan.js';
import { parsePipeline, pipelineToYaml } from '../../src/domain/pipeline.js';
import { nodeBody } from '../../src/domain/plan.js';
import type { GraphSpec } from '../../src/domain/spec.js';
import { validateGraph } from '../../src/domain/validate.js';
import { defineTask, TaskRegistry } from '../../src/registry.js';
import { faultsOf, graph, inWords, node, places } from './support/specs.js';

/** A graph in which `b`, after `a`, has these fields; `c` stands apart. */
const second = (fields: object, more: object = {}): object =>
  graph({ tasks: [node('a'), node('b', { dependsOn: ['a'], ...fields }), node('c')], ...more });

describe('validateGraph on a condition', () => {
  it.each([
    [{ when: 'tasks.a.output.n > 3' }],
    [{ when: '${{ tasks.a.status == "COMPLETED" }}' }],
    [{ when: 'false' }],
    [{ when: 'tasks.a.output.ok', trigger: 'all_done' }],
  ])('accepts %j', (fields) => {
    expect(inWords(faultsOf(second(fields)))).toBe('');
  });

  it.each([
    [{ when: '1 + 1' }, 'tasks[1].when EXPRESSION', /gives int; a condition is one CEL/],
    [{ when: 'tasks.a.output >' }, 'tasks[1].when EXPRESSION', /"tasks\.a\.output >"/],
    [{ when: 'tasks[params.x].output.ok' }, 'tasks[1].when EXPRESSION', /indexed by a name/],
    [{ when: 'tasks.aa.output.ok' }, 'tasks[1].when UNKNOWN_REFERENCE', /did you mean "a"/],
    [{ when: 'tasks.c.output.ok' }, 'tasks[1].when NOT_AN_ANCESTOR', /add "c" to dependsOn/],
    [{ when: 'tasks.b.output.ok' }, 'tasks[1].when NOT_AN_ANCESTOR', /cannot read itself/],
    [{ when: 'params.nope' }, 'tasks[1].when UNKNOWN_PARAM', /does not declare/],
    [{ when: '' }, 'tasks[1].when INVALID_VALUE', /a CEL expression, such as/],
    [{ when: true }, 'tasks[1].when INVALID_TYPE', /expected string/],
    [{ wen: 'true' }, 'tasks[1].wen UNKNOWN_FIELD', /did you mean "when"/],
    [{ trigger: 'all_sucess' }, 'tasks[1].trigger INVALID_VALUE', /did you mean "all_success"/],
  ])('refuses %j at its place', (fields, place, says) => {
    const faults = faultsOf(second(fields, { params: { x: { default: 1 } } }));
    expect(places(faults)).toEqual([place]);
    expect(inWords(faults)).toMatch(says);
  });

  it('reports what is wrong with the input and with the condition, each at its place', () => {
    const faults = faultsOf(second({ input: '${{ tasks.x.output }}', when: 'tasks.y.output.ok' }));
    expect(places(faults)).toEqual([
      'tasks[1].input UNKNOWN_REFERENCE',
      'tasks[1].when UNKNOWN_REFERENCE',
    ]);
  });

  it('checks what it reads against the schema of the output', () => {
    const output = z.object({ n: z.number(), ok: z.boolean() });
    const make = defineTask({ name: 'make', output, run: () => ({ n: 1, ok: true }) });
    const tasks = knownTasks(new TaskRegistry([make]));
    const faults = (when: string): string[] =>
      validateGraph(
        {
          name: 'g',
          tasks: [
            { id: 'a', task: 'make' },
            { id: 'b', task: 'make', dependsOn: ['a'], when },
          ],
        },
        {},
        tasks,
      ).faults.map(({ path, code, message }) => `${path} ${code} ${message}`);
    expect(faults('tasks.a.output.ok')).toEqual([]);
    expect(faults('tasks.a.output.n')).toEqual([
      'tasks[1].when EXPRESSION tasks.a.output.n gives number, but boolean is taken here',
    ]);
    expect(faults('tasks.a.output.okay')).toEqual([
      'tasks[1].when UNKNOWN_REFERENCE reads tasks.a.output.okay, but the output has no field "okay"',
    ]);
  });
});

describe('the plan of a node with a condition', () => {
  const spec = {
    name: 'g',
    params: { full: { type: 'boolean', default: true } },
    tasks: [
      { id: 'a', task: 'load' },
      { id: 'b', task: 'load' },
      {
        ...{ id: 'c', task: 'load', dependsOn: ['a', 'b'], trigger: 'all_done' },
        ...{ when: 'params.full && tasks.b.status == "FAILED"', input: '${{ tasks.a.output }}' },
      },
    ],
  } satisfies GraphSpec;

  it('reads what the input and the condition name, and its body has the condition', () => {
    const { valid } = validateGraph(spec);
    if (!valid) throw new Error('the spec is valid');
    const context = { task: () => undefined, postHooks: false, postHooksOnSkipped: false };
    const { nodes } = makePlan(valid, context);
    expect(nodes[2]).toMatchObject({ reads: [0, 1], readsParams: true, trigger: 'all_done' });
    expect(nodeBody(spec.tasks[2] as GraphSpec['tasks'][number])).toEqual({
      when: 'params.full && tasks.b.status == "FAILED"',
      input: '${{ tasks.a.output }}',
    });
  });

  it('comes back from YAML as it was', () => {
    expect(parsePipeline(pipelineToYaml(spec)).spec).toEqual(spec);
  });
});
