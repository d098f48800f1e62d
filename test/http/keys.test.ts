/** Keys, the audit log, and what changes or looks ahead beside the verbs, over HTTP. */
import { startHarness, type Harness } from '../support/engine.js';
import { callers, startHttp, type HttpScene } from '../support/http.js';

let harness: Harness;
let http: HttpScene;
const authorization = 'Bearer root';
beforeAll(async () => {
  harness = await startHarness();
  const { audit } = harness.engine;
  http = await startHttp(harness, {
    authenticate: callers({ root: null }),
    audit: async (who, { what, target, reason }) =>
      void (await audit.append({ who, what, target, ...(reason === undefined ? {} : { reason }) })),
  });
});
afterAll(async () => {
  await http.stop();
  await harness.stop();
});

const call = async (method: string, path: string, body?: unknown) =>
  http.call(method, path, body, { authorization });

describe('keys', () => {
  it('are made, rotated and revoked, with one entry of the audit log each', async () => {
    const made = await call('POST', '/keys', {
      ...{ name: 'deploy', scope: 'run', projects: ['shop'], expires: '90d', reason: 'for CI' },
    });
    expect(made).toMatchObject({
      ...{ status: 201 },
      json: { key: { name: 'deploy', scope: 'run', projects: ['shop'], createdBy: 'key:root' } },
    });
    const { id } = made.json['key'] as { id: string };
    const token = made.json['token'] as string;
    expect(await harness.engine.keys.verify(token)).toMatchObject({ principal: { scope: 'run' } });
    const rotated = await call('POST', `/keys/${id}/rotate`, { grace: 0 });
    expect(await harness.engine.keys.verify(token)).toHaveProperty('refused');
    const next = rotated.json['token'] as string;
    expect(await harness.engine.keys.verify(next)).toHaveProperty('principal');
    expect((await call('DELETE', `/keys/${id}`)).status).toBe(400); // no reason
    expect((await call('DELETE', `/keys/${id}?reason=leaked`)).json).toMatchObject({
      key: { id, state: 'revoked' },
    });
    expect(await harness.engine.keys.verify(next)).toHaveProperty('refused');
    expect((await call('GET', `/keys/${id}`)).json).toMatchObject({ state: 'revoked' });
    expect((await call('GET', '/keys')).json).toEqual({ keys: [] });
    expect((await call('GET', '/keys?revoked=true')).json).toMatchObject({ keys: [{ id }] });
    const { json } = await call('GET', `/audit?target=${id}`);
    expect(json['entries']).toMatchObject([
      { who: 'key:root', what: 'key.revoke', reason: 'leaked' },
      { what: 'key.rotate' },
      { what: 'key.create', reason: 'for CI' },
    ]);
    expect(JSON.stringify(json)).not.toContain(token.slice(-20));
  });

  it('are refused where they make no sense', async () => {
    const admin = { name: 'x', scope: 'admin', projects: ['shop'] };
    const { status, json } = await call('POST', '/keys', admin);
    expect([status, json['detail']]).toEqual([400, expect.stringContaining('projects')]);
    expect((await call('GET', '/keys/none')).status).toBe(404);
  });
});

describe('the audit log', () => {
  it('goes by page, and whole as CSV and as lines of JSON', async () => {
    const { audit } = harness.engine;
    for (let n = 0; n < 3; n++)
      await audit.append({ who: 'ann', what: 'test', target: `=a${n}`, reason: 'a "b", c' });
    const page = await call('GET', '/audit?who=ann&limit=2');
    expect(page.json['entries']).toHaveLength(2);
    const rest = await call('GET', `/audit?who=ann&cursor=${String(page.json['nextCursor'])}`);
    expect(rest.json).toMatchObject({ entries: [{ target: '=a0' }] });
    expect(rest.json).not.toHaveProperty('nextCursor');
    const text = async (format: string): Promise<[string | null, string[]]> => {
      const url = `${http.url}/api/v1/audit?who=ann&format=${format}`;
      const answer = await fetch(url, { headers: { authorization } });
      return [answer.headers.get('content-type'), (await answer.text()).trimEnd().split(/\r?\n/)];
    };
    const [type, rows] = await text('csv');
    expect(type).toContain('text/csv');
    expect(rows).toHaveLength(4);
    expect(rows[0]).toBe('id,at,who,what,target,reason,details');
    expect(rows[1]).toMatch(/,ann,test,'=a2,"a ""b"", c",$/);
    const [, lines] = await text('ndjson');
    expect(lines.map((line) => (JSON.parse(line) as { target: string }).target)).toEqual([
      ...['=a2', '=a1', '=a0'],
    ]);
  });
});

describe('an execution', () => {
  it('that runs is edited, all of it or nothing', async () => {
    const tasks = [{ id: 'a', task: 'sleep', input: { ms: 600_000 } }];
    const handle = await harness.engine.scheduleTaskGraph({ name: 'g', tasks });
    const path = `/executions/${handle.executionId}/edit`;
    const add = [{ id: 'b', task: 'noop', dependsOn: ['nope'] }];
    expect((await call('POST', path, { add })).json).toMatchObject({
      ...{ success: false, faults: [expect.objectContaining({ code: 'UNKNOWN_DEPENDENCY' })] },
    });
    const sound = { add: [{ id: 'b', task: 'echo', input: 2 }], reason: 'one more' };
    expect((await call('POST', path, sound)).json).toMatchObject({ success: true });
    const { json } = await call('GET', `/executions/${handle.executionId}/nodes`);
    expect((json['nodes'] as { id: string }[]).map(({ id }) => id)).toEqual(['a', 'b']);
    const audited = await call('GET', `/audit?what=execution.edit`);
    expect(audited.json['entries']).toMatchObject([{ reason: 'one more' }, {}]);
    await handle.cancel();
  });

  it('that has ended tells how long it would have taken otherwise', async () => {
    const tasks = ['a', 'b'].map((id) => ({ id, task: 'sleep', input: { ms: 200 } }));
    const graph = { name: 'g', concurrency: 1, tasks };
    const handle = await harness.engine.scheduleTaskGraph(graph);
    await handle.result();
    const path = `/executions/${handle.executionId}/what-if`;
    const { json } = await call('POST', path, { concurrency: 2 });
    expect(json).toMatchObject({ executionId: handle.executionId });
    expect(json['peakParallelism']).toEqual({ before: 1, after: 2 });
    const nothing = await call('POST', path, { priorities: { z: 'HIGH' } });
    expect([nothing.status, nothing.json['code']]).toEqual([422, 'SPEC_INVALID']);
  });
});

it('shows the waits of a retry policy, and refuses one that contradicts itself', async () => {
  const path = '/pipelines/retry-preview';
  const fibonacci = { strategy: 'FIBONACCI_BACKOFF', delay: '1s', maxRetries: 5 };
  expect((await call('POST', path, fibonacci)).json).toEqual({
    waitsMs: [1_000, 1_000, 2_000, 3_000, 5_000],
  });
  const odd = { strategy: 'DELAY_LIST' };
  expect(await call('POST', path, odd)).toMatchObject({
    status: 422,
    json: { code: 'INPUT_INVALID' },
  });
  expect((await call('POST', path, { delay: 'soon' })).status).toBe(422);
});

it('says that there is no dead letter to forget', async () => {
  expect((await call('GET', '/dead-letters')).json).toEqual({ deadLetters: [] });
  expect((await call('POST', '/dead-letters/retry', { sink: 'none' })).json).toEqual({
    retried: 0,
  });
  expect((await call('DELETE', '/dead-letters/none/e1')).status).toBe(404);
});
