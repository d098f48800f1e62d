/** `tempograph serve` while its Temporal server is away, and once it is back. */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mkdtemp, rm } from 'node:fs/promises';
import type { DevServer } from '../../src/servers/dev-server.js';
import { startDevServer } from '../../src/servers/start-dev-server.js';
import { buildCli, startCli, type CliProcess } from '../support/cli.js';
import { until } from '../support/until.js';

describe('serve, whose Temporal server goes away', () => {
  let folder: string;
  let temporal: DevServer;
  let server: CliProcess;
  let api: string;
  const start = async (port?: number): Promise<DevServer> =>
    await startDevServer({ port, dbFile: join(folder, 'temporal.db') });
  beforeAll(async () => {
    await buildCli();
    folder = await mkdtemp(join(tmpdir(), 'tempograph-outage-'));
    temporal = await start();
    server = startCli(['serve', '--no-auth', '--http-port', '0', '--json'], {
      env: { TEMPORAL_ADDRESS: temporal.address, TEMPOGRAPH_DATA_DIR: folder },
    });
    const ready = await server.saw('stdout', /"http":"([^"]+)"/);
    api = `${/"http":"([^"]+)"/.exec(ready)?.[1]}/api/v1`;
  });
  afterAll(async () => {
    server.child.kill('SIGTERM');
    await server.ended;
    await temporal.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it('answers 503 UNREACHABLE and says when to ask again, and answers as before once it is back', async () => {
    expect((await fetch(`${api}/executions/nope`)).status).toBe(404);
    await temporal.stop();
    const calls: [string, RequestInit?][] = [
      ['/executions'],
      ['/executions/nope'],
      ['/schedules'],
      ['/executions/nope/cancel', body({})],
      ['/executions', body({ task: 'echo' })],
    ];
    for (const [path, init] of calls) {
      const response = await fetch(api + path, init);
      const { code, detail } = (await response.json()) as { code: string; detail: string };
      const after = response.headers.get('retry-after');
      expect([path, response.status, code, after]).toEqual([path, 503, 'UNREACHABLE', '2']);
      // Where it is, and how that is set, is no affair of whoever calls.
      expect(detail).toBe('the Temporal server behind this API does not answer; ask again later');
    }
    temporal = await start(Number(temporal.address.split(':').at(-1)));
    await until(async () => (await fetch(`${api}/executions/nope`)).status === 404, 'an answer');
  });
});

const body = (value: object): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(value),
});
