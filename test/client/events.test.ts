import { createHmac } from 'node:crypto';
import { signed } from '../../src/notify/webhook.js';
import { resolveSettings } from '../../src/config.js';
import type { HttpSinkOptions } from '../../src/domain/sink.js';
import type { ExecutionEvent } from '../../src/index.js';
import { openStore, type Store } from '../../src/store/store.js';
import { startHarness, type Harness } from '../support/engine.js';
import { startReceiver, type Message, type Receiver } from '../support/receiver.js';
import { until } from '../support/until.js';

const told = (events: readonly ExecutionEvent[]): string[] => events.map(({ event }) => event);
const LONE = ['created', 'scheduled', 'preparing', 'started', 'completed'];

describe('events of an engine', () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await startHarness();
  });
  afterAll(() => harness.stop());
  const echo = async (options: { project?: string } = {}) =>
    await harness.engine.scheduleTask({ task: 'echo', input: 'hello', ...options });

  it('are iterated from the beginning of an execution to its end, also after it', async () => {
    const { executionId } = await echo();
    for (const _ of ['while it runs', 'after its end']) {
      const events: ExecutionEvent[] = [];
      for await (const event of harness.engine.events({ executionId })) events.push(event);
      expect(told(events)).toEqual(LONE);
      expect(events.at(-1)).toMatchObject({ executionId, output: 'hello', attempts: 1 });
    }
  });

  it('of a graph are its nodes’ too, with retries, and its end comes last', async () => {
    const { executionId } = await harness.engine.scheduleTaskGraph({
      name: 'g',
      onFailure: 'continue',
      tasks: [
        { id: 'retried', task: 'fail', input: { times: 1 }, retry: { delay: 1 } },
        { id: 'bad', task: 'fail', input: { times: 9, message: 'no' }, retry: 'NONE' },
        { id: 'after', task: 'noop', dependsOn: ['bad'] },
      ],
    });
    const events: ExecutionEvent[] = [];
    for await (const event of harness.engine.events({ executionId })) events.push(event);
    const of = (id: string) => told(events.filter((event) => event.executionId === id));
    expect(of(`${executionId}/retried`)).toEqual([
      ...['created', 'scheduled', 'preparing', 'started', 'retrying'],
      ...['preparing', 'started', 'completed'],
    ]);
    expect(of(`${executionId}/bad`).at(-1)).toBe('failed');
    expect(of(`${executionId}/after`)).toEqual(['created', 'skipped']);
    expect(of(executionId)).toEqual(['created', 'started', 'failed', 'graphCompleted']);
    const times = events.filter((event) => event.executionId === executionId).map(({ at }) => at);
    expect(times).toEqual(times.toSorted());
    expect(events.at(-1)).toMatchObject({ executionId, event: 'graphCompleted', status: 'FAILED' });
    expect(new Set(events.map(({ id }) => id)).size).toBe(events.length);
  });

  it('come to handlers, by name and project; one that throws stops nobody', async () => {
    const warnings = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    const completed: ExecutionEvent[] = [];
    const all: ExecutionEvent[] = [];
    const ends = [
      harness.engine.on(
        '*',
        () => {
          throw new Error('not my day');
        },
        { project: 'p' },
      ),
      harness.engine.on('completed', (event) => void completed.push(event), { project: 'p' }),
      harness.engine.on('*', async (event) => void all.push(event), { project: 'p' }),
    ];
    const other = await echo({ project: 'q' });
    const mine = await echo({ project: 'p' });
    await until(() => all.length === LONE.length);
    expect(told(all)).toEqual(LONE);
    expect(completed.map(({ executionId }) => executionId)).toEqual([mine.executionId]);
    expect(warnings.mock.calls.map(([message]) => message)).toEqual(
      LONE.map((name) => `a handler of * failed at ${name} of ${mine.executionId}: not my day`),
    );
    for (const end of ends) end();
    await other.result();
    const [last] = all.slice(-1);
    await (await echo({ project: 'p' })).result();
    for await (const event of harness.engine.events({ project: 'p', after: last?.position ?? 0 }))
      if (event.event === 'completed') break;
    expect(all.length).toBe(LONE.length);
    warnings.mockRestore();
  });

  it('end with what has happened until now when they are not followed', async () => {
    const { executionId } = await harness.engine.scheduleTask({ task: 'sleep', input: { ms: 1 } });
    for await (const _ of harness.engine.events({ executionId })) continue;
    const events: ExecutionEvent[] = [];
    for await (const event of harness.engine.events({ after: 0, follow: false }))
      events.push(event);
    expect(told(events.filter((event) => event.executionId === executionId))).toEqual(LONE);
  });

  it('begin with the position that is asked for', async () => {
    const { executionId } = await echo();
    const events: ExecutionEvent[] = [];
    for await (const event of harness.engine.events({ executionId })) events.push(event);
    const seen: ExecutionEvent[] = [];
    const end = harness.engine.on('*', (event) => void seen.push(event), {
      executionId,
      from: events[1]?.position ?? 0,
    });
    await until(() => seen.length === 3);
    expect(seen).toEqual(events.slice(2));
    end();
  });

  it.each([
    [{ publisher: {} }, 'start: expected a publisher with a function publish, got {}'],
    [{ publisher: null }, 'start: expected a publisher with a function publish, got null'],
    [
      { publisher: { publish: () => undefined, subscribe: 'topic' } },
      'start: expected a publisher with a function subscribe, got {"subscribe":"topic"}',
    ],
    [null, 'start: expected an object of options, got null'],
  ])('go to no publisher that is none: %j', (options, message) => {
    expect(() => harness.engine.start(options as never)).toThrow(message);
    expect(() => harness.engine.on('*', 'handler' as never)).toThrow('got "handler"');
  });

  it('go to a publisher, and loops end when the engine is shut down', async () => {
    const other = await startHarness();
    const published: ExecutionEvent[] = [];
    other.engine.start({ publisher: { publish: (event) => void published.push(event) } });
    await other.engine.scheduleTask({ task: 'echo', input: 1 });
    await until(() => told(published).includes('completed'));
    expect(told(published)).toEqual(LONE);
    const loop = (async () => {
      for await (const event of other.engine.events()) throw new Error(event.event);
    })();
    await other.stop();
    await loop;
    expect(() => other.engine.on('*', () => undefined)).toThrow(/was shut down/);
  });
});

