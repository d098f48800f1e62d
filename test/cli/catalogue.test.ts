/** What is kept beside executions, by commands against Temporal and through a server: the same words and JSON. */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildCli, documentOf, envOf, runCli, type CliResult } from '../support/cli.js';
import { startHarness, type Harness } from '../support/engine.js';
import { until } from '../support/until.js';
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

  /** What a command says that tells how it goes. */
  const ran = async (...args: string[]): Promise<Json> =>
    documentOf(await cli([...args, '--json']));

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

  it('takes the name of a project where it takes its id', async () => {
    const id = `n-${randomUUID().slice(0, 8)}`;
    const name = `Projekt “${id}”`;
    await json('project', 'create', name, '--id', id);
    const task = await json('task', 'create', 'one', '--project', name, '--id', `${id}.1`);
    expect(task).toMatchObject({ projectId: id });
    expect(await json('task', 'list', '--project', name)).toMatchObject({
      items: [{ name: 'one' }],
    });
    expect(await json('project', 'show', name)).toMatchObject({ id, name });
    await json('project', 'archive', name);
    await json('project', 'archive', name, '--restore');
    await json('task', 'delete', `${id}.1`);
    expect(await json('project', 'delete', name)).toEqual({ id, deleted: true });
    const nobody = await cli(['task', 'create', 'two', '--project', name]);
    expect([nobody.code, nobody.stderr]).toEqual([2, expect.stringContaining(name) as unknown]);
  });

  it('runs and submits a task of the catalogue by its id, with the options of a submission', async () => {
    const { engine } = harness;
    const name = `r-${randomUUID().slice(0, 8)}`;
    await json('project', 'create', name, '--id', name);
    const create = ['--project', name, '--id', name];
    await json('task', 'create', 'one', ...create, '--runs', 'echo', '-i', '"kept"');
    const first = await ran('run', name);
    expect(first).toMatchObject({ status: 'COMPLETED', output: 'kept' });
    const before = String(first['executionId']);
    const said = ['--timeout', '90s', '--retry-strategy', 'FIXED_DELAY', '--max-retries', '1'];
    const more = ['--retry-delay', '2s', '--metadata', 'n=3', '--tag', 'a', '--tag', 'b'];
    const start = ['--depends-on', before, '--scheduled-time', '10ms', '-i', '"said"'];
    const submitted = await json('submit', name, ...said, ...more, ...start);
    const id = String(submitted['executionId']);
    await engine.handle(id).result();
    await until(async () => (await engine.getExecution(id)).maxRetries === 1, 'its retries');
    expect(await engine.getExecution(id)).toMatchObject({
      ...{ catalogueTaskId: name, output: 'said', dependencies: [before] },
      ...{ metadata: { n: 3 }, tags: ['a', 'b'] },
    });
    const nobody = await cli(['submit', name, '--depends-on', 'never-there']);
    expect(nobody.code).toBe(2);
    expect(nobody.stderr).toContain('--depends-on: there is no execution "never-there"');
    expect((await cli(['run', name, '-p', 'n=4'])).stderr).toContain('--param is for a pipeline');
  });

  it('runs a graph of the catalogue with its parameters, and an adjacency form of its ids', async () => {
    const name = `g-${randomUUID().slice(0, 8)}`;
    await json('project', 'create', name, '--id', name);
    const create = ['--project', name, '--graph'];
    const folder = mkdtempSync(join(tmpdir(), 'tempograph-cli-catalogue-'));
    const file = join(folder, 'twice.json');
    const tasks = [{ id: 'a', task: 'echo', input: '${{ params.n * 2 }}' }];
    writeFileSync(file, JSON.stringify({ name, params: { n: { type: 'integer' } }, tasks }));
    await json('task', 'create', 'twice', '--id', name, ...create, file);
    expect(await ran('run', name, '-p', 'n=4')).toMatchObject({ output: { a: 8 } });
    await json('task', 'create', 'one', '--id', `${name}.1`, '--project', name, '--runs', 'noop');
    const adjacency = join(folder, 'two.json');
    writeFileSync(adjacency, JSON.stringify({ [`${name}.1`]: [], noop: [`${name}.1`] }));
    expect(await ran('run', adjacency)).toMatchObject({ status: 'COMPLETED' });
  });

  it('keeps a container as a task, and runs what --workflow-type says as one', async () => {
    const { engine } = harness;
    const name = `c-${randomUUID().slice(0, 8)}`;
    await json('project', 'create', name, '--id', name);
    const container = { image: 'alpine:3.20', command: ['date'] };
    const create = ['task', 'create', '--project', name, '--id'];
    const program = ['--program', JSON.stringify({ container }), '-i', '{"n":1}'];
    expect(await json(...create, `${name}-boxed`, 'boxed', ...program)).toMatchObject({
      run: { container, input: { n: 1 } },
    });
    expect((await cli(['task', 'list', '--project', name])).stdout).toContain(
      'container alpine:3.20',
    );
    const twice = await cli([...create, 'x', 'x', ...program, '--runs', 'echo']);
    expect(twice.stderr).toContain('use one of them');
    const wrong = await cli([...create, 'x', 'x', '--program', '{"container":{"image":"--x"}}']);
    expect(wrong.stderr).toContain('run.container.image: must be the name of an image');
    await json(...create, `${name}-open`, 'open');
    const input = ['-i', '{"container_image":"alpine:3.20","command":["date"],"n":2}'];
    for (const what of [`${name}-open`, `${name}-report`]) {
      const submitted = await json('submit', what, '--workflow-type', 'container', ...input);
      const id = String(submitted['executionId']);
      const { graph } = await engine.graphOf(id);
      expect(graph.tasks).toMatchObject([{ container, input: { n: 2 } }]);
      await engine.cancelExecution(id);
    }
    const open = await cli(['submit', `${name}-open`]);
    expect([open.code, open.stderr]).toEqual([
      2,
      expect.stringContaining('does not say what it runs, and nor does the submission'),
    ]);
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
    expect([logs.code, logs.stderr]).toEqual([
      0,
      expect.stringContaining(`${executionId} logged nothing`),
    ]);
    const changed = await json('what-if', executionId, '--concurrency', '2');
    expect(changed).toMatchObject({ executionId, savedMs: 0 });
  });
});
