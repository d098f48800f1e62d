/** The HTTP API as a program uses it, over a real engine and worker. */
import { request } from 'node:http';
import { ROUTES } from '../../src/http/routes.js';
import { startHttpServer } from '../../src/http/server.js';
import { startHarness, type Harness } from '../support/engine.js';
import {
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

const GRAPH = {
  name: 'two',
  tasks: [
    { id: 'a', task: 'echo', input: { n: 1 } },
    { id: 'b', task: 'echo', input: '${{ tasks.a.output.n }}', dependsOn: ['a'] },
  ],
};
const submit = (body: object, headers?: Record<string, string>): Promise<string> =>
  submitted(http, body, headers);
const ended = (id: string): Promise<void> => endOf(http, id);

describe('submitting', () => {
  it('starts a graph, whose record, graph, nodes, result and explanation are read', async () => {
    const id = await submit({ graph: GRAPH });
    await ended(id);
    expect((await http.call('GET', pathOf(id))).json).toMatchObject({
      ...{ executionId: id, status: 'COMPLETED', kind: 'graph', output: { b: 1 } },
    });
    expect((await http.call('GET', pathOf(id, '/graph'))).json).toMatchObject({ graph: GRAPH });
    expect((await http.call('GET', pathOf(id, '/nodes'))).json).toMatchObject({
      nodes: [{ id: 'a', status: 'COMPLETED' }, { id: 'b' }],
    });
    expect((await http.call('GET', pathOf(id, '/result'))).json).toMatchObject({
      nodes: { a: { output: { n: 1 } } },
    });
    expect((await http.call('GET', pathOf(id, '/explain'))).json).toHaveProperty('executionId', id);
    expect((await http.call('GET', pathOf(id, '/report'))).json).toHaveProperty('operations');
    expect((await http.call('GET', pathOf(id, '/nodes/b'))).json).toMatchObject({
      ...{ executionId: `${id}/b`, output: 1 },
    });
  });

  it('starts a lone task and a pipeline of YAML', async () => {
    const lone = await submit({ task: 'echo', input: { x: '${{ not an expression }}' } });
    const yaml = await submit({
      yaml: 'name: y\ntasks:\n  - id: a\n    task: echo\n    input: "${{ params.n }}"\nparams:\n  n: { type: integer }\n',
      params: { n: 7 },
    });
    await Promise.all([ended(lone), ended(yaml)]);
    expect((await http.call('GET', pathOf(lone))).json).toMatchObject({
      output: { x: '${{ not an expression }}' },
    });
    expect((await http.call('GET', pathOf(yaml))).json).toMatchObject({ output: { a: 7 } });
  });

  it.each<[string, object]>([
    ['in JSON', { graph: { echo: [], noop: ['echo'] } }],
    ['in YAML', { yaml: 'echo: []\nnoop: [echo]\n' }],
  ])('starts, checks and plans the adjacency form %s', async (_where, given) => {
    const id = await submit({ ...given, inputs: { echo: 'said' } });
    await ended(id);
    expect((await http.call('GET', `/executions/${id}`)).json).toMatchObject({
      status: 'COMPLETED',
    });
    const { json } = await http.call('GET', `/executions/${id}/graph`);
    expect(json['graph']).toMatchObject({
      tasks: [
        { id: 'echo', task: 'echo', input: 'said' },
        { id: 'noop', dependsOn: ['echo'] },
      ],
    });
    const valid = await http.call('POST', '/pipelines/validate', given);
    expect(valid.json).toEqual({ valid: true, issues: [] });
    const plan = await http.call('POST', '/pipelines/plan', given);
    expect(plan.json).toMatchObject({ order: ['echo', 'noop'] });
  });

  it('gives the same execution for the same Idempotency-Key', async () => {
    const key = { 'idempotency-key': `key-${harness.taskQueue}` };
    const first = await submit({ task: 'noop' }, key);
    expect(await submit({ task: 'noop' }, key)).toBe(first);
    expect(await http.call('POST', '/executions', { task: 'noop', input: 2 }, key)).toMatchObject({
      status: 409,
      json: {
        code: 'STATE',
        detail: expect.stringContaining(`(${first}), with another input`) as string,
      },
    });
  });

  it.each<[string, unknown, number, string, RegExp]>([
    [
      'nothing to run',
      {},
      422,
      'INPUT_INVALID',
      /exactly one of graph, pipeline, yaml, task, taskId, got none/,
    ],
    [
      'two things to run',
      { task: 'noop', pipeline: 'x' },
      422,
      'INPUT_INVALID',
      /got pipeline and task/,
    ],
    [
      'a cycle',
      { graph: { name: 'g', tasks: [{ id: 'a', task: 'noop', dependsOn: ['a'] }] } },
      422,
      'SPEC_INVALID',
      /a → a/,
    ],
    [
      'a line of YAML',
      { yaml: 'tasks:\n  - id: a\n    tusk: noop\n' },
      422,
      'SPEC_INVALID',
      /tusk/,
    ],
    ['no JSON', '{"task":', 400, 'BAD_REQUEST', /JSON/],
    [
      'a prototype',
      '{"task":"noop","__proto__":{"a":1}}',
      400,
      'BAD_REQUEST',
      /^body: the key "__proto__" is not allowed/,
    ],
    [
      'a prototype of a constructor, inside',
      '{"task":"noop","input":[{"constructor":{"prototype":{"a":1}}}]}',
      400,
      'BAD_REQUEST',
      /^body.input\[0\]: the key "constructor.prototype" is not allowed/,
    ],
    [
      'no JSON from its second line on',
      '{"task": "noop",\n bad}',
      400,
      'BAD_REQUEST',
      /^body: expected JSON: .* at position 18 \(line 2 column 2\)$/,
    ],
    ['another type', { task: 5 }, 422, 'INPUT_INVALID', /task/],
    ['a pipeline that there is not', { pipeline: 'nope' }, 404, 'NOT_FOUND', /nope/],
  ])('refuses %s, and says why', async (_name, body, status, code, detail) => {
    const answer = await http.call('POST', '/executions', body);
    expect(answer).toMatchObject({ status, json: { status, code, type: 'about:blank' } });
    expect(answer.json['detail']).toMatch(detail);
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
  });

  it('takes a body of 5 MB', async () => {
    await ended(await submit({ task: 'echo', input: 'x'.repeat(5_000_000) }));
  });

  it('takes JSON alone, and an object', async () => {
    const text = await http.call('POST', '/executions', '{"task":"noop"}', {
      'content-type': 'text/plain',
    });
    expect(text).toMatchObject({
      status: 415,
      json: {
        code: 'UNSUPPORTED_MEDIA_TYPE',
        detail: 'content-type: expected application/json, got "text/plain"',
      },
    });
    const list = await http.call('POST', '/executions', []);
    expect(list.status).toBe(422);
    expect(list.json['detail']).toBe('body: expected object, got []');
  });

  it('names the line of a fault', async () => {
    const { json } = await http.call('POST', '/executions', {
      yaml: 'tasks:\n  - id: a\n    tusk: noop\n',
    });
    expect(json['faults']).toContainEqual(expect.objectContaining({ line: 3 }));
  });
});

describe('asking', () => {
  it('lists by page and filter, and refuses a filter that is none', async () => {
    const sessionId = `session-${harness.taskQueue}`;
    const ids = [];
    for (let nth = 0; nth < 3; nth++) ids.push(await submit({ task: 'noop', sessionId }));
    await Promise.all(ids.map(ended));
    type Page = { executions: { executionId: string }[]; nextCursor?: string };
    const listed: string[] = [];
    for (let cursor: string | undefined, more = true; more; more = cursor !== undefined) {
      const query = new URLSearchParams({ sessionId, limit: '2', ...(cursor ? { cursor } : {}) });
      const { json } = await http.call<Page>('GET', `/executions?${query.toString()}`);
      listed.push(...json.executions.map(({ executionId }) => executionId));
      cursor = json.nextCursor;
    }
    expect(listed.toSorted()).toEqual(ids.toSorted());
    expect(await http.call('GET', '/executions?status=DONE')).toMatchObject({
      ...{ status: 400, json: { code: 'BAD_REQUEST', faults: [{ path: 'status' }] } },
    });
    expect((await http.call('GET', '/executions?status=COMPLETD')).json['detail']).toMatch(
      /^query\.status: expected one of PENDING, .*, got "COMPLETD" \(did you mean "COMPLETED"\?\)$/,
    );
    expect((await http.call('GET', '/executions?limit=abc')).json['detail']).toBe(
      'query.limit: expected number, got "abc"',
    );
    expect(await http.call('GET', '/executions?stats=RUNNING')).toMatchObject({
      json: {
        faults: [{ code: 'UNKNOWN_FIELD', hint: expect.stringContaining('status') as string }],
      },
    });
  });

  it.each([
    ['GET', '/executions/nope', 404, 'NOT_FOUND'],
    ['GET', '/executions/nope/nodes', 404, 'NOT_FOUND'],
    ['GET', '/executions/nope/nodes/a', 404, 'NOT_FOUND'],
    ['GET', '/executions/nope/watch', 404, 'NOT_FOUND'],
    ['GET', '/nothing', 404, 'NOT_FOUND'],
    ['DELETE', '/executions', 405, 'METHOD_NOT_ALLOWED'],
    ['GET', '/executions/%2e%2e%2f%2e%2e%2fetc', 404, 'NOT_FOUND'],
    ['GET', '/executions/%00', 404, 'NOT_FOUND'],
    ['GET', '/executions/%E0%A4%A', 400, 'BAD_REQUEST'],
    ['GET', '/executions?limit=NaN', 400, 'BAD_REQUEST'],
  ])('answers %s %s with %i', async (method, path, status, code) => {
    expect(await http.call(method, path)).toMatchObject({ status, json: { code } });
  });

  it('says what it is, how it stands, and that it is ready', async () => {
    expect((await http.call('GET', '/meta')).json).toMatchObject({
      ...{ authentication: 'open', caller: { scope: 'admin' } },
    });
    expect((await http.call('GET', '/system')).json).toHaveProperty('workers');
    expect((await http.call('GET', '/stats')).status).toBe(200);
    expect((await http.call('GET', '/pipelines')).json).toHaveProperty('pipelines');
    const ready = await fetch(`${http.url}/readyz`);
    expect({ status: ready.status, health: await ready.json() }).toMatchObject({
      ...{ status: 200, health: { ready: true, temporal: 'up', store: 'up' } },
    });
  });

  it('checks and plans a pipeline without running it', async () => {
    expect(
      (await http.call('POST', '/pipelines/validate', { yaml: 'tasks: 5' })).json,
    ).toMatchObject({
      valid: false,
    });
    expect((await http.call('POST', '/pipelines/validate', { graph: GRAPH })).json).toEqual({
      ...{ valid: true, issues: [] },
    });
    expect((await http.call('POST', '/pipelines/plan', { graph: GRAPH })).json).toMatchObject({
      order: ['a', 'b'],
    });
  });
});

describe('the document', () => {
  it('has every route and what it gives, and no schema that none of them uses', async () => {
    type Operations = Record<string, { operationId: string }>;
    const { json } = await http.call<{
      openapi: string;
      paths: Record<string, Operations>;
      components: { schemas: object };
    }>('GET', '/openapi.json');
    expect(json.openapi).toBe('3.1.0');
    const ids = Object.values(json.paths).flatMap((operations) =>
      Object.values(operations).map(({ operationId }) => operationId),
    );
    expect(ids.sort()).toEqual(ROUTES.map(({ id }) => id).sort());
    const text = JSON.stringify(json);
    const names = Object.keys(json.components.schemas);
    const used = [...text.matchAll(/"#\/components\/schemas\/([^"]+)"/g)].map(([, name]) => name);
    expect([...new Set(used)].sort()).toEqual(names.sort());
    expect(text).toContain('application/problem+json');
  });
});

describe('following', () => {
  it('gives the whole state first, then what changes, and ends with the execution', async () => {
    const id = await submit({ graph: GRAPH });
    const messages = await readStream(`${http.url}/api/v1${pathOf(id, '/watch')}`);
    expect(messages.every(({ event }) => event === 'update')).toBe(true);
    expect(messages[0]?.data['changed']).toHaveLength(2);
    expect(messages.at(-1)?.data).toMatchObject({ status: 'COMPLETED' });
    expect(http.server.pollers).toBe(0);
  });

  it('has one poller for many that watch, and all see the end', async () => {
    const id = await submit({
      graph: { name: 'g', tasks: [{ id: 'q', approval: { message: 'go?' } }] },
    });
    const url = `${http.url}/api/v1${pathOf(id, '/watch')}`;
    let seen = 0;
    let all: () => void = () => {};
    const everyone = new Promise<void>((resolve) => (all = resolve));
    const watchers = Array.from({ length: 20 }, () => {
      let first = true;
      return readStream(url, () => {
        if (first && ++seen === 20) all();
        first = false;
        return false;
      });
    });
    await everyone;
    expect(http.server.pollers).toBe(1);
    await http.call('POST', pathOf(id, '/nodes/q/approve'), { note: 'fine' });
    for (const messages of await Promise.all(watchers))
      expect(messages.at(-1)?.data).toMatchObject({ status: 'COMPLETED' });
    expect(http.server.pollers).toBe(0);
  });

  it('tells each event once to whoever comes back with Last-Event-ID', async () => {
    const id = await submit({ graph: GRAPH });
    const url = `${http.url}/api/v1${pathOf(id, '/events')}`;
    const first = await readStream(url, ({ data }) => data['executionId'] === `${id}/a`);
    const rest = await readStream(url, undefined, { 'last-event-id': first.at(-1)?.id ?? '' });
    const ids = [...first, ...rest].map(({ data }) => data['id']);
    expect(new Set(ids).size).toBe(ids.length);
    expect(rest.at(-1)).toMatchObject({ event: 'graphCompleted' });
    expect(await readStream(url)).toEqual([...first, ...rest]);
    const wrong = await fetch(url, { headers: { 'last-event-id': 'x' } });
    expect(wrong.status).toBe(400);
  });
});

describe('a server without authentication', () => {
  it('listens on loopback alone', async () => {
    const options = { engine: harness.engine, port: 0, logger: harness.log };
    const facts = { webUi: null, namespace: 'default' };
    await expect(startHttpServer({ ...options, facts, host: '0.0.0.0' })).rejects.toThrow(
      /expected a loopback address/,
    );
  });

  it('answers no page of another site, and to no other name', async () => {
    const body = { task: 'noop' };
    const headersOf = [
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { 'sec-fetch-site': 'cross-site' },
    ];
    for (const headers of headersOf)
      expect(
        await http.call('POST', '/executions', body, headers as Record<string, string>),
      ).toMatchObject({
        ...{ status: 403, json: { code: 'FORBIDDEN' } },
      });
    expect(await statusWith(http.url, { host: 'evil.example' })).toBe(403);
    expect(await statusWith(http.url, { host: new URL(http.url).host })).toBe(200);
    const own = await http.call('GET', '/meta', undefined, { origin: http.url });
    expect(own.status).toBe(200);
  });

  it('may be linked to from elsewhere', async () => {
    const followed = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' };
    expect(await statusWith(http.url, followed)).toBe(200);
    expect(await statusWith(http.url, followed, 'POST')).toBe(403);
  });

  it('says that it is not ready, and what for in its log alone', async () => {
    const health = { ready: false, temporal: 'no connection to 10.0.0.7:7233', store: 'up' };
    const engine = Object.create(harness.engine, {
      health: { value: () => Promise.resolve(health) },
    }) as typeof harness.engine;
    const unready = await startHttp(harness, { engine });
    const response = await fetch(`${unready.url}/readyz`);
    expect({ status: response.status, body: await response.json() }).toEqual({
      ...{ status: 503, body: { ready: false, temporal: 'down', store: 'up' } },
    });
    expect(harness.lines).toContainEqual(expect.objectContaining(health));
    await unready.stop();
  });

  it('says in its headers what a page of it may do', async () => {
    const { headers } = await http.call('GET', '/meta');
    expect(headers.get('content-security-policy')).toMatch(/default-src 'self'/);
    expect(headers.get('access-control-allow-origin')).toBeNull();
    expect(headers.get('x-content-type-options')).toBe('nosniff');
  });

  it('refuses more requests than one address may make', async () => {
    const strict = await startHttp(harness, { ratePerMinute: 3 });
    const statuses: number[] = [];
    for (let nth = 0; nth < 4; nth++) statuses.push((await strict.call('GET', '/meta')).status);
    expect(statuses).toEqual([200, 200, 200, 429]);
    await strict.stop();
  });

  it('refuses a body over its limit with the limit', async () => {
    const { status, json } = await http.call('POST', pathOf('x', '/cancel'), {
      reason: 'x'.repeat(2 * 2 ** 20),
    });
    expect({ status, code: json['code'] }).toEqual({ status: 413, code: 'TOO_LARGE' });
    expect(json['detail']).toMatch(/^body: expected at most 1048576 bytes, got 20971\d\d$/);
  });
});

/** As a browser would ask: `fetch` keeps some headers to itself. */
async function statusWith(
  url: string,
  headers: Record<string, string>,
  method = 'GET',
): Promise<number | undefined> {
  return await new Promise((resolve, reject) => {
    request(`${url}/api/v1/meta`, { method, headers }, (response) => {
      response.resume();
      resolve(response.statusCode);
    })
      .on('error', reject)
      .end();
  });
}
