import { nodeLogger } from '../../src/activities/node-log.js';
import { createLogger } from '../../src/telemetry.js';
import type { NodeRequest } from '../../src/workflows/requests.js';
import { setTimeout as wait } from 'node:timers/promises';
import { defineTask } from '../../src/registry.js';
import type { TaskContext } from '../../src/task-context.js';
import { startHarness, type Harness } from '../support/engine.js';
import { until } from '../support/until.js';

const contexts: Partial<TaskContext>[] = [];
const look = defineTask({
  name: 'look',
  run: (_input, context) => {
    contexts.push({ ...context });
    context.warn('the disk is nearly full');
    context.metric('rows', 12);
    context.log.info('looked', { rows: 12 });
    return context.outputs;
  },
});
const checkpoints = defineTask({
  name: 'checkpoints',
  retry: { strategy: 'IMMEDIATE', maxRetries: 2 },
  run: (_input, { attempt, checkpoint, lastCheckpoint }) => {
    const before = lastCheckpoint() ?? null;
    checkpoint({ done: attempt });
    if (attempt < 3) throw new Error('again');
    return before;
  },
});
const greedy = defineTask({
  name: 'greedy',
  retry: 'NONE',
  run: (_input, { checkpoint }) => checkpoint('x'.repeat(20_000)),
});
/** Stays until its signal says otherwise. */
const stay = defineTask({
  name: 'stay',
  run: async (_input, { attempt, signal, progress }) => {
    progress({ done: attempt, total: 2, message: 'staying' });
    if (attempt === 1 && !released.now) await wait(600_000, undefined, { signal });
    return attempt;
  },
});
const released = { now: false };

describe('what a handler gets and gives', () => {
  let harness: Harness;
  beforeAll(
    async () => void (harness = await startHarness({ tasks: [look, checkpoints, greedy, stay] })),
  );
  afterAll(() => harness.stop());

  it('knows where it is, and its warnings and metrics stand in the result', async () => {
    const handle = await harness.engine.scheduleTaskGraph(
      {
        name: 'around',
        tasks: [
          { id: 'a', task: 'echo', input: { n: 1 } },
          {
            id: 'b',
            task: 'look',
            dependsOn: ['a'],
            input: '${{ tasks.a.output.n }}',
            metadata: { own: true },
          },
        ],
      },
      { project: 'p1', sessionId: 's1', metadata: { ticket: 7 } },
    );
    const { status, ok, warnings, metrics, nodes } = await handle.result();
    expect({ status, ok, warnings, metrics }).toEqual({
      status: 'COMPLETED',
      ok: true,
      warnings: ['b: the disk is nearly full'],
      metrics: { b: { rows: 12 } },
    });
    expect(nodes['b']?.output).toEqual({ a: { n: 1 } });
    const executionId = `${handle.executionId}/b`;
    expect(contexts[0]).toMatchObject({
      executionId,
      idempotencyKey: executionId,
      graphId: handle.executionId,
      nodeId: 'b',
      task: 'look',
      attempt: 1,
      maxRetries: 3,
      project: 'p1',
      sessionId: 's1',
      metadata: { ticket: 7, own: true },
      priority: 'MEDIUM',
    });
  });

  it('finds the last checkpoint of the attempt before', async () => {
    const { output } = await (await harness.engine.scheduleTask({ task: 'checkpoints' })).result();
    expect(output).toEqual({ done: 2 });
  });

  it('is refused a checkpoint of over 16 KiB, with the number and the limit', async () => {
    const { error } = await (await harness.engine.scheduleTask({ task: 'greedy' })).result();
    expect(error).toMatchObject({ code: 'TOO_LARGE' });
    expect(error?.message).toMatch(/20002 characters.*16384/);
  });

  it('is asked to stop when its worker shuts down, and runs again elsewhere without an attempt spent', async () => {
    const handle = await harness.engine.scheduleTask({ task: 'stay', retry: 'NONE' });
    await until(async () => (await handle.node('task').status()).status === 'RUNNING');
    released.now = true;
    await Promise.all([harness.startWorker(), harness.worker.shutdown()]);
    const { status, nodes } = await handle.result();
    expect(status).toBe('COMPLETED');
    expect(nodes['task']).toMatchObject({ attempts: 1, output: 1 });
  });

  it('writes no field of a log line twice, whatever the handler says', () => {
    const written: string[] = [];
    const log = nodeLogger(
      { log: createLogger('info', { write: (line) => void written.push(line) }) },
      { execution: { id: 'e' }, node: { id: 'n', task: 't' } } as NodeRequest,
      1,
    );
    log.info('mine', { attempt: 1, task: 'other', level: 'high', rows: 3 });
    const [line = ''] = written;
    expect(line.match(/"(attempt|task|level)":/g)).toEqual(
      ['"level":', '"task":', '"attempt":', '"task":', '"level":'], // the last two in `fields`
    );
    expect(JSON.parse(line)).toMatchObject({
      ...{ level: 30, attempt: 1, task: 't', rows: 3 },
      fields: { task: 'other', level: 'high' },
    });
  });

  it('leaves one log line for every transition, in the order of them, with the fields to filter by', async () => {
    const handle = await harness.engine.scheduleTask({
      task: 'fail',
      input: { times: 1 },
      retry: { strategy: 'IMMEDIATE' },
      project: 'logged',
    });
    await handle.result();
    const own = (): Record<string, unknown>[] =>
      harness.lines.filter(({ executionId }) => executionId === handle.executionId);
    const changes = (): string[] =>
      own().flatMap(({ from, to }) =>
        typeof from === 'string' && typeof to === 'string' ? [`${from}→${to}`] : [],
      );
    await until(() => changes().length >= 9);
    expect(changes()).toEqual([
      'PENDING→RUNNING',
      'PENDING→SCHEDULED',
      'SCHEDULED→PREPARING',
      'PREPARING→RUNNING',
      'RUNNING→RETRYING',
      'SCHEDULED→PREPARING',
      'PREPARING→RUNNING',
      'RUNNING→COMPLETED',
      'RUNNING→COMPLETED',
    ]);
    expect(own().find(({ to }) => to === 'RETRYING')).toMatchObject({
      level: 40,
      nodeId: 'task',
      task: 'fail',
      project: 'logged',
      attempt: 1,
      waitMs: 1,
      error: { code: 'AskedToFail' },
    });
  });
});
