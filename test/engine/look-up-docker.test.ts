/** Images looked up by a real Docker, at registries of the test's own: one that answers, and one that never does. */
import { createHash } from 'node:crypto';
import { createServer as createHttpServer, type Server } from 'node:http';
import { createServer, type AddressInfo, type Server as NetServer, type Socket } from 'node:net';
import type { ContainerSpec } from '../../src/domain/program.js';
import type { ProgramFinding } from '../../src/domain/program-looks.js';
import { ContainerRunner } from '../../src/runners/container.js';
import { LookUps } from '../../src/runners/look-ups.js';
import { LIMITS } from '../support/container-request.js';
import { BUSYBOX } from '../support/docker.js';
import { describeWithDocker } from '../support/docker-suite.js';

const digestOf = (text: string): string =>
  `sha256:${createHash('sha256').update(text).digest('hex')}`;
const CONFIG = JSON.stringify({ os: 'linux', architecture: 'amd64', rootfs: { diff_ids: [] } });
const SCHEMA = 'application/vnd.docker.distribution.manifest.v2+json';
const MANIFEST = JSON.stringify({
  ...{ schemaVersion: 2, mediaType: SCHEMA, layers: [] },
  config: {
    mediaType: 'application/vnd.docker.container.image.v1+json',
    ...{ size: CONFIG.length, digest: digestOf(CONFIG) },
  },
});

/** A registry with one image, `there:1`; it keeps what it was asked. */
function startRegistry(asked: string[]): Server {
  return createHttpServer(({ method, url = '' }, response) => {
    asked.push(`${method} ${url}`);
    const send = (status: number, type: string, body: string, digest?: string): void => {
      const headers = { 'content-type': type, 'content-length': body.length };
      const pinned = digest === undefined ? {} : { 'docker-content-digest': digest };
      response.writeHead(status, { ...headers, ...pinned });
      response.end(method === 'HEAD' ? undefined : body);
    };
    if (url === '/v2/') return send(200, 'application/json', '{}');
    if (/^\/v2\/there\/manifests\/(1|sha256:)/.test(url))
      return send(200, SCHEMA, MANIFEST, digestOf(MANIFEST));
    if (url === `/v2/there/blobs/${digestOf(CONFIG)}`)
      return send(200, 'application/octet-stream', CONFIG);
    const errors = [{ code: 'MANIFEST_UNKNOWN', message: 'manifest unknown' }];
    return send(404, 'application/json', JSON.stringify({ errors }));
  }).listen(0, '127.0.0.1');
}

describeWithDocker('images with Docker', (engine) => {
  const asked: string[] = [];
  const sockets = new Set<Socket>();
  let registry: Server;
  let silent: NetServer;
  let runner: ContainerRunner;
  const hostOf = (server: NetServer | Server): string =>
    `127.0.0.1:${(server.address() as AddressInfo).port}`;

  beforeAll(async () => {
    registry = startRegistry(asked);
    silent = createServer((socket) => void sockets.add(socket)).listen(0, '127.0.0.1');
    await Promise.all(
      [registry, silent].map((server) => new Promise((up) => server.once('listening', up))),
    );
    const { socketPath } = engine();
    runner = new ContainerRunner({ maxContainers: 1, graceMs: 20, engine: { socketPath } });
  });
  afterAll(async () => {
    await runner.close();
    for (const socket of sockets) socket.destroy();
    registry.closeAllConnections();
    registry.close();
    silent.close();
  });
  const image = async (
    container: ContainerSpec,
    looks = new LookUps(),
  ): Promise<ProgramFinding | undefined> => {
    const ask = {
      program: { kind: 'container' as const, container },
      ...{ runner: 'container' as const, level: 'LOW' as const, limits: LIMITS },
      ...{ permissions: [], late: [] },
    };
    return (await runner.lookUp(ask, looks)).find((one) => one.at.at(-1) === 'image');
  };

  it('are found where it has them', async () => {
    expect(await image({ image: BUSYBOX })).toMatchObject({ state: 'found' });
  });

  it('are found where their registry has them, and none of them is pulled', async () => {
    const name = `${hostOf(registry)}/there:1`;
    expect(await image({ image: name })).toMatchObject({
      ...{ state: 'found', message: `image ${name}, which is pulled when it runs` },
    });
    expect(asked.some((line) => line.includes('/v2/there/manifests/1'))).toBe(true);
    const names = (await engine().docker.listImages()).flatMap(({ RepoTags }) => RepoTags ?? []);
    expect(names).toEqual([BUSYBOX]);
  });

  it.each(['there:2', 'misspelt:1'])('are refused where it has none: %s', async (name) => {
    expect(await image({ image: `${hostOf(registry)}/${name}` })).toMatchObject({
      state: 'refused',
      message: expect.stringMatching(/manifest unknown/) as string,
    });
  });

  it.each(['a:b:c', 'a@sha256:12', 'aA', '-'])(
    'are refused whose name Docker cannot read: %s',
    async (name) => {
      expect(await image({ image: name })).toMatchObject({ state: 'refused' });
    },
  );

  it('are not known where the registry never answers, or is not there', async () => {
    const looks = new LookUps({ deadlineMs: 1_000 });
    expect(await image({ image: `${hostOf(silent)}/slow:1` }, looks)).toMatchObject({
      ...{ state: 'unknown', message: expect.stringMatching(/: no answer within 1 s$/) as string },
    });
    expect(await image({ image: '127.0.0.1:1/nobody:1' })).toMatchObject({
      state: 'unknown',
      message: expect.stringContaining('connection refused') as string,
    });
  });
});
