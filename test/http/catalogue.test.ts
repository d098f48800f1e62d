/** The catalogue and batches over HTTP, also with keys that are bound to projects. */
import type { Change } from '../../src/http/services.js';
import { startHarness, type Harness } from '../support/engine.js';
import { callers, startHttp, type Answered, type HttpScene } from '../support/http.js';

let harness: Harness;
let http: HttpScene;
const changes: (Change & { who: string })[] = [];
beforeAll(async () => {
  harness = await startHarness();
  http = await startHttp(harness, {
    authenticate: callers({ all: null, ours: ['ours'], both: ['ours', 'theirs'], none: ['none'] }),
    audit: async (who, change) => void changes.push({ who, ...change }),
  });
});
afterAll(async () => {
  await http.stop();
  await harness.stop();
});

const as = async (
  token: string,
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answered> =>
  http.call(method, path, body, { authorization: `Bearer ${token}`, ...headers });
const made = async (token: string, path: string, body: object): Promise<string> => {
  const { status, json } = await as(token, 'POST', path, body);
  if (status !== 201) throw new Error(JSON.stringify(json));
  return json['id'] as string;
};
const names = ({ json }: Answered): unknown =>
  (json['items'] as { name: string }[]).map(({ name }) => name);

describe('the catalogue', () => {
  let ours: string;
  let theirs: string;
  let task: string;
  beforeAll(async () => {
    ours = await made('ours', '/projects', { name: 'ours', description: 'of a shop' });
    theirs = await made('all', '/projects', { name: 'theirs' });
    const run = { task: 'echo', input: 'hello' };
    task = await made('ours', '/tasks', { projectId: ours, name: 'greet', run });
    await made('all', '/tasks', { projectId: theirs, name: 'hidden' });
  });

  it('is listed by whoever may see it, and by nobody else', async () => {
    expect(names(await as('all', 'GET', '/projects'))).toEqual(['ours', 'theirs']);
    expect(names(await as('ours', 'GET', '/projects'))).toEqual(['ours']);
    expect(names(await as('both', 'GET', '/projects?text=shop'))).toEqual(['ours']);
    expect(names(await as('ours', 'GET', '/tasks'))).toEqual(['greet']);
    expect(names(await as('none', 'GET', '/tasks'))).toEqual([]);
    expect(names(await as('both', 'GET', `/tasks?projectId=${theirs}`))).toEqual(['hidden']);
    expect((await as('both', 'GET', '/tasks')).status).toBe(403);
    expect((await as('ours', 'GET', `/tasks?projectId=${theirs}`)).status).toBe(404);
  });

  it('takes no task into a project of others, nor their name for a project', async () => {
    const foreign = { projectId: theirs, name: 'x' };
    expect((await as('ours', 'POST', '/tasks', foreign)).status).toBe(404);
    expect((await as('ours', 'POST', '/projects', { name: 'another' })).status).toBe(403);
    expect((await as('ours', 'PATCH', `/projects/${ours}`, { name: 'theirs' })).status).toBe(403);
    const defaults = { project: 'theirs' };
    const moved = { projectId: ours, name: 'moved', defaults };
    expect((await as('ours', 'POST', '/tasks', moved)).status).toBe(403);
    expect((await as('ours', 'PATCH', `/tasks/${task}`, { defaults })).status).toBe(403);
  });

  it('keeps the versions of a task, and refuses a change of another version', async () => {
    const change = { priority: 'HIGH', expectedVersion: 1, reason: 'urgent' };
    expect((await as('ours', 'PATCH', `/tasks/${task}`, change)).json).toMatchObject({
      ...{ version: 2, priority: 'HIGH', run: { task: 'echo' } },
    });
    const again = await as('ours', 'PATCH', `/tasks/${task}`, change);
    expect([again.status, again.json['code']]).toEqual([409, 'STATE']);
    const { json } = await as('ours', 'GET', `/tasks/${task}/versions`);
    expect(json['versions']).toMatchObject([{ version: 2 }, { version: 1, priority: null }]);
    expect((await as('ours', 'GET', `/tasks/${task}?version=1`)).json).toMatchObject({
      ...{ version: 1, lastExecution: null },
    });
    expect(changes).toContainEqual({
      ...{ who: 'key:ours', what: 'task.update', target: task, reason: 'urgent' },
      details: { version: 2, fields: ['priority', 'expectedVersion'] },
    });
  });

  it('has its tasks run by id, archived and deleted', async () => {
    const { json } = await as('ours', 'POST', '/executions', { taskId: task });
    const executionId = json['executionId'] as string;
    expect(await harness.engine.handle(executionId).result()).toMatchObject({
      output: expect.anything() as unknown,
    });
    const runs = async (token: string, of: string) =>
      (await as(token, 'GET', `/executions?catalogueTaskId=${of}`)).json['executions'];
    expect(await runs('ours', task)).toMatchObject([{ executionId, catalogueTaskId: task }]);
    expect(await runs('none', task)).toEqual([]);
    expect(await runs('ours', 'another')).toEqual([]);
    const archive = `/tasks/${task}/archive`;
    expect((await as('ours', 'POST', archive)).json).toMatchObject({ archived: true });
    expect((await as('ours', 'POST', '/executions', { taskId: task })).status).toBe(409);
    expect((await as('ours', 'POST', archive, { archived: false })).json).toMatchObject({
      archived: false,
    });
    expect((await as('ours', 'DELETE', `/projects/${ours}`)).status).toBe(409);
    const other = await made('ours', '/tasks', { projectId: ours, name: 'other' });
    expect((await as('ours', 'DELETE', `/tasks/${other}?reason=unused`)).json).toEqual({
      ...{ id: other, deleted: true },
    });
    expect((await as('ours', 'GET', `/tasks/${other}`)).status).toBe(404);
  });

  it('has programs as tasks, refused where they are none; a submission names one by workflowType', async () => {
    const container = { image: 'alpine:3.20', command: ['date'] };
    const boxed = { projectId: ours, name: 'boxed', run: { container, input: { n: 1 } } };
    const id = await made('ours', '/tasks', boxed);
    expect((await as('ours', 'GET', `/tasks/${id}`)).json['run']).toEqual(boxed.run);
    const wrong = { ...boxed, name: 'wrong', run: { container: { image: '--x' } } };
    expect(await as('ours', 'POST', '/tasks', wrong)).toMatchObject({
      ...{ status: 422, json: { faults: [{ path: 'run.container.image' }] } },
    });
    const open = await made('ours', '/tasks', { projectId: ours, name: 'open' });
    const submit = async (body: object): Promise<Answered> =>
      await as('ours', 'POST', '/executions', body);
    const started = async (body: object): Promise<object | undefined> => {
      const executionId = (await submit(body)).json['executionId'] as string;
      const { graph } = await harness.engine.graphOf(executionId);
      await harness.engine.cancelExecution(executionId);
      return graph.tasks[0];
    };
    expect(await started({ taskId: id })).toMatchObject({ container, input: { n: 1 } });
    const workflowType = 'containerized_workflow';
    const input = { container_image: 'alpine:3.20', command: ['date'], n: 2 };
    const ran = { container, input: { n: 2 } };
    expect(await started({ taskId: open, workflowType, input })).toMatchObject(ran);
    expect(await started({ task: 'report', workflowType, input })).toMatchObject(ran);
    expect(await started({ taskId: open, container })).toMatchObject({ container });
    const graph = { graph: { a: [] }, workflowType, inputs: { a: input } };
    expect(await started(graph)).toMatchObject({ id: 'a', ...ran });
    expect(await submit({ taskId: open })).toMatchObject({
      ...{ status: 422, json: { code: 'SPEC_INVALID', faults: [{ code: 'MISSING' }] } },
    });
    expect(await submit({ task: 'report', workflowType })).toMatchObject({
      ...{ status: 422, json: { faults: [{ path: 'input' }] } },
    });
    const unknown = await submit({ task: 'report', workflowType: 'lambda', input });
    expect(unknown.status).toBe(422);
    expect(JSON.stringify(unknown.json)).toContain('containerized_workflow');
    const { json: document } = await as('all', 'GET', '/openapi.json');
    expect(document).toMatchObject({
      components: {
        schemas: {
          SubmissionInput: { properties: { workflowType: { enum: [workflowType, 'container'] } } },
        },
      },
    });
  });

  it('shows of an execution in another project nothing to whoever is bound', async () => {
    const id = await made('ours', '/tasks', {
      projectId: ours,
      name: 'lent',
      run: { task: 'noop' },
    });
    const body = { taskId: id, project: 'elsewhere' };
    const { json } = await as('all', 'POST', '/executions', body);
    await harness.engine.handle(json['executionId'] as string).result();
    const last = async (token: string) =>
      (await as(token, 'GET', `/tasks/${id}`)).json['lastExecution'];
    expect(await last('all')).toMatchObject({ project: 'elsewhere' });
    expect(await last('ours')).toBeNull();
  });
});

describe('a batch', () => {
  it('has an entry for each item, and gives the same for the same Idempotency-Key', async () => {
    const body = {
      items: [
        { task: 'echo', input: 1 },
        { task: 'noop', priority: 'NOW' },
      ],
    };
    const key = { 'idempotency-key': `batch-${harness.taskQueue}` };
    const first = await as('ours', 'POST', '/batches', body, key);
    expect(first).toMatchObject({
      status: 200,
      json: { successful: [{ index: 0, taskId: 'echo' }], failed: [{ index: 1 }] },
    });
    const [{ executionId }] = first.json['successful'] as [{ executionId: string }];
    expect((await as('ours', 'POST', '/batches', body, key)).json['successful']).toEqual(
      first.json['successful'],
    );
    const [batch = ''] = executionId.split('/');
    await harness.engine.handle(batch).result();
    expect(await harness.engine.getExecution(batch)).toMatchObject({ project: 'ours' });
    const elsewhere = await as('none', 'POST', '/batches', body, key);
    expect(elsewhere.json['successful']).not.toEqual(first.json['successful']);
  });

  it('has an entry also for what is no item, and starts the others', async () => {
    const items = [{ task: 'echo' }, null, 5, 'echo', { task: 5 }, { task: 'echo', tags: 5 }];
    const { status, json } = await as('ours', 'POST', '/batches', { items });
    expect(status).toBe(200);
    expect(json).toMatchObject({
      successful: [{ index: 0, taskId: 'echo' }],
      failed: [1, 2, 3, 4, 5].map((index) => ({ index, error: { code: 'SPEC_INVALID' } })),
    });
  });

  it('of many tasks by name takes one input, and no list or two of them is refused', async () => {
    const body = { taskIds: ['echo', 'noop'], input: 'x' };
    const { json } = await as('ours', 'POST', '/batches', body);
    expect(json).toMatchObject({ successful: [{ taskId: 'echo' }, { taskId: 'noop' }] });
    const none = await as('ours', 'POST', '/batches', {});
    expect(none.status).toBe(422);
    expect(none.json['detail']).toContain('expected "items" or "taskIds"');
  });

  it('takes a workflowType, of one item or of all', async () => {
    const input = { container_image: 'alpine:3.20' };
    const workflowType = 'container';
    const items = [
      { task: 'report', workflowType, input },
      { task: 'report', workflowType },
    ];
    const one = (await as('ours', 'POST', '/batches', { items })).json;
    expect(one).toMatchObject({
      successful: [{ index: 0, taskId: 'report' }],
      failed: [{ index: 1, error: { details: [{ path: 'input' }] } }],
    });
    const body = { taskIds: ['a', 'b'], workflowType, input };
    const all = (await as('ours', 'POST', '/batches', body)).json;
    const ids = [one, all].flatMap(({ successful }) => successful as { executionId: string }[]);
    expect(ids).toHaveLength(3);
    for (const { executionId } of ids) {
      const { graph } = await harness.engine.graphOf(executionId);
      expect(graph.tasks).toMatchObject([{ container: { image: 'alpine:3.20' } }]);
      await harness.engine.cancelExecution(executionId);
    }
    const unknown = await as('ours', 'POST', '/batches', { ...body, workflowType: 'lambda' });
    expect(unknown.status).toBe(422);
  });

  it('leads out of no project: by none of its items', async () => {
    const projectId = await made('all', '/projects', { name: 'batched' });
    const taskId = await made('all', '/tasks', { projectId, name: 'x', run: { task: 'noop' } });
    const other = await harness.engine.scheduleTask({ task: 'noop', project: 'batched' });
    const status = async (body: object): Promise<number> =>
      (await as('ours', 'POST', '/batches', body)).status;
    expect(await status({ items: [{ task: 'noop', project: 'batched' }] })).toBe(403);
    expect(await status({ items: [{ taskId }] })).toBe(404);
    expect(await status({ taskIds: [taskId] })).toBe(404);
    const dependencies = [other.executionId];
    expect(await status({ items: [{ task: 'noop', dependencies }] })).toBe(422);
    expect(await status({ taskIds: ['noop'], dependencies })).toBe(422);
    const taken = { task: 'noop', executionId: other.executionId, reuse: 'always' };
    expect(await status({ items: [taken] })).toBe(409);
    const mixed = [{ project: 'ours' }, { project: 'theirs' }].map((one) => ({
      task: 'noop',
      ...one,
    }));
    expect((await as('both', 'POST', '/batches', { items: mixed })).json).toMatchObject({
      successful: [{}, {}],
    });
  });
});
