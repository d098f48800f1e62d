/** No id that a caller names leads out of the projects that it is bound to. */
import { defineTask, type Project } from '../../src/index.js';
import type { Change } from '../../src/http/services.js';
import { startHarness, type Harness } from '../support/engine.js';
import { callers, startHttp, type Answered, type HttpScene } from '../support/http.js';
import { until } from '../support/until.js';

let harness: Harness;
let http: HttpScene;
let theirs: string;
let taskId: string;
let projects: Record<'ours' | 'theirs', Project>;
const changes: (Change & { who: string })[] = [];
const secret = defineTask({ name: 'secret', run: () => 'of theirs' });
beforeAll(async () => {
  harness = await startHarness({ tasks: [secret] });
  http = await startHttp(harness, {
    authenticate: callers({
      ours: ['ours'],
      theirs: ['theirs'],
      both: ['ours', 'more'],
      all: null,
    }),
    audit: async (who, change) => void changes.push({ who, ...change }),
  });
  const { engine } = harness;
  const handle = await engine.scheduleTask({ task: 'secret', project: 'theirs' });
  await handle.result();
  theirs = handle.executionId;
  const create = (name: string) => engine.catalogue.projects.create({ name });
  projects = { ours: await create('ours'), theirs: await create('theirs') };
  const run = { task: 'secret', input: 'hidden' };
  const { id: projectId } = projects.theirs;
  taskId = (await engine.catalogue.tasks.create({ projectId, name: 'secret', run })).id;
});
afterAll(async () => {
  await http.stop();
  await harness.stop();
});

const as = async (token: string, method: string, path: string, body?: unknown): Promise<Answered> =>
  http.call(method, path, body, { authorization: `Bearer ${token}` });

describe('a submission with a key of another project', () => {
  it('cannot wait for an execution of it, nor for one that is still to come', async () => {
    for (const more of [{}, { awaitUnknown: true }]) {
      const body = { task: 'noop', dependencies: [theirs], ...more };
      const { status, json } = await as('ours', 'POST', '/executions', body);
      expect([status, json['code']]).toEqual([422, 'SPEC_INVALID']);
      expect(json['faults']).toMatchObject([{ path: 'dependencies[0]' }]);
    }
    const later = { task: 'noop', dependencies: ['later'], awaitUnknown: true };
    expect((await as('ours', 'POST', '/executions', later)).status).toBe(422);
    expect(
      (await as('all', 'POST', '/executions', { ...later, executionId: 'waits' })).status,
    ).toBe(201);
    await harness.engine.cancelExecution('waits');
  });

  it('cannot run its id again, and hears no more of it than that it is taken', async () => {
    const body = { task: 'noop', executionId: theirs, reuse: 'always' };
    const { status, json } = await as('ours', 'POST', '/executions', body);
    expect(status).toBe(409);
    expect(json['detail']).not.toContain('theirs');
    expect(await harness.engine.getExecution(theirs)).toMatchObject({ project: 'theirs' });
  });

  it('gets another execution for the same Idempotency-Key', async () => {
    const key = `key-${harness.taskQueue}`;
    const send = async (token: string): Promise<unknown> => {
      const headers = { authorization: `Bearer ${token}`, 'idempotency-key': key };
      return (await http.call('POST', '/executions', { task: 'noop' }, headers)).json[
        'executionId'
      ];
    };
    const [first, second, again] = [await send('theirs'), await send('ours'), await send('ours')];
    expect(second).not.toBe(first);
    expect(again).toBe(second);
  });

  it('cannot run a task of its catalogue, alone, in a graph or in a plan', async () => {
    const graph = { name: 'g', tasks: [{ id: 'a', taskId }] };
    const undone = { name: 'g', tasks: [{ id: 'a', task: 'noop', compensate: { taskId } }] };
    for (const [path, body] of [
      ['/executions', { taskId }],
      ['/executions', { graph }],
      ['/executions', { graph: undone }],
      ['/executions', { graph: { [taskId]: [] } }],
      ['/executions', { yaml: `${JSON.stringify(taskId)}: []` }],
      ['/pipelines/plan', { graph }],
      ['/pipelines/plan', { graph: { [taskId]: [] } }],
    ] as const) {
      const { status, json } = await as('ours', 'POST', path, body);
      expect([path, status, json['detail']]).toEqual([
        ...[path, 404, `the catalogue has no task ${JSON.stringify(taskId)}`],
      ]);
    }
    expect((await as('theirs', 'POST', '/executions', { taskId })).status).toBe(201);
  });

  it('cannot say that it is a rerun', async () => {
    const rerun = { of: theirs, from: [], scope: 'changed' };
    expect((await as('ours', 'POST', '/executions', { task: 'noop', rerun })).status).toBe(422);
  });

  it('cannot give a rerun its id, or a task of its catalogue', async () => {
    const handle = await harness.engine.scheduleTaskGraph(
      { name: 'g', tasks: [{ id: 'a', task: 'noop' }] },
      { project: 'ours' },
    );
    await handle.result();
    const path = `/executions/${handle.executionId}/rerun`;
    expect((await as('ours', 'POST', path, { executionId: theirs })).status).toBe(409);
    const graph = { name: 'g', tasks: [{ id: 'a', taskId }] };
    expect((await as('ours', 'POST', path, { graph })).status).toBe(404);
    expect((await as('ours', 'POST', `${path}-plan`, { graph })).status).toBe(404);
  });
});

