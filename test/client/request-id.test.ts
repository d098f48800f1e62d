/** The caller's idempotency key on single submissions. */
import { SpecInvalidError, TaskStateError } from '../../src/index.js';
import { startHarness, type Harness } from '../support/engine.js';

describe('requestId', () => {
  let harness: Harness;
  beforeAll(async () => void (harness = await startHarness({ storeUrl: 'none' })));
  afterAll(() => harness.stop());
  const fresh = (): string => `order ${harness.taskQueue} ${Math.random()}`;

  it('gives the same execution when a task is scheduled again, before and after its end', async () => {
    const { engine } = harness;
    const submission = { task: 'echo', input: 1, requestId: fresh() };
    const [first, twin] = await Promise.all([
      engine.scheduleTask(submission),
      engine.scheduleTask({ ...submission, input: 2 }),
    ]);
    expect(twin.executionId).toBe(first.executionId);
    const { output, durationMs } = await first.result();
    const late = await engine.scheduleTask(submission);
    expect(late.executionId).toBe(first.executionId);
    expect(await late.result()).toMatchObject({ output, durationMs });
    expect(await engine.getExecution(first.executionId)).toMatchObject({
      requestId: submission.requestId,
      status: 'COMPLETED',
    });
  });

  it('gives the same execution of a graph, with its nodes', async () => {
    const graph = { name: 'once', tasks: [{ id: 'a', task: 'echo', input: 'x' }] };
    const options = { requestId: fresh() };
    const first = await harness.engine.scheduleTaskGraph(graph, options);
    const again = await harness.engine.scheduleTaskGraph(graph, options);
    expect(again.executionId).toBe(first.executionId);
    expect(again.executions).toEqual(first.executions);
    expect((await again.result()).output).toEqual({ a: 'x' });
  });

  it('is a key of its project', async () => {
    const requestId = fresh();
    const ids = await Promise.all(
      ['shop', 'office', undefined].map(async (project) => {
        const said = { task: 'noop', requestId, ...(project === undefined ? {} : { project }) };
        return (await harness.engine.scheduleTask(said)).executionId;
      }),
    );
    expect(new Set(ids).size).toBe(3);
  });

  it('is refused for something else than it was used for', async () => {
    const requestId = fresh();
    await harness.engine.scheduleTask({ task: 'noop', requestId });
    const other = harness.engine.scheduleTask({ task: 'echo', requestId });
    await expect(other).rejects.toBeInstanceOf(TaskStateError);
    await expect(other).rejects.toThrow(/stands for the task "noop" already/);
  });

  it.each([
    [{ requestId: '' }, /requestId: .*got ""/],
    [{ requestId: 'x'.repeat(256) }, /expected 1 to 255 characters/],
    [{ requestId: 'x', executionId: 'y' }, /executionId: .*say one of the two/],
  ])('refuses %j', async (said, message) => {
    const refused = harness.engine.scheduleTask({ task: 'noop', ...said });
    await expect(refused).rejects.toBeInstanceOf(SpecInvalidError);
    await expect(refused).rejects.toThrow(message);
  });
});
