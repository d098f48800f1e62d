/** Task reports of executions that have ended, run, or were terminated; and reporters of operations. */
import {
  defineTask,
  htmlReport,
  markdownReport,
  type OperationReport,
  type OperationsReporter,
  type TaskReport,
} from '../../src/index.js';
import { startHarness, type Harness } from '../support/engine.js';
import { until } from '../support/until.js';

const gates = new Map<string, () => void>();
const gated = defineTask<{ gate: string }>({
  name: 'gated',
  run: async ({ gate }) => await new Promise<void>((resolve) => gates.set(gate, resolve)),
});
const busy = defineTask({
  name: 'busy',
  run: async (_input, { warn, metric, artifact, attempt }) => {
    if (attempt < 3) throw new Error(`no <luck> at ${attempt}`);
    warn('it took three');
    metric('rows', 12);
    await artifact('rows.csv', { text: 'a,b\n' });
  },
});

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness({ tasks: [gated, busy] });
});
afterAll(() => harness.stop());

const retry = { strategy: 'FIXED_DELAY', delay: 1, maxRetries: 3 } as const;
const graph = {
  name: 'nightly',
  tasks: [
    { id: 'load', task: 'busy', retry },
    { id: 'sum', task: 'fail', input: { times: 9 }, retry: 'NONE' as const, dependsOn: ['load'] },
    { id: 'send', task: 'noop', dependsOn: ['sum'] },
  ],
};

