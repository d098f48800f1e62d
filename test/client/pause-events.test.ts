import type { ExecutionEvent } from '../../src/index.js';
import { defineTask } from '../../src/registry.js';
import { startHarness, type Harness } from '../support/engine.js';
import { until } from '../support/until.js';

const gates = new Map<string, () => void>();
/** Stays until it is let go. */
const stays = defineTask({
  name: 'stays',
  run: async (_input, { executionId }) =>
    await new Promise<void>((resolve) => gates.set(executionId, resolve)),
});

describe('events of a pause', () => {
  let harness: Harness;
  beforeAll(async () => void (harness = await startHarness({ tasks: [stays] })));
  afterAll(() => harness.stop());

  const letGo = async (executionId: string): Promise<void> => {
    await until(() => gates.has(executionId));
    gates.get(executionId)?.();
  };
  /** Every event of an execution as it comes; `done` when the last has come. */
  const listen = (executionId: string) => {
    const events: ExecutionEvent[] = [];
    const done = (async () => {
      for await (const event of harness.engine.events({ executionId })) events.push(event);
    })();
    const of = (id: string) => events.filter((event) => event.executionId === id);
    return { events, done, of };
  };
  const pausesOf = (events: readonly ExecutionEvent[]) =>
    events.flatMap(({ event, status }) =>
      event === 'paused' || event === 'resumed' ? [`${event} ${status}`] : [],
    );

  it('come at once, of a graph and of its nodes, once for each time', async () => {
    const { engine } = harness;
    const handle = await engine.scheduleTaskGraph({
      name: 'paused-live',
      tasks: [
        { id: 'a', task: 'stays' },
        { id: 'b', task: 'noop', dependsOn: ['a'] },
      ],
    });
    const { executionId } = handle;
    const { events, done, of } = listen(executionId);
    await until(() => gates.has(`${executionId}/a`));
    for (let time = 1; time <= 2; time++) {
      await handle.pause({ by: 'ann' });
      await until(() => pausesOf(of(executionId)).length === time * 2 - 1, 'paused is told');
      await until(async () => (await row(executionId))?.status === 'PAUSED');
      await handle.resume({ by: 'ann' });
      await until(() => pausesOf(of(executionId)).length === time * 2, 'resumed is told');
      await until(async () => (await row(executionId))?.status === 'RUNNING');
    }
    // One that has not started, and one whose attempt runs on.
    for (const id of ['b', 'a']) {
      await handle.node(id).pause();
      await until(() => pausesOf(of(`${executionId}/${id}`)).length === 1, `${id} is paused`);
    }
    await until(async () => (await row(`${executionId}/b`))?.status === 'PAUSED');
    expect((await row(`${executionId}/a`))?.status).toBe('RUNNING');
    for (const id of ['b', 'a']) {
      await handle.node(id).resume();
      await until(() => pausesOf(of(`${executionId}/${id}`)).length === 2, `${id} is resumed`);
    }
    await letGo(`${executionId}/a`);
    await handle.result();
    await done;
    const twice = ['paused PAUSED', 'resumed RUNNING', 'paused PAUSED', 'resumed RUNNING'];
    expect(pausesOf(of(executionId))).toEqual(twice);
    for (const id of ['a', 'b'])
      expect(pausesOf(of(`${executionId}/${id}`))).toEqual(['paused PAUSED', 'resumed PENDING']);
    expect(of(executionId).map(({ event }) => event)).toEqual([
      ...['created', 'started', 'paused', 'resumed', 'paused', 'resumed'],
      ...['completed', 'graphCompleted'],
    ]);
    expect(new Set(events.map(({ id }) => id)).size).toBe(events.length);
    const { statusHistory } = await engine.getExecution(executionId);
    expect(statusHistory?.map(({ status, by }) => [status, by])).toEqual(
      [
        ...[['PENDING'], ['RUNNING']],
        ...[
          ['PAUSED', 'ann'],
          ['RUNNING', 'ann'],
          ['PAUSED', 'ann'],
          ['RUNNING', 'ann'],
        ],
        ['COMPLETED'],
      ].map(([status, by]) => [status, by]),
    );
  });

  it('come of a lone task, as its own', async () => {
    const handle = await harness.engine.scheduleTask({ task: 'stays' });
    const { executionId } = handle;
    const { done, of } = listen(executionId);
    await until(() => gates.has(`${executionId}/task`));
    await handle.pause();
    await until(() => pausesOf(of(executionId)).length === 1, 'paused is told');
    await handle.resume();
    await until(() => pausesOf(of(executionId)).length === 2, 'resumed is told');
    await letGo(`${executionId}/task`);
    await handle.result();
    await done;
    expect(pausesOf(of(executionId))).toEqual(['paused PAUSED', 'resumed RUNNING']);
    expect(of(executionId).at(-1)?.event).toBe('completed');
  });

  const row = async (executionId: string) => {
    const { executions } = await harness.engine.listExecutions({ kind: ['graph', 'node'] });
    return executions.find((one) => one.executionId === executionId);
  };
});
