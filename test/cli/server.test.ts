import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildCli, documentOf, runCli, startCli } from '../support/cli.js';

describe('--server', () => {
  beforeAll(buildCli);

  it.each([
    [['dev'], 'dev starts everything on this machine, not through a server'],
    [['worker'], 'worker runs tasks on this machine for Temporal, not through a server'],
    [['serve'], 'serve is the server and runs beside Temporal'],
    [['rebuild-store'], 'rebuild-store reads Temporal and writes the store themselves'],
    [['complete', 'x/y'], 'complete ends a task with Temporal itself'],
    [['run', 'echo', '--tasks', 'tasks.ts'], '--tasks loads code on this machine'],
    [['list', '--address', '127.0.0.1:7233'], '--address is for the server to know'],
    [['status', 'x', '--task-queue', 'gpu'], '--task-queue is for the server to know'],
    [['approve', 'x/y', '--by', 'ada'], '--by: the server knows by the key who asks'],
  ])('refuses %j with exit code 2 and says why', async (args, message) => {
    const { code, stderr, stdout } = await runCli([...args, '--server', 'http://127.0.0.1:1']);
    expect(stderr).toContain(message);
    expect(stderr).toContain('leave out --server');
    expect([code, stdout]).toEqual([2, '']);
  });

  it('ends with exit code 3 where nobody answers, and names the address', async () => {
    const server = 'http://127.0.0.1:9';
    const { code, stderr } = await runCli(['list', '--server', server]);
    expect(stderr).toContain(`cannot reach the server at ${server}`);
    expect(code).toBe(3);
  });

  it('goes to Temporal where --address says so, whatever TEMPOGRAPH_SERVER says', async () => {
    const env = { TEMPOGRAPH_SERVER: 'http://127.0.0.1:9' };
    const { code, stderr } = await runCli(['explain', 'x', '--address', '127.0.0.1:1'], { env });
    expect(stderr).toContain('127.0.0.1:1');
    expect(stderr).not.toContain('127.0.0.1:9');
    expect(code).toBe(3);
  });

  it('sends the key of the file to that address alone, and shows it nowhere', async () => {
    const asked: (string | undefined)[] = [];
    const server = createServer(({ headers }, response) => {
      asked.push(headers.authorization);
      const problem = { code: 'UNAUTHENTICATED', detail: 'this key is revoked' };
      response.writeHead(401, { 'content-type': 'application/problem+json' });
      response.end(JSON.stringify(problem));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const keyFile = join(mkdtempSync(join(tmpdir(), 'tempograph-key-')), 'key');
    writeFileSync(keyFile, 'tg_secret\n');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const args = ['list', '--server', url, '--api-key-file', keyFile, '--json'];
    const result = await runCli([...args, '--log-level', 'debug']);
    server.close();
    expect(asked).toEqual(['Bearer tg_secret']);
    expect(documentOf(result)).toEqual({
      error: { code: 'UNAUTHENTICATED', message: 'this key is revoked' },
    });
    expect(result.code).toBe(2);
    expect(`${result.stdout}${result.stderr}`).not.toContain('tg_secret');
  });

  it('refuses a key over plain HTTP to another machine', async () => {
    const env = { TEMPOGRAPH_SERVER: 'http://tempograph.example', TEMPOGRAPH_API_KEY: 'tg_secret' };
    const { code, stderr } = await startCli(['list'], { env }).ended;
    expect(stderr).toContain('use https, or say --plain-http');
    expect(stderr).not.toContain('tg_secret');
    expect(code).toBe(2);
  });
});
