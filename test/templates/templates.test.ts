/** Every template of this package, run with the built-in tasks against a server of the test's own. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { listTemplates } from '../../src/templates/load-template.js';
import { startHarness, type Harness } from '../support/engine.js';
import { until } from '../support/until.js';

interface Call {
  method: string;
  path: string;
  body: unknown;
}

describe('the templates of this package', () => {
  let harness: Harness;
  let server: Server;
  let base: string;
  const calls: Call[] = [];
  /** Answers by path: a status and a body; 200 and null otherwise. */
  let answers: Record<string, (call: Call, times: number) => [status: number, body?: unknown]> = {};

  beforeAll(async () => {
    process.env['TEMPOGRAPH_HTTP_ALLOW_PRIVATE'] = '1';
    server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        const call = {
          ...{ method: request.method ?? '', path: request.url ?? '' },
          body: text === '' ? null : (JSON.parse(text) as unknown),
        };
        calls.push(call);
        const times = calls.filter(({ path }) => path === call.path).length;
        const [status, body = null] = answers[call.path]?.(call, times) ?? [200];
        response.writeHead(status, { 'content-type': 'application/json' });
        response.end(JSON.stringify(body));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    harness = await startHarness();
  });
  afterAll(async () => {
    delete process.env['TEMPOGRAPH_HTTP_ALLOW_PRIVATE'];
    await harness.stop();
    server.closeAllConnections();
    server.close();
  });
  beforeEach(() => {
    calls.length = 0;
    answers = {};
  });

  const start = async (name: string, params: Record<string, unknown>) =>
    await harness.engine.scheduleTaskGraph(name, { params });
  const run = async (name: string, params: Record<string, unknown>) =>
    await (await start(name, params)).result();
  const paths = () => calls.map(({ method, path }) => `${method} ${path}`);

  it('are sound, described, and each run by a test below', () => {
    const ours = listTemplates('/nowhere');
    expect(ours.map(({ name }) => `${name}.yaml`)).toEqual(
      readdirSync(join(__dirname, '..', '..', 'templates')).sort(),
    );
    for (const { name, description, params, faults } of ours) {
      expect([name, faults]).toEqual([name, undefined]);
      expect(description).toMatch(/^[A-Z].{20,}\.$/s);
      for (const spec of Object.values(params)) expect(spec.description).toMatch(/./);
    }
    expect(ours.map(({ name }) => name)).toEqual([
      ...['approved-call', 'call-each', 'canary-release', 'check-urls'],
      ...['copy-json', 'notify', 'two-step-booking', 'wait-for-url'],
    ]);
  });

  it('wait-for-url asks until the answer is what was expected', async () => {
    answers['/health'] = (_call, times) => [times < 2 ? 404 : 204];
    const { status, nodes } = await run('wait-for-url', {
      url: `${base}/health`,
      statuses: [204],
    });
    expect([status, nodes['ask']?.attempts, paths().length]).toEqual(['COMPLETED', 2, 2]);
  }, 60_000);

  it('notify posts the text', async () => {
    const { status } = await run('notify', { webhook: `${base}/hook`, text: 'it is "done"' });
    expect(status).toBe('COMPLETED');
    expect(calls).toEqual([{ method: 'POST', path: '/hook', body: { text: 'it is "done"' } }]);
  });

  it('copy-json carries what meets the schema, and nothing else', async () => {
    answers['/from'] = () => [200, { rows: [1, 2] }];
    const params = { from: `${base}/from`, to: `${base}/to`, method: 'PUT' };
    const schema = (type: string) => ({ type: 'object', properties: { rows: { type } } });
    expect((await run('copy-json', { ...params, schema: schema('array') })).status).toBe(
      'COMPLETED',
    );
    expect(calls[1]).toEqual({ method: 'PUT', path: '/to', body: { rows: [1, 2] } });
    calls.length = 0;
    const refused = await run('copy-json', { ...params, schema: schema('string') });
    expect([refused.status, paths()]).toEqual(['FAILED', ['GET /from']]);
  });

  it('canary-release releases where all is well, and goes back where it is not', async () => {
    const params = Object.fromEntries(
      ['canary', 'health', 'release', 'rollback'].map((name) => [name, `${base}/${name}`]),
    );
    answers['/canary'] = () => [403];
    const { status, nodes } = await run('canary-release', { ...params, version: 'v2' });
    expect(status).toBe('FAILED');
    expect(nodes['rollback']?.status).toBe('COMPLETED');
    expect(calls.at(-1)).toEqual({ method: 'POST', path: '/rollback', body: { version: 'v2' } });
    expect(paths()).not.toContain('POST /release');
  });

  it('check-urls reports all of them', async () => {
    answers['/bad'] = () => [403];
    const urls = [`${base}/ok`, `${base}/bad`];
    const { status, nodes } = await run('check-urls', { urls });
    expect(status).toBe('COMPLETED');
    expect(nodes['report']?.output).toEqual({ asked: 2, answered: 1, statuses: [200, null] });
    const strict = await run('check-urls', { urls, strict: true });
    expect(strict.nodes['strict']?.error?.message).toBe('only 1 of 2 addresses answered');
  });

  it('call-each sends each item, in order of the list in its output', async () => {
    answers['/each'] = ({ body }) => [200, { got: body }];
    const { status, nodes } = await run('call-each', {
      url: `${base}/each`,
      items: [{ n: 1 }, { n: 2 }],
    });
    expect(status).toBe('COMPLETED');
    expect(nodes['call']?.output).toEqual([{ got: { n: 1 } }, { got: { n: 2 } }]);
  });

  it('approved-call waits for a yes', async () => {
    const handle = await start('approved-call', {
      ...{ question: 'Send it?', url: `${base}/send`, body: { n: 1 } },
    });
    const ask = handle.node('ask');
    await until(async () => (await ask.status()).status === 'RUNNING', 'the question');
    expect(calls).toEqual([]);
    expect(await ask.approve({ by: 'ada', note: 'looks good' })).toMatchObject({ success: true });
    expect((await handle.result()).status).toBe('COMPLETED');
    expect(calls).toEqual([{ method: 'POST', path: '/send', body: { n: 1 } }]);
  });

  it('two-step-booking takes the first back where the second refuses', async () => {
    answers['/first'] = () => [200, { booking: 7 }];
    answers['/second'] = () => [409];
    const { status } = await run('two-step-booking', {
      ...{ first: `${base}/first`, undo: `${base}/undo`, second: `${base}/second` },
      order: { id: 1 },
    });
    expect(status).toBe('FAILED');
    expect(paths()).toEqual(['POST /first', 'POST /second', 'POST /undo']);
    expect(calls[2]?.body).toEqual({ order: { id: 1 }, booking: { booking: 7 } });
  });
});
