import { describe, expect, it } from '@jest/globals';
import { convert } from '../../src/convert/convert.js';
import { parseCondition } from '../../src/domain/condition.js';

const read = (text: string, task?: string) =>
  convert(text, { from: 'github', ...(task === undefined ? {} : { task }) });
const job = (fields: string) =>
  read(`on: push\njobs:\n  a: { steps: [] }\n  b: { steps: [] }\n  x: ${fields}`);
const nodeOf = (fields: string) => job(fields).pipeline.tasks.at(-1);
const lossesOf = (fields: string) =>
  job(fields)
    .losses.filter(({ path }) => path.startsWith('jobs.x.') && path !== 'jobs.x.steps')
    .map(({ path, message }) => `${path}: ${message}`);

describe("a job's if", () => {
  it.each([
    ['success()', {}],
    ['always()', { trigger: 'all_done', onCancel: 'run' }],
    ['!cancelled()', { trigger: 'all_done' }],
    ['always() && !cancelled()', { trigger: 'all_done' }],
    [
      'failure() || cancelled()',
      {
        ...{ trigger: 'all_done', onCancel: 'run' },
        when: `${[...'ab'].map((id) => `tasks.${id}.status in ["FAILED", "TIMEOUT", "REJECTED"]`).join(' || ')} || tasks.a.status == "CANCELLED" || tasks.b.status == "CANCELLED"`,
      },
    ],
    ["github.ref == 'x'", { when: 'params.github_ref == "x"' }],
    ["success() && github.ref != 'x'", { when: 'params.github_ref != "x"' }],
    [
      "always() && needs.a.result == 'success'",
      { trigger: 'all_done', when: 'tasks.a.status == "COMPLETED"', onCancel: 'run' },
    ],
    [
      "always() && (needs.a.result == 'skipped' || needs.b.result == 'success')",
      {
        ...{ trigger: 'all_done', onCancel: 'run' },
        when: 'tasks.a.status == "SKIPPED" || tasks.b.status == "COMPLETED"',
      },
    ],
    [
      "needs.a.outputs.full == 'true'",
      { when: 'string(tasks.a.output.?full.orValue("")) == "true"' },
    ],
    [
      "startsWith(github.ref, 'refs/tags/')",
      { when: 'params.github_ref.startsWith("refs/tags/")' },
    ],
    [`contains(fromJSON('["x", "y"]'), github.ref)`, { when: 'params.github_ref in ["x", "y"]' }],
    [
      'github.event.pull_request.draft == false',
      { when: 'params.github_event_pull_request_draft == false' },
    ],
    ['false', { when: 'false' }],
  ])('%s becomes %j', (condition, expected) => {
    const node = nodeOf(`{ needs: [a, b], if: ${JSON.stringify(condition)}, steps: [] }`);
    const { trigger, when, onCancel } = node ?? {};
    expect(JSON.parse(JSON.stringify({ trigger, when, onCancel }))).toEqual(expected);
    if (when !== undefined) expect(() => parseCondition(when)).not.toThrow();
  });

  it('failure() looks at everything before the job once all needs have ended', () => {
    const { pipeline } = read(
      'jobs:\n a: {}\n b: { needs: a }\n c: {}\n x: { needs: [b, c], if: failure() }\n y: { needs: c, if: failure() }',
    );
    expect(pipeline.tasks.slice(-2)).toMatchObject([
      {
        trigger: 'all_done',
        when: ['b', 'c', 'a']
          .map((id) => `tasks.${id}.status in ["FAILED", "TIMEOUT", "REJECTED"]`)
          .join(' || '),
      },
      { trigger: 'one_failed' },
    ]);
  });

  it.each([
    ['hashFiles(github.ref)', 'calls hashFiles(), which has no counterpart; it is left out'],
    ['needs.zzz.result == 1', 'compares needs.zzz.result with what is no text; it is left out'],
    ["runner.os == 'x'", 'reads runner.os, which is known only to GitHub; it is left out'],
    ['a ==', 'cannot be read, got the end; it is left out'],
  ])('%s is a loss', (condition, why) => {
    const text = `{ needs: [a], if: ${JSON.stringify(condition)}, steps: [] }`;
    expect(nodeOf(text)?.when).toBeUndefined();
    expect(lossesOf(text)).toContain(
      `jobs.x.if: the condition ${JSON.stringify(condition)} ${why}`,
    );
  });

  it('a condition that cannot be said, with always(), still waits for failed needs', () => {
    const text = "{ needs: [a], if: always() && runner.os == 'x', steps: [] }";
    expect(nodeOf(text)).toMatchObject({ trigger: 'all_done', onCancel: 'run' });
  });
});

