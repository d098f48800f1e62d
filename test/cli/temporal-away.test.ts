import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import { TaskEngine } from '../../src/client.js';
import { clientOfNobody, closeClient } from '../../src/client/connect.js';
import { startHarness, type Harness } from '../support/engine.js';
import { startHttp, type HttpScene } from '../support/http.js';
import { buildCli, documentOf, envOf, runCli, until, type CliResult } from '../support/cli.js';

/** Nobody listens there. */
const AWAY = '127.0.0.1:1';

describe('commands that read while Temporal cannot be reached', () => {
  let harness: Harness;
  /** What `serve` has of Temporal once that went away. */
  let engine: TaskEngine;
  let client: Client;
  let http: HttpScene;
  let id: string;
  beforeAll(async () => {
    await buildCli();
    harness = await startHarness();
    const { taskQueue, dataDir } = harness;
    client = clientOfNobody({ address: AWAY });
    engine = await TaskEngine.connect({ client, address: AWAY, taskQueue, dataDir });
    http = await startHttp({ ...harness, engine });
    ({ executionId: id } = await harness.engine.scheduleTaskGraph({
      name: 'left-alone',
      tasks: [
        { id: 'quick', task: 'echo', input: 'done' },
        { id: 'long', task: 'sleep', dependsOn: ['quick'], input: { ms: 3_600_000 } },
      ],
    }));
    await until('the store knows that long runs', async () => {
      const { executions } = await harness.engine.listExecutions({ parentId: id });
      return executions.some((one) => one.executionId.endsWith('/long') && one.startedAt !== null);
    });
  });
  afterAll(async () => {
    await http.stop();
    await engine.shutdown();
    await closeClient(client);
    await harness.stop();
  });

  const away = (): Record<string, string> => ({ ...envOf(harness), TEMPORAL_ADDRESS: AWAY });
  const cli = async (...args: string[]): Promise<CliResult> => await runCli(args, { env: away() });
  const through = async (...args: string[]): Promise<CliResult> =>
    await runCli([...args, '--server', http.url]);
  const NOTE = `no Temporal server answers at ${AWAY}: what is shown is what the store last heard`;

  it.each([
    ['list', (): string[] => ['list']],
    ['stats', (): string[] => ['stats']],
    ['events', (): string[] => ['events', id]],
    ['logs', (): string[] => ['logs', id]],
    ['audit', (): string[] => ['audit']],
    ['dead-letter list', (): string[] => ['dead-letter', 'list']],
    ['key list', (): string[] => ['key', 'list']],
  ])('%s answers from the store, and says so on standard error alone', async (_name, args) => {
    const { code, stdout, stderr } = await cli(...args());
    expect(stderr).toContain(NOTE);
    expect(code).toBe(0);
    expect(stdout).not.toContain(NOTE);
  });

  it('gives the documents that it gives otherwise', async () => {
    const { executions } = documentOf<{ executions: object[] }>(await cli('list', '--json'));
    expect(executions).toContainEqual(expect.objectContaining({ executionId: id }));
    const asOf = expect.stringMatching(/^\d{4}-.*Z$/) as string;
    const states = { quick: { status: 'COMPLETED' }, long: { status: 'RUNNING' } };
    const stood = { executionId: id, status: 'RUNNING', asOf, nodes: states };
    expect(documentOf(await cli('status', id, '--json'))).toMatchObject(stood);
    expect(documentOf(await through('status', id, '--json'))).toMatchObject(stood);
    const node = { executionId: `${id}/quick`, status: 'COMPLETED', asOf };
    expect(documentOf(await cli('status', `${id}/quick`, '--json'))).toMatchObject(node);
    expect(documentOf(await through('status', `${id}/quick`, '--json'))).toMatchObject(node);
  });

  it('says since when it may have gone on, also through a server', async () => {
    for (const { code, stdout, stderr } of [await cli('status', id), await through('status', id)]) {
      expect(code).toBe(0);
      expect(stderr).toMatch(
        /Temporal cannot be reached: .+ is shown as the store last had it, of .+Z, and may have gone on since/,
      );
      expect(stdout).toMatch(/long +RUNNING/);
    }
  });

  it('ends with 3 where the store does not know either, and explain names what does', async () => {
    const unknown = await cli('status', 'nope');
    expect(unknown).toMatchObject({ code: 3, stdout: '' });
    const why = await cli('explain', id);
    expect(why.code).toBe(3);
    expect(why.stderr).toContain(`"tempograph status ${id}" shows how the store last had it`);
    const dataDir = mkdtempSync(join(tmpdir(), 'tempograph-away-'));
    const empty = { ...away(), TEMPOGRAPH_DATA_DIR: dataDir };
    const { code, stderr } = await runCli(['list'], { env: empty });
    expect(code).toBe(3);
    expect(stderr).toContain(`no Temporal server answers at ${AWAY}; start one`);
    expect(stderr).not.toContain('what is shown');
  });

  it('has no result of what the store last had running: the server says that nobody can be asked', async () => {
    const { status, json } = await http.call('GET', `/executions/${id}/result`);
    expect([status, json['code']]).toEqual([503, 'UNREACHABLE']);
    expect((await http.call('GET', `/executions/${id}`)).status).toBe(200);
    expect((await http.call('GET', '/executions/nope')).status).toBe(503);
  });
});
