/** Pipelines over HTTP: what there is to run by name, and what a run would be like. */
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TaskEngine } from '../../src/client.js';
import { WORKFLOW } from '../../src/workflows/messages.js';
import { startHarness, type Harness } from '../support/engine.js';
import { startHttp, type HttpScene } from '../support/http.js';

const NIGHTLY = `name: nightly
description: Loads what the shop sold.
params:
  rows: { type: integer, minimum: 1, maximum: 50, default: 10, description: how many }
  day: { type: string, format: date }
tasks:
  - { id: load, task: echo, input: '\${{ params.rows }}' }
  - { id: tell, task: echo, dependsOn: [load], input: '\${{ params.day }}' }
`;

let harness: Harness;
let engine: TaskEngine;
let http: HttpScene;
beforeAll(async () => {
  const templatesDir = mkdtempSync(join(tmpdir(), 'tempograph-http-templates-'));
  mkdirSync(join(templatesDir, 'shop'));
  writeFileSync(join(templatesDir, 'shop', 'nightly.yaml'), NIGHTLY);
  writeFileSync(join(templatesDir, 'broken.yaml'), 'name: broken\ntasks: 5\n');
  harness = await startHarness();
  const { address, taskQueue, dataDir } = harness;
  engine = await TaskEngine.connect({ address, taskQueue, dataDir, templatesDir });
  http = await startHttp(harness, { engine });
});
afterAll(async () => {
  await http.stop();
  await engine.shutdown();
  await harness.stop();
});

const NAME = 'shop/nightly';
const pathsOf = (json: Record<string, unknown>, key = 'faults'): string[] =>
  (json[key] as { path: string }[]).map(({ path }) => path);