const SECRET = 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD';

function verifies({ headers, text }: Message): boolean {
  const key = Buffer.from(SECRET.slice('whsec_'.length), 'base64');
  const content = `${String(headers['webhook-id'])}.${String(headers['webhook-timestamp'])}.${text}`;
  const expected = createHmac('sha256', key).update(content).digest('base64');
  return headers['webhook-signature'] === `v1,${expected}`;
}

describe('sinks', () => {
  let receiver: Receiver;
  let harness: Harness;
  let store: Store;
  const setup = async (sink: Partial<HttpSinkOptions> = {}): Promise<void> => {
    receiver = await startReceiver({ location: 'http://127.0.0.1:1/' });
    harness = await startHarness({
      sinks: [
        {
          name: 's',
          url: receiver.url,
          secret: SECRET,
          allowPrivate: true,
          retryDelay: 1,
          ...sink,
        },
      ],
    });
    store = await openStore({ url: `${harness.dataDir}/store.db` });
  };
  afterEach(async () => {
    await store.close();
    await harness.stop();
    await receiver.close();
  });
  const echo = async (project = 'p'): Promise<string> => {
    const handle = await harness.engine.scheduleTask({ task: 'echo', input: 1, project });
    await handle.result();
    return handle.executionId;
  };
  const eventsOf = (id?: string): ExecutionEvent[] =>
    receiver.messages
      .map(({ body }) => (body as { data: ExecutionEvent }).data)
      .filter(({ executionId }) => id === undefined || executionId === id);
  const delivered = async (id: string): Promise<void> =>
    await until(() => told(eventsOf(id)).includes('completed'), `${id} at the receiver`);

  it('get every event once, in order, signed', async () => {
    await setup();
    const ids = [await echo(), await echo()];
    for (const id of ids) await delivered(id);
    expect(ids.map((id) => told(eventsOf(id)))).toEqual([LONE, LONE]);
    const positions = eventsOf().map(({ position }) => position);
    expect(positions).toEqual([...positions].sort((a, b) => a - b));
    expect(receiver.messages.every(verifies)).toBe(true);
    const [first] = receiver.messages;
    expect(first?.body).toMatchObject({ type: 'tempograph.execution.created.v1' });
    expect(first?.headers['webhook-id']).toBe(eventsOf()[0]?.id);
  });

  it('get CloudEvents, of the events and the project that they want', async () => {
    await setup({ format: 'cloudevents', project: 'p', events: ['completed'] });
    await echo('q');
    const id = await echo('p');
    await delivered(id);
    expect(receiver.messages.map(({ body }) => body)).toEqual([
      expect.objectContaining({
        specversion: '1.0',
        type: 'tempograph.execution.completed.v1',
        source: '/tempograph',
        subject: id,
        data: expect.objectContaining({ executionId: id, event: 'completed' }) as unknown,
      }),
    ]);
    const [{ headers }] = receiver.messages as [Message];
    expect(headers['content-type']).toMatch(/^application\/cloudevents\+json/);
  });

  it('are tried again until they take an event, and the others wait', async () => {
    await setup();
    let refusals = 3;
    receiver.answer = () => (refusals-- > 0 ? 500 : 200);
    const id = await echo();
    await delivered(id);
    expect(told(eventsOf(id))).toEqual(['created', 'created', 'created', ...LONE]);
    const ids = receiver.messages.slice(0, 4).map(({ headers }) => headers['webhook-id']);
    expect(new Set(ids).size).toBe(1);
    expect(await store.deadLetters.list()).toEqual([]);
  });

  it('leave a dead letter for what they do not take, go on, and get it again when asked', async () => {
    await setup({ maxTries: 2 });
    receiver.answer = ({ body }) =>
      (body as { data: ExecutionEvent }).data.event === 'scheduled' ? 302 : 200;
    const id = await echo();
    await delivered(id);
    expect(told(eventsOf(id))).toEqual(['created', 'scheduled', ...LONE.slice(1)]);
    const [letter] = await store.deadLetters.list({ sink: 's' });
    expect(letter).toMatchObject({
      ...{ tries: 2, due: false },
      error: 'answered 302, and redirects are not followed',
      event: { event: 'scheduled', executionId: id },
    });
    expect(harness.lines).toContainEqual(
      expect.objectContaining({
        msg: expect.stringContaining(`did not take scheduled of ${id}`) as string,
      }),
    );
    receiver.answer = () => 200;
    expect(await harness.engine.deadLetters.list({ sink: 's' })).toEqual([letter]);
    expect(await harness.engine.deadLetters.retry('s')).toBe(1);
    await until(async () => (await harness.engine.deadLetters.list()).length === 0);
    expect(told(eventsOf(id)).at(-1)).toBe('scheduled');
  });

  it('are not reached at private addresses unless that is allowed', async () => {
    await setup({ allowPrivate: false });
    await echo();
    await until(async () => (await store.deadLetters.list()).length > 0);
    const [letter] = await store.deadLetters.list();
    expect(letter).toMatchObject({
      tries: 1,
      error: expect.stringContaining('127.0.0.1, which is no public address') as string,
    });
    expect(receiver.messages).toEqual([]);
  });

  it('go on where they were when the worker starts again', async () => {
    await setup();
    const before = await echo();
    await delivered(before);
    await harness.worker.shutdown();
    const handle = await harness.engine.scheduleTask({ task: 'echo', input: 1 });
    await harness.startWorker();
    await delivered(handle.executionId);
    expect(told(eventsOf(before))).toEqual(LONE);
    expect(told(eventsOf(handle.executionId))).toEqual(LONE);
  });

  it('get each event once from two workers', async () => {
    await setup();
    const second = await harness.startWorker();
    const ids = await Promise.all(Array.from({ length: 6 }, () => echo()));
    for (const id of ids) await delivered(id);
    await harness.worker.shutdown();
    const last = await echo();
    await delivered(last);
    for (const id of [...ids, last]) expect(told(eventsOf(id))).toEqual(LONE);
    await second.shutdown();
  });
});

