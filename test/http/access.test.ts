/** Who may call what: every route, by every kind of caller. */
import { z } from 'zod';
import type { Principal } from '../../src/domain/access.js';
import { includes, SCOPES } from '../../src/domain/access.js';
import { HttpProblem } from '../../src/http/problem.js';
import { ROUTES } from '../../src/http/routes.js';
import type { Route } from '../../src/http/route.js';
import { startHarness, type Harness } from '../support/engine.js';
import { startHttp, type HttpScene } from '../support/http.js';

let harness: Harness;
let http: HttpScene;
let mine: string;
/** What each parameter names: of project `ours`, where it is of one. */
let ids: Record<string, string>;
const CALLERS: Record<string, Principal> = {
  ...Object.fromEntries(
    SCOPES.map((scope) => [scope, { kind: 'key', name: `key:${scope}`, scope, projects: null }]),
  ),
  ours: { kind: 'key', name: 'key:ours', scope: 'admin', projects: ['ours'] },
  theirs: { kind: 'key', name: 'key:theirs', scope: 'admin', projects: ['theirs'] },
};
beforeAll(async () => {
  harness = await startHarness();
  http = await startHttp(harness, {
    authenticate: async (header) => {
      const who = CALLERS[header?.replace('Bearer ', '') ?? ''];
      if (who) return who;
      throw new HttpProblem(401, 'UNAUTHENTICATED', 'no key');
    },
  });
  const handle = await harness.engine.scheduleTask({ task: 'noop', project: 'ours' });
  await handle.result();
  mine = handle.executionId;
  const { schedules, catalogue } = harness.engine;
  const id = harness.taskQueue;
  await schedules.create({ id, task: 'noop', project: 'ours', cron: '0 0 1 1 *' });
  const project = await catalogue.projects.create({ name: 'ours' });
  const task = await catalogue.tasks.create({ projectId: project.id, name: 'task' });
  ids = { executionId: mine, scheduleId: id, projectId: project.id, taskId: task.id };
});
afterAll(async () => {
  await harness.engine.schedules.delete(harness.taskQueue);
  await http.stop();
  await harness.stop();
});

/** A call that is refused for its body or answered, but not for who makes it: nothing is to be changed by it. */
const path = ({ path }: Route): string =>
  path.replace(/:(\w+)/g, (_all, name: string) => encodeURIComponent(ids[name] ?? 'nope'));
async function statusOf(one: Route, token: string | undefined, query = ''): Promise<number> {
  const faulty = one.method === 'DELETE' ? '?nonsense=true' : query;
  const response = await fetch(`${http.url}/api/v1${path(one)}${faulty}`, {
    method: one.method,
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(one.body ? { 'content-type': 'application/json' } : {}),
    },
    ...(one.body ? { body: '{"nonsense":true}' } : {}),
  });
  await response.body?.cancel();
  return response.status;
}

describe.each(ROUTES.map((one) => [one.id, one] as const))('%s', (_id, one) => {
  it.each(SCOPES)(`is ${one.scope}'s, and asks a key of scope %s for it`, async (scope) => {
    const status = await statusOf(one, scope);
    if (includes(scope, one.scope)) expect([401, 403]).not.toContain(status);
    else expect(status).toBe(403);
  });

  it('is refused without a key and with one that is none', async () => {
    expect(await statusOf(one, undefined)).toBe(401);
    expect(await statusOf(one, 'forged')).toBe(401);
  });

  it('keeps those who are bound to a project to it', async () => {
    const status = await statusOf(one, one.of === 'projects' ? 'ours' : 'theirs');
    const named = one.path.includes(':') ? [404] : [];
    if (one.of === 'projects') expect([200, 422, ...named]).toContain(status);
    else expect(status).toBe(one.of === 'system' ? 403 : 404);
    if (one.query instanceof z.ZodObject && 'project' in one.query.shape)
      expect(await statusOf(one, 'ours', '?project=theirs')).toBe(403);
  });
});

describe('a project', () => {
  const get = (at: string, token: string) =>
    http.call('GET', at, undefined, { authorization: `Bearer ${token}` });

  it('is all that a key bound to it sees', async () => {
    const id = `/executions/${encodeURIComponent(mine)}`;
    expect((await get(id, 'ours')).status).toBe(200);
    expect((await get(id, 'theirs')).json).toMatchObject({
      ...{
        status: 404,
        code: 'NOT_FOUND',
        detail: expect.not.stringContaining('project') as string,
      },
    });
    const listed = async (token: string): Promise<unknown> =>
      (await get('/executions?limit=1000', token)).json['executions'];
    expect(await listed('ours')).toContainEqual(expect.objectContaining({ executionId: mine }));
    expect(await listed('theirs')).toEqual([]);
    expect((await get('/executions?project=ours', 'theirs')).status).toBe(403);
  });

  it('takes what is submitted with its key, and no other project does', async () => {
    const authorization = 'Bearer theirs';
    const own = await http.call('POST', '/executions', { task: 'noop' }, { authorization });
    const id = own.json['executionId'] as string;
    await harness.engine.handle(id).result();
    expect(await harness.engine.getExecution(id)).toMatchObject({ project: 'theirs' });
    const other = { task: 'noop', project: 'ours' };
    expect((await http.call('POST', '/executions', other, { authorization })).status).toBe(403);
  });
});
