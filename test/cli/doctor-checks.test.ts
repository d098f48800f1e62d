import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type AddressInfo, type Server } from 'node:net';
import type { SystemDetail } from '../../src/client.js';
import type { Check } from '../../src/cli/doctor-check.js';
import { containerChecks } from '../../src/cli/doctor-containers.js';
import { roomCheck } from '../../src/cli/doctor-machine.js';
import { portCheck, WANTED_PORTS } from '../../src/cli/doctor-ports.js';
import { speedCheck } from '../../src/cli/doctor-temporal.js';
import { workerChecks, type Own } from '../../src/cli/doctor-workers.js';

const ASKED = { from: Date.parse('2026-01-01T00:00:00Z'), to: Date.parse('2026-01-01T00:00:03Z') };
const OWN: Own = {
  version: '1.2.0',
  blobs: { location: '/data/blobs', id: 'a' },
  store: 'sqlite:/s',
};

/** What `doctor` finds where these workers told this. */
function found(name: string, told: object[], own: Own = OWN): Check | undefined {
  const workers = told.map((more, nth) => ({
    identity: `w${nth + 1}`,
    lastSeen: null,
    detail: {
      ...{ version: '1.2.0', store: 'sqlite:/s', blobs: OWN.blobs, now: '2026-01-01T00:00:01Z' },
      ...{ tasks: ['echo', 'noop'], programs: [], lacks: { process: 'no bwrap' } },
      ...more,
    },
  }));
  const detail = { workers } as unknown as SystemDetail;
  return workerChecks(detail, own, ASKED).find((check) => check.name === name);
}

describe('what doctor finds in what workers tell', () => {
  it('finds them well where they are alike', () => {
    for (const name of ['versions', 'tasks', 'clocks', 'large values', 'records'])
      expect(found(name, [{}, {}])).toMatchObject({ status: 'ok' });
  });

  it('names the workers of another version', () => {
    expect(found('versions', [{}, { version: '1.1.0' }, { version: '1.1.0' }])).toMatchObject({
      status: 'warn',
      message: 'this is 1.2.0, and 1.1.0 runs on w2, w3',
    });
  });

  it('names the workers that lack tasks which others of the queue know', () => {
    const many = ['echo', 'noop', ...[1, 2, 3, 4, 5, 6, 7].map((nth) => `load-${nth}`)];
    expect(found('tasks', [{ tasks: many }, {}, {}])).toMatchObject({
      status: 'warn',
      message: 'w2, w3 lack load-1, load-2, load-3, load-4, load-5 and 2 more',
    });
    expect(found('tasks', [{ tasks: ['echo', 'noop', 'old'] }, {}])).toMatchObject({
      message: 'w2 lacks old',
    });
  });

  it('names the workers that have several versions of one task, and says nothing where all have one', () => {
    const [old, now] = [{ taskVersions: { noop: '1.2' } }, { taskVersions: { noop: '1.3' } }];
    expect(found('task versions', [old, now, now, {}])).toMatchObject({
      status: 'warn',
      message: 'noop is 1.2 on w1, 1.3 on w2, w3',
    });
    expect(found('task versions', [now, { taskVersions: {} }])).toMatchObject({
      message: 'noop is 1.3 on w1, 1 on w2',
    });
    const without = { tasks: ['echo'], taskVersions: {} };
    expect(found('task versions', [now, now, without, {}])).toBeUndefined();
  });

  it.each([
    ['2026-01-01T00:00:43Z', 'w1 is about 40 s ahead of this machine'],
    ['2025-12-31T23:59:00Z', 'w1 is about 60 s behind this machine'],
  ])('tells a clock that says %s', (now, message) => {
    expect(found('clocks', [{ now }])).toMatchObject({ status: 'warn', message });
  });

  it.each(['2026-01-01T00:00:04.900Z', '2025-12-31T23:59:58.500Z', undefined])(
    'lets a clock pass that says %s',
    (now) => {
      expect(found('clocks', [{ now }])).toMatchObject({ status: 'ok' });
    },
  );

  it('names a worker that records nowhere', () => {
    expect(found('records', [{}, { store: null }])).toMatchObject({
      status: 'warn',
      message: 'this command reads sqlite:/s; w2 records nowhere',
    });
  });

  it('compares the workers with each other where a server has the store', () => {
    const through = { version: '1.2.0' };
    expect(found('records', [{}, {}], through)).toMatchObject({ status: 'ok' });
    expect(found('records', [{}, { store: 'sqlite:/t' }], through)).toMatchObject({
      status: 'warn',
      message: 'w1 records in sqlite:/s; w2 records in sqlite:/t',
    });
    expect(found('large values', [{}, {}], through)).toMatchObject({ status: 'ok' });
  });

  it('says nothing of workers that did not answer', () => {
    const workers = [{ identity: 'w1', lastSeen: null, detail: null }];
    expect(workerChecks({ workers } as unknown as SystemDetail, OWN, ASKED)).toEqual([]);
  });
});