describe('a matrix', () => {
  const ids = (matrix: string) =>
    read(`jobs: { x: { strategy: { matrix: ${matrix} }, steps: [] } }`).pipeline.tasks.map(
      ({ id, input }) => [id, (input as { matrix?: unknown }).matrix],
    );

  it('is the product of its lists, without what exclude names, with what include adds', () => {
    expect(
      ids(
        '{ os: [l, w], v: [1, 2], exclude: [{ os: w, v: 1 }], include: [{ os: l, more: m }, { os: z, v: 9 }] }',
      ),
    ).toEqual([
      ['x-l-1', { os: 'l', v: 1, more: 'm' }],
      ['x-l-2', { os: 'l', v: 2, more: 'm' }],
      ['x-w-2', { os: 'w', v: 2 }],
      ['x-z-9', { os: 'z', v: 9 }],
    ]);
  });

  it('of include alone is named by as few values as tell its jobs apart, of objects by number', () => {
    expect(ids('{ include: [{ a: 1, b: 2 }, { a: 1, b: 3 }] }').map(([id]) => id)).toEqual([
      'x-1-2',
      'x-1-3',
    ]);
    expect(ids('{ a: [{ b: 1 }, { b: 2 }] }').map(([id]) => id)).toEqual(['x-1', 'x-2']);
  });

  it("puts each job's values into its name, runner, time-out and steps", () => {
    const { pipeline } = read(`
jobs:
  x:
    name: Test \${{ matrix.os }}
    runs-on: \${{ matrix.os }}
    timeout-minutes: \${{ matrix.os == 'w' && 30 || 20 }}
    continue-on-error: \${{ matrix.os == 'w' }}
    strategy: { matrix: { os: [l, w] } }
    steps: [{ run: 'echo \${{ matrix.os }} \${{ github.sha }}' }]
  y: { needs: x, steps: [] }`);
    expect(pipeline.tasks).toMatchObject([
      { id: 'x-l', description: 'Test l', timeout: '20m', input: { 'runs-on': 'l' } },
      {
        id: 'x-w',
        description: 'Test w',
        timeout: '30m',
        allowFailure: true,
        input: { steps: [{ run: 'echo w $${{ github.sha }}' }] },
      },
      { id: 'y', dependsOn: ['x-l', 'x-w'] },
    ]);
  });

  it('whose list only a run knows is a map; one that is no list runs once, as a loss', () => {
    const text = (matrix: string) =>
      `jobs: { a: { steps: [] }, x: { needs: a, strategy: { matrix: ${matrix} }, steps: [] } }`;
    const { pipeline } = read(text("{ v: '${{ fromJSON(needs.a.outputs.list) }}' }"));
    expect(pipeline.tasks[1]).toMatchObject({
      map: { over: 'tasks.a.output.?list.orValue([])' },
      input: { matrix: { v: '${{ item }}' } },
    });
    const whole = read(text("'${{ fromJSON(needs.a.outputs.all) }}'"));
    expect(whole.pipeline.tasks[1]?.map).toBeUndefined();
    expect(whole.losses.map(({ path }) => path)).toContain('jobs.x.strategy.matrix');
  });

  it.each([
    ['{ v: "${{ fromJSON(needs.a.outputs.list) }}" }', 'v', { v: '${{ item }}' }],
    ['{ include: "${{ fromJSON(needs.a.outputs.list) }}" }', '', '${{ item }}'],
  ])('known to a run alone, %s, is put in wherever a step reads it', (matrix, key, given) => {
    const [at, in_] = key === '' ? ['matrix.os', 'item.?os.orValue("")'] : ['matrix.v', 'item'];
    const { pipeline } = read(
      `jobs:
  a: { steps: [] }
  x:
    needs: a
    strategy: { matrix: ${matrix} }
    steps:
      - run: 'on \${{ ${at} }} of \${{ github.sha }}'
      - run: '\${{ ${at}.name }}'
      - run: "\${{ ${at} == 'x' }}"`,
    );
    const name = key === '' ? 'item.?os.?name.orValue("")' : 'item.?name.orValue("")';
    expect(pipeline.tasks[1]).toMatchObject({
      map: { over: 'tasks.a.output.?list.orValue([])' },
      input: {
        matrix: given,
        steps: [
          { run: `on \${{ ${in_} }} of $\${{ github.sha }}` },
          { run: `\${{ ${name} }}` },
          { run: `$\${{ ${at} == 'x' }}` },
        ],
      },
    });
  });

  it('that nobody knows leaves what reads it as it is', () => {
    const { pipeline } = read(
      `jobs: { x: { strategy: { matrix: '\${{ fromJSON(vars.all) }}' }, steps: [{ run: 'echo \${{ matrix.os }}' }] } }`,
    );
    expect(pipeline.tasks[0]?.input).toEqual({ steps: [{ run: 'echo $${{ matrix.os }}' }] });
  });
});

