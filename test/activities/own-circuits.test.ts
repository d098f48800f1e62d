import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Place } from '../../src/activities/circuits.js';
import type { Deps } from '../../src/activities/deps.js';
import { keptHere } from '../../src/activities/kept-here.js';
import { ofTarget } from '../../src/activities/own-circuits.js';
import type { NodeRequest } from '../../src/workflows/requests.js';
import type { GraphSpec } from '../../src/index.js';
import { targetFault } from '../../src/domain/target-fault.js';
import { StoppedError } from '../../src/runners/runner.js';
import { startHarness, type Harness } from '../support/engine.js';
import { startLoopback, type Loopback } from '../support/loopback.js';
import { until } from '../support/until.js';

/** Functions behind one address, and how each answers. */
class Functions {
  calls: string[] = [];
  answers: Record<string, number> = {};
  server!: Loopback;

  async start(): Promise<this> {
    this.server = await startLoopback((request, response) => {
      const [path = ''] = (request.url ?? '').split('?');
      this.calls.push(path);
      const status = this.answers[path] ?? 200;
      const body = status === 400 ? '{"error":{"message":"no","code":"NO"}}' : '{}';
      request.resume().on('end', () => response.writeHead(status).end(body));
    });
    return this;
  }
}

const strict = { failures: 2, minCalls: 2, window: '1m', openFor: '5s' };

describe('the circuit of a function’s target', () => {
  let functions: Functions;
  let harness: Harness;
  const setup = async (settings: object = {}): Promise<void> => {
    functions = await new Functions().start();
    harness = await startHarness({
      programs: ['faas'],
      circuits: { [`faas:${functions.server.origin}`]: strict },
      ...settings,
    });
  };
  beforeAll(() => void (process.env['TEMPOGRAPH_HTTP_ALLOW_PRIVATE'] = '1'));
  afterAll(() => void delete process.env['TEMPOGRAPH_HTTP_ALLOW_PRIVATE']);
  afterEach(async () => {
    await harness.stop();
    await functions.server.close();
  });
  const node = (id: string, path: string, more: object = {}): GraphSpec['tasks'][number] => ({
    ...{ id, faas: { url: `${functions.server.origin}${path}` } },
    ...{ retry: 'NONE', allowFailure: true, ...more },
  });
  const run = async (...tasks: GraphSpec['tasks']) =>
    await harness.engine.scheduleTaskGraph({ name: 'functions', tasks });
  const nameOf = (): string => `faas:${functions.server.origin}`;
  const mode = async () => (await harness.engine.circuits.get(nameOf())).mode;

  it('opens when the target fails, holds nodes without an attempt, and lets one try', async () => {
    await setup();
    functions.answers = { '/down': 503 };
    await (await run(node('a', '/down?key=hush'), node('b', '/down'))).result();
    await until(async () => (await mode()) === 'open');
    const before = functions.calls.length;
    const handle = await run(node('c', '/up'), node('d', '/up'), node('e', '/up'));
    let held = await handle.node('c').status();
    await until(async () => (held = await handle.node('c').status()).reason === 'circuit');
    expect(held).toMatchObject({ status: 'PENDING', attempts: 0, circuit: nameOf() });
    const { nodes } = await handle.result();
    expect(Object.values(nodes).map(({ status, attempts }) => [status, attempts])).toEqual(
      Array(3).fill(['COMPLETED', 1]),
    );
    expect(functions.calls).toHaveLength(before + 3);
    expect(await mode()).toBe('closed');
  });

  it('counts nothing that the functions themselves say', async () => {
    await setup();
    functions.answers = { '/picky': 400 };
    const ids = ['a', 'b', 'c', 'd'];
    await (await run(...ids.map((id) => node(id, '/picky')))).result();
    expect(functions.calls).toHaveLength(4);
    expect(await mode()).toBe('closed');
  });

  it('is not asked where a node wants none', async () => {
    await setup();
    functions.answers = { '/down': 503 };
    const nodes = ['a', 'b', 'c', 'd'].map((id) => node(id, '/down', { circuit: false }));
    await (await run(...nodes)).result();
    expect(functions.calls).toHaveLength(4);
    expect(await mode()).toBe('closed');
  });

  it('leaves short waits to the server', async () => {
    await setup();
    functions.answers = { '/down': 503 };
    const retry = { strategy: 'FIXED_DELAY', delay: '1s', maxRetries: 1 };
    const handle = await run(node('a', '/down', { retry }));
    await handle.result();
    const history = await harness.client.workflow.getHandle(handle.executionId).fetchHistory();
    const scheduled = (history.events ?? []).filter(
      ({ activityTaskScheduledEventAttributes: at }) => at?.activityId === 'a',
    );
    expect(functions.calls).toHaveLength(2);
    expect(scheduled).toHaveLength(1);
  });

  it('does not exist without a store', async () => {
    await setup({ storeUrl: 'none' });
    functions.answers = { '/down': 503 };
    const nodes = ['a', 'b', 'c', 'd'].map((id) => node(id, '/down'));
    await (await run(...nodes)).result();
    expect(functions.calls).toHaveLength(4);
    expect(JSON.stringify(harness.lines)).not.toContain('circuits are this worker');
  });
});

