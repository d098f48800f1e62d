/** What is asked of an engine, and what its answers come to: over a fake one, on every machine. */
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extract } from 'tar-stream';
import { ContainerRunner, type ContainerRunnerOptions } from '../../src/runners/container.js';
import {
  ENDED,
  frame,
  INFO,
  madeName,
  startFakeEngine,
  wholeLife,
  type Answer,
  type Asked,
  type FakeEngine,
  type Routes,
} from '../engine/fake-engine.js';
import { ran, type Ask, type Ran } from '../support/container-request.js';

let engine: FakeEngine;
let runner: ContainerRunner;
const make = (options: Partial<ContainerRunnerOptions> = {}): ContainerRunner =>
  new ContainerRunner({
    maxContainers: 2,
    graceMs: 20,
    engine: { socketPath: engine.socketPath },
    ...options,
  });
beforeEach(async () => {
  engine = await startFakeEngine();
  engine.routes = await wholeLife(() => engine);
  runner = make();
});
afterEach(async () => {
  await runner.close();
  await engine.stop();
});

const with_ = (routes: Routes): void => void (engine.routes = { ...engine.routes, ...routes });
/** The container ends so. */
const ending = (state: object): Routes => ({
  'GET /containers/*/json': () => ({
    json: { ...ENDED, Name: madeName(engine), State: { ...ENDED.State, ...state } },
  }),
});
const run = (ask: Ask = {}): Promise<Ran> =>
  ran(runner, { ...ask, spec: { image: 'busy:1', ...ask.spec } });
const order = (): string[] =>
  engine.asked
    .map(({ method, path }) => `${method} ${path.replace(/[0-9a-f]{64}|c{64}/, 'ID')}`)
    .filter((line) => !/\/(stats|df)$/.test(line));

async function namesIn({ body }: Asked): Promise<Record<string, string>> {
  const names: Record<string, string> = {};
  const entries = extract();
  entries.on('entry', (headers, content, next) => {
    names[headers.name] = `${headers.uid} ${headers.mode?.toString(8)}`;
    content.resume();
    content.on('end', () => next());
  });
  await new Promise((resolve) => {
    entries.on('finish', () => resolve(undefined));
    entries.end(body);
  });
  return names;
}

