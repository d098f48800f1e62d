/** Schedules, limits and circuits over HTTP. */
import type { Change } from '../../src/http/services.js';
import { startHarness, type Harness } from '../support/engine.js';
import { callers, startHttp, type HttpScene } from '../support/http.js';
import { until } from '../support/until.js';

let harness: Harness;
let http: HttpScene;
let id: string;
const changes: Change[] = [];
beforeAll(async () => {
  harness = await startHarness();
  http = await startHttp(harness, {
    audit: async (_who, change) => void changes.push(change),
  });
  id = harness.taskQueue;
});
afterAll(async () => {
  await harness.engine.schedules.delete(id).catch(() => undefined);
  await http.stop();
  await harness.stop();
});

describe('schedules', () => {
  const at = (rest = ''): string => `/schedules/${id}${rest}`;

  it('are made of a pipeline, changed, paused, triggered and deleted, and all of it is written down', async () => {
    const yaml = 'name: tick\nparams:\n  n: { type: integer }\ntasks:\n  - { id: a, task: noop }\n';
    const made = await http.call('POST', '/schedules', {
      ...{ id, yaml, params: { n: 3 }, cron: '0 2 1 1 *', timezone: 'Europe/Berlin' },
      reason: 'asked for',
    });
    expect(made).toMatchObject({
      status: 201,
      json: { id, kind: 'graph', taskId: 'tick', timezone: 'Europe/Berlin', paused: false },
    });
    expect((await http.call('PATCH', at(), { overlap: 'bufferOne' })).json).toMatchObject({
      overlap: 'bufferOne',
    });
    expect((await http.call('POST', at('/pause'), { reason: 'maintenance' })).json).toEqual({
      ...{ id, paused: true, note: 'maintenance' },
    });
    expect((await http.call('GET', at())).json).toMatchObject({ paused: true, nextAt: null });
    expect((await http.call('POST', at('/resume'))).json).toMatchObject({ paused: false });
    const { json } = await http.call('POST', at('/trigger'), {});
    expect(json).toMatchObject({ id, outcome: 'started' });
    await harness.engine.handle(json['executionId'] as string).result();
    expect(await http.call('DELETE', at('?reason=done'))).toMatchObject({
      json: { id, deleted: true },
    });
    expect((await http.call('GET', at())).status).toBe(404);
    expect(changes.map(({ what, target, reason }) => [what, target, reason])).toEqual([
      ['schedule.create', id, 'asked for'],
      ['schedule.update', id, undefined],
      ['schedule.pause', id, 'maintenance'],
      ['schedule.resume', id, undefined],
      ['schedule.trigger', id, undefined],
      ['schedule.delete', id, 'done'],
    ]);
  });

  it('start an execution for each time of a span, and refuse one that has none', async () => {
    await http.call('POST', '/schedules', { id, task: 'noop', cron: '0 0 1 1 *', paused: true });
    const span = { from: '2023-12-01T00:00:00Z', to: '2025-02-01T00:00:00Z' };
    const times = ['2024-01-01T00:00:00.000Z', '2025-01-01T00:00:00.000Z'];
    const dry = await http.call('POST', at('/backfill'), { ...span, dryRun: true });
    expect(dry.json).toEqual({ id, times });
    expect(changes.filter(({ what }) => what === 'schedule.backfill')).toEqual([]);
    expect((await http.call('POST', at('/backfill'), span)).json).toEqual({ id, times });
    expect(changes.at(-1)).toMatchObject({ what: 'schedule.backfill', target: id });
    const none = { from: '2024-02-01T00:00:00Z', to: '2024-03-01T00:00:00Z' };
    const { status, json } = await http.call('POST', at('/backfill'), none);
    expect([status, json['code']]).toEqual([422, 'SPEC_INVALID']);
  });

  it.each<[string, object]>([
    ['a day of month and week', { cron: '0 0 13 * FRI' }],
    ['the last days of February', { cron: ['0 12 28-29 2 *', '@monthly'], timezone: 'Asia/Tokyo' }],
    ['a time shown twice', { cron: '30 1 1-7 11 SUN', timezone: 'America/New_York' }],
    ['a time leapt over', { cron: '30 2 8-14 3 *', timezone: 'America/New_York' }],
    ['an interval', { every: { every: '720h', offset: '5h' } }],
    ['a calendar', { calendar: { month: 'JAN', dayOfMonth: 2, hour: '9-17/4', minute: 7 } }],
    ['one time', { at: '2031-05-05T08:00:00', timezone: 'Europe/Zurich' }],
  ])('are told before they are there as the server tells them then: %s', async (_, times) => {
    const told = await http.call('POST', '/schedule-preview', times);
    expect(told.status).toBe(200);
    const other = `${id} preview`;
    const made = await http.call('POST', '/schedules', { id: other, task: 'noop', ...times });
    await http.call('DELETE', `/schedules/${encodeURIComponent(other)}`);
    const { next, timezone } = made.json;
    expect(next).not.toEqual([]);
    expect(told.json).toMatchObject({ next, timezone });
  });

  it('are not told before they are there where that is more than a look', async () => {
    const preview = async (parts: number) =>
      await http.call('POST', '/schedule-preview', {
        cron: Array.from({ length: parts }, (_, nth) => `${nth % 60} * * * *`),
        skip: { hour: '*', minute: '*', second: '*' },
      });
    expect(await preview(99)).toMatchObject({ status: 200, json: { next: [] } });
    expect(await preview(100)).toMatchObject({
      status: 422,
      json: { faults: [{ message: 'expected at most 100 parts, got 101' }] },
    });
    expect(await preview(2_000)).toMatchObject({ status: 413 });
  });

  it('are refused with every fault at its place', async () => {
    const { status, json } = await http.call('POST', '/schedules', {
      ...{ id: 'x', task: 'noop', cron: '99 * * * *', catchupWindow: '1s', scheduledTime: '5m' },
    });
    expect(status).toBe(422);
    expect((json['faults'] as { path: string }[]).map(({ path }) => path).sort()).toEqual([
      ...['catchupWindow', 'cron', 'scheduledTime'],
    ]);
    const told = await http.call('POST', '/schedule-preview', { every: '1ms', timezone: 'Mars' });
    expect(told.status).toBe(422);
    expect((told.json['faults'] as { path: string }[]).map(({ path }) => path).sort()).toEqual([
      ...['every', 'timezone'],
    ]);
  });
});

