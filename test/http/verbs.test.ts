/** What is asked of executions and nodes over HTTP. */
import { ROUTES } from '../../src/http/routes.js';
import { openStore } from '../../src/store/store.js';
import { startHarness, type Harness } from '../support/engine.js';
import {
  callers,
  readStream,
  startHttp,
  type HttpScene,
  submitted,
  endOf,
  pathOf,
} from '../support/http.js';

let harness: Harness;
let http: HttpScene;
beforeAll(async () => {
  harness = await startHarness();
  http = await startHttp(harness);
});
afterAll(async () => {
  await http.stop();
  await harness.stop();
});

const submit = (body: object): Promise<string> => submitted(http, body);
const ended = (id: string): Promise<void> => endOf(http, id);

describe('acting', () => {
  it('lists open questions, answers one, and says who did', async () => {
    const id = await submit({
      graph: { name: 'g', tasks: [{ id: 'ask', approval: { message: 'Ship it?' } }] },
    });
    const asked = { executionId: id, nodeId: 'ask' };
    await readStream(
      `${http.url}/api/v1${pathOf(id, '/events')}`,
      ({ event }) => event === 'approvalRequested',
    );
    expect((await http.call('GET', '/approvals')).json['approvals']).toContainEqual(
      expect.objectContaining(asked),
    );
    expect(
      (await http.call('POST', pathOf(id, '/nodes/ask/deny'), { note: 'not today' })).json,
    ).toMatchObject({ success: true });
    await ended(id);
    expect((await http.call('GET', pathOf(id, '/result'))).json).toMatchObject({
      ...{ status: 'FAILED', error: { nodeId: 'ask', code: 'DENIED' } },
      nodes: { ask: { error: { message: expect.stringMatching(/open.*not today/s) as string } } },
    });
  });

  it('lists an open question also where a thousand nodes began after it that ask nothing', async () => {
    const id = await submit({
      graph: { name: 'g', tasks: [{ id: 'ask', approval: { message: 'Ship it?' } }] },
      project: 'busy',
    });
    await readStream(
      `${http.url}/api/v1${pathOf(id, '/events')}`,
      ({ event }) => event === 'approvalRequested',
    );
    const createdAt = Date.now() + 60_000;
    const store = await openStore({ url: `${harness.dataDir}/store.db` });
    const others = Array.from({ length: 1_000 }, (_, nth) => ({
      ...{ executionId: `busy/${nth}`, parentId: 'busy', kind: 'node' as const, taskId: 'noop' },
      ...{ project: 'busy', status: 'RUNNING' as const, sequence: createdAt, createdAt },
    }));
    await store.executions.record(others, createdAt);
    await store.close();
    const { approvals } = (await http.call('GET', '/approvals?project=busy')).json;
    expect(approvals).toEqual([expect.objectContaining({ executionId: id, nodeId: 'ask' })]);
    const { executions } = (await http.call('GET', '/executions?reason=approval&project=busy'))
      .json;
    expect(executions).toEqual([expect.objectContaining({ executionId: `${id}/ask` })]);
    await http.call('POST', pathOf(id, '/nodes/ask/approve'), {});
    await ended(id);
  });

  it('takes who answers from the body where the server is open, and from the key alone where it is not', async () => {
    const keyed = await startHttp(harness, { authenticate: callers({ deploy: null, ada: null }) });
    const ask = async (verb: string, scene: HttpScene, body: object, key?: string) => {
      const headers: Record<string, string> = key ? { authorization: `Bearer ${key}` } : {};
      return await scene.call('POST', pathOf(id, `/nodes/${verb}`), body, headers);
    };
    const by = ['ada', 'key:ada'];
    const tasks = ['one', 'two'].map((node) => ({ id: node, approval: { message: 'Go?', by } }));
    const id = await submit({ graph: { name: 'g', tasks } });
    const asked = new Set<unknown>();
    await readStream(`${http.url}/api/v1${pathOf(id, '/events')}`, ({ event, data }) => {
      if (event === 'approvalRequested') asked.add(data['executionId']);
      return asked.size === 2;
    });
    try {
      const refused = await ask('one/approve', keyed, { by: 'ada' }, 'deploy');
      expect(refused.status).toBe(403);
      expect(JSON.stringify(refused.json)).toContain('who the key or token says, key:deploy');
      expect((await ask('one/deny', keyed, { by: 'ada' }, 'deploy')).status).toBe(403);
      expect((await ask('one/approve', keyed, {}, 'deploy')).json).toMatchObject({
        success: false,
        message: 'one is asked of ada, key:ada, and not of key:deploy',
      });
      expect((await ask('one/approve', keyed, {}, 'ada')).json).toMatchObject({ success: true });
      expect((await ask('two/approve', http, { by: 'ada' })).json).toMatchObject({ success: true });
    } finally {
      await keyed.stop();
    }
    await ended(id);
    const { json } = await http.call('GET', pathOf(id, '/result'));
    expect(json).toMatchObject({
      nodes: { one: { output: { by: 'key:ada' } }, two: { output: { by: 'ada' } } },
    });
  });

  it('says on an open server how to name who answers, and audits the name as one that was only given', async () => {
    const who: string[] = [];
    const open = await startHttp(harness, { audit: async (by) => void who.push(by) });
    const id = await submit({
      graph: { name: 'g', tasks: [{ id: 'ask', approval: { message: 'Go?', by: ['ada'] } }] },
    });
    await readStream(
      `${http.url}/api/v1${pathOf(id, '/events')}`,
      ({ event }) => event === 'approvalRequested',
    );
    const ask = async (verb: string, body: object) =>
      (await open.call('POST', pathOf(id, `/nodes/ask/${verb}`), body)).json;
    try {
      for (const verb of ['approve', 'deny'])
        expect(await ask(verb, {})).toEqual({
          ...{ success: false, code: 'NOT_ASKED' },
          message:
            'ask is asked of ada, and not of open; this server asks nobody who they are: say in the body who answers, as "by"',
        });
      expect(await ask('approve', { by: 'eve' })).toMatchObject({
        message: 'ask is asked of ada, and not of eve',
      });
      expect(await ask('approve', { by: 'ada' })).toMatchObject({ success: true });
    } finally {
      await open.stop();
    }
    expect(who).toEqual(['open', 'open', 'open (eve)', 'open (ada)']);
  });

  it('pauses, resumes and cancels; a verb that comes too late says so with 200', async () => {
    const id = await submit({
      graph: { name: 'g', tasks: [{ id: 'q', approval: { message: 'go?' } }] },
    });
    await readStream(`${http.url}/api/v1${pathOf(id, '/watch')}`, () => true);
    for (const verb of ['pause', 'resume', 'cancel'])
      expect(
        (await http.call('POST', pathOf(id, `/${verb}`), { reason: 'a test' })).json,
      ).toMatchObject({
        success: true,
      });
    await ended(id);
    expect(await http.call('POST', pathOf(id, '/cancel'))).toMatchObject({
      ...{ status: 200, json: { success: false } },
    });
    expect((await http.call('GET', pathOf(id))).json).toMatchObject({ status: 'CANCELLED' });
  });

  const NEEDED: Readonly<Record<string, object>> = {
    concurrency: { concurrency: 1 },
    priority: { priority: 'HIGH' },
    fail: { message: 'no' },
    edit: { add: [{ id: 'x', task: 'noop' }] },
  };
  const VERBS = ROUTES.filter(
    ({ method, path }) => method === 'POST' && path.startsWith('/executions/:executionId/'),
  ).map(({ path }) => path);

  it.each(VERBS)('answers 404 to POST %s of what there is not', async (path) => {
    const body = NEEDED[path.split('/').at(-1) ?? ''] ?? {};
    const nowhere = path.replace(':executionId', 'nope').replace(':nodeId', 'a');
    expect(await http.call('POST', nowhere, body)).toMatchObject({
      ...{ status: 404, json: { status: 404, code: 'NOT_FOUND' } },
    });
  });

  it.each(VERBS.filter((path) => path.includes(':nodeId')))(
    'answers 404 to POST %s of a node that there is not, whether its graph runs or has ended',
    async (path) => {
      const running = await submit({
        graph: { name: 'g', tasks: [{ id: 'q', approval: { message: 'go?' } }] },
      });
      const done = await submit({
        graph: { name: 'g', tasks: [{ id: 'a', task: 'noop' }] },
      });
      await ended(done);
      const body = NEEDED[path.split('/').at(-1) ?? ''] ?? {};
      for (const [id, there] of [
        [running, 'q'],
        [done, 'a'],
      ] as const) {
        const nowhere = path.replace(':executionId', id).replace(':nodeId', 'nobody');
        const { status, json } = await http.call('POST', nowhere, body);
        expect({ status, detail: json['detail'] }).toEqual({
          ...{ status: 404, detail: `there is no node "nobody" in ${id} (there is "${there}")` },
        });
      }
      await http.call('POST', pathOf(running, '/cancel'));
    },
  );

  it('runs again what failed, and tells beforehand what that is', async () => {
    const id = await submit({
      graph: {
        name: 'g',
        tasks: [
          { id: 'good', task: 'noop' },
          { id: 'bad', task: 'fail', input: { times: 1 }, retry: 'NONE', dependsOn: ['good'] },
        ],
      },
    });
    await ended(id);
    expect((await http.call('POST', pathOf(id, '/rerun-plan'), {})).json).toMatchObject({
      ...{ run: [{ nodeId: 'bad' }], keep: [{ nodeId: 'good' }] },
    });
    const again = await http.call('POST', pathOf(id, '/rerun'), { reason: 'mended' });
    expect(again.status).toBe(201);
    const next = again.json['executionId'] as string;
    await ended(next);
    expect((await http.call('GET', pathOf(next, '/result'))).json).toMatchObject({
      ...{ rerunOf: id, nodes: { good: { reused: { executionId: id } }, bad: { reused: null } } },
    });
  });
});