describe('the circuit of a container engine', () => {
  let engine: Loopback;
  let harness: Harness;
  let calls = 0;
  beforeEach(async () => {
    calls = 0;
    engine = await startLoopback(engineThatFails(() => calls++));
    const address = engine.origin.replace('http:', 'tcp:');
    harness = await startHarness({
      programs: ['container'],
      containerEngine: address,
      circuits: { [nameOf()]: { ...strict, openFor: '10m' } },
    });
  });
  afterEach(async () => {
    await harness.stop();
    await engine.close();
  });
  const nameOf = (): string => `container:${engine.origin.replace('http://', '')}`;
  const mode = async () => (await harness.engine.circuits.get(nameOf())).mode;
  const retry = { strategy: 'FIXED_DELAY', delay: '1s', maxRetries: 5 } as const;
  const graph = (more: object = {}): GraphSpec => ({
    name: 'containers',
    defaults: { retry },
    tasks: ['a', 'b', 'c'].map((id) => ({ id, container: { image: 'busybox' }, ...more })),
  });

  it('opens when the engine fails, and its worker keeps what it has until a cancel', async () => {
    const handle = await harness.engine.scheduleTaskGraph(graph(), { project: 'p' });
    await until(async () => (await mode()) === 'open');
    await until(async () => {
      const page = await harness.engine.listExecutions({ parentId: handle.executionId });
      return page.executions.filter(({ reason }) => reason === 'circuit').length === 3;
    }, 'all three held');
    const before = calls;
    await handle.cancel();
    const { status } = await handle.result();
    expect(status).toBe('CANCELLED');
    expect(calls).toBe(before);
  });

  it('is not asked where nodes want none: they fail', async () => {
    const handle = await harness.engine.scheduleTaskGraph(graph({ circuit: false, retry: 'NONE' }));
    const { nodes } = await handle.result();
    expect(Object.values(nodes).map(({ error }) => error?.code)).toEqual(
      Array(3).fill('ENVIRONMENT'),
    );
    expect(await mode()).toBe('closed');
  });
});

/** Says what it is, and hangs up on all that it should do. */
const engineThatFails =
  (asked: () => void) =>
  ({ url = '' }: IncomingMessage, response: ServerResponse): void => {
    const say = (body: object): void =>
      void response
        .writeHead(200, { 'content-type': 'application/json' })
        .end(JSON.stringify(body));
    if (url.endsWith('/_ping')) return void response.end('OK');
    if (url.includes('/version')) return say({ Version: '29.0', ApiVersion: '1.52' });
    if (url.includes('/info'))
      return say({
        ...{ CgroupVersion: '2', MemoryLimit: true, SwapLimit: true, CpuCfsQuota: true },
        ...{ PidsLimit: true, SecurityOptions: ['name=seccomp,profile=builtin'] },
      });
    asked();
    response.destroy();
  };

describe('ofTarget', () => {
  const record = (code: string) =>
    ({ code, message: '', origin: 'task', retriable: true }) as const;
  const gone = { marked: targetFault(new Error('gone')) };
  const other = { plain: new Error('no') };
  const stopped = { stopped: new StoppedError('asked to') };
  it.each([
    ['E', gone, 'faas', 'failure'],
    ['ENVIRONMENT', gone, 'container', 'failure'],
    ['TIMEOUT', other, 'faas', 'failure'],
    ['TIMEOUT', other, 'container', undefined],
    ['PROCESS_EXIT', other, 'container', 'success'],
    ['CARD', other, 'faas', 'success'],
    ['OUTPUT_INVALID', other, 'faas', 'success'],
    ['ENVIRONMENT', other, 'container', undefined],
    ['CONFIGURATION', other, 'faas', undefined],
    ['Error', stopped, 'container', undefined],
  ])('%s of one that is %j in %s: %s', (code, thrown, runner, expected) => {
    const [error] = Object.values(thrown);
    expect(ofTarget(record(code), error, runner)).toBe(expected);
  });
});

describe('keptHere', () => {
  const circuit = { name: 'container:x', failures: 5, windowMs: 1, openForMs: 1, probes: 1 };
  const found = { circuit: { ...circuit, minCalls: 5 }, project: '', engine: true as const };
  const kept = async (places: Partial<Place>[], leftMs = 600_000, round?: object) => {
    let looks = 0;
    const place = async () => ({
      ...{ mode: 'open', openedAt: 0, openUntil: null },
      ...places[Math.min(looks++, places.length - 1)],
    });
    const attempt = { signal: stop.signal, deadline: Date.now() + leftMs };
    const deps = { circuits: { place } } as unknown as Deps;
    const request = { round } as NodeRequest;
    return await keptHere(deps, request, attempt, { waitMs: 700, found });
  };
  let stop: AbortController;
  beforeEach(() => void (stop = new AbortController()));

  it.each([
    ['closed', { mode: 'closed' }],
    ['open no more', { mode: 'open', openUntil: 1 }],
  ] as const)('lets a node go on at once where the circuit is %s', async (_what, place) => {
    expect(await kept([place])).toBe(1);
  });

  it('waits until another has found out', async () => {
    expect(await kept([{ mode: 'half_open' }, { mode: 'half_open' }, { mode: 'closed' }])).toBe(1);
  });

  it('gives a node back whose attempt has little time, for as long as it has waited', async () => {
    expect(await kept([{ mode: 'open' }], 20)).toBe(700);
    const since = Date.now() - 60_000;
    const waited = await kept([{ mode: 'open' }], 20, { waiting: { for: 'circuit', since } });
    expect(waited).toBeGreaterThanOrEqual(60_000);
  });

  it('ends with the attempt', async () => {
    const waiting = kept([{ mode: 'open' }]);
    stop.abort(new Error('cancelled'));
    await expect(waiting).rejects.toThrow('cancelled');
  });

  it('keeps no node for a circuit that is no engine’s', async () => {
    const { engine: _engine, ...named } = found;
    const attempt = { signal: stop.signal, deadline: 0 };
    const deps = {} as Deps;
    expect(await keptHere(deps, {} as NodeRequest, attempt, { waitMs: 700, found: named })).toBe(
      700,
    );
  });
});
