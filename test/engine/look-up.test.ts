/** What of a container is known before it runs: over an engine that is none, on every machine. */
import { mkdtempSync, realpathSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ContainerSpec, Program } from '../../src/domain/program.js';
import type { ProgramFinding } from '../../src/domain/program-looks.js';
import { ContainerRunner, type ContainerRunnerOptions } from '../../src/runners/container.js';
import { LookUps } from '../../src/runners/look-ups.js';
import { LIMITS } from '../support/container-request.js';
import { INFO, startFakeEngine, wholeLife, type Answer, type FakeEngine } from './fake-engine.js';

let engine: FakeEngine;
let runner: ContainerRunner;
const make = (options: Partial<ContainerRunnerOptions> = {}): ContainerRunner =>
  new ContainerRunner({
    ...{ maxContainers: 2, graceMs: 20, engine: { socketPath: engine.socketPath } },
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

const MISSING: Answer = { status: 404, json: { message: 'No such image: busy:1' } };
const asks = (program: Program, level: 'LOW' | 'MEDIUM' | 'HIGH' = 'LOW') => ({
  ...{ program, runner: 'container' as const, level },
  ...{ limits: LIMITS, permissions: [], late: [] },
});
const look = (
  spec: Partial<ContainerSpec> = {},
  looks = new LookUps(),
): Promise<ProgramFinding[]> =>
  runner.lookUp(asks({ kind: 'container', container: { image: 'busy:1', ...spec } }), looks);
const at = (findings: readonly ProgramFinding[], field: string): ProgramFinding | undefined =>
  findings.find((one) => one.at.at(-1) === field);
/** The engine has no image, and its registry answers so. */
const registry = (answer: Answer): void => {
  engine.routes['GET /images/*/json'] = MISSING;
  engine.routes['GET /distribution/*/json'] = answer;
};

describe('an image that is looked up', () => {
  it('is found with the engine, and no registry is asked', async () => {
    expect(at(await look(), 'image')).toMatchObject({ state: 'found', message: 'image busy:1' });
    expect(engine.of('GET /distribution')).toEqual([]);
  });

  it('is found with its registry, and nothing is pulled', async () => {
    registry({ json: { Descriptor: {}, Platforms: [] } });
    expect(at(await look(), 'image')).toMatchObject({
      state: 'found',
      message: 'image busy:1, which is pulled when it runs',
    });
    expect(engine.of('POST /')).toEqual([]);
  });

  it.each<[string, number, string]>([
    ['no such tag', 404, 'manifest unknown: manifest unknown'],
    ['not for us', 403, 'denied: requested access to the resource is denied'],
    ['who asks?', 401, 'unauthorized: authentication required'],
    ['no image at all', 400, 'invalid reference format'],
    ['a misspelt host', 500, 'Get "https://ghrc.io/v2/": dial tcp: lookup ghrc.io: no such host'],
  ])('is refused where the registry says: %s', async (_what, status, message) => {
    registry({ status, json: { message } });
    expect(at(await look(), 'image')).toMatchObject({
      ...{ at: ['container', 'image'], state: 'refused', message: `image busy:1: ${message}` },
      hint: expect.stringContaining('load it there') as string,
    });
  });

  it.each<[string, number, string]>([
    ['nobody listens', 500, 'Get "https://r/v2/": dial tcp 10.0.0.1:443: connection refused'],
    ['too many', 429, 'toomanyrequests: You have reached your pull rate limit'],
    ['the engine has no such question', 404, 'page not found'],
    ['it is broken', 500, 'received unexpected HTTP status: 503 Service Unavailable'],
  ])('is not known where the way to the registry fails: %s', async (_what, status, message) => {
    registry({ status, json: { message } });
    expect(at(await look(), 'image')).toMatchObject({ state: 'unknown' });
  });

  it('is not known where something before the engine lets no such question through', async () => {
    registry({ status: 403, bytes: Buffer.from('<html><h1>403 Forbidden</h1></html>') });
    expect(at(await look(), 'image')).toMatchObject({ state: 'unknown' });
  });

  it('is not known where the registry never answers, once the time is over', async () => {
    registry({ respond: () => undefined });
    const found = await look({}, new LookUps({ deadlineMs: 50 }));
    expect(at(found, 'image')).toMatchObject({
      state: 'unknown',
      message: 'image busy:1 (pull: missing): no answer within 50 ms',
    });
  });

  it('is not known where the engine itself never answers, nor is the level, once the time is over', async () => {
    engine.routes['GET /info'] = { respond: () => undefined };
    const found = await look({}, new LookUps({ deadlineMs: 50 }));
    expect(found.map(({ at: [, field], state }) => [field, state])).toEqual([
      [undefined, 'unknown'],
      ['image', 'unknown'],
    ]);
    expect(at(found, 'container')?.message).toBe(
      'opening the container engine: no answer within 50 ms',
    );
  });

  it('is asked of the registry as its pull policy says', async () => {
    registry({ status: 404, json: { message: 'manifest unknown' } });
    expect(at(await look({ pull: 'never' }), 'image')).toMatchObject({
      state: 'refused',
      message: expect.stringContaining('container.pull is never') as string,
    });
    expect(engine.of('GET /distribution')).toEqual([]);
    engine.routes['GET /images/*/json'] = { json: { Id: 'sha256:1' } };
    expect(at(await look({ pull: 'always' }), 'image')).toMatchObject({ state: 'refused' });
  });

  it('is not known to a Podman that has none: it cannot ask without pulling', async () => {
    engine.routes['GET /version'] = {
      json: { Version: '4.3', ApiVersion: '1.41', Components: [{ Name: 'Podman Engine' }] },
    };
    registry({ status: 404, json: { message: 'page not found' } });
    expect(at(await look(), 'image')).toMatchObject({ state: 'unknown' });
    expect(engine.of('GET /distribution')).toEqual([]);
  });

  it('is asked for once for all programs of one check, and no more than so many are', async () => {
    registry({ json: { Descriptor: {} } });
    const looks = new LookUps({ mostOutside: 2 });
    const images = ['busy:1', 'busy:1', 'other:1', 'third:1'];
    const found = await Promise.all(images.map((image) => look({ image }, looks)));
    expect(engine.of('GET /distribution')).toHaveLength(2);
    expect(found.map((one) => at(one, 'image')?.state)).toEqual([
      ...['found', 'found', 'found', 'unknown'],
    ]);
    expect(at(found[3] ?? [], 'image')?.message).toContain('at most 2 times');
  });

  it('is that of the setting for code that runs in a container', async () => {
    runner = make({ images: { node: 'mine:9' } });
    registry({ status: 404, json: { message: 'manifest unknown' } });
    const process = { runtime: 'node' as const, code: '' };
    const found = await runner.lookUp(asks({ kind: 'process', process }), new LookUps());
    expect(at(found, 'runtime')).toMatchObject({
      ...{ at: ['process', 'runtime'], state: 'refused' },
      message: 'image mine:9: manifest unknown',
    });
  });

  it('is not known where the engine has gone away', async () => {
    await look();
    await engine.stop();
    expect(at(await look(), 'image')).toMatchObject({
      state: 'unknown',
      message: expect.stringContaining('the container engine') as string,
    });
  });
});

describe('what else a container asks for', () => {
  it('is refused as a run would refuse it', async () => {
    engine.routes['GET /networks/*'] = { status: 404, json: { message: 'network gone not found' } };
    runner = make({ networks: ['gone'] });
    const mounts = [{ source: '/srv/secret', target: '/data' }];
    const found = await look({ mounts, network: 'gone' });
    expect(at(found, 'mounts')).toMatchObject({
      state: 'refused',
      message: expect.stringContaining('see its setting containerMounts') as string,
    });
    expect(at(found, 'network')).toMatchObject({
      state: 'refused',
      message: 'container.network: gone: network gone not found',
    });
    expect(at(await look({ network: 'bridge' }), 'network')).toMatchObject({
      state: 'refused',
      message: expect.stringContaining('see its setting containerNetworks') as string,
    });
  });

  it('is found where the worker allows it and the engine has it', async () => {
    const source = realpathSync(mkdtempSync(join(tmpdir(), 'tempograph-mount-')));
    engine.routes['GET /networks/*'] = { json: { Name: 'db' } };
    runner = make({ networks: ['db'], mounts: [{ source }] });
    const found = await look({ mounts: [{ source, target: '/data' }], network: 'db' });
    expect(at(found, 'mounts')?.message).toBe(`mounts ${source}`);
    expect(at(found, 'network')?.message).toBe('network db');
  });

  it('is refused where the engine cannot hold the level', async () => {
    engine.routes['GET /info'] = { json: { ...INFO, SecurityOptions: [] } };
    const program: Program = { kind: 'container', container: { image: 'busy:1' } };
    const found = await runner.lookUp(asks(program, 'MEDIUM'), new LookUps());
    expect(at(found, 'container')).toMatchObject({
      state: 'refused',
      message: expect.stringContaining('seccomp') as string,
    });
  });
});

describe('the settings of a worker that runs containers', () => {
  const settings = async (): Promise<[unknown, string, string][]> =>
    (await runner.lookUpSettings(new LookUps())).map(({ at: [name], state, message }) => [
      ...[name, state],
      message,
    ]) as [unknown, string, string][];

  it('are found where the engine has what they name', async () => {
    engine.routes['GET /networks/*'] = { json: { Name: 'db' } };
    runner = make({ networks: ['db'], images: { node: 'mine:1' } });
    expect(await settings()).toEqual([
      ['containerEngine', 'found', 'docker 99.0'],
      ['containerNetworks', 'found', 'network db'],
      ['images', 'found', 'image mine:1'],
    ]);
  });

  it('are told each by its name where it has not', async () => {
    engine.routes['GET /networks/*'] = { status: 404, json: { message: 'network db not found' } };
    registry({ status: 404, json: { message: 'manifest unknown' } });
    runner = make({ networks: ['db'], images: { node: 'mine:1' } });
    await settings();
    engine.routes['GET /_ping'] = { status: 503, json: { message: 'shutting down' } };
    expect(await settings()).toEqual([
      ['containerEngine', 'unknown', expect.stringContaining('shutting down')],
      ['containerNetworks', 'refused', 'container.network: db: network db not found'],
      ['images', 'refused', 'image mine:1: manifest unknown'],
    ]);
  });
});
