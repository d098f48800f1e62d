import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import getPort from 'get-port';
import { resolveSettings } from '../../src/config.js';
import { exposedName } from '../../src/domain/metric.js';
import { LabelBound } from '../../src/telemetry/label-bound.js';
import { SECONDS } from '../../src/telemetry/metric-names.js';
import { WORKER_METRICS } from '../support/metric-table.js';
import { runObserved } from '../support/observed.js';

/** The samples of a metric as `{labels} value`, in order. */
const samples = (page: string, name: string): string[] =>
  page
    .split('\n')
    .filter((line) => new RegExp(`^${name}(?=[ {])`).test(line))
    .map((line) => line.slice(name.length))
    .sort();

describe('metrics', () => {
  it("stand on the page of Temporal's own, and OpenTelemetry is not even loaded", async () => {
    const address = `127.0.0.1:${await getPort()}`;
    const { metrics, statuses, loaded, stderr } = await runObserved({
      TEMPOGRAPH_METRICS_ADDRESS: address,
      TEMPOGRAPH_LOG_LEVEL: 'error',
    });
    expect(statuses).toEqual(['COMPLETED', 'FAILED']);
    expect(stderr).not.toContain('sink');
    expect(loaded).toEqual([]);
    expect(samples(metrics, 'tempograph_executions_started_total')).toEqual([
      '{kind="graph",project="p1"} 1',
      '{kind="task",project=""} 1',
    ]);
    expect(samples(metrics, 'tempograph_executions_total')).toEqual([
      '{kind="graph",project="p1",status="COMPLETED"} 1',
      '{kind="task",project="",status="FAILED"} 1',
    ]);
    expect(samples(metrics, 'tempograph_nodes_ended_total')).toEqual([
      '{kind="graph",project="p1",status="COMPLETED"} 2',
      '{kind="task",project="",status="FAILED"} 1',
    ]);
    expect(samples(metrics, 'tempograph_attempts_total')).toEqual([
      '{outcome="COMPLETED",project="p1",task="flaky"} 1',
      '{outcome="COMPLETED",project="p1",task="slow"} 1',
      '{outcome="FAILED",project="",task="flaky"} 4',
      '{outcome="FAILED",project="p1",task="flaky"} 1',
      '{outcome="FAILED",project="p1",task="slow"} 1',
    ]);
    expect(samples(metrics, 'tempograph_retries_total')).toEqual([
      '{project="",task="flaky"} 3',
      '{project="p1",task="flaky"} 1',
      '{project="p1",task="slow"} 1',
    ]);
    expect(samples(metrics, 'tempograph_nodes_held_total')).toEqual([
      '{project="p1",reason="retry",task="slow"} 1',
    ]);
    expect(samples(metrics, 'tempograph_task_metric')).toEqual([
      '{metric="rows",project="",task="flaky"} 7.5',
      '{metric="rows",project="p1",task="flaky"} 7.5',
      '{metric="rows",project="p1",task="slow"} 7.5',
    ]);
    expect(samples(metrics, 'tempograph_retry_wait_seconds_sum')).toContain(
      '{project="p1",task="slow"} 0.02',
    );
    for (const name of Object.keys(SECONDS))
      expect(samples(metrics, `${name}_count`).length).toBeGreaterThan(0);
    const pools = /^tempograph_pool_/; // no program has run
    for (const [name, one] of Object.entries(WORKER_METRICS)) {
      if (pools.test(name)) continue;
      const suffix = one.type === 'histogram' ? '_count' : '';
      const [sample = ''] = samples(metrics, `${exposedName(name, one)}${suffix}`);
      const labels = [...sample.matchAll(/(\w+)="/g)].map(([, label]) => label);
      expect([name, labels]).toEqual([name, one.labels]);
    }
    const ours = metrics.match(/(?<=^# TYPE )tempograph_\w+/gm) ?? [];
    const described = Object.entries(WORKER_METRICS).map(([name, one]) => exposedName(name, one));
    expect(ours.filter((name) => !described.includes(name))).toEqual([]);
    expect(metrics).toContain('le="86400"');
    expect(metrics).toContain('temporal_workflow_completed'); // the SDK's own
  });

  it('name the setting when nothing can be served there', async () => {
    const server = await listening();
    const { port } = server.address() as AddressInfo;
    await expect(runObserved({ TEMPOGRAPH_METRICS_ADDRESS: `127.0.0.1:${port}` })).rejects.toThrow(
      `metricsAddress: metrics cannot be served at 127.0.0.1:${port}`,
    );
    server.close();
  });
});

describe('metricsAddress', () => {
  it.each([
    ['127.0.0.1:9464', '127.0.0.1:9464'],
    ['localhost:9464', '127.0.0.1:9464'],
    ['[::1]:9464', '[::1]:9464'],
  ])('takes %s', (given, address) => {
    expect(resolveSettings({ metricsAddress: given }, {}).metricsAddress).toBe(address);
  });

  it.each(['9464', ':9464', 'example.org:9464', '127.0.0.1', '127.0.0.1:70000', '1.2.3:1'])(
    'refuses %s',
    (given) => {
      expect(() => resolveSettings({}, { TEMPOGRAPH_METRICS_ADDRESS: given })).toThrow(
        `metricsAddress: expected <IP address>:<port> such as 127.0.0.1:9464, got "${given}"`,
      );
    },
  );
});

describe('LabelBound', () => {
  it('keeps the first values and calls the rest other', () => {
    const bound = new LabelBound(2);
    expect(['a', 'b', 'c', 'a'].map((value) => bound.of(value))).toEqual(['a', 'b', 'other', 'a']);
  });
});

describe('traces by the environment', () => {
  it('reach the collector before the process ends', async () => {
    const received: { url: string; type: string; body: string }[] = [];
    const server = await listening((request) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () =>
        received.push({
          url: request.url ?? '',
          type: request.headers['content-type'] ?? '',
          body: Buffer.concat(chunks).toString('latin1'),
        }),
      );
    });
    const { port } = server.address() as AddressInfo;
    const { statuses, loaded } = await runObserved({
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
      OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment=here',
    });
    server.close();
    expect(statuses).toEqual(['COMPLETED', 'FAILED']);
    expect(loaded).toContain('@opentelemetry/sdk-trace-node');
    expect(new Set(received.map(({ url, type }) => `${url} ${type}`))).toEqual(
      new Set(['/v1/traces application/x-protobuf']),
    );
    const all = received.map(({ body }) => body).join('');
    for (const text of [
      'graph observed',
      'node a',
      'attempt 2',
      'task flaky',
      'tempograph',
      'here',
    ])
      expect(all).toContain(text);
  });
});

async function listening(
  onRequest: (request: IncomingMessage) => void = () => undefined,
): Promise<Server> {
  const server = createServer((request, response) => {
    onRequest(request);
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}
