/** `GET /metrics`, over a real worker: what was run is what it tells. */
import { defineTask } from '../../src/index.js';
import type { Principal } from '../../src/domain/access.js';
import { exposedName } from '../../src/domain/metric.js';
import { TaskError } from '../../src/domain/errors.js';
import { SERVER_METRIC } from '../../src/http/metric-names.js';
import { startHarness, type Harness } from '../support/engine.js';
import { startHttp, type HttpScene } from '../support/http.js';
import { until } from '../support/until.js';

const flaky = defineTask<null, string>({
  name: 'flaky',
  retry: { strategy: 'IMMEDIATE', maxRetries: 1 },
  run: (_input, { attempt }) => {
    if (attempt === 1) throw new Error('not yet');
    return 'done';
  },
});
const broken = defineTask({
  name: 'broken',
  retry: { strategy: 'NONE' },
  run: () => {
    throw new Error('never');
  },
});
const CALLERS: Record<string, Principal> = {
  reader: { kind: 'key', name: 'key:reader', scope: 'read', projects: null },
  bound: { kind: 'key', name: 'key:bound', scope: 'admin', projects: ['ours'] },
};

let harness: Harness;
let http: HttpScene;
beforeAll(async () => {
  harness = await startHarness({ tasks: [flaky, broken] });
  http = await startHttp(harness, {
    authenticate: async (header) => {
      const who = CALLERS[header?.replace('Bearer ', '') ?? ''];
      if (who) return who;
      const why = header === undefined ? 'missing' : 'a name that a caller chose';
      throw new TaskError('UNAUTHENTICATED', 'no key', { details: { why } });
    },
  });
});
afterAll(async () => {
  await http.stop();
  await harness.stop();
});

const scrape = (token?: string): Promise<Response> =>
  fetch(`${http.url}/metrics`, {
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
  });
const lines = async (): Promise<string[]> => (await (await scrape('reader')).text()).split('\n');

describe('GET /metrics', () => {
  it('tells of executions by status, retries, open circuits, queues and workers', async () => {
    const { engine, taskQueue } = harness;
    const graph = { name: 'g', tasks: [{ id: 'a', task: 'flaky', input: null }] };
    await (await engine.scheduleTaskGraph(graph)).result();
    await (await engine.scheduleTask({ task: 'broken' })).result();
    await (await engine.scheduleTask({ task: 'flaky', input: null })).result();
    await engine.circuits.open('bank "A"', { project: 'shop' });
    await engine.circuits.open('post');
    await engine.circuits.close('post');
    const expected = [
      'tempograph_stored_executions{status="COMPLETED"} 2',
      'tempograph_stored_executions{status="FAILED"} 1',
      'tempograph_stored_executions{status="RUNNING"} 0',
      'tempograph_stored_retries 2',
      'tempograph_circuit_open{circuit="bank \\"A\\"",project="shop"} 1',
      'tempograph_circuit_open{circuit="post",project=""} 0',
      'tempograph_dependency_up{dependency="temporal"} 1',
      'tempograph_dependency_up{dependency="store"} 1',
      `tempograph_queue_backlog{queue="${taskQueue}"} 0`,
      `tempograph_queue_workers{queue="${taskQueue}"} 1`,
      `tempograph_queue_workers{queue="${taskQueue}-process"} 0`,
      'tempograph_live_watchers 0',
      'tempograph_live_pollers 0',
    ];
    let missing = expected;
    const isWhole = async (): Promise<boolean> => {
      const page = await lines(); // what has ended is in the store a moment later
      missing = expected.filter((line) => !page.includes(line));
      return missing.length === 0;
    };
    await until(isWhole, 'the page', 20_000).catch(() => undefined);
    expect(missing).toEqual([]);
    const page = (await lines()).join('\n');
    expect(page).toMatch(/^tempograph_store_bytes [1-9]\d{3,}$/m);
    expect(page).toMatch(/^tempograph_store_free_bytes \d+$/m);
  });

  it('counts requests by the pattern of their path, and refusals by a few reasons', async () => {
    await http.call('GET', '/executions/nope', undefined, { authorization: 'Bearer reader' });
    await http.call('GET', '/meta', undefined, { authorization: 'Bearer forged' });
    await http.call('GET', '/meta');
    await fetch(`${http.url}/no/such/path`);
    const page = await lines();
    const failures = 'tempograph_http_authentication_failures_total';
    expect(page).toContain(
      'tempograph_http_requests_total{method="GET",route="/api/v1/executions/:executionId",status="404"} 1',
    );
    expect(page).toContain(
      'tempograph_http_request_seconds_count{method="GET",route="/api/v1/meta"} 2',
    );
    expect(page).toContain(`${failures}{reason="missing"} 1`);
    expect(page).toContain(`${failures}{reason="other"} 1`);
    expect(page.join('\n')).not.toMatch(/no\/such\/path|a name that a caller chose/);
  });

  it('needs scope read and a key that is bound to no project', async () => {
    const answer = await scrape('reader');
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect((await scrape()).status).toBe(401);
    expect((await scrape('bound')).status).toBe(403);
  });

  it('has the labels that are described, and no metric that is not', async () => {
    const described = new Map<string, string[]>(
      Object.entries(SERVER_METRIC).map(([name, one]) => [exposedName(name, one), [...one.labels]]),
    );
    const seen = new Set<string>();
    for (const line of await lines()) {
      const [, name = '', labels = ''] = /^(\w+)(?:\{(.*)\})? /.exec(line) ?? [];
      if (name === '') continue;
      const base = name.replace(/(?<=_seconds)_(bucket|sum|count)$/, '');
      const names = [...labels.matchAll(/(\w+)="(?:[^"\\]|\\.)*"/g)].map(([, label]) => label);
      expect([base, names.filter((label) => label !== 'le')]).toEqual([base, described.get(base)]);
      seen.add(base);
    }
    expect([...seen].sort()).toEqual([...described.keys()].sort());
  });
});
