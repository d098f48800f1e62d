import { describe, expect, it } from '@jest/globals';
import { convert } from '../../src/convert/convert.js';
import type { Conversion } from '../../src/convert/conversion.js';
import { expressionSource, parseExpression } from '../../src/domain/expression.js';
import type { GraphSpec } from '../../src/domain/spec.js';

const LEAF =
  '{ name: leaf, inputs: { parameters: [{ name: p, value: none }] }, container: { image: i, args: ["{{inputs.parameters.p}}"] } }';
const read = (spec: string, entrypoint?: string) =>
  convert(
    `{ apiVersion: argoproj.io/v1alpha1, kind: Workflow, metadata: { name: w }, spec: ${spec} }`,
    {
      from: 'argo',
      ...(entrypoint === undefined ? {} : { entrypoint }),
    },
  );
const dag = (tasks: string, more = '', template = '') =>
  read(
    `{ entrypoint: main, ${more} templates: [{ name: main, dag: { tasks: ${tasks} } }, ${LEAF}${template === '' ? '' : `, ${template}`}] }`,
  );
const last = ({ pipeline }: { pipeline: GraphSpec }) => pipeline.tasks.at(-1);
const told = ({ losses }: Conversion) =>
  losses
    .filter(({ feature }) => feature !== 'network')
    .map(({ path, message }) => `${path}: ${message}`);

const BAD = '["FAILED", "TIMEOUT", "REJECTED"]';

describe('depends', () => {
  const waits = (depends: string, before = '') =>
    last(
      dag(
        `[{ name: a, template: leaf${before} }, { name: b, template: leaf }, { name: x, template: leaf, depends: ${JSON.stringify(depends)} }]`,
      ),
    );

  it.each([
    ['a', ['a'], {}],
    ['a && b', ['a', 'b'], {}],
    ['a.Succeeded && b.Succeeded', ['a', 'b'], {}],
    ['a.Failed', ['a'], { trigger: 'all_failed' }],
    ['a.Failed || a.Errored', ['a'], { trigger: 'all_failed' }],
    ['a.Skipped', ['a'], { trigger: 'all_skipped' }],
    ['a.Succeeded || a.Failed || a.Skipped', ['a'], { trigger: 'all_done' }],
    ['a.Succeeded || a.Skipped', ['a'], {}],
    [
      'a.Succeeded || b.Failed',
      ['a', 'b'],
      { trigger: 'all_done', when: `tasks.a.status == "COMPLETED" || tasks.b.status in ${BAD}` },
    ],
    [
      '(a.Succeeded || a.Failed) && !b.Failed',
      ['a', 'b'],
      {
        trigger: 'all_done',
        when: `(tasks.a.status == "COMPLETED" || tasks.a.status in ${BAD}) && !(tasks.b.status in ${BAD})`,
      },
    ],
  ])('%s waits for %j by %j', (depends, dependsOn, expected) => {
    const { trigger, when, dependsOn: found } = waits(depends) ?? {};
    expect(found).toEqual(dependsOn);
    expect(JSON.parse(JSON.stringify({ trigger, when }))).toEqual(expected);
  });

  it('a name alone takes one that was skipped by its condition', () => {
    expect(waits('a && b', ', when: "{{workflow.name}} == x"')?.trigger).toBe('none_failed');
  });

  it.each([
    ['ghost', 'waits for "ghost", which is no task of this template'],
    ['a &&', 'cannot be read, got the end'],
    ['a + b', 'cannot be read from "+ b" on'],
  ])('%s is a loss', (depends, why) => {
    const text = `[{ name: a, template: leaf }, { name: x, template: leaf, depends: ${JSON.stringify(depends)} }]`;
    expect(told(dag(text))).toEqual([
      `spec.templates[0].dag.tasks[1].depends: ${JSON.stringify(depends)} ${why}; left out`,
    ]);
  });

  it('dependencies and continueOn are taken too', () => {
    const { pipeline } = dag(
      '[{ name: a, template: leaf, continueOn: { failed: true, error: true } }, { name: x, template: leaf, dependencies: [a] }]',
    );
    expect(pipeline.tasks).toMatchObject([{ allowFailure: true }, { dependsOn: ['a'] }]);
  });
});