describe('a container and its engine', () => {
  it('are asked for one thing after the other', async () => {
    const { outcome, stdout, stderr, kept } = await run({ spec: { files: { 'a/b': 'x' } } });
    expect(outcome?.output).toEqual({ ok: true });
    expect({ stdout, stderr }).toEqual({ stdout: 'said', stderr: 'moaned' });
    expect([...kept.artifacts.keys()]).toEqual(['a.txt']);
    const sweepLess = order().filter((line, at, all) => all.indexOf(line) === at);
    expect(sweepLess).toEqual([
      ...['GET /version', 'GET /info', 'GET /containers/json', 'GET /images/busy:1/json'],
      ...['POST /containers/create', 'PUT /containers/ID/archive', 'POST /containers/ID/attach'],
      ...['POST /containers/ID/start', 'GET /containers/ID/json', 'POST /containers/ID/wait'],
      ...['GET /containers/ID/archive', 'DELETE /containers/ID'],
    ]);
    expect(engine.of('DELETE /containers')[0]?.query).toMatchObject({ force: 'true', v: 'true' });
  });

  it('say what ran, how long and under what', async () => {
    const { outcome } = await run();
    expect(outcome?.metrics).toMatchObject({
      startTime: '2026-01-01T00:00:00.500Z',
      endTime: '2026-01-01T00:00:02.000Z',
      durationMs: 1_500,
      environmentId: 'cccccccccccc',
    });
    expect(outcome?.enforced).toMatchObject({
      image: 'busy@sha256:bbbb',
      ...{ memory: 'cgroup2', lsm: 'apparmor', engine: 'docker 99.0' },
      disk: 'tmpfs for /tmp; volume measured by its engine',
    });
  });

  it('use the image that was looked at, whatever its name becomes', async () => {
    await run();
    const body = JSON.parse(engine.of('POST /containers/create')[0]?.body.toString() ?? '') as {
      Image: string;
      Labels: Record<string, string>;
      HostConfig: { Tmpfs: object };
    };
    expect(body.Image).toBe('sha256:aaaa');
    expect(Object.keys(body.HostConfig.Tmpfs)).toEqual(['/tmp', '/data']);
    expect(body.Labels).toMatchObject({
      'tempograph.image': 'busy@sha256:bbbb',
      'tempograph.workflow': 'graph-1',
      'tempograph.attempt': '1',
    });
  });

  it('hand over input and files that only root may change', async () => {
    await run({ input: 1, spec: { files: { 'a/b': 'x' } } });
    const [put] = engine.of('PUT /containers');
    expect(put?.query['path']).toBe('/tempograph');
    expect(put && (await namesIn(put))).toEqual({
      'input.json': '0 444',
      ...{ files: '0 755', 'files/a': '0 755', 'files/a/b': '0 555' },
      ...{ out: '0 777', 'out/outputs': '0 777', 'out/artifacts': '0 777' },
    });
  });

  it.each<[string, Routes, object]>([
    [
      'out of memory, also with exit code 0',
      ending({ OOMKilled: true }),
      { code: 'RESOURCE_EXHAUSTED', details: { resource: 'memory' } },
    ],
    [
      'killed by somebody else',
      ending({ ExitCode: 137 }),
      { code: 'PROGRAM_FAILED', details: { exitCode: 137, signal: 'SIGKILL' } },
    ],
    [
      'a file over its limit',
      ending({ ExitCode: 153 }),
      { code: 'RESOURCE_EXHAUSTED', details: { resource: 'disk' } },
    ],
    [
      'refused when it is made',
      { 'POST /containers/create': { status: 400, json: { message: 'invalid mount' } } },
      {
        code: 'CONFIGURATION',
        retriable: false,
        message: expect.stringContaining('invalid mount') as string,
      },
    ],
    [
      'not made, for now',
      { 'POST /containers/create': { status: 500, json: { message: 'no space' } } },
      { code: 'ENVIRONMENT', retriable: true },
    ],
    [
      'refused when it starts',
      { 'POST /containers/*/start': { status: 404, json: { message: 'exec: "x"' } } },
      { code: 'CONFIGURATION' },
    ],
    [
      'not started, for now',
      { 'POST /containers/*/start': { status: 500, json: { message: 'cgroup' } } },
      { code: 'ENVIRONMENT' },
    ],
    [
      'not given its input',
      { 'PUT /containers/*/archive': { status: 500, json: { message: 'full' } } },
      { code: 'ENVIRONMENT' },
    ],
    [
      'lost by its engine',
      { 'POST /containers/*/wait': { respond: (response) => response.destroy() } },
      { code: 'ENVIRONMENT' },
    ],
    [
      'not emptied',
      { 'GET /containers/*/archive': { status: 500, json: { message: 'io' } } },
      { code: 'ENVIRONMENT' },
    ],
    [
      'an engine without limits',
      { 'GET /info': { json: { ...INFO, PidsLimit: false } } },
      { code: 'CONFIGURATION', message: expect.stringContaining('a limit of processes') as string },
    ],
    [
      'an engine that is too old',
      { 'GET /version': { json: { Version: '19', ApiVersion: '1.40' } } },
      { code: 'CONFIGURATION' },
    ],
  ])('come to an error: %s', async (_name, routes, expected) => {
    with_(routes);
    expect((await run()).error).toMatchObject(expected);
    // What was made goes.
    const made = engine.of('PUT /containers').length;
    expect(engine.of('DELETE /containers').length).toBe(made);
  });

  it('are out of memory where the engine says so after the end, as it may', async () => {
    let looked = 0;
    const states = ending({ ExitCode: 137 })['GET /containers/*/json'] as () => Answer;
    with_({
      'GET /containers/*/json': () => {
        const { json } = states() as { json: typeof ENDED };
        looked += 1;
        return { json: { ...json, State: { ...json.State, OOMKilled: looked > 3 } } };
      },
    });
    expect((await run()).error).toMatchObject({
      code: 'RESOURCE_EXHAUSTED',
      details: { resource: 'memory' },
    });
  });

  it('are gone: there is no engine, and then there is one', async () => {
    const { socketPath } = engine;
    const away = make({ engine: { socketPath: `${socketPath}.not` } });
    expect((await ran(away, {})).error).toMatchObject({ code: 'ENVIRONMENT', retriable: true });
    await expect(away.check([])).rejects.toMatchObject({ code: 'ENVIRONMENT' });
    await expect(runner.check([])).resolves.toEqual([]);
    await away.close();
  });

  it('are asked to stop, and then ended', async () => {
    const open: ServerResponse[] = [];
    let killed = false;
    const hold = (text: Buffer): Answer => ({
      respond: (response) => {
        response.write(text);
        if (killed) response.end();
        else open.push(response);
      },
    });
    with_({
      'POST /containers/*/attach': hold(frame(1, 'started')),
      'POST /containers/*/wait': hold(Buffer.from('{"StatusCode":137}')),
      'POST /containers/*/kill': ({ query }) => {
        killed = query['signal'] === 'SIGKILL';
        if (killed) for (const response of open) response.end();
        return { status: 204 };
      },
    });
    const stop = new AbortController();
    const { error } = await ran(
      runner,
      { spec: { image: 'busy:1' } },
      { signal: stop.signal, onOutput: () => stop.abort() },
    );
    expect(error).toMatchObject({
      name: 'StoppedError',
      message: expect.stringContaining('went on') as string,
    });
    expect(engine.of('POST /containers/ccc').flatMap(({ query }) => query['signal'] ?? [])).toEqual(
      ['SIGTERM', 'SIGKILL'],
    );
  });

  it('keep their result when they cannot be removed, which is tried again', async () => {
    with_({ 'DELETE /containers/*': { status: 500, json: { message: 'busy' } } });
    const { outcome, kept } = await run();
    expect(outcome?.output).toEqual({ ok: true });
    expect(kept.warnings).toHaveLength(1);
    with_({ 'DELETE /containers/*': { status: 204 } });
    const before = engine.of('DELETE /containers').length;
    await runner.sweep();
    expect(engine.of('DELETE /containers').length).toBe(before + 1);
  });

  it('are over their disk by what the engine says of the volume', async () => {
    with_({
      'GET /system/df': { json: { Volumes: [{ Name: 'volume-1', UsageData: { Size: 1e9 } }] } },
    });
    expect((await run()).error).toMatchObject({
      code: 'RESOURCE_EXHAUSTED',
      details: { resource: 'disk' },
    });
  });

  it('are of Podman as well', async () => {
    with_({
      'GET /version': {
        json: { Version: '4.3.1', ApiVersion: '1.41', Components: [{ Name: 'Podman Engine' }] },
      },
    });
    expect((await run()).outcome?.enforced['engine']).toBe('podman 4.3.1');
  });

  it('use a runtime and a user of the operator', async () => {
    const own = make({ runtime: 'runsc', user: '300000:300000' });
    const { outcome } = await ran(own, { spec: { image: 'busy:1' } });
    expect(outcome?.enforced).toMatchObject({ runtime: 'runsc', user: '300000:300000' });
    const body = JSON.parse(
      engine.of('POST /containers/create')[0]?.body.toString() ?? '',
    ) as object;
    expect(body).toMatchObject({ User: '300000:300000', HostConfig: { Runtime: 'runsc' } });
    await own.close();
  });
});

