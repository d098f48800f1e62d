/** The caller's idempotency key on single submissions. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { requestExecutionId } from '../../src/client/request-id.js';
import { SpecInvalidError, TaskEngine, TaskStateError } from '../../src/index.js';
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
      engine.scheduleTask({ ...submission, priority: 'LOW' }),
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

  it('is refused for another input, also after the end, and taken for the same in another order', async () => {
    const { engine } = harness;
    const submission = { task: 'echo', requestId: fresh() };
    const first = await engine.scheduleTask({ ...submission, input: { film: 'one', take: 1 } });
    const same = await engine.scheduleTask({ ...submission, input: { take: 1, film: 'one' } });
    expect(same.executionId).toBe(first.executionId);
    const other = () => engine.scheduleTask({ ...submission, input: { film: 'two', take: 1 } });
    await expect(other()).rejects.toThrow(
      /stands for the task "echo" already \(request-.*\), with another input; give each request/,
    );
    await first.result();
    await expect(other()).rejects.toBeInstanceOf(TaskStateError);
  });

  it('is refused for another spec of the same name, and for other parameters', async () => {
    const { engine } = harness;
    const graph = (input: string) => ({
      ...{ name: 'once', params: { n: { type: 'integer' as const } } },
      tasks: [{ id: 'a', task: 'echo', input }],
    });
    const options = { requestId: fresh(), params: { n: 1 } };
    const first = await engine.scheduleTaskGraph(graph('x'), options);
    const again = await engine.scheduleTaskGraph(graph('x'), options);
    expect(again.executionId).toBe(first.executionId);
    const said = /the graph "once" already .*with another spec, or other parameters/;
    await expect(engine.scheduleTaskGraph(graph('y'), options)).rejects.toThrow(said);
    const others = { ...options, params: { n: 2 } };
    await expect(engine.scheduleTaskGraph(graph('x'), others)).rejects.toThrow(said);
  });

  it('goes by the name of a pipeline, whatever its file says meanwhile', async () => {
    const { address, taskQueue, dataDir } = harness;
    const file = join(dataDir, 'once.yaml');
    const engine = await TaskEngine.connect({
      ...{ address, taskQueue, dataDir, templatesDir: dataDir, storeUrl: 'none' },
    });
    const write = (input: string): void =>
      writeFileSync(
        file,
        `name: once\nparams: { n: { type: integer } }\ntasks: [{ id: a, task: echo, input: ${input} }]\n`,
      );
    const options = { requestId: fresh(), params: { n: 1 } };
    write('x');
    const first = await engine.scheduleTaskGraph('once', options);
    write('y');
    const again = await engine.scheduleTaskGraph('once', options);
    const others = engine.scheduleTaskGraph('once', { ...options, params: { n: 2 } });
    await expect(others).rejects.toThrow(/with another spec, or other parameters/);
    await engine.shutdown();
    expect(again.executionId).toBe(first.executionId);
  });

  it('is not compared with an execution that was started before there were digests', async () => {
    const { client, engine, taskQueue } = harness;
    const requestId = fresh();
    const spec = { name: 'echo', tasks: [{ id: 'task', task: 'echo', input: 1 }] };
    const started = await client.workflow.start('taskGraph', {
      ...{ workflowId: requestExecutionId(requestId), taskQueue, args: [spec, { kind: 'task' }] },
      memo: { tempographKind: { kind: 'task', name: 'echo', requestId } },
    });
    const again = await engine.scheduleTask({ task: 'echo', input: 2, requestId });
    expect(again.executionId).toBe(started.workflowId);
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