describe('when', () => {
  const when = (text: string) =>
    last(
      dag(
        `[{ name: a, template: leaf }, { name: x, template: leaf, depends: a, when: ${JSON.stringify(text)} }]`,
        'arguments: { parameters: [{ name: on, value: "1" }] },',
      ),
    )?.when;

  it.each([
    ['{{workflow.parameters.on}} == true', 'params.on == "true"'],
    ['\'{{workflow.parameters.on}}\' != "no"', 'params.on != "no"'],
    ['{{workflow.parameters.on}} > 3', 'double(params.on) > 3.0'],
    ['{{tasks.a.outputs.result}} == x', 'string(tasks.a.output.?result.orValue("")) == "x"'],
    ['{{tasks.a.status}} == Succeeded', 'tasks.a.status == "COMPLETED"'],
    [
      '{{tasks.a.exitCode}} == 0 && {{workflow.parameters.on}} =~ "^a"',
      'string(tasks.a.output.?exitCode.orValue("")) == "0" && params.on.matches("^a")',
    ],
    ["{{= workflow.parameters['on'] == 'x' }}", 'params.on == "x"'],
    ['pre-{{workflow.parameters.on}} == pre-x', '"pre-" + params.on == "pre-x"'],
    ['true', undefined],
    ['false', 'false'],
  ])('%s becomes %j', (text, expected) => {
    expect(when(text)).toBe(expected);
  });
});

describe('what a step gave that failed', () => {
  const READS =
    'arguments: { parameters: [{ name: p, value: "{{tasks.a.outputs.result}} {{tasks.a.outputs.parameters.x}}" }] }';
  const losses = (a: string, x: string) =>
    told(dag(`[{ name: a, template: leaf${a} }, { name: x, template: leaf, ${x} }]`)).filter(
      (line) => line.includes('.tasks[1]'),
    );

  it.each([
    ['depends: a.Failed', ''],
    ['depends: "a.Succeeded || a.Failed || a.Skipped"', ''],
    ['depends: a', ', continueOn: { failed: true, error: true }'],
  ])('is a loss where %s', (depends, a) => {
    expect(losses(a, `${depends}, ${READS}`)).toEqual([
      'spec.templates[0].dag.tasks[1]: what a gives is empty here where it failed',
    ]);
  });

  it('is none where the step runs after success only', () => {
    expect(losses('', `depends: a, ${READS}`)).toEqual([]);
  });

  it.each(['{{tasks.a.exitCode}} == 3', "{{=tasks['a'].exitCode == 3}}"])(
    'is a loss wherever an exit code is read: %s',
    (when) => {
      expect(losses('', `depends: a, when: ${JSON.stringify(when)}`)).toContain(
        'spec.templates[0].dag.tasks[1]: the exit code of a is 0 here, or empty where it failed',
      );
    },
  );
});

describe('loops', () => {
  it('withItems is a map over the items; a condition on the item makes nodes of them', () => {
    const { pipeline } = dag(
      `[{ name: a, template: leaf, withItems: [{ n: 1 }, { n: 2 }], arguments: { parameters: [{ name: p, value: "{{item.n}}" }] } },
        { name: b, template: leaf, withItems: [x, y], when: "{{item}} != x" }, { name: c, template: leaf, depends: b.AnySucceeded }]`,
    );
    expect(pipeline.tasks).toMatchObject([
      {
        id: 'a',
        map: { over: [{ n: 1 }, { n: 2 }] },
        input: { parameters: { p: '${{ item.?n.orValue("") }}' } },
      },
      { id: 'b-0', when: 'false' },
      { id: 'b-1' },
      {
        id: 'c',
        dependsOn: ['b-0', 'b-1'],
        when: 'tasks["b-0"].status == "COMPLETED" || tasks["b-1"].status == "COMPLETED"',
      },
    ]);
  });

  it('withSequence counts, with its format', () => {
    const over = (sequence: string) =>
      last(dag(`[{ name: a, template: leaf, withSequence: ${sequence} }]`))?.map;
    expect(over('{ count: 3 }')).toEqual({ over: ['0', '1', '2'] });
    expect(over('{ start: 5, end: 3, format: "n%02d" }')).toEqual({ over: ['n05', 'n04', 'n03'] });
    expect(over('{ count: "{{workflow.name}}" }')).toBeUndefined();
  });

  it('withParam is a map over what a step gives or a parameter holds, and only over a list', () => {
    const result = dag(
      '[{ name: a, template: leaf, withParam: "[1, 2]" }, { name: b, template: leaf, withParam: "{{workflow.parameters.list}}" }, { name: c, template: leaf, withParam: "{{tasks.zz.outputs.result}}" }]',
      `arguments: { parameters: [{ name: list, value: '["x"]' }] },`,
    );
    expect(result.pipeline).toMatchObject({
      params: { list: { type: 'array', default: ['x'] } },
      tasks: [{ map: { over: [1, 2] } }, { map: { over: 'params.list' } }, { id: 'c' }],
    });
    expect(last(result)?.map).toBeUndefined();
  });
});