describe('images', () => {
  const pull = (answer: Routes[string]): void => with_({ 'POST /images/create': answer });
  const absent = (): void => {
    let looked = 0;
    const there = engine.routes['GET /images/*/json'] as object;
    with_({
      'GET /images/*/json': () =>
        looked++ === 0 ? { status: 404, json: { message: 'no such image' } } : there,
    });
  };

  it.each([
    ['missing', false, 0],
    ['missing', true, 1],
    ['always', false, 1],
    ['never', false, 0],
  ] as const)('with %s, absent %s, are pulled %d times', async (policy, gone, times) => {
    if (gone) absent();
    pull({ lines: [{ status: 'Pulling' }, { status: 'Done' }] });
    expect((await run({ spec: { pull: policy } })).error).toBeUndefined();
    expect(engine.of('POST /images/create').length).toBe(times);
  });

  it.each([
    ['busy', { fromImage: 'busy', tag: 'latest' }],
    ['host:5000/a/b:1.2', { fromImage: 'host:5000/a/b', tag: '1.2' }],
    ['a/b@sha256:ffff', { fromImage: 'a/b', tag: 'sha256:ffff' }],
  ])('are pulled by one tag: %s', async (image, query) => {
    pull({ lines: [] });
    await run({ spec: { image, pull: 'always' } });
    expect(engine.of('POST /images/create')[0]?.query).toEqual(query);
  });

  it('are pulled once for all who wait for them', async () => {
    let release: () => void = () => {};
    const both = new Promise<void>((resolve) => (release = resolve));
    pull({ respond: (response) => void both.then(() => response.end()) });
    const runs = [run({ spec: { pull: 'always' } }), run({ spec: { pull: 'always' } })];
    await new Promise<void>((resolve) => {
      const look = (): unknown =>
        engine.of('GET /containers/json').length >= 2 ? setImmediate(resolve) : setImmediate(look);
      look();
    });
    release();
    for (const { outcome } of await Promise.all(runs)) expect(outcome).toBeDefined();
    expect(engine.of('POST /images/create').length).toBe(1);
  });

  it.each<[string, Routes[string], string]>([
    [
      'not there',
      { status: 404, json: { message: 'manifest for busy:1 not found' } },
      'CONFIGURATION',
    ],
    [
      'not for us',
      { status: 500, json: { message: 'pull access denied for busy' } },
      'CONFIGURATION',
    ],
    [
      'not there, said on the way',
      { lines: [{ errorDetail: { message: 'manifest unknown' }, error: 'manifest unknown' }] },
      'CONFIGURATION',
    ],
    [
      'behind a name that nobody knows',
      { status: 500, json: { message: 'Get "https://r/v2/": dial tcp: lookup r: no such host' } },
      'ENVIRONMENT',
    ],
    [
      'too often asked for',
      { status: 500, json: { message: 'toomanyrequests: you have reached your rate limit' } },
      'ENVIRONMENT',
    ],
    [
      'broken on the way',
      { lines: [{ error: 'unexpected EOF', errorDetail: { message: 'unexpected EOF' } }] },
      'ENVIRONMENT',
    ],
  ])('that are %s', async (_name, answer, code) => {
    absent();
    pull(answer);
    const { error } = await run();
    expect(error).toMatchObject({ code, message: expect.stringContaining('busy:1') as string });
  });

  it('are asked for with the login of their registry, and of no other', async () => {
    pull({ lines: [] });
    const registries = { 'ghcr.io': { username: 'u', password: 'p' } };
    const own = make({ registries });
    for (const image of ['ghcr.io/a/b:1', 'a/b:1'])
      await ran(own, { spec: { image, pull: 'always' } });
    const [first, second] = engine
      .of('POST /images/create')
      .map(({ headers }) => headers['x-registry-auth']);
    expect(JSON.parse(Buffer.from(String(first), 'base64').toString())).toMatchObject({
      username: 'u',
      password: 'p',
    });
    expect(second).toBeUndefined();
    await own.close();
  });
});

describe('the address of the engine', () => {
  it('may be a host', async () => {
    const server = createServer((_request, response) => void response.end('{"ApiVersion":"1.40"}'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const own = make({
      engine: { host: `tcp://127.0.0.1:${(server.address() as AddressInfo).port}` },
    });
    expect((await ran(own, {})).error?.message).toMatch(/speaks API 1\.40/);
    await own.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  it.each(['ssh://a', 'nonsense', 'tcp://nowhere'])('is none: %s', async (host) => {
    const own = make({ engine: { host } });
    expect((await ran(own, {})).error).toMatchObject({ code: 'CONFIGURATION' });
    expect(await own.check([])).toEqual([expect.stringContaining(host)]);
    await own.close();
  });
});