describe('what doctor finds of the disk', () => {
  it('warns where there is no room for one artifact, and says what to do', () => {
    expect(roomCheck('/data', 10e6, 256e6)).toMatchObject({
      status: 'warn',
      message: '/data can be written, 10 MB are free, and one artifact may have 256 MB',
      fix: expect.stringMatching(/^make room there/) as string,
    });
    expect(roomCheck('/data', 256e6, 256e6)).toMatchObject({
      ...{ status: 'ok', message: '/data can be written, 256 MB are free' },
    });
  });
});

describe('what doctor finds of ports', () => {
  const servers: Server[] = [];
  afterEach(() => servers.splice(0).forEach((server) => server.close()));
  const listening = async (server: Server): Promise<number> => {
    servers.push(server.listen(0, '127.0.0.1'));
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  };
  const http = WANTED_PORTS[1];
  if (!http) throw new Error('the HTTP API wants no port');

  it('tells a port that another program has, and how to find out which', async () => {
    const port = await listening(createHttpServer((_, response) => response.end('nginx')));
    expect(await portCheck([{ ...http, port }])).toEqual({
      name: 'ports',
      status: 'warn',
      message: `${port}, for the HTTP API, is taken by another program`,
      fix: `"lsof -i :${port}" names it; stop it, or give dev another --http-port`,
    });
  });

  it('knows a server of its own that wants a key', async () => {
    const answer = JSON.stringify({ code: 'UNAUTHENTICATED' });
    const port = await listening(createHttpServer((_, response) => response.end(answer)));
    expect(await portCheck([{ ...http, port }])).toMatchObject({
      ...{ status: 'ok', message: `the HTTP API has ${port}` },
    });
  });

  it('tells a port that is free', async () => {
    const server = createServer();
    const port = await listening(server);
    await new Promise((closed) => server.close(closed));
    expect(await portCheck([{ ...http, port }])).toMatchObject({ message: `${port} is free` });
  });
});

describe("what doctor finds in a server's figures", () => {
  it('is well up to 60 ms for a step and 200 ms for a timer', () => {
    expect(speedCheck({ stepMs: 60, timerMs: 200 })).toMatchObject({ status: 'ok' });
  });

  it.each([
    ['slow steps', { stepMs: 61, timerMs: 2 }],
    ['slow timers', { stepMs: 10, timerMs: 201 }],
    ['both', { stepMs: 100, timerMs: 960 }],
  ])('is a warning with both settings for %s', (_name, figures) => {
    const { status, message, fix } = speedCheck(figures);
    expect(status).toBe('warn');
    expect(message).toContain(
      `takes ${figures.stepMs} ms, a timer of 1 ms takes ${figures.timerMs} ms`,
    );
    expect(fix).toContain('history.transferProcessorMaxPollRPS 1000');
    expect(fix).toContain('history.timerProcessorMaxTimeShift "1ms"');
  });
});

describe('what doctor finds of the settings for containers', () => {
  const worker = (mode: string) => ({
    identity: 'w1',
    detail: { programs: [{ mode, size: 1, memoryMb: null }] },
  });
  const checks = async (mode: string, findings: object[] | Error): Promise<Check[]> =>
    await containerChecks(
      {
        containerSettings: () =>
          findings instanceof Error
            ? Promise.reject(findings)
            : Promise.resolve({ worker: 'w1', findings: findings as never }),
      },
      { workers: [worker(mode)] } as unknown as SystemDetail,
    );
  const docker = { at: ['containerEngine'], state: 'found', message: 'docker 28.2' };

  it('is well where the engine has what they name', async () => {
    expect(await checks('container', [docker])).toEqual([
      { name: 'container settings', status: 'ok', message: 'docker 28.2' },
    ]);
  });

  it('names what it has not, the worker and the setting', async () => {
    const network = { at: ['containerNetworks'], state: 'refused', message: 'no network db' };
    expect(await checks('container', [docker, network])).toEqual([
      {
        ...{ name: 'container settings', status: 'warn', message: 'w1: no network db' },
        fix: 'mend that where its engine is, or the setting containerNetworks of the worker',
      },
    ]);
  });

  it('is nothing where no worker runs containers, or none has a place to answer', async () => {
    expect(await checks('process', [docker])).toEqual([]);
    expect(await checks('container', new Error('busy'))).toEqual([]);
  });
});
