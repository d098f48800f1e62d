import { buildCli, documentOf, envOf, runCli, until } from '../support/cli.js';
import { startHarness, type Harness } from '../support/engine.js';

describe('tempograph status when every worker is dead', () => {
  let harness: Harness;
  beforeAll(async () => {
    await buildCli();
    harness = await startHarness();
  });
  afterAll(() => harness.stop());

  it('shows the nodes as the store last had them, and says so', async () => {
    const { engine } = harness;
    const { executionId } = await engine.scheduleTaskGraph({
      name: 'left-alone',
      tasks: [
        { id: 'quick', task: 'echo', input: 'done' },
        { id: 'long', task: 'sleep', dependsOn: ['quick'], input: { ms: 3_600_000 } },
        { id: 'after', task: 'noop', dependsOn: ['long'] },
      ],
    });
    await until('the store knows that long runs', async () => {
      const { executions } = await engine.listExecutions({ parentId: executionId });
      return executions.some(
        (one) => one.executionId.endsWith('/long') && one.status === 'RUNNING',
      );
    });
    const spec = { name: 'twice', tasks: [{ id: 'only', task: 'echo', input: 1 }] };
    const done = await engine.scheduleTaskGraph(spec);
    await done.result();
    await until('the end of its node is in the store', async () => {
      const { executions } = await engine.listExecutions({ parentId: done.executionId });
      return executions[0]?.status === 'COMPLETED';
    });
    await harness.worker.shutdown();
    await engine.scheduleTaskGraph(spec, { executionId: done.executionId, reuse: 'always' });
    const env = envOf(harness);
    const { code, stdout, stderr } = await runCli(['status', executionId], { env });
    expect(code).toBe(0);
    expect(stderr).toMatch(/no worker of .+ answered: nodes are shown as the store last had/);
    expect(stdout).toMatch(/quick +COMPLETED/);
    expect(stdout).toMatch(/after +PENDING *$/m);
    const document = documentOf(await runCli(['status', executionId, '--json'], { env }));
    expect(document).toMatchObject({
      executionId,
      asOf: expect.stringMatching(/^\d{4}-.*Z$/) as string,
      nodes: { quick: { status: 'COMPLETED', attempts: 1 } },
    });
    expect(await engine.getExecution(`${executionId}/long`)).toMatchObject({
      ...{ kind: 'node', status: 'RUNNING', endedAt: null },
      asOf: expect.stringMatching(/^\d{4}-.*Z$/) as string,
    });
    await expect(engine.getExecution(`${executionId}/after`)).rejects.toThrow();
    await expect(engine.getExecution(`${done.executionId}/only`)).rejects.toThrow();
    const node = await runCli(['status', `${executionId}/quick`], { env });
    expect(node.stderr).toContain('nodes are shown as the store last had them');
    expect(node.stdout).toContain(`✔ COMPLETED  ${executionId}/quick`);
  });
});
