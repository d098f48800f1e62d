/** Nodes over HTTP as a list, and queries with what a route does not know. */
import { ROUTES } from '../../src/http/routes.js';
import { startHarness, type Harness } from '../support/engine.js';
import { until } from '../support/until.js';
import { startHttp, type HttpScene, submitted, endOf, pathOf } from '../support/http.js';

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

describe('the nodes of an execution', () => {
  it('gives the nodes of a status, and nodes by page, each once', async () => {
    const names = ['c', 'a', 'e', 'b', 'd'];
    const fails = { task: 'fail', retry: 'NONE' };
    const id = await submit({
      graph: {
        name: 'many',
        tasks: names.map((name) => ({ id: name, ...(name === 'b' ? fails : { task: 'noop' }) })),
      },
    });
    await ended(id);
    interface Page {
      nodes: { id: string }[];
      nextCursor?: string;
    }
    const nodes = async (query: string): Promise<Page> =>
      (await http.call<Page>('GET', pathOf(id, `/nodes${query}`))).json;
    const idsOf = (page: Page): string[] => page.nodes.map((node) => node.id);
    const all = await nodes('');
    expect([idsOf(all), all.nextCursor]).toEqual([names, undefined]);
    expect(idsOf(await nodes('?status=FAILED'))).toEqual(['b']);
    expect(idsOf(await nodes('?status=FAILED&status=COMPLETED'))).toEqual(names);
    const pages = [await nodes('?limit=2')];
    for (let last = pages.at(-1); last?.nextCursor !== undefined; last = pages.at(-1))
      pages.push(await nodes(`?limit=2&cursor=${last.nextCursor}`));
    expect(pages.map(idsOf)).toEqual([['a', 'b'], ['c', 'd'], ['e']]);
    expect(await http.call('GET', pathOf(id, '/nodes?limit=2&cursor=x'))).toMatchObject({
      ...{
        status: 400,
        json: { detail: expect.stringContaining('cursor: "x" is none') as string },
      },
    });
    expect((await http.call('GET', pathOf(id, '/nodes?staus=FAILED'))).json['detail']).toBe(
      'query.staus: unknown field "staus" (did you mean "status"?)',
    );
  });

  it('gives the nodes of a running graph by page, each once and as they stand', async () => {
    const behind = ['c', 'a', 'e', 'b', 'd'].map((name) => ({
      ...{ id: name, task: 'noop', dependsOn: ['gate'] },
    }));
    const tasks = [{ id: 'gate', approval: { message: 'go?' } }, ...behind];
    const id = await submit({ graph: { name: 'running', tasks } });
    interface Page {
      nodes: { id: string; status: string }[];
      nextCursor?: string;
    }
    const nodes = async (query: string): Promise<Page> =>
      (await http.call<Page>('GET', pathOf(id, `/nodes${query}`))).json;
    await until(async () => (await nodes('?limit=1&status=RUNNING')).nodes.length === 1);
    const pages = [await nodes('?limit=4')];
    pages.push(await nodes(`?limit=4&cursor=${pages[0]?.nextCursor}`));
    expect(pages.map((page) => page.nodes.map((node) => `${node.id} ${node.status}`))).toEqual([
      ['a PENDING', 'b PENDING', 'c PENDING', 'd PENDING'],
      ['e PENDING', 'gate RUNNING'],
    ]);
    expect(pages[1]?.nextCursor).toBeUndefined();
    const running = await nodes('?limit=4&status=RUNNING');
    expect([running.nodes.map((node) => node.id), running.nextCursor]).toEqual([
      ['gate'],
      undefined,
    ]);
    await http.call('POST', pathOf(id, '/cancel'));
    await ended(id);
  });
});

describe('a node that there is not', () => {
  const tasks = [
    { id: 'load', task: 'noop' },
    { id: 'gate', approval: { message: 'go?' }, dependsOn: ['load'] },
  ];
  const asked = (id: string) =>
    Promise.all([
      http.call('GET', pathOf(id, '/nodes/lod')),
      http.call('GET', pathOf(id, '/nodes/lod/explain')),
      http.call('POST', pathOf(id, '/nodes/lod/skip')),
    ]);
  const refused = (id: string) => ({
    status: 404,
    json: {
      code: 'NOT_FOUND',
      detail: `there is no node "lod" in ${id} (did you mean "load"?)`,
    },
  });

  it('is told with the one that is near, while its execution runs and once that has ended', async () => {
    const id = await submit({ graph: { name: 'few', tasks } });
    await until(async () => (await http.call('GET', pathOf(id, '/nodes/gate'))).status === 200);
    expect(await asked(id)).toMatchObject([refused(id), refused(id), refused(id)]);
    await http.call('POST', pathOf(id, '/cancel'));
    await ended(id);
    expect(await asked(id)).toMatchObject([refused(id), refused(id), refused(id)]);
  });

  it('of an execution that there is not is told as that', async () => {
    const { status, json } = await http.call('GET', '/executions/nope/nodes/a');
    expect({ status, detail: json['detail'] }).toEqual({
      status: 404,
      detail: 'there is no execution "nope" in this namespace',
    });
  });
});

describe('the nodes of an execution whose workers are gone', () => {
  it('are refused as NO_WORKER with the task queue, as a list, by page, and what they kept', async () => {
    const alone = await startHarness();
    const scene = await startHttp(alone);
    try {
      const id = await submitted(scene, {
        graph: { name: 'left', tasks: [{ id: 'gate', approval: { message: 'go?' } }] },
      });
      const asked = ['/nodes', '/nodes?limit=1', '/artifacts', '/nodes/gate/artifacts/rows.csv'];
      await until(async () => (await scene.call('GET', pathOf(id, '/nodes/gate'))).status === 200);
      await alone.worker.shutdown();
      const answers = await Promise.all(asked.map((path) => scene.call('GET', pathOf(id, path))));
      const says = `no worker on the task queue "${alone.taskQueue}" answered within 4 s`;
      const refused = {
        status: 503,
        json: { code: 'NO_WORKER', detail: expect.stringContaining(says) as string },
      };
      expect(answers).toMatchObject(asked.map(() => refused));
    } finally {
      await scene.stop();
      await alone.stop();
    }
  });
});

describe('a query', () => {
  it.each(
    ROUTES.filter(({ method, query }) => method === 'GET' && query === undefined).map(
      ({ path }) => path,
    ),
  )('refuses what GET %s would not look at', async (path) => {
    const answer = await http.call('GET', `${path.replace(/:\w+/g, 'nope')}?stats=RUNNING`);
    expect(answer).toMatchObject({
      ...{ status: 400, json: { detail: 'query.stats: unknown field "stats"' } },
    });
  });
});
