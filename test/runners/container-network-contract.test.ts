/** How a container gets to its network: what an engine is asked for, and what its answers come to, over a fake one. */
import { resolveSettings } from '../../src/config.js';
import { TaskRegistry, type RegisteredTask } from '../../src/registry.js';
import { ContainerRunner } from '../../src/runners/container.js';
import { RunnerSet } from '../../src/runners/runner-set.js';
import {
  startFakeEngine,
  wholeLife,
  type Answer,
  type FakeEngine,
  type Routes,
} from '../engine/fake-engine.js';
import { ran, type Ran } from '../support/container-request.js';

let engine: FakeEngine;
let runner: ContainerRunner;
beforeEach(async () => {
  engine = await startFakeEngine();
  engine.routes = await wholeLife(() => engine);
  const { socketPath } = engine;
  runner = new ContainerRunner({
    ...{ maxContainers: 2, graceMs: 20, engine: { socketPath }, networks: ['db', 'bridge'] },
  });
});
afterEach(async () => {
  await runner.close();
  await engine.stop();
});

const with_ = (routes: Routes): void => void (engine.routes = { ...engine.routes, ...routes });

describe('the network of a container', () => {
  const asked = (network?: string): Promise<Ran> =>
    ran(runner, { spec: { image: 'busy:1', ...(network === undefined ? {} : { network }) } });
  const mode = (): unknown =>
    (
      JSON.parse(engine.of('POST /containers/create')[0]?.body.toString() ?? '') as {
        HostConfig: { NetworkMode: string };
      }
    ).HostConfig.NetworkMode;

  it('is the one that it names, and is said to have been', async () => {
    with_({ 'GET /networks/db': { json: { Name: 'db' } } });
    expect((await asked('db')).outcome?.enforced['network']).toBe('db');
    expect(mode()).toBe('db');
  });

  it('is none where none is named, and the engine is not asked of any', async () => {
    expect((await asked()).outcome?.enforced['network']).toBe('none');
    expect(mode()).toBe('none');
    expect(engine.of('GET /networks')).toEqual([]);
  });

  it.each<[string, Answer, object]>([
    [
      'that its engine does not have',
      { status: 404, json: { message: 'network db not found' } },
      {
        ...{ code: 'CONFIGURATION', retriable: false },
        message: 'container.network: db: network db not found',
      },
    ],
    [
      'whose id begins so, as that of the host may',
      { json: { Name: 'host' } },
      {
        code: 'CONFIGURATION',
        message: expect.stringContaining('no network of that name') as string,
      },
    ],
    [
      'that its engine cannot look for now',
      { status: 500, json: { message: 'database is locked' } },
      { code: 'ENVIRONMENT', retriable: true },
    ],
  ])('ends it before it is made: %s', async (_title, answer, expected) => {
    with_({ 'GET /networks/db': answer });
    expect((await asked('db')).error).toMatchObject(expected);
    expect(engine.of('POST /containers/create')).toEqual([]);
  });

  it('is gone between the question and the start: it ends so too, and goes', async () => {
    with_({
      'GET /networks/db': { json: { Name: 'db' } },
      'POST /containers/*/start': { status: 404, json: { message: 'network db not found' } },
    });
    expect((await asked('db')).error).toMatchObject({
      code: 'CONFIGURATION',
      message: expect.stringContaining('network db not found') as string,
    });
    expect(engine.of('DELETE /containers')).toHaveLength(1);
  });

  it('is the default of Podman by the name of Docker, which older ones do not show', async () => {
    with_({
      'GET /version': {
        json: { Version: '4.0.0', ApiVersion: '1.41', Components: [{ Name: 'Podman Engine' }] },
      },
    });
    expect((await asked('bridge')).outcome?.enforced['network']).toBe('bridge');
  });

  it('is refused where the worker does not allow it, and no engine is asked', async () => {
    expect((await asked('other')).error).toMatchObject({
      code: 'CONFIGURATION',
      message:
        'container.network: other: the worker does not allow it; see its setting containerNetworks',
    });
    expect(engine.asked).toEqual([]);
  });

  it('is allowed by the setting of a worker', async () => {
    with_({ 'GET /networks/db': { json: { Name: 'db' } } });
    const runners = new RunnerSet(
      new TaskRegistry([]),
      resolveSettings({
        ...{ programs: ['container'], containerEngine: `unix://${engine.socketPath}` },
        containerNetworks: ['db'],
      }),
    );
    await runners.open();
    const set = runners.of({ definition: {}, program: {} } as RegisteredTask, 'container');
    const spec = { image: 'busy:1', network: 'db' };
    expect((await ran(set, { spec })).outcome?.enforced['network']).toBe('db');
    await runners.close();
  });
});
