/** What a container reaches by a network of its engine's: a server of this machine, at the network's gateway. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ran, type Ran } from '../support/container-request.js';
import { ContainerScene } from '../support/container-scene.js';
import { describeWithDocker } from '../support/docker-suite.js';
import { makeNetwork, type PrivateNetwork } from '../support/docker.js';

describeWithDocker('a program in a container that names a network', (engine) => {
  const scene = new ContainerScene(engine);
  let network: PrivateNetwork;
  let server: Server;
  let asked: number;
  beforeAll(async () => {
    network = await makeNetwork(engine().docker);
    server = createServer((_request, response) => {
      asked += 1;
      response.end('from the gateway');
    });
    await new Promise<void>((resolve) => server.listen(0, network.gateway, resolve));
  });
  afterAll(async () => {
    server?.closeAllConnections();
    await new Promise((resolve) => (server ? server.close(resolve) : resolve(undefined)));
  });
  beforeEach(() => void (asked = 0));
  afterEach(() => scene.expectNothingLeft());

  const fetched = async (
    name: string | undefined,
    networks: readonly string[] | undefined,
  ): Promise<Ran> => {
    const runner = scene.runner(networks ? { networks } : {});
    const { port } = server.address() as AddressInfo;
    try {
      return await ran(runner, {
        // Not `wget -T`, by which some builds of busybox crash.
        script: `timeout 20 wget -q -O - http://${network.gateway}:${port}/ 2>&1 || echo " nothing"`,
        ...(name === undefined ? {} : { spec: { network: name } }),
      });
    } finally {
      await runner.close();
    }
  };

  it('fetches from a server on it, where the worker allows it', async () => {
    const { outcome, stdout } = await fetched(network.name, ['other', network.name]);
    expect(stdout).toBe('from the gateway');
    expect(outcome?.enforced).toMatchObject({
      ...{ network: network.name, capabilities: 'none', syscalls: 'seccomp' },
    });
  });

  it.each([undefined, 'none'])('reaches nothing where it says %s instead', async (name) => {
    const { outcome, stdout } = await fetched(name, [network.name]);
    expect(stdout).toMatch(/Address family not supported.*\n nothing\n$/);
    expect(outcome?.enforced['network']).toBe('none');
    expect(asked).toBe(0);
  });

  it.each([undefined, [], ['other']])(
    'ends by CONFIGURATION where the worker allows %j, and has not run',
    async (networks) => {
      const { error, stdout } = await fetched(network.name, networks);
      expect(error).toMatchObject({
        ...{ code: 'CONFIGURATION', retriable: false },
        message: `container.network: ${network.name}: the worker does not allow it; see its setting containerNetworks`,
      });
      expect([stdout, asked]).toEqual(['', 0]);
    },
  );

  // This engine has no `bridge`; asked to, it would start the container without any network.
  it.each(['no-such-network', 'bridge'])(
    'ends by CONFIGURATION where the engine has no %s, in its words',
    async (name) => {
      const { error, stdout } = await fetched(name, [name]);
      expect(error).toMatchObject({
        ...{ code: 'CONFIGURATION', retriable: false },
        message: `container.network: ${name}: network ${name} not found`,
      });
      expect(stdout).toBe('');
    },
  );

  it('ends by CONFIGURATION where it names one by its id, be it the host’s', async () => {
    const { Id } = await engine().docker.getNetwork('host').inspect();
    const { error } = await fetched(Id, [Id]);
    expect(error).toMatchObject({
      code: 'CONFIGURATION',
      message: expect.stringContaining('no network of that name') as string,
    });
  });
});