describe('templates', () => {
  it('onExit is a node that runs after all others, also where the graph is cancelled', () => {
    const made = dag('[{ name: a, template: leaf }]', 'onExit: leaf,');
    expect(last(made)).toMatchObject({
      ...{ dependsOn: ['a'], trigger: 'all_done', onCancel: 'run' },
    });
    expect(told(made)).toEqual([]);
  });

  /** `workflow.status` as the exit handler gets it. */
  const atExit = (tasks: string) => {
    const made = dag(
      tasks,
      'onExit: exit,',
      '{ name: exit, inputs: { parameters: [] }, container: { image: i, args: ["{{workflow.status}}"] } }',
    );
    return { status: valueOf(last(made)?.input), told: told(made) };
  };
  const valueOf = (input: unknown) => (input as { workflow: { status: string } }).workflow.status;

  it('an exit handler is told of every failure, also where all after it was skipped', () => {
    const { status, told: losses } = atExit(
      '[{ name: a, template: leaf }, { name: c, template: leaf, depends: a }, { name: d, template: leaf, continueOn: { failed: true, error: true } }]',
    );
    expect(status).toBe(
      '${{ ([tasks.a.status, tasks.c.status].exists(s, s in ["FAILED", "TIMEOUT", "REJECTED", "CANCELLED"]) ? "Failed" : "Succeeded") }}',
    );
    const told = (a: string, c: string) =>
      parseExpression(expressionSource(status)).evaluate({
        tasks: { a: { status: a }, c: { status: c } },
      });
    expect(told('FAILED', 'SKIPPED')).toBe('Failed');
    expect(told('CANCELLED', 'SKIPPED')).toBe('Failed');
    expect(told('COMPLETED', 'SKIPPED')).toBe('Succeeded');
    expect(losses).toEqual([]);
    expect(atExit('[{ name: a, template: leaf }]').status).toBe(
      '${{ (tasks.a.status in ["FAILED", "TIMEOUT", "REJECTED", "CANCELLED"] ? "Failed" : "Succeeded") }}',
    );
  });

  it('an exit handler of a graph with too many nodes is told of the last ones, which is a loss', () => {
    const many = Array.from({ length: 201 }, (_none, at) => `{ name: n-${at}, template: leaf }`);
    const chain = `[${many.join(', ')}, { name: z, template: leaf, dependencies: [${many.map((_one, at) => `n-${at}`).join(', ')}] }]`;
    const { status, told: losses } = atExit(chain);
    expect(status).toContain('(tasks.z.status in');
    expect(losses).toEqual([
      expect.stringContaining('spec.onExit: an expression cannot ask 202 nodes'),
    ]);
    const wide = atExit(`[${many.slice(0, 200).join(', ')}]`);
    expect(wide.told).toEqual([]);
    expect(() => parseExpression(expressionSource(`${wide.status} `))).not.toThrow();
  });

  it('steps wait for the whole group before them', () => {
    const { pipeline } = read(
      `{ entrypoint: main, templates: [{ name: main, steps: [[{ name: a, template: leaf }, { name: b, template: leaf }], [{ name: c, template: leaf }]] }, ${LEAF}] }`,
    );
    expect(pipeline.tasks.map(({ id, dependsOn }) => [id, dependsOn])).toEqual([
      ['a', undefined],
      ['b', undefined],
      ['c', ['a', 'b']],
    ]);
  });

  it('a graph in a graph is a sub-graph that is given its arguments, and what it reads of the workflow', () => {
    const { pipeline } =
      read(`{ entrypoint: main, arguments: { parameters: [{ name: env-name, value: prod }] }, templates: [
      { name: main, dag: { tasks: [{ name: a, template: inner, arguments: { parameters: [{ name: q, value: "x-{{workflow.parameters.env-name}}" }] } }] } },
      { name: inner, parallelism: 2, activeDeadlineSeconds: 60, inputs: { parameters: [{ name: q }] }, steps: [[{ name: s, template: leaf, arguments: { parameters: [{ name: p, value: "{{inputs.parameters.q}} {{workflow.parameters.env-name}}" }] } }]] }, ${LEAF}] }`);
    expect(pipeline.tasks[0]).toMatchObject({
      input: { q: 'x-${{ params.env_name }}', workflow_env_name: '${{ params.env_name }}' },
      graph: {
        name: 'inner',
        params: { q: {}, workflow_env_name: {} },
        concurrency: 2,
        deadline: '60s',
        tasks: [
          {
            id: 's',
            input: { parameters: { p: '${{ params.q }} ${{ params.workflow_env_name }}' } },
          },
        ],
      },
    });
  });

  it('suspend is an approval; with a duration it goes on by itself', () => {
    const { pipeline } = read(
      '{ entrypoint: main, templates: [{ name: main, steps: [[{ name: a, template: ask }], [{ name: b, template: wait }]] }, { name: ask, suspend: {} }, { name: wait, suspend: { duration: "20s" } }] }',
    );
    expect(pipeline.tasks).toMatchObject([
      { approval: { message: 'Go on after ask?' } },
      { approval: { timeout: '20s', onTimeout: 'approve' }, dependsOn: ['a'] },
    ]);
  });

  it('retries, time-outs and mutexes become options', () => {
    const { pipeline } = read(
      '{ entrypoint: main, activeDeadlineSeconds: 90, parallelism: 3, templates: [{ name: main, activeDeadlineSeconds: 5, synchronization: { mutexes: [{ name: m }] }, retryStrategy: { limit: 4, backoff: { duration: "1m30s", factor: 3, cap: 10m, maxDuration: 1h } }, script: { image: i, source: x } }] }',
    );
    expect(pipeline).toMatchObject({
      deadline: '90s',
      concurrency: 3,
      tasks: [
        {
          timeout: '5s',
          totalTimeout: '1h',
          limit: { key: 'm', max: 1 },
          retry: {
            strategy: 'EXPONENTIAL_BACKOFF',
            maxRetries: 4,
            delay: '90s',
            factor: 3,
            maxDelay: '10m',
          },
        },
      ],
    });
  });

  it('a template of the same file is found by templateRef, and any may be begun with', () => {
    const file = `
{ apiVersion: argoproj.io/v1alpha1, kind: Workflow, metadata: { name: w }, spec: { entrypoint: main, templates: [{ name: main, dag: { tasks: [{ name: a, templateRef: { name: lib, template: leaf } }] } }] } }
---
{ apiVersion: argoproj.io/v1alpha1, kind: WorkflowTemplate, metadata: { name: lib }, spec: { templates: [${LEAF}] } }`;
    const { pipeline } = convert(file, { from: 'argo' });
    expect(pipeline.tasks[0]).toMatchObject({
      container: { image: 'i', command: ['${{ input.parameters.p }}'] },
      input: { parameters: { p: 'none' } },
    });
    expect(convert(file, { from: 'argo', entrypoint: 'leaf' }).pipeline.tasks[0]?.id).toBe('leaf');
    expect(() => convert(file, { from: 'argo', entrypoint: 'lef' })).toThrow(
      'no template "lef"; the file has main, leaf',
    );
  });

  it('a schedule, hooks and what nobody knows are losses with their places', () => {
    const { losses } = convert(
      `{ apiVersion: argoproj.io/v1alpha1, kind: CronWorkflow, metadata: { name: c, namespace: n }, spec: { schedule: "0 3 * * *", timezone: UTC, concurrencyPolicy: Forbid, workflowSpec: { entrypoint: main, hooks: { exit: {} }, templates: [{ name: main, nodeSelector: { a: b }, container: { image: i } }] } } }`,
      { from: 'argo' },
    );
    expect(losses.map(({ path }) => path)).toEqual([
      'metadata.namespace',
      'spec.schedule',
      'spec.workflowSpec.hooks',
      'spec.workflowSpec.templates',
      'spec.workflowSpec.templates[0].nodeSelector',
    ]);
    expect(losses[1]?.message).toContain(
      '--cron "0 3 * * *" --timezone UTC --overlap skip --catchup-window 10s makes it',
    );
  });
});
