import type { SinkOptions, ExecutionEvent } from '../../src/index.js';
import { openStore, type Store } from '../../src/store/store.js';
import { startHarness, type Harness } from '../support/engine.js';
import { startReceiver, type Receiver } from '../support/receiver.js';
import { startSmtp, type SmtpReceiver } from '../support/smtp-receiver.js';
import { until } from '../support/until.js';

describe('notifications', () => {
  let receiver: Receiver;
  let smtp: SmtpReceiver;
  let harness: Harness;
  let store: Store;
  beforeEach(async () => {
    receiver = await startReceiver();
    smtp = await startSmtp();
  });
  afterEach(async () => {
    await store.close();
    await harness.stop();
    await receiver.close();
    await smtp.close();
  });
  const setup = async (...sinks: SinkOptions[]): Promise<void> => {
    const publicUrl = 'https://t.example.com/';
    harness = await startHarness({ sinks, publicUrl, reconcileInterval: '1s' });
    store = await openStore({ url: `${harness.dataDir}/store.db` });
  };
  const chat = (more: object = {}): SinkOptions => ({
    ...{ name: 'chat', kind: 'chat', format: 'text', url: receiver.url },
    ...{ allowPrivate: true, retryDelay: 1, ...more },
  });
  const mail = (more: object = {}): SinkOptions => ({
    ...{ name: 'mail', kind: 'email', url: `smtp://127.0.0.1:${smtp.port}`, retryDelay: 1 },
    ...{ from: 't@example.com', to: ['ops@example.com'], ...more },
  });
  const texts = (): string[] =>
    receiver.messages.map(({ body }) => (body as { text: string }).text);
  const failing = {
    name: 'nightly',
    tasks: [
      { id: 'load', task: 'fail', input: { times: 9, message: 'no' }, retry: 'NONE' as const },
    ],
  };

  it('tell a chat that a graph failed, where and why, once, and nothing of its nodes', async () => {
    await setup(chat());
    await (await harness.engine.scheduleTask({ task: 'noop' })).result();
    const { executionId } = await harness.engine.scheduleTaskGraph(failing);
    await until(() => texts().length > 0);
    const [text = ''] = texts();
    expect(text.split('\n')).toEqual([
      'nightly failed',
      `Execution: ${executionId}`,
      'Status: FAILED',
      expect.stringMatching(/^Error: .*no/),
      'Failed: load',
      expect.stringMatching(/^Took: /),
      expect.stringMatching(/^At: /),
      `tempograph explain ${executionId}`,
      `https://t.example.com/#/executions/${executionId}`,
    ]);
    expect(texts()).toHaveLength(1);
  });

  it('tell of nodes alone where that is the level', async () => {
    await setup(chat({ level: 'node', events: ['ends'] }));
    await harness.engine.scheduleTaskGraph(failing);
    await until(() => texts().length > 0);
    expect(texts()).toEqual([expect.stringMatching(/^\S+\/load failed\n/)]);
  });

  it('ask people for an approval', async () => {
    await setup(chat());
    const handle = await harness.engine.scheduleTaskGraph({
      name: 'release',
      tasks: [{ id: 'go', approval: { message: 'ship it?', by: ['ada'], timeout: '2h' } }],
    });
    await until(() => texts().length > 0);
    expect(texts()[0]?.split('\n')).toEqual(
      expect.arrayContaining([
        'Question: ship it?',
        'May answer: ada',
        expect.stringMatching(/^Waits until: .+Z, 2 h away; then it fails$/),
      ]),
    );
    expect(texts()[0]).toContain(`tempograph approve ${handle.executionId}/go`);
    await harness.engine.approve(`${handle.executionId}/go`, { by: 'ada' });
    await handle.result();
  });

  it('come by mail: greylisted at first, then taken', async () => {
    await setup(mail());
    let greylisted = 2;
    smtp.refuse = (stage) =>
      stage === 'RCPT' && greylisted-- > 0 ? '450 4.2.0 greylisted' : undefined;
    const { executionId } = await harness.engine.scheduleTaskGraph(failing);
    await until(() => smtp.mails.length > 0);
    expect(smtp.mails[0]).toMatchObject({ from: 't@example.com', to: ['ops@example.com'] });
    expect(smtp.mails[0]?.data).toContain('Subject: nightly failed');
    expect(smtp.mails[0]?.data).toContain(executionId);
    expect(await store.deadLetters.list()).toEqual([]);
  });

  it('become a dead letter at once where a mail is refused for good, and go out when asked again', async () => {
    await setup(mail());
    smtp.refuse = (stage) => (stage === 'MESSAGE' ? '554 5.6.0 not this' : undefined);
    const { executionId } = await harness.engine.scheduleTaskGraph(failing);
    await until(async () => (await store.deadLetters.list()).length > 0);
    expect(await store.deadLetters.list()).toMatchObject([
      {
        sink: 'mail',
        tries: 1,
        error: expect.stringContaining('554') as string,
        event: { executionId },
      },
    ]);
    smtp.refuse = () => undefined;
    await harness.engine.deadLetters.retry('mail');
    await until(() => smtp.mails.length > 0);
    await until(async () => (await store.deadLetters.list()).length === 0);
  });

  const risks = async (executionId: string): Promise<ExecutionEvent[]> => {
    const { events } = await store.events.read({ after: 0, executionId, kinds: ['deadlineRisk'] });
    return events;
  };
  const sleeping = (deadline: string) => ({
    ...{ name: 'late', deadline },
    tasks: [{ id: 'a', task: 'sleep', input: { ms: 60_000 } }],
  });

  it('tell of a deadline that will be missed when most of the time has passed, once', async () => {
    await setup(chat({ events: ['deadlineRisk'] }));
    const handle = await harness.engine.scheduleTaskGraph(sleeping('10s'));
    await until(() => texts().length > 0);
    await handle.cancel();
    await handle.result();
    expect(texts()).toEqual([expect.stringMatching(/^late may miss its deadline\n/)]);
    const [risk, ...more] = await risks(handle.executionId);
    expect(more).toEqual([]);
    expect(risk).toMatchObject({ status: 'RUNNING', reason: 'deadline', risk: 'time' });
    const { createdAt = 0 } = (await store.executions.get(handle.executionId)) ?? {};
    expect(Date.parse(risk?.deadlineAt ?? '')).toBe(createdAt + 10_000);
    expect(Date.parse(risk?.at ?? '')).toBeGreaterThanOrEqual(createdAt + 8_000);
  });

  it('tell of it early where a node that runs usually takes longer than what is left', async () => {
    await setup(chat());
    const usual = { executionTimeMs: 3_600_000, durationMs: 3_600_000, endedAt: Date.now() };
    await store.executions.record(
      [
        {
          ...{ executionId: 'before', kind: 'task', sequence: 1, taskId: 'sleep' },
          ...{ status: 'COMPLETED', createdAt: Date.now() - 3_600_000, ...usual },
        },
      ],
      Date.now(),
    );
    const handle = await harness.engine.scheduleTaskGraph(sleeping('30m'));
    await until(() => texts().length > 0);
    expect(texts()[0]).toContain('a node that runs usually takes longer than that');
    await handle.cancel();
    await handle.result();
    expect(await risks(handle.executionId)).toMatchObject([{ risk: 'node' }]);
  });

  it('tell of no risk where a graph is done in time or has no deadline', async () => {
    await setup(chat({ events: ['deadlineRisk', 'completed'] }));
    const quick = { name: 'quick', tasks: [{ id: 'a', task: 'noop' }] };
    await harness.engine.scheduleTaskGraph({ ...quick, deadline: '2s' });
    await until(() => texts().length > 0);
    await until(async () => (await store.executions.openDeadlines()).length === 0);
    const none = await harness.engine.scheduleTaskGraph(quick);
    await none.result();
    await until(() => texts().length > 1);
    expect(texts().map((text) => text.split('\n')[0])).toEqual([
      'quick completed',
      'quick completed',
    ]);
  });
});
