/** Clients that leave too early, send other bytes than they say, or name what there is not. */
import { EventEmitter, once } from 'node:events';
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { TaskError } from '../../src/domain/errors.js';
import { problemOf } from '../../src/http/problem.js';
import { startHarness, type Harness } from '../support/engine.js';
import { callers, endOf, pathOf, startHttp, type HttpScene } from '../support/http.js';
import { until } from '../support/until.js';

let harness: Harness;
let http: HttpScene;
/** `came` when somebody with the token `slow` has come, who is let in at `open`. */
const door = new EventEmitter();
beforeAll(async () => {
  harness = await startHarness();
  const known = callers({ slow: null, quick: null });
  http = await startHttp(harness, {
    authenticate: async (header) => {
      if (header !== 'Bearer slow') return await known('Bearer quick');
      const opened = once(door, 'open');
      door.emit('came');
      await opened;
      return await known(header);
    },
  });
});
afterAll(async () => {
  await http.stop();
  await harness.stop();
});

describe('a client that leaves before the server knows who it is', () => {
  it('leaves no clock behind that would hold its request for an hour', async () => {
    const tasks = [{ id: 'ask', approval: { message: 'Go on?' } }];
    const { executionId } = await harness.engine.scheduleTaskGraph({ name: 'asks', tasks });
    const { hostname, port } = new URL(http.url);
    const head = `GET /api/v1${pathOf(executionId, '/watch')} HTTP/1.1\r\nHost: ${hostname}\r\n`;
    const clocks = (): number =>
      process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    const before = clocks();
    for (let client = 0; client < 60; client++) {
      const socket = connect(Number(port), hostname);
      const came = once(door, 'came');
      socket.write(`${head}Authorization: Bearer slow\r\n\r\n`);
      await came;
      socket.destroy();
      await once(socket, 'close');
      await http.call('GET', '/meta'); // answered after the server has seen it leave
      door.emit('open');
      await http.call('GET', '/meta');
    }
    await until(() => http.server.pollers === 0, 'nobody is watched for');
    await until(() => clocks() < before + 30, 'their clocks are gone', 20_000);
    await harness.engine.cancelExecution(executionId);
  });
});

