/** What the fuzzer found, each as a test of its own: what the server says to requests that are wrong. */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { homedir } from 'node:os';
import { TaskError } from '../../src/domain/errors.js';
import { authenticator } from '../../src/http/authenticate.js';
import { problemOf } from '../../src/http/problem.js';
import { startHarness, type Harness } from '../support/engine.js';
import { readStream, startHttp, type HttpScene } from '../support/http.js';
import { until } from '../support/until.js';

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

/** What comes back for these bytes, whole. */
async function sendBytes(bytes: string): Promise<string> {
  const { hostname, port } = new URL(http.url);
  const socket = connect(Number(port), hostname);
  let text = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  socket.write(bytes);
  await once(socket, 'close');
  return text;
}

describe('a request that is wrong', () => {
  it.each([
    ['no HTTP', 'HELLO\r\n\r\n', 400, 'BAD_REQUEST'],
    [
      'an address that is too long',
      `GET /${'x'.repeat(20_000)} HTTP/1.1\r\n\r\n`,
      431,
      'TOO_LARGE',
    ],
  ])('is told as a problem: %s', async (_name, bytes, status, code) => {
    const [head = '', body = ''] = (await sendBytes(bytes)).split('\r\n\r\n');
    expect(head).toMatch(new RegExp(`^HTTP/1.1 ${status} .*\r\n`));
    expect(head).toContain('Content-Type: application/problem+json');
    expect(JSON.parse(body)).toMatchObject({ status, code, type: 'about:blank' });
  });

  it('is told its method before anything else of it is looked at', async () => {
    const sent = request(`${http.url}/api/v1/approvals`, { method: 'QUERY' }).end();
    const [answer] = (await once(sent, 'response')) as [IncomingMessage];
    answer.resume();
    expect(answer.statusCode).toBe(405);
    expect(answer.headers.allow).toBe('GET');
    const nowhere = await http.call('POST', '/nowhere', '{"not json', { 'content-type': 'a/b' });
    expect(nowhere).toMatchObject({ status: 404, json: { code: 'NOT_FOUND' } });
  });

  it('may leave out a body of which nothing is needed, and not send another', async () => {
    const cancel = '/executions/nobody/cancel';
    expect((await http.call('POST', cancel)).status).toBe(404);
    expect(await http.call('POST', cancel, 'null')).toMatchObject({
      status: 422,
      json: { code: 'INPUT_INVALID' },
    });
  });

  it.each([
    ['no list', { tasks: [null] }],
    ['no id', { tasks: [{ task: 'noop' }, { id: 5 }] }],
  ])('names what a graph to rerun lacks: %s', async (_name, graph) => {
    const handle = await harness.engine.scheduleTask({ task: 'noop' });
    await handle.result();
    const at = `/executions/${encodeURIComponent(handle.executionId)}`;
    for (const verb of ['rerun', 'rerun-plan'])
      expect(await http.call('POST', `${at}/${verb}`, { graph, from: 'x' })).toMatchObject({
        status: 422,
        json: { code: 'SPEC_INVALID' },
      });
  });

  it.each<[string, object, RegExp]>([
    [
      'a field with a slip',
      { task: 'noop', priorty: 'HIGH' },
      /^task refused, 1 fault:\n {2}priorty: .*did you mean "priority"\?/,
    ],
    ['the name of a task', { task: 'a b' }, /^task refused, 1 fault:\n {2}task: /],
    [
      'a container',
      { task: 'noop', workflowType: 'container', input: { container_image: 5 } },
      /^ {2}input/m,
    ],
    [
      'wrong options',
      { graph: { name: 'g', tasks: [{ id: 'a', task: 'noop' }] }, timeout: 'soon', trigger: 'no' },
      /^ {2}t(imeout|rigger): .*\n {2}t(imeout|rigger): .*$/m,
    ],
  ])('names %s of a submission at the place where it was sent', async (_name, body, detail) => {
    expect(await http.call('POST', '/executions', body)).toMatchObject({
      status: 422,
      json: { code: 'SPEC_INVALID', detail: expect.stringMatching(detail) as string },
    });
  });

  it('refuses an empty Idempotency-Key: the second request would start a second execution', async () => {
    const headers = { 'idempotency-key': '' };
    expect(await http.call('POST', '/executions', { task: 'noop' }, headers)).toMatchObject({
      status: 400,
      json: { detail: expect.stringMatching(/^Idempotency-Key: expected 1 to 255/) as string },
    });
  });

  it('names what a graph lacks, also where inputs are given', async () => {
    const body = { graph: { tasks: [{ id: 'a', task: 'noop' }, null] }, inputs: { a: 1 } };
    expect(await http.call('POST', '/executions', body)).toMatchObject({
      status: 422,
      json: { code: 'SPEC_INVALID' },
    });
  });

  it('is told what is wrong with a spec where a graph has tasks, and what is missing where it is neither form', async () => {
    const refused = async (graph: object) => {
      const { status, json } = await http.call('POST', '/executions', { graph });
      return [status, json['code'], json['detail']];
    };
    const told = expect.stringContaining('tasks[0]') as string;
    expect(await refused({ tasks: ['a'], a: [] })).toEqual([422, 'SPEC_INVALID', told]);
    expect(await refused({ a: 'b' })).toEqual([
      ...[422, 'INPUT_INVALID', expect.stringContaining('body.graph') as string],
    ]);
  });

  it('is not told where files of the server lie', async () => {
    const unknown = await http.call('POST', '/executions', { pipeline: 'nope' });
    expect(unknown.json['detail']).toMatch(/no template "nope" in \.\//);
    const { json } = await http.call('GET', '/pipelines');
    expect(json['pipelines']).not.toEqual([]);
    for (const place of [process.cwd(), homedir()])
      expect(JSON.stringify([unknown.json, json])).not.toContain(place);
  });

  it('is told of a folder whose name only begins as one of the server does', () => {
    const place = process.cwd();
    const thrown = new TaskError('CONFIGURATION', `${place}/a.yaml, ${place} and ${place}ish/b`);
    expect(problemOf(thrown, 'r').detail).toBe(`./a.yaml, . and ${place}ish/b`);
  });
});

describe('what is nested too deep', () => {
  /** Written by hand: JSON.stringify gives up at this depth. */
  const nested = (levels: number): string => `${'['.repeat(levels)}${']'.repeat(levels)}`;
  const DEEP = nested(20_000);
  const graph = '{"name":"g","tasks":[{"id":"a","task":"noop"}]}';

  it.each([
    ['the input of a task', `{"task":"noop","input":${DEEP}}`],
    ['an input by node', `{"graph":${graph},"inputs":{"a":${DEEP}}}`],
    ['a parameter', `{"graph":${graph},"params":{"x":${DEEP}}}`],
    ['metadata', `{"task":"noop","metadata":{"x":${DEEP}}}`],
    ['dependencies', `{"task":"noop","dependencies":${DEEP}}`],
    ['a graph', `{"graph":{"name":"g","tasks":${DEEP}}}`],
  ])('of a submission is refused with the limit: %s', async (_what, body) => {
    expect(await http.call('POST', '/executions', body)).toMatchObject({
      status: 422,
      json: {
        code: 'SPEC_INVALID',
        faults: [{ code: 'TOO_LARGE', message: 'is nested too deep; the limit is 64 levels' }],
      },
    });
  });

  it('of an item of a batch is refused with the limit, and the others are started', async () => {
    const body = `{"items":[{"task":"noop","input":${DEEP}},{"task":"noop"}]}`;
    const { json } = await http.call('POST', '/batches', body);
    expect(json).toMatchObject({
      successful: [{ index: 1 }],
      failed: [
        {
          index: 0,
          error: { message: expect.stringContaining('the limit is 64 levels') as string },
        },
      ],
    });
  });

  it.each([
    ['complete', 65, '"reason":"by hand","value"'],
    ['complete', 20_000, '"reason":"by hand","value"'],
    ['approve', 65, '"by":"ada","payload"'],
    ['approve', 20_000, '"by":"ada","payload"'],
  ])(
    'of what a node is given is refused with the limit, and the node waits on: %s, %d levels',
    async (verb, levels, said) => {
      const tasks = [{ id: 'go', approval: { message: 'Go?' } }];
      const { engine } = harness;
      const { executionId } = await engine.scheduleTaskGraph({ name: 'deep', tasks });
      const at = `/executions/${executionId}/nodes/go`;
      await until(
        async () => (await http.call('GET', at)).json['reason'] === 'approval',
        'it asks',
      );
      expect(await http.call('POST', `${at}/${verb}`, `{${said}:${nested(levels)}}`)).toMatchObject(
        {
          status: 422,
          json: {
            code: 'INPUT_INVALID',
            detail: `${verb}: what is sent is nested too deep; the limit is 64 levels`,
          },
        },
      );
      expect((await http.call('POST', `${at}/approve`, { by: 'ada' })).json).toMatchObject({
        success: true,
      });
      await engine.handle(executionId).result();
    },
  );

  it('of a task of the catalogue is refused with the limit', async () => {
    const project = await http.call<{ id: string }>('POST', '/projects', { name: 'deep' });
    const run = `{"task":"noop","input":${DEEP}}`;
    const body = `{"name":"deep","projectId":"${project.json.id}","run":${run}}`;
    expect(await http.call('POST', '/tasks', body)).toMatchObject({
      status: 422,
      json: {
        code: 'SPEC_INVALID',
        faults: [{ message: expect.stringContaining('64 levels') as string }],
      },
    });
  });
});

describe('an Idempotency-Key', () => {
  it.each([
    [
      'with an executionId beside it',
      'both',
      'executionId: the execution id is made of the header Idempotency-Key (say one of the two)',
    ],
    ['that is too long', 'k'.repeat(256), 'Idempotency-Key: expected 1 to 255 characters'],
  ])('is refused by its own name %s', async (_title, key, says) => {
    const body = { task: 'noop', executionId: `both-${harness.taskQueue}` };
    const headers = { 'idempotency-key': key };
    const { status, json } = await http.call('POST', '/executions', body, headers);
    expect({ status, detail: json['detail'] }).toEqual({
      status: 422,
      detail: expect.stringContaining(says) as string,
    });
    expect(json['detail']).not.toContain('requestId');
  });

  it('is named where it stands for another request', async () => {
    const headers = { 'idempotency-key': `other-${harness.taskQueue}` };
    await http.call('POST', '/executions', { task: 'noop' }, headers);
    const other = await http.call('POST', '/executions', { task: 'noop', input: 2 }, headers);
    expect(other.json['detail']).toMatch(
      /^Idempotency-Key ".*" stands for the task "noop" already/,
    );
  });
});

describe('the document', () => {
  interface Operation {
    requestBody?: { required?: boolean };
    responses: Record<string, { content: Record<string, { schema: { type?: string } }> }>;
  }
  const operation = async (path: string, method: string): Promise<Operation> => {
    const { json } = await http.call<{ paths: Record<string, Record<string, Operation>> }>(
      'GET',
      '/openapi.json',
    );
    return json.paths[`/api/v1${path}`]?.[method] as Operation;
  };

  it('says how a stream fails, and what its messages are', async () => {
    const { responses } = await operation('/executions/{executionId}/events', 'get');
    expect(Object.keys(responses['404']?.content ?? {})).toEqual(['application/problem+json']);
    expect(responses['200']?.content['text/event-stream']?.schema).toMatchObject({
      type: 'object',
      required: ['data'],
    });
  });

  it('lists the failures of each call, and lets no other stand for them', async () => {
    const { responses } = await operation('/executions', 'post');
    expect(Object.keys(responses)).toEqual(
      expect.arrayContaining(['201', '400', '401', '403', '409', '413', '415', '422', '429']),
    );
    expect(responses).not.toHaveProperty('default');
    expect((await operation('/meta', 'get')).responses).not.toHaveProperty('422');
  });

  it('asks for a body where one is needed', async () => {
    const verb = '/executions/{executionId}';
    expect((await operation(`${verb}/cancel`, 'post')).requestBody?.required).toBe(false);
    expect((await operation(`${verb}/priority`, 'post')).requestBody?.required).toBe(true);
  });
});

describe('a stream', () => {
  it('ends after its time, and goes on for whoever comes back, while their key is right', async () => {
    const { engine } = harness;
    const how = { by: 'test', reason: 'test' };
    const name = `reader ${randomUUID()}`;
    const { key, token } = await engine.keys.create({ name, scope: 'read', ...how });
    const short = await startHttp(harness, {
      authenticate: authenticator({ keys: engine.keys, open: false }),
      streamLimitMs: 200,
    });
    try {
      const spec = { name: 'asks', tasks: [{ id: 'ask', approval: { message: 'Go on?' } }] };
      const { executionId } = await engine.scheduleTaskGraph(spec);
      const url = `${short.url}/api/v1/executions/${executionId}/events`;
      const authorization = `Bearer ${token}`;
      const first = await readStream(url, undefined, { authorization });
      await engine.approve(`${executionId}/ask`, { by: 'test' });
      await engine.handle(executionId).result();
      const lastId = first.at(-1)?.id ?? '0';
      const again = { authorization, 'last-event-id': lastId };
      const rest: typeof first = [];
      while (!rest.some(({ event }) => event === 'completed')) {
        const from = { ...again, 'last-event-id': rest.at(-1)?.id ?? lastId };
        rest.push(...(await readStream(url, undefined, from)));
      }
      expect(first.map(({ event }) => event)).not.toContain('completed');
      expect(Number(rest[0]?.id)).toBeGreaterThan(Number(lastId));
      await engine.keys.revoke(key.id, how);
      await expect(readStream(url, undefined, again)).rejects.toThrow(/^401 .*revoked/);
    } finally {
      await short.stop();
    }
  });
});
