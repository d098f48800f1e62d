/** One scenario three ways: commands against Temporal, the same commands through a server, and plain HTTP. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildCli, documentOf, envOf, runCli, type CliResult } from '../support/cli.js';
import { startHarness, type Harness } from '../support/engine.js';
import { readStream, startHttp, type HttpScene } from '../support/http.js';

type Json = Record<string, unknown>;

const PIPELINE = `
name: scenario
params:
  rows: { type: integer }
onFailure: continue
tasks:
  - id: extract
    task: echo
    input: '\${{ params.rows }}'
  - id: broken
    task: fail
    input: { message: no disk }
    retry: NONE
  - id: load
    task: echo
    dependsOn: [extract]
    input: { rows: '\${{ tasks.extract.output }}' }
`;
const REFUSED = 'name: refused\ntasks:\n  - id: a\n    task: ecko\n    dependsOn: [b]\n';

describe('the command line', () => {
  let harness: Harness;
  let http: HttpScene;
  let file: string;
  let refused: string;
  let direct: Record<string, string>;
  let remote: Record<string, string>;
  const id = `scenario-${process.pid}-${Date.now()}`;

  beforeAll(async () => {
    await buildCli();
    harness = await startHarness();
    http = await startHttp(harness);
    const folder = mkdtempSync(join(tmpdir(), 'tempograph-three-'));
    file = join(folder, 'scenario.yaml');
    refused = join(folder, 'refused.yaml');
    writeFileSync(file, PIPELINE);
    writeFileSync(refused, REFUSED);
    direct = envOf(harness);
    // Nothing but the server's address: no Temporal is there.
    remote = { TEMPORAL_ADDRESS: '127.0.0.1:1', TEMPOGRAPH_SERVER: http.url };
    const { executionId } = await harness.engine.scheduleTaskGraph(
      {
        name: 'read',
        tasks: [
          { id: 'one', task: 'echo', input: 1 },
          { id: 'two', task: 'echo', dependsOn: ['one'] },
        ],
      },
      {
        ...{ executionId: id, project: `project-${id}`, tags: ['three'] },
        metadata: { scene: id, tries: 3 },
      },
    );
    await harness.engine.handle(executionId).result();
    for await (const _ of harness.engine.events({ executionId })) continue;
  });
  afterAll(async () => {
    await http.stop();
    await harness.stop();
  });

  const both = async (args: readonly string[]): Promise<[CliResult, CliResult]> => [
    await runCli(args, { env: direct }),
    await runCli(args, { env: remote }),
  ];
  const get = async (path: string): Promise<Json> => (await http.call('GET', path)).json;

  it('runs a pipeline to the same result against Temporal, through the server and over plain HTTP', async () => {
    const args = ['run', file, '-p', 'rows=3', '--project', 'three', '--json', '--id'];
    const first = await runCli([...args, `${id}-direct`], { env: direct });
    const second = await runCli([...args, `${id}-remote`], { env: remote });
    const { json } = await http.call('POST', '/executions', {
      ...{ yaml: PIPELINE, params: { rows: 3 }, project: 'three', executionId: `${id}-plain` },
    });
    expect(json['executionId']).toBe(`${id}-plain`);
    await harness.engine.handle(`${id}-plain`).result();
    const third = await get(`/executions/${id}-plain/result`);

    expect(first.code).toBe(1);
    expect(second.code).toBe(1);
    const result = normal(documentOf(first));
    expect(result).toMatchObject({ status: 'FAILED', nodes: { load: { status: 'COMPLETED' } } });
    expect(normal(documentOf(second))).toEqual(result);
    expect(normal(third)).toEqual(result);
  });

  it.each<[string, (id: string) => string[], (id: string) => string]>([
    ['explain', (one) => ['explain', one], (one) => `/executions/${one}/explain`],
    ['report', (one) => ['report', one], (one) => `/executions/${one}/report`],
    ['a node', (one) => ['report', `${one}/two`], (one) => `/executions/${one}%2Ftwo/report`],
    [
      'list',
      (one) => ['list', '--project', `project-${one}`, '--tag', 'three'],
      (one) => `/executions?project=project-${one}&tag=three&limit=20`,
    ],
    [
      'list by metadata',
      (one) => ['list', '--metadata', `scene=${one}`, '--metadata', 'tries=3'],
      (one) =>
        `/executions?metadata=${encodeURIComponent(JSON.stringify({ scene: one, tries: 3 }))}&limit=20`,
    ],
    [
      'stats',
      (one) => ['stats', '--by', 'task', '--project', `project-${one}`],
      (one) => `/stats?by=task&project=project-${one}`,
    ],
    [
      'stats in order',
      (one) =>
        ['stats', '--nodes', '--by', 'task', '--order', 'run', '-n', '1'].concat([
          ...['--project', `project-${one}`],
        ]),
      (one) => `/stats?kind=node&by=task&order=run&limit=1&project=project-${one}`,
    ],
    [
      'stats of nodes',
      (one) => ['stats', '--nodes', '--project', `project-${one}`],
      (one) => `/stats?kind=node&project=project-${one}`,
    ],
  ])('tells %s in the same JSON three ways', async (_name, command, path) => {
    const [first, second] = await both([...command(id), '--json']);
    expect(first.code).toBe(0);
    const document = timeless(documentOf(first));
    expect(timeless(documentOf(second))).toEqual(document);
    expect(second.code).toBe(0);
    expect(timeless(await get(path(id)))).toEqual(document);
  });

  it('cancels with a reason that stands in the status history, against Temporal and through the server', async () => {
    for (const [env, by] of [
      [direct, ['--by', 'ada']],
      [remote, []],
    ] as const) {
      const graph = { name: 'waits', tasks: [{ id: 'ask', approval: { message: 'Go?' } }] };
      const handle = await harness.engine.scheduleTaskGraph(graph);
      const args = ['cancel', handle.executionId, '--reason', 'wrong date', ...by];
      expect(await runCli(args, { env })).toMatchObject({ code: 0 });
      const last = (await handle.result()).statusHistory.at(-1);
      expect(last).toMatchObject({ status: 'CANCELLED', note: 'wrong date' });
      expect(last?.by).toBe(by.length > 0 ? 'ada' : 'open');
    }
  });

  it('tells an execution in the same JSON three ways', async () => {
    const [first, second] = await both(['status', id, '--json']);
    expect(second).toEqual(first);
    const { nodes, ...record } = documentOf(first);
    expect(Object.keys(nodes as Json)).toEqual(['one', 'two']);
    expect(await get(`/executions/${id}`)).toEqual(record);
  });

  it('tells what happened in the same JSON three ways', async () => {
    const [first, second] = await both(['events', id, '--json']);
    expect(first.stdout.trim().split('\n').length).toBeGreaterThan(5);
    expect(second).toEqual(first);
    const messages = await readStream(`${http.url}/api/v1/executions/${id}/events`);
    expect(messages.map(({ data }) => JSON.stringify(data))).toEqual(
      first.stdout.trim().split('\n'),
    );
  });

  it('makes the same plan three ways', async () => {
    const [first, second] = await both([
      'plan',
      file,
      '-p',
      'rows=3',
      '--duration',
      'load=5m',
      '--json',
    ]);
    expect(first.code).toBe(0);
    expect(normal(documentOf(second))).toEqual(normal(documentOf(first)));
    const { json } = await http.call('POST', '/pipelines/plan', {
      ...{ yaml: PIPELINE, params: { rows: 3 }, durations: { load: 300_000 } },
    });
    expect(normal(json)).toEqual(normal(documentOf(first)));
  });

  it('plans what handlers take and nothing else three ways', async () => {
    const args = ['--no-overhead', '--duration', 'load=5s', '--duration', 'extract=1s', '--json'];
    const plans = await both(['plan', file, '-p', 'rows=3', ...args]);
    const overhead = { stepMs: 0, perNodeMs: 0 };
    const { json } = await http.call('POST', '/pipelines/plan', {
      ...{ yaml: PIPELINE, params: { rows: 3 }, durations: { load: '5s', extract: '1s' } },
      overhead,
    });
    for (const plan of [...plans.map((one) => documentOf(one)), json])
      expect(plan).toMatchObject({ makespanMs: 6_000, overhead });
  });

  it.each<[string, (id: string) => string[], number]>([
    ['what does not exist', () => ['status', 'never-there'], 2],
    ['a cancel of what has ended', (one) => ['cancel', one], 1],
    ['a cancel of what does not exist', () => ['cancel', 'never-there'], 2],
    ['a verb on what is no node', (one) => ['node', 'retry', one, '--reason', 'x'], 1],
    ['a rerun of what does not exist', () => ['rerun', 'never-there', '--detach'], 2],
    ['a verb on what has ended', (one) => ['node', 'skip', `${one}/two`, '--reason', 'x'], 1],
    [
      'a verb on a node that there is not',
      (one) => ['node', 'skip', `${one}/nobody`, '--reason', 'x'],
      2,
    ],
    ['a list by a cursor that is none', () => ['list', '--cursor', 'x'], 2],
    ['what a rerun would do', (one) => ['rerun', one, '--dry-run', '--from', 'two'], 0],
  ])('says the same of %s, with the same exit code', async (_name, command, code) => {
    const [first, second] = await both(command(id));
    expect(first.code).toBe(code);
    expect(second).toEqual(first);
  });

  it.each([['run'], ['validate'], ['plan']])(
    'refuses a faulty pipeline with the same words (%s)',
    async (command) => {
      const [first, second] = await both([command, refused]);
      expect(first.code).toBe(2);
      expect(`${first.stdout}${first.stderr}`).toContain('dependsOn');
      expect(second).toEqual(first);
    },
  );

  it('refuses a number that JSON does not have, though a worker would get null for it', async () => {
    const odd = 'name: x\ntasks:\n  - { id: a, task: echo, input: { rate: .nan } }\n';
    const results = await Promise.all(
      [direct, remote].map((env) => runCli(['validate', '-'], { env, input: odd })),
    );
    for (const { code, stdout } of results) {
      expect(code).toBe(2);
      expect(stdout).toContain('tasks[0].input.rate: NaN is not JSON');
    }
  });

  it('finds by the workers of the server what only they know', async () => {
    const unknown = 'name: x\ntasks:\n  - { id: a, task: ecko }\n';
    const results = await Promise.all(
      [direct, remote].map((env) => runCli(['validate', '-'], { env, input: unknown })),
    );
    expect(results[0]?.code).toBe(2);
    expect(results[0]?.stdout).toContain('did you mean "echo"?');
    expect(results[1]).toEqual(results[0]);
  });

  it('shows the same lines of an execution that has ended to whoever watches', async () => {
    const [first, second] = await both(['watch', id, '--json']);
    expect(first.code).toBe(0);
    const last = (result: CliResult): Json =>
      JSON.parse(result.stdout.trim().split('\n').at(-1) ?? '') as Json;
    expect(last(second)).toEqual(last(first));
  });

  it('runs a template of the server by its name, with typed parameters', async () => {
    const result = await runCli(['run', 'echo', '-i', '{"a":1}', '--json'], { env: remote });
    expect(documentOf(result)).toMatchObject({ status: 'COMPLETED', output: { a: 1 } });
    const refusedParam = await both(['run', 'wait-for-url', '-p', 'url=1', '-p', 'nope=2']);
    expect(refusedParam[0].code).toBe(2);
    expect(refusedParam[1].code).toBe(2);
    expect(refusedParam[1].stderr).toContain('nope');
  });

  it('plans and schedules a template of the server by its name', async () => {
    const named = ['wait-for-url', '-p', 'url=http://127.0.0.1:9/'];
    const [first, second] = await both(['plan', ...named, '--json']);
    expect([first.code, second.code]).toEqual([0, 0]);
    expect(documentOf(second)).toMatchObject({ name: 'wait-for-url' });
    expect(normal(documentOf(second))).toEqual(normal(documentOf(first)));
    const refusedParam = await both(['plan', 'wait-for-url', '-p', 'nope=2']);
    expect(refusedParam[1].code).toBe(2);
    expect(refusedParam[1].stderr).toContain('nope');

    const schedule = `${id}-named`;
    const args = ['schedule', 'create', schedule, ...named, '--cron', '0 0 1 1 *', '--paused'];
    const created = await runCli([...args, '--json'], { env: remote });
    try {
      expect(documentOf(created)).toMatchObject({
        ...{ kind: 'graph', taskId: 'wait-for-url' },
        submission: { params: { url: 'http://127.0.0.1:9/' } },
      });
    } finally {
      await harness.engine.schedules.delete(schedule);
    }
  });
});

/** Without when it was asked: of an explanation and of a report. */
function timeless({ at: _at, createdAt: _createdAt, ...rest }: Json): Json {
  return rest;
}

/** Without what another run of the same has otherwise: ids, times, durations. */
function normal(value: unknown): unknown {
  const text = JSON.stringify(value, (key, inner: unknown) => {
    if (/(Ms|At)$/.test(key) && inner !== null) return '<time>';
    if (/^(workflowId|runId|executionId|identity|at|idempotencyKey|inputHash|workerId)$/.test(key))
      return '<id>';
    return inner;
  });
  return JSON.parse(text.replace(/scenario-\d+-\d+-(?:direct|remote|plain)/g, '<id>'));
}
