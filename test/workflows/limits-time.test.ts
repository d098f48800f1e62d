import type { LimitAsk } from '../../src/domain/limit-messages.js';
import { limiterId } from '../../src/domain/limit.js';
import { startTestEngine, type TestEngine } from '../../src/testing.js';
import { MEMO, SIGNAL, WORKFLOW } from '../../src/workflows/messages.js';
import { shared } from '../support/shared.js';
import { until } from '../support/until.js';

describe('leases under time skipping', () => {
  let test: TestEngine;

  beforeAll(async () => {
    const { timeSkipping, bundle } = shared();
    test = await startTestEngine({
      serverPath: timeSkipping,
      temporal: { workflowBundle: { codePath: bundle } },
    });
  });
  afterAll(() => test.stop());

  /**
   * A holder of the only place, and one that waits for it. The holder is an execution that waits for its start time, in
   * whose name the place was asked for: a handler, or a task in a queue, would keep the clock from skipping.
   */
  async function setup(key: string) {
    const limit = { key, max: 1 };
    const holder = await test.engine.scheduleTaskGraph({
      name: 'holder',
      tasks: [{ id: 'later', task: 'noop', scheduledTime: '10h' }],
    });
    const { workflow: client } = test.env.client;
    const { runId } = await client.getHandle(holder.executionId).describe();
    const ask: LimitAsk = {
      ...{ graph: holder.executionId, run: runId, sequence: 0, priority: 3, fairnessKey: '' },
      ...{ asked: { 1: 1 }, granted: {}, released: {} },
    };
    await client.signalWithStart(WORKFLOW.limit, {
      workflowId: limiterId(key),
      taskQueue: test.worker.taskQueue,
      args: [{ key, max: 1, defined: 1 }],
      signal: SIGNAL.limitAsk,
      signalArgs: [ask],
      memo: { [MEMO.limit]: { key, max: 1, defined: 1 } },
    });
    // Else its timer, to ask again after a minute, is cancelled in the moment it fires, when the holder has been silent for
    // a minute: the time-skipping server then refuses what the workflow says ("invalid history builder state for action").
    await test.env.sleep('5s');
    const waiting = await test.engine.scheduleTask({ task: 'noop', limit });
    const stands = async () => await test.engine.limits.get(key);
    await until(async () => (await stands()).waiters.length === 1, 'one that waits');
    const workflow = (id: string) => test.env.client.workflow.getHandle(id);
    return { holder, waiting, workflow, stands };
  }

  it('frees the place of a terminated holder as soon as it cannot be asked for it', async () => {
    const { holder, waiting, workflow } = await setup('asked');
    await workflow(holder.executionId).terminate('test');
    await test.env.sleep('2s');
    expect((await waiting.result()).status).toBe('COMPLETED');
  });

  it('frees the place of a holder that was asked for it and terminated then, after a minute', async () => {
    const { holder, waiting, workflow, stands } = await setup('silent');
    await test.env.sleep('2s'); // it is asked to give its place back
    await workflow(holder.executionId).terminate('test');
    await test.env.sleep('50s');
    expect(await stands()).toMatchObject({ used: 1, holders: [{ places: 1 }] });
    await test.env.sleep('20s');
    expect((await waiting.result()).status).toBe('COMPLETED');
    const { events = [] } = await workflow(limiterId('silent')).fetchHistory();
    const waits = (events ?? []).flatMap(({ timerStartedEventAttributes: timer }) =>
      timer
        ? [
            Number(timer.startToFireTimeout?.seconds ?? 0) * 1e9 +
              (timer.startToFireTimeout?.nanos ?? 0),
          ]
        : [],
    );
    expect(waits.filter((nanos) => nanos <= 1e6)).toEqual([]); // it does not spin while it looks
  });

  it('starts a keeper again that was terminated while places were waited for', async () => {
    const { waiting, workflow } = await setup('kept');
    await workflow(limiterId('kept')).terminate('test');
    await test.env.sleep('70s'); // who waits asks again after a minute
    expect((await waiting.result()).status).toBe('COMPLETED');
  });
});