describe('a pipeline of the server', () => {
  it('is told with the schema of each parameter and its graph, also where a folder is part of its name', async () => {
    const { status, json } = await http.call('GET', `/pipelines/${encodeURIComponent(NAME)}/graph`);
    expect(status).toBe(200);
    expect(json).toMatchObject({
      ...{ name: NAME, builtIn: false, description: 'Loads what the shop sold.' },
      params: {
        rows: { type: 'integer', minimum: 1, maximum: 50, default: 10, description: 'how many' },
        day: { type: 'string', format: 'date' },
      },
      graph: { name: 'nightly', tasks: [{ id: 'load' }, { id: 'tell', dependsOn: ['load'] }] },
    });
    expect(json).not.toHaveProperty('file');
    const { json: list } = await http.call('GET', '/pipelines');
    const found = (list['pipelines'] as { name: string }[]).find(({ name }) => name === NAME);
    expect(found).toMatchObject({ params: json['params'] });
    expect(found).not.toHaveProperty('graph');
  });

  it('is told with what is wrong with it, and is not found where there is none', async () => {
    const { status, json } = await http.call('GET', '/pipelines/broken/graph');
    expect([status, pathsOf(json), 'graph' in json]).toEqual([200, ['tasks'], false]);
    expect(await http.call('GET', '/pipelines/nope/graph')).toMatchObject({
      ...{ status: 404, json: { code: 'NOT_FOUND' } },
    });
    expect((await http.call('GET', '/pipelines/..%2Fsecret/graph')).status).toBe(404);
  });

  it('is planned by its name, and nothing has started', async () => {
    const body = { pipeline: NAME, params: { day: '2027-01-31' }, durations: { load: '5s' } };
    const { status, json } = await http.call('POST', '/pipelines/plan', body);
    expect([status, json['order'], json['makespanMs']]).toEqual([200, ['load', 'tell'], 6_022]);
    const query = `TaskQueue = "${harness.taskQueue}" AND WorkflowType = "${WORKFLOW.graph}"`;
    const { count } = await harness.client.workflow.count(query);
    expect(count).toBe(0);
  });

  it('is planned with attempts that fail and nodes that end otherwise, and a slip is told', async () => {
    const node = { task: 'noop', retry: { delays: ['10s'] } };
    const tasks = [
      { id: 'load', ...node },
      { id: 'sum', ...node, dependsOn: ['load'] },
      { id: 'tell', ...node, dependsOn: ['sum'] },
    ];
    const graph = { name: 'assumed', onFailure: 'continue', tasks };
    const plan = (assumed: object) =>
      http.call<{ nodes: object; makespanMs: number }>('POST', '/pipelines/plan', {
        ...{
          graph,
          durations: { load: 0, sum: 0, tell: 0 },
          overhead: { stepMs: 0, perNodeMs: 0 },
        },
        ...assumed,
      });
    expect((await plan({})).json.makespanMs).toBe(0);
    const { status, json } = await plan({ failures: { load: 1 }, outcomes: { sum: 'FAILED' } });
    // The retry of each: what fails has spent its attempts.
    expect([status, json.makespanMs]).toEqual([200, 20_000]);
    expect(json.nodes).toMatchObject({ sum: { status: 'FAILED' }, tell: { status: 'SKIPPED' } });
    expect(await plan({ failures: { lod: 1 } })).toMatchObject({
      ...{
        status: 422,
        json: { faults: [{ path: 'failures.lod', hint: 'did you mean "load"?' }] },
      },
    });
  });

  it.each(['plan', 'validate'])(
    'has its parameters refused by %s, each at its place',
    async (verb) => {
      const body = { pipeline: NAME, params: { rows: 0, dey: 1 } };
      const { status, json } = await http.call('POST', `/pipelines/${verb}`, body);
      const paths = verb === 'plan' ? pathsOf(json) : pathsOf(json, 'issues');
      expect(status).toBe(verb === 'plan' ? 422 : 200);
      expect(paths.sort()).toEqual(['params.day', 'params.dey', 'params.rows']);
    },
  );

  it('is not planned where nobody has it, or where two things are said', async () => {
    const plan = (body: object) => http.call('POST', '/pipelines/plan', body);
    expect((await plan({ pipeline: 'nope' })).status).toBe(404);
    expect((await plan({ pipeline: 'broken' })).json).toMatchObject({ code: 'SPEC_INVALID' });
    for (const body of [{}, { pipeline: NAME, yaml: NIGHTLY }])
      expect((await plan(body)).json['detail']).toMatch(/exactly one of/);
  });

  it('is scheduled by its name: what it is then is what runs, whatever becomes of the file', async () => {
    const id = harness.taskQueue;
    const when = { cron: '0 2 1 1 *', paused: true };
    const params = { day: '2027-01-31' };
    try {
      const made = await http.call('POST', '/schedules', { id, pipeline: NAME, params, ...when });
      expect(made).toMatchObject({
        status: 201,
        json: {
          kind: 'graph',
          taskId: 'nightly',
          spec: { tasks: [{ id: 'load' }, { id: 'tell' }] },
        },
      });
      const changed = { pipeline: 'notify', params: { day: 1 } };
      const refused = await http.call('PATCH', `/schedules/${id}`, changed);
      expect([refused.status, pathsOf(refused.json)]).toEqual([
        422,
        expect.arrayContaining(['params.day']),
      ]);
      const { json } = await http.call('POST', `/schedules/${id}/trigger`, {});
      const result = await engine.handle(json['executionId'] as string).result();
      expect(result.status).toBe('COMPLETED');
    } finally {
      await engine.schedules.delete(id);
    }
  });

  it('is not scheduled beside a text, with parameters that do not fit, or under a name that nobody has', async () => {
    const schedule = (body: object) =>
      http.call('POST', '/schedules', { id: `${harness.taskQueue}-x`, cron: '@daily', ...body });
    const both = await schedule({ pipeline: NAME, yaml: NIGHTLY });
    expect([both.status, both.json['detail']]).toEqual([
      422,
      expect.stringContaining('pipeline and yaml'),
    ]);
    expect(pathsOf((await schedule({ pipeline: NAME })).json)).toEqual(['params.day']);
    expect((await schedule({ pipeline: 'nope' })).status).toBe(404);
  });
});

describe('a large pipeline that is sent', () => {
  const yaml = `name: x\ntasks:\n${'  - { id: a, tsk: echo }\n'.repeat(20)}`;

  it('is read in a thread, and its faults are told with their lines, as those of a small one are', async () => {
    const large = await startHttp(harness, { engine, reading: { threadOver: 10 } });
    const [there, here] = await Promise.all(
      [large, http].map((one) => one.call('POST', '/pipelines/validate', { yaml })),
    );
    expect(there?.json).toEqual(here?.json);
    expect(there?.json).toMatchObject({ valid: false });
    expect((there?.json['issues'] as unknown[])[0]).toMatchObject({
      ...{ path: 'tasks[0].tsk', line: 3, column: 14 },
    });
    const submitted = await large.call('POST', '/executions', { yaml });
    expect([submitted.status, submitted.json['faults']]).toEqual([422, there?.json['issues']]);
    await large.stop();
  });

  it('is refused where it takes longer to read than the limit, with what to do', async () => {
    const short = await startHttp(harness, { engine, reading: { threadOver: 10, limitMs: 1 } });
    const hint = expect.stringMatching(/^send it as JSON/) as string;
    const fault = { path: '(root)', code: 'TOO_LARGE', hint };
    for (const path of ['/executions', '/pipelines/plan'])
      expect(await short.call('POST', path, { yaml })).toMatchObject({
        ...{ status: 422, json: { code: 'SPEC_INVALID', faults: [fault] } },
      });
    expect((await short.call('POST', '/pipelines/validate', { yaml })).json).toMatchObject({
      ...{ valid: false, issues: [fault] },
    });
    await short.stop();
  });
});
