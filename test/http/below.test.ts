/** What runs below nodes, followed over HTTP: maps and sub-graphs, many in one stream. */
import { MostUrgent } from '../../src/http/most-urgent.js';
import type { ExecutionUpdate } from '../../src/client.js';
import type { Status } from '../../src/domain/status.js';
import { startHarness, type Harness } from '../support/engine.js';
import { Gates } from '../support/gates.js';
import { messagesOf, readStream, startHttp, type HttpScene } from '../support/http.js';

const INNER = {
  name: 'inner',
  tasks: [
    { id: 'first', task: 'gated', input: { gate: 'below' } },
    { id: 'second', task: 'echo', dependsOn: ['first'] },
  ],
};
const GRAPH = {
  name: 'outer',
  tasks: [
    { id: 'sub', graph: INNER },
    { id: 'each', map: { over: [1, 2, 3, 4] }, task: 'echo', input: '${{ item }}' },
    { id: 'deep', map: { over: ['x'] }, graph: { name: 'one', tasks: INNER.tasks.slice(0, 1) } },
    { id: 'plain', task: 'noop' },
  ],
};

let harness: Harness;
let http: HttpScene;
const gates = new Gates();
beforeAll(async () => {
  harness = await startHarness({ tasks: [gates.gated] });
  http = await startHttp(harness);
});
afterAll(async () => {
  await http.stop();
  await harness.stop();
});

const submit = async (): Promise<string> =>
  (await http.call('POST', '/executions', { graph: GRAPH })).json['executionId'] as string;
const at = (id: string, rest = ''): string =>
  `${http.url}/api/v1/executions/${encodeURIComponent(id)}${rest}`;
const statuses = (data: Record<string, unknown>): Record<string, Status> =>
  Object.fromEntries(
    (data as unknown as ExecutionUpdate).changed.map((node) => [node.id, node.status]),
  );

describe('GET /executions/:executionId/below', () => {
  it('tells how a sub-graph, a map and what an item runs go, in one stream that ends with all of them', async () => {
    const id = await submit();
    const paths = ['sub', 'each:2', 'deep', 'deep/0'];
    const seen: Record<string, Record<string, Status>> = {};
    const shown: Record<string, unknown> = {};
    const query = paths.map((path) => `node=${encodeURIComponent(path)}`).join('&');
    for await (const { event, data } of messagesOf(at(id, `/below?${query}`))) {
      if (event !== 'update') continue; // missing: it has not begun
      const path = data['at'] as string;
      seen[path] = { ...seen[path], ...statuses(data) };
      shown[path] = data['shown'];
      if (seen['sub']?.['first'] === 'RUNNING' && seen['deep/0']?.['first'] === 'RUNNING')
        gates.open('below');
    }
    expect(seen).toEqual({
      sub: { first: 'COMPLETED', second: 'COMPLETED' },
      each: { 0: 'COMPLETED', 1: 'COMPLETED' },
      deep: { 0: 'COMPLETED' },
      'deep/0': { first: 'COMPLETED' },
    });
    expect(shown['each']).toEqual(['0', '1']);
    const graph = await http.call('GET', `/executions/${encodeURIComponent(`${id}/sub`)}/graph`);
    expect(graph.json).toMatchObject({ graph: INNER });
    const item = await http.call('GET', `/executions/${encodeURIComponent(`${id}/each`)}/nodes/3`);
    expect(item.json).toMatchObject({ status: 'COMPLETED', output: 4 });
  });

  it('says of what is not there that it is missing, and goes on with the rest', async () => {
    const id = await submit();
    gates.open('below');
    await readStream(at(id, '/watch'));
    const messages = await readStream(at(id, '/below?node=nothing&node=plain&node=sub'));
    const missing = messages.filter(({ event }) => event === 'missing');
    expect(missing.map(({ data }) => data['at']).sort()).toEqual(['nothing', 'plain']);
    expect(missing[0]?.data['problem']).toMatchObject({ status: 404, code: 'NOT_FOUND' });
    expect(messages.at(-1)?.data).toBeDefined();
    expect(messages.find(({ data }) => data['at'] === 'sub')?.data).toMatchObject({
      ...{ status: 'COMPLETED', shown: ['first', 'second'] },
    });
  });

  it.each([
    ['a path out of the execution', '?node=..%2F..%2Fother%2F'],
    ['none', ''],
    ['more than are told', '?node=each:1001'],
    ['none of them', '?node=each:0'],
    ['too many', `?${Array.from({ length: 21 }, (_, n) => `node=n${n}`).join('&')}`],
  ])('refuses %s', async (_name, query) => {
    const id = await submit();
    const answer = await fetch(at(id, `/below${query}`));
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ code: 'BAD_REQUEST' });
  });

  it('is 404 for an execution that there is not', async () => {
    expect((await fetch(at('nobody', '/below?node=a'))).status).toBe(404);
  });
});

describe('MostUrgent', () => {
  const update = (nodes: Record<string, Status>): ExecutionUpdate => ({
    ...{ status: 'RUNNING', counts: {}, total: 5, startedAt: '' },
    changed: Object.entries(nodes).map(([id, status]) => ({
      ...{ id, status, task: 't', attempts: 0, maxRetries: 0 },
    })),
  });

  it('tells the failed and the running ones of many, in their own order, and each change of these alone', () => {
    const urgent = new MostUrgent(2);
    const first = urgent.take(
      update({ a: 'COMPLETED', b: 'PENDING', c: 'RUNNING', d: 'COMPLETED', e: 'FAILED' }),
    );
    expect([first.shown, statuses({ ...first })]).toEqual([
      ['c', 'e'],
      { c: 'RUNNING', e: 'FAILED' },
    ]);
    const second = urgent.take(update({ d: 'COMPLETED' }));
    expect([second.shown, second.changed]).toEqual([['c', 'e'], []]);
    const third = urgent.take(update({ c: 'COMPLETED' }));
    expect([third.shown, statuses({ ...third })]).toEqual([['b', 'e'], { b: 'PENDING' }]);
  });
});