describe('engine.report', () => {
  it('counts what was tried below maps and sub-graphs', async () => {
    const { engine } = harness;
    const one = { task: 'fail', input: { times: 1 }, retry };
    const handle = await engine.scheduleTaskGraph({
      name: 'below',
      tasks: [
        { id: 'each', ...one, map: { over: [1, 2, 3] } },
        {
          id: 'sub',
          graph: { name: 'in', tasks: [{ id: 'deep', ...one, map: { over: [1, 2] } }] },
        },
        { id: 'none', task: 'noop', map: { over: [1] }, when: 'false' },
        { id: 'last', task: 'noop' },
      ],
    });
    await handle.result();
    const report = await engine.report(handle.executionId);
    expect(report.warnings).toEqual([]);
    expect(
      report.operations.map(({ name, attempts, retries }) => [name, attempts, retries]),
    ).toEqual([
      ['each', 6, 3],
      ['sub', 4, 2],
      ['none', 0, 0],
      ['last', 1, 0],
    ]);
    expect(report).toMatchObject({ attempts: 11, retries: 5 });
  });

  it('has every operation with status, attempts, retries, times, error, warnings, metrics and artifacts', async () => {
    const { engine } = harness;
    const handle = await engine.scheduleTaskGraph(graph);
    const { executionId } = handle;
    const result = await handle.result();
    const report = await engine.report(executionId);
    expect(report).toMatchObject({
      ...{ executionId, name: 'nightly', status: 'FAILED', ended: true, warnings: [] },
      ...{ startedAt: result.startedAt, endedAt: result.endedAt, durationMs: result.durationMs },
      counts: { COMPLETED: 1, FAILED: 1, SKIPPED: 1 },
      ...{ attempts: 4, retries: 2, error: { nodeId: 'sum' } },
    });
    const { load, sum } = result.nodes;
    expect(report.operations).toMatchObject([
      {
        ...{ name: 'load', executionId: `${executionId}/load`, task: 'busy', status: 'COMPLETED' },
        ...{ attempts: 3, retries: 2, startedAt: load?.startedAt, durationMs: load?.durationMs },
        ...{ error: null, warnings: ['it took three'], metrics: { rows: 12 } },
        artifacts: [{ name: 'rows.csv', bytes: 4 }],
        attemptHistory: [{ outcome: 'FAILED' }, { outcome: 'FAILED' }, { outcome: 'COMPLETED' }],
      },
      { name: 'sum', status: 'FAILED', attempts: 1, retries: 0, error: sum?.error },
      { name: 'send', status: 'SKIPPED', reason: 'upstream_failed', attempts: 0, startedAt: null },
    ]);
    expect(htmlReport(report)).toContain('no &lt;luck&gt; at 1');
    expect(markdownReport(report)).toContain('no \\<luck\\> at 1');

    const one = await engine.report(`${executionId}/load`);
    expect(one).toMatchObject({ name: 'load', status: 'COMPLETED', attempts: 3, ended: true });
    expect(one.operations).toEqual([report.operations[0]]);
  });

  it('says of one that runs how far it is', async () => {
    const { engine } = harness;
    const { executionId } = await engine.scheduleTaskGraph({
      name: 'live',
      tasks: [
        { id: 'a', task: 'noop' },
        { id: 'b', task: 'gated', input: { gate: 'live' }, dependsOn: ['a'] },
        { id: 'c', task: 'noop', dependsOn: ['b'] },
      ],
    });
    await until(() => gates.has('live'));
    const report = await engine.report(executionId);
    expect(report).toMatchObject({ status: 'RUNNING', ended: false, endedAt: null, warnings: [] });
    expect(report.operations).toMatchObject([
      { name: 'a', status: 'COMPLETED' },
      { name: 'b', status: 'RUNNING', attempts: 1, endedAt: null },
      { name: 'c', status: 'PENDING', reason: 'dependencies', attempts: 0 },
    ]);
    gates.get('live')?.();
    await engine.handle(executionId).result();
  });

  it('takes a lone task’s status and name, and says what a termination took with it', async () => {
    const { engine, client } = harness;
    const handle = await engine.scheduleTask({ task: 'gated', input: { gate: 'lone' } });
    await until(() => gates.has('lone'));
    expect(await engine.report(handle.executionId)).toMatchObject({
      ...{ name: 'gated', status: 'RUNNING' },
      operations: [{ name: 'task', status: 'RUNNING' }],
    });
    await client.workflow.getHandle(handle.executionId).terminate('by a test');
    gates.get('lone')?.();
    expect(await engine.report(handle.executionId)).toMatchObject({
      ...{ status: 'CANCELLED', ended: true, error: { code: 'TERMINATED' }, operations: [] },
      warnings: [expect.stringContaining('ended from outside') as string],
    });
  });

  it.each(['nobody', 'nobody/knows'])('refuses %s, which there is not', async (id) => {
    await expect(harness.engine.report(id)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});

/** Writes down what it is told. */
function listener() {
  const told: string[] = [];
  const finished: OperationReport[] = [];
  const reports: TaskReport[] = [];
  const reporter: OperationsReporter = {
    operationStarted: ({ name }) => void told.push(`start ${name}`),
    operationFinished: (operation) => {
      told.push(`end ${operation.name} ${operation.status}`);
      finished.push(operation);
    },
    taskFinished: async (report) => {
      await Promise.resolve();
      told.push(`all ${report.status}`);
      reports.push(report);
    },
  };
  return { told, finished, reports, reporter };
}

describe('executeOperations with a reporter', () => {
  it('tells each start while it runs, each end, and at last the report; of one that never ran only its end', async () => {
    const { told, finished, reports, reporter } = listener();
    const running = harness.engine.executeOperations(
      [
        { name: 'first', task: busy },
        { name: 'the second', task: gated, params: { gate: 'second' } },
        { name: 'third', task: 'fail', params: { times: 9 } },
        { name: 'fourth', task: 'noop' },
      ],
      { reporter, retry: { ...retry, unknownErrors: 'retry' } },
    );
    await until(() => told.includes('start the second'));
    expect(told).toEqual(['start first', 'end first COMPLETED', 'start the second']);
    gates.get('second')?.();
    const results = await running;
    expect(told).toEqual([
      ...['start first', 'end first COMPLETED', 'start the second', 'end the second COMPLETED'],
      ...['start third', 'end third FAILED', 'end fourth SKIPPED', 'all FAILED'],
    ]);
    expect(finished[0]).toMatchObject({
      ...{ attempts: 3, retries: 2, warnings: ['it took three'], metrics: { rows: 12 } },
      artifacts: [{ name: 'rows.csv' }],
    });
    const [report] = reports;
    expect(report).toMatchObject({ status: 'FAILED', retries: 5, ended: true, name: 'operations' });
    expect(report?.operations.map(({ name, status }) => [name, status])).toEqual(
      Object.entries(results).map(([name, { status }]) => [name, status]),
    );
    expect(report?.operations[0]).toEqual(finished[0]);
  });

  it('goes on where it throws, with a warning of the process', async () => {
    const warnings = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    const results = await harness.engine.executeOperations([{ name: 'only', task: 'noop' }], {
      reporter: {
        operationFinished: () => {
          throw new Error('deaf');
        },
        taskFinished: () => Promise.reject(new Error('gone')),
      },
    });
    expect(results['only']).toMatchObject({ status: 'COMPLETED' });
    expect(warnings.mock.calls.map(([message]) => message)).toEqual([
      'reporter.operationFinished failed: deaf',
      'reporter.taskFinished failed: gone',
    ]);
    warnings.mockRestore();
  });
});