describe('signed', () => {
  it('signs as the specification’s example does', () => {
    expect(
      signed(
        'whsec_plJ3nmyCDGBKInavdOK15jsl',
        'msg_loFOjxBNrRLzqYUf',
        '{"event_type":"ping","data":{"success":true}}',
        1_731_705_121_000,
      ),
    ).toEqual({
      'webhook-id': 'msg_loFOjxBNrRLzqYUf',
      'webhook-timestamp': '1731705121',
      'webhook-signature': 'v1,rAvfW3dJ/X/qxhsaXPOyyCGmRKsaKWcsNccKXlIktD0=',
    });
  });
});

describe('the setting sinks', () => {
  it.each([
    ['[{"name":"a b","url":"https://x.test"}]', /sinks\.0\.name: must be 1 to 64/],
    ['[{"name":"a","url":"ftp://x.test"}]', /sinks\.0\.url: must be an http or https address/],
    ['[{"name":"a","url":"https://x.test","secret":"short"}]', /sinks\.0\.secret: must be whsec_/],
    [
      '[{"name":"a","url":"https://x.test"},{"name":"a","url":"https://y.test"}]',
      /name of its own/,
    ],
    ['[{"name":"a","url":"https://x.test","evnts":[]}]', /sinks\.0: unknown field "evnts"/],
  ])('%s is refused', (value, message) => {
    expect(() => resolveSettings({}, { TEMPOGRAPH_SINKS: value })).toThrow(message);
  });

  it('is read from the environment as JSON', () => {
    const value = '[{"name":"a","url":"https://x.test/hook","format":"cloudevents"}]';
    expect(resolveSettings({}, { TEMPOGRAPH_SINKS: value }).sinks).toEqual([
      expect.objectContaining({ name: 'a', format: 'cloudevents', maxTries: 8, timeout: 10_000 }),
    ]);
  });
});
