/** What is kept beside executions, by commands against Temporal and through a server: the same words and JSON. */
import { randomUUID } from 'node:crypto';
import { buildCli, documentOf, envOf, runCli, type CliResult } from '../support/cli.js';
import { startHarness, type Harness } from '../support/engine.js';
import { startHttp, type HttpScene } from '../support/http.js';

type Json = Record<string, unknown>;

describe.each(['Temporal', 'a server'])('commands for what is kept (%s)', (through) => {
  let harness: Harness;
  let http: HttpScene;
  let env: Record<string, string>;
  const project = `p-${randomUUID().slice(0, 8)}`;

  beforeAll(async () => {
    await buildCli();
    harness = await startHarness();
    http = await startHttp(harness);
    env = through === 'a server' ? { TEMPOGRAPH_SERVER: http.url } : envOf(harness);
    await harness.engine.catalogue.projects.list(); // makes the store
  }, 600_000);
  afterAll(async () => {
    await http.stop();
    await harness.stop();
  });

  const cli = async (args: readonly string[], input?: string): Promise<CliResult> =>
    await runCli(args, { env, ...(input === undefined ? {} : { input }) });
  const json = async (...args: string[]): Promise<Json> => {
    const result = await cli([...args, '--json']);
    expect(result.stderr).toBe('');
    return documentOf(result);
  };

  it('keeps projects and tasks of the catalogue', async () => {
    expect(await json('project', 'create', `The ${project}`, '--id', project)).toMatchObject({
      ...{ id: project, name: `The ${project}`, archived: false },
    });
    const create = ['task', 'create', 'hello', '--project', project, '--id', `${project}-hello`];
    expect(await json(...create, '--runs', 'echo', '-i', '"hi"')).toMatchObject({
      ...{ projectId: project, version: 1, run: { task: 'echo', input: 'hi' } },
    });
    expect(await json('task', 'update', `${project}-hello`, '--priority', 'HIGH')).toMatchObject({
      ...{ version: 2, priority: 'HIGH', run: { task: 'echo', input: 'hi' } },
    });
    const { versions } = await json('task', 'versions', `${project}-hello`);
    expect(versions).toHaveLength(2);
    const listed = await cli(['task', 'list', '--project', project]);
    expect(listed.stdout).toMatch(new RegExp(`${project}-hello +hello +${project} +2 +echo`));

    const refused = await cli(['project', 'delete', project]);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain('archive it');
    expect(await json('project', 'archive', project)).toMatchObject({ archived: true });
    expect((await cli(['project', 'show', 'never-there'])).stderr).toContain(
      'the catalogue has no project "never-there"',
    );
  });

  it('starts a batch, and tells each item that could not be', async () => {
    const items = JSON.stringify([
      { task: 'echo', input: 1 },
      { task: 'echo', timeout: 'soon' },
    ]);
    const result = await cli(['batch', '-', '--json'], items);
    expect(result.code).toBe(1);
    expect(documentOf(result)).toMatchObject({
      successful: [{ index: 0, taskId: 'echo' }],
      failed: [{ index: 1 }],
    });
    expect(result.stderr).toMatch(/^\[1\]/m);
    expect((await cli(['batch', '-'], '{"task":"echo"}')).stderr).toContain('expected a list');
  });

  it('opens and closes circuits, and forgets results', async () => {
    const name = `bank-${randomUUID()}`;
    expect(await json('circuit', 'open', name)).toMatchObject({
      circuit: { name, mode: 'open', forced: true },
    });
    expect((await cli(['circuit', 'list', '--mode', 'open'])).stdout).toContain(name);
    expect(await json('circuit', 'close', name)).toMatchObject({ circuit: { mode: 'closed' } });
    expect(await json('cache', 'invalidate', '--task', name)).toEqual({ invalidated: 0 });
    expect((await cli(['cache', 'invalidate'])).stderr).toContain('or --all for every result');
  });

  it('lists what sinks did not take, and says where there is nothing', async () => {
    expect(await json('dead-letter', 'list')).toEqual({ deadLetters: [] });
    expect(await json('dead-letter', 'retry', 'ops')).toEqual({ retried: 0 });
    const none = await cli(['dead-letter', 'delete', 'ops', 'evt_0']);
    expect(none.code).toBe(1);
    expect(none.stderr).toBe('ops has no such event "evt_0"\n');
  });

  it('keeps schedules', async () => {
    const id = `s-${randomUUID()}`;
    const made = await json('schedule', 'create', id, 'echo', '--every', '6h', '--paused');
    expect(made).toMatchObject({ id, paused: true, taskId: 'echo' });
    expect(await json('schedule', 'show', id)).toMatchObject({ id, paused: true });
    expect(await json('schedule', 'resume', id)).toEqual({ id, paused: false, note: 'resumed' });
    expect(await json('schedule', 'delete', id)).toEqual({ id, deleted: true });
    expect((await cli(['schedule', 'show', id])).code).toBe(2);
  });

  it('makes, rotates and revokes keys, and shows the changes in the audit log', async () => {
    const name = `deploy-${randomUUID()}`;
    const { key, token } = await json('key', 'create', name, '--scope', 'run');
    expect(token).toMatch(/^\S{20,}$/);
    const { id } = key as { id: string };
    expect((await json('key', 'rotate', id, '--grace', '1h'))['token']).not.toBe(token);
    expect(await json('key', 'revoke', id, '--reason', 'it was in a log')).toMatchObject({
      key: { id, name, state: 'revoked' },
    });
    const { entries } = await json('audit', '--target', id);
    expect((entries as Json[]).map(({ what }) => what)).toEqual([
      ...['key.revoke', 'key.rotate', 'key.create'],
    ]);
  });

  it('tells and writes what tasks logged and kept', async () => {
    const { executionId } = await harness.engine.scheduleTask({ task: 'echo', input: 1 });
    await harness.engine.handle(executionId).result();
    expect(await json('artifacts', executionId)).toEqual({ artifacts: [] });
    const logs = await cli(['logs', executionId]);
    expect([logs.code, logs.stderr]).toEqual([0, `${executionId} has no such log lines\n`]);
    const changed = await json('what-if', executionId, '--concurrency', '2');
    expect(changed).toMatchObject({ executionId, savedMs: 0 });
  });
});