describe('a schedule with a key of another project', () => {
  const id = (): string => `bounds-${harness.taskQueue}`;
  const never = { task: 'noop', cron: '0 0 1 1 *' };
  afterEach(async () => void (await harness.engine.schedules.delete(id()).catch(() => undefined)));

  it('is put into the one project that the key has, and stays there when its work changes', async () => {
    const made = await as('ours', 'POST', '/schedules', { id: id(), ...never });
    expect(made).toMatchObject({ status: 201, json: { project: 'ours' } });
    const change = { task: 'echo', input: 1, reason: 'another' };
    const changed = await as('ours', 'PATCH', `/schedules/${id()}`, change);
    expect(changed.json).toMatchObject({ project: 'ours', taskId: 'echo' });
    expect(changes).toContainEqual(
      expect.objectContaining({ who: 'key:ours', what: 'schedule.update', reason: 'another' }),
    );
  });

  it.each<[string, object, number]>([
    ['go into another project', { project: 'theirs' }, 403],
    ['begin the ids of its executions as it likes', { executionId: 'nightly' }, 403],
  ])('cannot %s', async (_what, more, status) => {
    const made = await as('ours', 'POST', '/schedules', { id: id(), ...never, ...more });
    expect(made.status).toBe(status);
    await harness.engine.schedules.create({ id: id(), ...never, project: 'ours' });
    expect((await as('ours', 'PATCH', `/schedules/${id()}`, more)).status).toBe(status);
  });

  it('cannot wait for an execution of it', async () => {
    const body = { id: id(), ...never, dependencies: [theirs] };
    expect((await as('ours', 'POST', '/schedules', body)).status).toBe(422);
  });

  it('is not in the list of another, and a key with several projects has to say which', async () => {
    const hidden = `${id()}-hidden`;
    await harness.engine.schedules.create({ id: hidden, ...never, project: 'theirs' });
    const listed = async (token: string): Promise<string[]> => {
      const { json } = await as(token, 'GET', '/schedules?limit=1000');
      return (json['schedules'] as { id: string }[]).map((one) => one.id);
    };
    await until(async () => (await listed('theirs')).includes(hidden)); // visibility comes after
    expect(await listed('ours')).not.toContain(hidden);
    await harness.engine.schedules.delete(hidden);
    expect((await as('both', 'GET', '/schedules')).status).toBe(403);
    expect((await as('both', 'GET', '/schedules?project=theirs')).status).toBe(403);
    expect((await as('both', 'GET', '/schedules?project=ours')).status).toBe(200);
  });
});
