/** Artifacts of Argo as files from node to node, and two programs that hand one on, run on this host. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import type { Conversion } from '../../src/convert/conversion.js';
import type { Json } from '../../src/domain/json.js';
import { filledProgram } from '../../src/domain/program-expressions.js';
import { ContainerSchema } from '../../src/domain/program.js';
import { given, KEEPS, node, one, read, steps, TAKES, told } from './support/argo.js';

describe('artifacts', () => {
  it('what a step keeps is a file of the next', () => {
    const made = steps([
      ['a', KEEPS],
      ['b', TAKES, given('{{steps.a.outputs.artifacts.out}}')],
    ]);
    expect(node(made)?.container?.entrypoint?.[2]).toContain("artifact 'out' '/tmp/out' pack");
    expect(node(made, 1)).toMatchObject({
      input: { artifacts: { in: '${{ tasks.a.artifacts["out"] }}' } },
      container: { command: ['use', '/tmp/in'] },
    });
    expect(node(made, 1)?.container?.entrypoint?.slice(3)).toEqual([
      ...['sh', '${{ input.artifacts["in"].path }}'],
    ]);
    expect(told(made)).toEqual([]);
  });

  it('one that is optional may not be there', () => {
    const made = steps([
      ['a', KEEPS],
      [
        'b',
        TAKES.replace('path: /tmp/in', 'path: /tmp/in, optional: true'),
        given('{{steps.a.outputs.artifacts.out}}'),
      ],
    ]);
    expect(node(made, 1)?.input).toEqual({
      artifacts: { in: '${{ tasks.a.?artifacts[?"out"].orValue(null) }}' },
    });
    expect(node(made, 1)?.container?.entrypoint?.at(-1)).toBe(
      '${{ input.artifacts["in"] == null ? "" : input.artifacts["in"].path }}',
    );
  });

  it('texts are written to their paths', () => {
    const made = steps([
      ['a', 'container: { image: i, command: [a] }'],
      [
        'b',
        TAKES.replace('}] }', '}, { name: own, path: /tmp/own, raw: { data: "it\'s" } }] }'),
        'arguments: { artifacts: [{ name: in, raw: { data: "{{steps.a.outputs.result}}!" } }] }',
      ],
    ]);
    expect(node(made, 1)?.input).toEqual({
      raw: { in: '${{ tasks.a.output.?result.orValue("") }}!' },
    });
    const { entrypoint = [] } = node(made, 1)?.container ?? {};
    expect(entrypoint.at(-1)).toBe('${{ input.raw["in"] }}');
    expect(entrypoint[2]).toContain(`write "$given_1" '/tmp/in'\nwrite 'it'\\''s' '/tmp/own'\n`);
  });

  it('they go into sub-graphs as parameters', () => {
    const made = read(
      `{ entrypoint: main, templates: [{ name: main, dag: { tasks: [{ name: a, template: t-a }, { name: g, depends: a, template: graph, ${given('{{tasks.a.outputs.artifacts.out}}')} }] } }, { name: graph, inputs: { artifacts: [{ name: in }] }, dag: { tasks: [{ name: b, template: t-b, ${given('{{inputs.artifacts.in}}')} }] } }, { name: t-a, ${KEEPS} }, { name: t-b, ${TAKES} }] }`,
    );
    expect(node(made, 1)).toMatchObject({
      input: { artifacts_in: '${{ tasks.a.artifacts["out"] }}' },
      graph: {
        params: { artifacts_in: {} },
        tasks: [{ id: 'b', input: { artifacts: { in: '${{ params.artifacts_in }}' } } }],
      },
    });
    expect(told(made)).toEqual([]);
  });

  it('what a sub-graph chooses of its steps is the output of a node behind them', () => {
    const made = read(
      `{ entrypoint: main, templates: [{ name: main, dag: { tasks: [{ name: g, template: graph }, { name: l, template: graph, withItems: [1] }, { name: b, depends: g && l, template: t-b, arguments: { parameters: [{ name: p, value: "{{tasks.g.outputs.parameters.n}}" }, { name: q, value: "{{tasks.l.outputs.parameters.n}}" }], artifacts: [{ name: in, from: "{{tasks.g.outputs.artifacts.chosen}}" }] } }] } }, { name: graph, outputs: { parameters: [{ name: n, valueFrom: { parameter: "{{steps.outputs.outputs.parameters.x}}" } }], artifacts: [{ name: chosen, from: "{{steps.outputs.outputs.artifacts.out}}" }, { name: lost, fromExpression: "a ? b : c" }] }, steps: [[{ name: outputs, template: t-a }]] }, { name: t-a, ${KEEPS} }, { name: t-b, ${TAKES} }] }`,
    );
    const [graph, , taker] = made.pipeline.tasks;
    expect((graph?.graph as { tasks: unknown[] }).tasks).toMatchObject([
      { id: 'outputs-2', container: { image: 'i' } },
      {
        id: 'outputs',
        task: 'echo',
        dependsOn: ['outputs-2'],
        trigger: 'none_failed',
        input: {
          parameters: { n: '${{ tasks["outputs-2"].output.?parameters.?x.orValue("") }}' },
          artifacts: { chosen: '${{ tasks["outputs-2"].?artifacts[?"out"].orValue(null) }}' },
        },
      },
    ]);
    expect(taker?.input).toEqual({
      parameters: {
        p: '${{ tasks.g.output.?outputs.?parameters.?n.orValue("") }}',
        q: '${{ tasks.l.output.map(o, o.?outputs.?parameters.?n.orValue(null) != null, type(o.outputs.parameters.n) == string && o.outputs.parameters.n.startsWith("{") && o.outputs.parameters.n.endsWith("}") ? fromJson(o.outputs.parameters.n) : o.outputs.parameters.n) }}',
      },
      artifacts: { in: '${{ tasks.g.output.outputs.artifacts["chosen"] }}' },
    });
    expect(told(made)).toEqual([
      '[1].outputs.artifacts[1].fromExpression: an artifact is one of a step, by from; left out',
    ]);
  });

  it.each([
    ['{{steps.a.outputs.artifacts.nope}}', '', 'is not kept by its step here'],
    [
      '{{steps.a.outputs.artifacts.out}}',
      'withItems: [1, 2]',
      'is one file for each item of a loop',
    ],
    ['{{steps.z.outputs.artifacts.out}}', '', 'is no artifact of a step before it'],
    ['{{inputs.artifacts.x}}', '', 'is given by nobody'],
    ['{{workflow.outputs.artifacts.x}}', '', 'is no artifact of a step before it'],
    ['x', '', 'is no artifact of a step before it'],
  ])('from %s %s is a loss: it %s', (from, loop, why) => {
    const made = steps([
      ['a', KEEPS, loop],
      ['b', TAKES, given(from)],
    ]);
    expect(node(made, 1)?.input).toBeUndefined();
    expect(told(made)).toEqual([
      `[0].steps[1][0].arguments.artifacts[0].from: ${JSON.stringify(from)} ${why}; the file is not there`,
    ]);
  });

  it('that the template does not take are a loss', () => {
    const made = steps([
      ['a', KEEPS],
      ['b', 'container: { image: i, command: [c] }', given('{{steps.a.outputs.artifacts.out}}')],
    ]);
    expect(node(made, 1)?.input).toBeUndefined();
    expect(told(made)).toEqual([
      '[0].steps[1][0].arguments.artifacts[0]: the template takes no artifact "in"; left out',
    ]);
  });

  it('that a template of a graph has itself go to its steps where nobody gives them', () => {
    const made = read(
      `{ entrypoint: main, templates: [{ name: main, dag: { tasks: [{ name: g, template: graph }] } }, { name: graph, inputs: { artifacts: [{ name: in, raw: { data: own } }] }, dag: { tasks: [{ name: b, template: t-b, ${given('{{inputs.artifacts.in}}')} }] } }, { name: t-b, ${TAKES} }] }`,
    );
    expect(node(made)?.input).toEqual({ artifacts_in: 'own' });
  });

  it('may be folders that are written with slashes at their end', () => {
    const made = one(KEEPS.replace('/tmp/out', '/tmp/out//'));
    expect(node(made)?.container?.entrypoint?.[2]).toContain("artifact 'out' '/tmp/out' pack");
  });

  it('where they come from elsewhere, they are not there', () => {
    const made = one(
      'container: { image: i, command: [a] }, inputs: { artifacts: [{ name: x, path: /tmp/x, mode: 493, git: { repo: r } }] }',
    );
    expect(told(made)).toEqual([
      '[0].inputs.artifacts[0].mode: a file that is given may be read and written; left out',
      '[0].inputs.artifacts[0].git: nothing is fetched from elsewhere; the file is not there',
    ]);
  });
});

describe('run', () => {
  /** Runs a node's program on this host as a container would, but for its image. */
  const ran = (made: Conversion, at: number, input: Json, root: string) => {
    const spec = ContainerSchema.parse(node(made, at)?.container);
    const { container: filled } = filledProgram({ kind: 'container', container: spec }, input);
    const [outputs, artifacts] = ['outputs', 'artifacts'].map((name) => join(root, name + at));
    for (const folder of [outputs, artifacts]) mkdirSync(folder ?? '');
    const [file = '', ...words] = [...(filled.entrypoint ?? []), ...(filled.command ?? [])];
    const { status, stdout, stderr } = spawnSync(file, words, {
      encoding: 'utf8',
      env: {
        PATH: process.env['PATH'],
        TEMPOGRAPH_OUTPUTS: outputs,
        TEMPOGRAPH_ARTIFACTS: artifacts,
      },
    });
    return { status, stdout, stderr, outputs: outputs ?? '', artifacts: artifacts ?? '' };
  };

  it('a container makes a parameter and a folder, and the next one reads both', () => {
    const root = mkdtempSync(join(tmpdir(), 'argo-'));
    const made = steps([
      [
        'a',
        `container: { image: i, command: [sh, -c], args: ['mkdir "$1"; echo "it is ''$2''" > "$1/x"; echo 7 > "$1.n"', sh, "{{outputs.artifacts.out.path}}", "{{inputs.parameters.p}}"] }, inputs: { parameters: [{ name: p, value: "a  'b' $c" }] }, outputs: { parameters: [{ name: n, valueFrom: { path: ${root}/made.n } }], artifacts: [{ name: out, path: ${root}/made }] }`,
      ],
      [
        'b',
        `container: { image: i, command: [cat, "{{inputs.artifacts.in.path}}/x"], args: ["{{inputs.artifacts.n.path}}"] }, inputs: { parameters: [{ name: n }], artifacts: [{ name: in, path: ${root}/taken }, { name: n, path: ${root}/n, raw: { data: "n={{inputs.parameters.n}}" } }] }`,
        'arguments: { parameters: [{ name: n, value: "{{steps.a.outputs.parameters.n}}" }], artifacts: [{ name: in, from: "{{steps.a.outputs.artifacts.out}}" }] }',
      ],
    ]);
    const first = ran(made, 0, { parameters: { p: "a  'b' $c" } }, root);
    expect([first.status, first.stderr]).toEqual([0, '']);
    expect(readFileSync(join(first.outputs, 'parameters/n'), 'utf8')).toBe('7\n');
    const path = join(first.artifacts, 'out');
    const second = ran(made, 1, { parameters: { n: '7' }, artifacts: { in: { path } } }, root);
    expect([second.status, second.stderr, second.stdout]).toEqual([
      ...[0, '', "it is 'a  'b' $c'\nn=7"],
    ]);
    rmSync(root, { recursive: true });
  });
});