describe('limits', () => {
  it('are there while a graph uses them, and change for as long', async () => {
    const key = `db ${id}`;
    const graph = {
      name: 'held',
      tasks: [{ id: 'a', task: 'sleep', input: { ms: 600_000 }, limit: { key, max: 2 } }],
    };
    const path = `/limits/${encodeURIComponent(key)}`;
    expect((await http.call('GET', path)).status).toBe(404);
    const handle = await harness.engine.scheduleTaskGraph(graph);
    await until(async () => (await http.call('GET', path)).json['used'] === 1);
    expect((await http.call('PUT', path, { max: 5, reason: 'more' })).json).toMatchObject({
      success: true,
    });
    expect((await http.call('GET', path)).json).toMatchObject({
      ...{ key, max: 5, defined: 2, holders: [{ executionId: handle.executionId }] },
    });
    const { json } = await http.call('GET', '/limits');
    expect(json['limits']).toContainEqual(expect.objectContaining({ key, project: null }));
    expect((await http.call('PUT', path, { max: 0 })).status).toBe(422);
    expect(changes).toContainEqual(
      expect.objectContaining({ what: 'limit.set', target: key, reason: 'more' }),
    );
    await handle.cancel();
  });
});

describe('circuits', () => {
  it('are opened and closed by hand, each of its project', async () => {
    const name = 'bank/eu';
    const path = `/circuits/${encodeURIComponent(name)}`;
    const opened = await http.call('POST', `${path}/open?project=shop`, { reason: 'it is down' });
    expect(opened.json).toMatchObject({ name, project: 'shop', mode: 'open', forced: true });
    expect((await http.call('GET', path)).json).toMatchObject({ project: null, mode: 'closed' });
    expect((await http.call('GET', '/circuits?project=shop&mode=open')).json).toMatchObject({
      circuits: [{ name, mode: 'open' }],
    });
    expect((await http.call('POST', `${path}/close?project=shop`)).json).toMatchObject({
      mode: 'closed',
    });
    expect(changes).toContainEqual({
      ...{ what: 'circuit.open', target: name, reason: 'it is down' },
      details: { project: 'shop' },
    });
  });

  it("of another project are not a bound key's to see or touch", async () => {
    const bound = await startHttp(harness, {
      authenticate: callers({ ours: ['ours'] }),
    });
    const authorization = 'Bearer ours';
    await harness.engine.circuits.open('shared', { project: 'theirs' });
    const call = (method: string, path: string) =>
      bound.call(method, path, method === 'POST' ? {} : undefined, { authorization });
    expect((await call('POST', '/circuits/shared/close?project=theirs')).status).toBe(403);
    await call('POST', '/circuits/shared/close');
    expect((await call('GET', '/circuits/shared')).json).toMatchObject({
      ...{ project: 'ours', mode: 'closed' },
    });
    await harness.engine.circuits.open('own', { project: 'ours' });
    expect((await call('GET', '/circuits')).json).toMatchObject({
      circuits: [{ project: 'ours' }],
    });
    expect(await harness.engine.circuits.get('shared', { project: 'theirs' })).toMatchObject({
      mode: 'open',
    });
    await bound.stop();
  });
});

describe('the cache', () => {
  it('forgets what a key without projects names, and of a bound one only its own', async () => {
    const bound = await startHttp(harness, { authenticate: callers({ ours: ['ours'] }) });
    const run = async (project: string): Promise<void> => {
      const cache = { ttl: '1h' };
      const tasks = [{ id: 'a', task: 'echo', input: 'kept', cache }];
      await (await harness.engine.scheduleTaskGraph({ name: 'g', tasks }, { project })).result();
    };
    await run('ours');
    await run('theirs');
    const authorization = 'Bearer ours';
    const forget = (body: object) =>
      bound.call('POST', '/cache/invalidate', body, { authorization });
    expect((await forget({ project: 'theirs' })).status).toBe(403);
    expect((await forget({ project: null })).status).toBe(403);
    expect((await forget({ task: 'echo' })).json).toEqual({ invalidated: 1 });
    const rest = await http.call('POST', '/cache/invalidate', { task: 'echo', reason: 'stale' });
    expect(rest.json).toEqual({ invalidated: 1 });
    await bound.stop();
  });
});