describe('a workflow', () => {
  it('gives its inputs as parameters, typed and with their defaults', () => {
    const { pipeline } = read(`
on:
  workflow_dispatch:
    inputs:
      who: { required: true, description: Who }
      deep: { type: boolean }
      level: { type: choice, options: [a, b] }
jobs: { x: { if: "inputs.who == 'me' && inputs.deep", steps: [] } }`);
    expect(pipeline.params).toEqual({
      who: { type: 'string', description: 'Who' },
      deep: { type: 'boolean', default: false },
      level: { type: 'string', enum: ['a', 'b'], default: 'a' },
    });
    expect(pipeline.tasks[0]?.when).toBe(
      'params.who == "me" && !(params.deep in ["", "false", false, 0, null])',
    );
  });

  it('gives a concurrency group of a job as a limit of one', () => {
    expect(nodeOf('{ concurrency: deploy, steps: [] }')?.limit).toEqual({ key: 'deploy', max: 1 });
    expect(nodeOf("{ concurrency: { group: 'd-${{ github.ref }}' }, steps: [] }")?.limit).toEqual({
      key: 'd-${{ params.github_ref }}',
      max: 1,
    });
  });

  it('names the events, schedules and parts that it cannot keep', () => {
    const { losses } = read(`
on: { push: { branches: [main] }, schedule: [{ cron: '0 3 * * *' }] }
unheard-of: 1
jobs: { x: { container: node, services: { db: { image: pg } }, environment: prod, steps: [{ run: x }], odd: { a: 1 } } }`);
    expect(losses.map(({ path, feature }) => `${path} ${feature}`)).toEqual([
      'on.push push',
      'on.schedule[0] schedule',
      'unheard-of unheard-of',
      'jobs.x.container container',
      'jobs.x.services services',
      'jobs.x.environment environment',
      'jobs.x.steps steps',
      'jobs.x.odd odd',
    ]);
    expect(losses[1]?.message).toContain('tempograph schedule create --cron "0 3 * * *"');
  });

  it('runs the task that is named, with everything a job does as input', () => {
    const { pipeline, losses } = read('jobs: { x: { env: { A: 1 }, steps: [{ run: y }] } }', 'gha');
    expect(pipeline.tasks[0]).toMatchObject({
      task: 'gha',
      input: { env: { A: 1 }, steps: [{ run: 'y' }] },
    });
    expect(losses[0]?.message).toContain('for the task gha to do');
  });
});