describe('a body', () => {
  const send = async (body: Uint8Array, headers: Record<string, string> = {}) => {
    const response = await fetch(`${http.url}/api/v1/executions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body,
    });
    return { status: response.status, json: (await response.json()) as { detail: string } };
  };

  it('that is no UTF-8 starts nothing, for its text would be another one', async () => {
    const body = Buffer.from('{"task":"echo",\n"input":"caf\u00e9"}', 'latin1');
    expect(await send(body, { 'content-type': 'application/json; charset=latin1' })).toMatchObject({
      status: 400,
      json: { detail: 'body: is no UTF-8 text: line 2 column 13; write it as UTF-8' },
    });
  });

  it('that is packed is refused by the header that says so', async () => {
    const body = gzipSync('{"task":"noop"}');
    expect(await send(body, { 'content-encoding': 'gzip' })).toMatchObject({
      status: 415,
      json: { detail: 'content-encoding: expected none, got "gzip"; send the body as it is' },
    });
  });

  it('that is said to be there and is not is told in our words', async () => {
    const { json } = await send(Buffer.alloc(0));
    expect(json.detail).toMatch(/^body: expected JSON, got nothing/);
  });
});

describe('a request for what is not there', () => {
  it.each([
    '/executions/nobody/events',
    '/executions/nobody/events?follow=false',
    '/tasks/none/versions',
  ])('is told so: %s', async (path) => {
    expect(await http.call('GET', path)).toMatchObject({
      status: 404,
      json: { code: 'NOT_FOUND' },
    });
  });

  it('names the nodes that there are, where events of a node are asked for', async () => {
    const { executionId } = await harness.engine.scheduleTaskGraph({
      name: 'g',
      tasks: [{ id: 'load', task: 'noop' }],
    });
    const { status, json } = await http.call('GET', pathOf(`${executionId}/lod`, '/events'));
    expect({ status, detail: json['detail'] }).toEqual({
      status: 404,
      detail: expect.stringContaining('"load"') as string,
    });
  });

  it('is 404 and not 405 where only a slash is too many', async () => {
    expect((await http.call('GET', '/meta/')).status).toBe(404);
    expect((await http.call('POST', '/meta')).status).toBe(405);
  });
});

describe('a query', () => {
  const detailOf = async (path: string) => {
    const { status, json } = await http.call('GET', path);
    return { status, detail: String(json['detail']) };
  };
  const forged = (...place: unknown[]): string =>
    Buffer.from(JSON.stringify(place)).toString('base64url');

  it.each([
    ['executions', ['executions', '9999999999999999999']],
    ['audit', ['audit', 'x']],
    ['projects', ['nodes', 'a']],
  ])('with a forged cursor is refused: %s', async (list, place) => {
    const { status, detail } = await detailOf(`/${list}?cursor=${forged(...place)}`);
    expect([status, detail]).toEqual([400, expect.stringContaining('is none of this list')]);
  });

  it('for metadata that no record can have is refused, and not answered with everything', async () => {
    const metadata = encodeURIComponent('{"__proto__":1}');
    expect((await detailOf(`/executions?metadata=${metadata}`)).status).toBe(400);
  });

  it('with a time that is none is told what a time is, and how a + is written', async () => {
    const { detail } = await detailOf('/executions?since=2026-01-31');
    expect(detail).toContain(
      'query.since: expected an ISO time with an offset, such as "2027-01-31T08:00:00Z", got "2026-01-31"',
    );
    const plus = await detailOf('/executions?since=2026-01-31T08:00:00+01:00');
    expect(plus.detail).toContain('write + as %2B in an address');
  });
});

describe('a key that is said twice', () => {
  it.each<[string, string, object]>([
    ['/executions', 'requestId', { task: 'noop' }],
    ['/batches', 'idempotencyKey', { items: [{ task: 'noop' }] }],
  ])(
    'is one where both are the same, and refused where they differ: %s',
    async (path, field, body) => {
      const key = `twice-${harness.taskQueue}`;
      const headers = { 'idempotency-key': key };
      const other = await http.call('POST', path, { ...body, [field]: 'other' }, headers);
      expect(other).toMatchObject({
        status: 422,
        json: {
          detail: `Idempotency-Key: got "${key}", and ${field} "other" in the body; say one of the two`,
        },
      });
      expect(
        (await http.call('POST', path, { ...body, [field]: key }, headers)).status,
      ).toBeLessThan(300);
    },
  );

  it('may have 255 characters in the body too', async () => {
    const requestId = `${harness.taskQueue}-`.padEnd(255, 'x');
    expect((await http.call('POST', '/executions', { task: 'noop', requestId })).status).toBe(201);
  });
});

describe('an id that is a step of an address', () => {
  it.each(['.', '..'])('is refused: %s', async (id) => {
    const told = expect.stringContaining('expected another id than "." and ".."') as string;
    const execution = await http.call('POST', '/executions', { task: 'noop', executionId: id });
    expect(execution).toMatchObject({ status: 422, json: { detail: told } });
    const schedule = await http.call('POST', '/schedules', { id, task: 'noop', cron: '0 0 1 1 *' });
    expect(schedule).toMatchObject({ status: 422, json: { detail: told } });
  });
});

describe('a backfill', () => {
  it('from further than the server can count is refused, and starts nothing', async () => {
    const id = `far-${harness.taskQueue}`;
    await http.call('POST', '/schedules', { id, task: 'noop', cron: '0 0 1 1 *' });
    const span = { from: '0001-01-01T00:00:00Z', to: '9999-01-01T00:00:00Z' };
    const { status, json } = await http.call('POST', `/schedules/${id}/backfill`, span);
    await http.call('DELETE', `/schedules/${id}`);
    expect(status).toBe(422);
    expect(json['faults']).toMatchObject([
      { path: 'from', message: expect.stringContaining('in the years 2000 to 2100') as string },
      { path: 'to' },
    ]);
  });
});

describe('what only a worker finds in a lone task', () => {
  it('is told at the place where it was said', async () => {
    const { json } = await http.call('POST', '/executions', { task: 'nope' });
    const id = String(json['executionId']);
    await endOf(http, id);
    const { error } = (await http.call<{ error: object }>('GET', pathOf(id, '/result'))).json;
    expect(error).toMatchObject({
      message: expect.stringMatching(/^task: unknown task "nope"/) as string,
      details: { faults: [{ path: 'task', code: 'UNKNOWN_TASK' }] },
    });
    const record = (await http.call<{ error: object }>('GET', pathOf(id))).json;
    expect(record.error).toMatchObject({
      message: expect.stringMatching(/^(task refused, 1 fault:\n {2})?task: unknown/) as string,
    });
  });
});

describe('what the store says', () => {
  it('is for the log of the server: it names the place and the query', () => {
    const thrown = new TaskError(
      'STORE',
      'executions.list failed on postgres://db.internal/t: boom',
    );
    const { status, code, detail } = problemOf(thrown, 'r');
    expect({ status, code }).toEqual({ status: 503, code: 'STORE' });
    expect(detail).toMatch(/^the store behind this API/);
  });
});
