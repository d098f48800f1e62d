/** Document 002, TaskExecutionEngine: what no other test shows of rows C1 to C21. */
import { setTimeout as wait } from 'node:timers/promises';
import {
  defineTask,
  isTerminal,
  SpecInvalidError,
  type ExecutionRecord,
  type Priority,
  type Status,
  type TaskSubmission,
} from '../../src/index.js';
import { startHarness, type Harness } from '../support/engine.js';
import { until } from '../support/until.js';

const entered: string[] = [];
/** Stays where it is told to until it is cancelled. */
const held = defineTask({
  name: 'held',
  run: async (_input, { signal }) => await wait(600_000, undefined, { signal }),
});
const broken = defineTask({
  name: 'broken',
  run: () => {
    throw new Error('broken');
  },
});
const note = defineTask<string>({ name: 'note', run: (name) => void entered.push(name) });
const prepared = defineTask({
  name: 'prepared',
  hooks: {
    pre: [
      {
        name: 'hold',
        run: async (_execution, { signal }) => await wait(600_000, undefined, { signal }),
        timeoutMs: 600_000,
      },
    ],
  },
  run: () => null,
});

let harness: Harness;
beforeAll(
  async () => void (harness = await startHarness({ tasks: [held, broken, note, prepared] })),
);
afterAll(() => harness.stop());

/** The record once the store has heard of it and the condition holds. */
async function recordOf(
  executionId: string,
  condition: (record: ExecutionRecord) => boolean,
): Promise<ExecutionRecord> {
  let record: ExecutionRecord | undefined;
  await until(async () => condition((record = await harness.engine.getExecution(executionId))));
  return record as ExecutionRecord;
}

describe('row C1: what schedule_task takes', () => {
  const soon = new Date(Date.now() + 3_600_000);
  it.each<[string, Partial<TaskSubmission>, Partial<ExecutionRecord>]>([
    ['nothing but the task: the defaults', {}, { priority: 'MEDIUM', maxRetries: 3, metadata: {} }],
    ['priority', { priority: 'HIGH' }, { priority: 'HIGH' }],
    ['workflow_params', { input: { inputs: { param1: 'value1' } } }, { status: 'COMPLETED' }],
    ['max_retries', { retry: { maxRetries: 5, delay: '10s' } }, { maxRetries: 5 }],
    ['retry_strategy NONE', { retry: 'NONE' }, { maxRetries: 0 }],
    ['scheduled_time', { scheduledTime: soon }, { status: 'SCHEDULED', startedAt: null }],
    ['metadata', { metadata: { key: 'value' } }, { metadata: { key: 'value' } }],
    ['no dependencies', { dependencies: [] }, { status: 'COMPLETED', dependencies: [] }],
  ])('%s', async (_name, said, expected) => {
    const handle = await harness.engine.scheduleTask({ task: 'echo', ...said });
    const later = said.scheduledTime !== undefined;
    if (!later) await handle.result();
    // The store hears of an end a moment later.
    const record = await recordOf(handle.executionId, ({ endedAt, maxRetries }) =>
      later ? true : endedAt !== null && typeof maxRetries === 'number',
    );
    expect(record).toMatchObject({ ...expected, taskId: 'echo', kind: 'task' });
    if (said.input !== undefined) expect(record.output).toEqual(said.input);
    // To the minute: the server counts the delay from when it hears of it.
    if (later)
      expect(Math.abs(Date.parse(record.scheduledTime ?? '') - +soon)).toBeLessThan(60_000);
    await handle.cancel();
  });
});

describe('row C4: priorities', () => {
  it.each<[string, readonly Priority[]]>([
    ['from low to high', ['LOW', 'MEDIUM', 'HIGH', 'CRITICAL']],
    ['from high to low', ['CRITICAL', 'HIGH', 'MEDIUM', 'LOW']],
    ['mixed', ['MEDIUM', 'CRITICAL', 'LOW', 'HIGH']],
  ])('the most urgent of those that are ready goes first, given %s', async (given, priorities) => {
    const handle = await harness.engine.scheduleTaskGraph({
      name: 'priorities',
      concurrency: 1,
      tasks: priorities.map((priority) => ({
        id: priority,
        task: 'note',
        priority,
        input: `${given}: ${priority}`,
      })),
    });
    expect((await handle.result()).status).toBe('COMPLETED');
    expect(entered.filter((name) => name.startsWith(`${given}:`))).toEqual(
      ['CRITICAL', 'HIGH', 'MEDIUM', 'LOW'].map((priority) => `${given}: ${priority}`),
    );
  });
});

describe('rows C5 and C7: the ten statuses', () => {
  const absent = `absent-${Date.now()}`;
  it.each<[Status, TaskSubmission]>([
    ['PENDING', { task: 'noop', dependencies: [absent], awaitUnknown: true }],
    ['SCHEDULED', { task: 'noop', scheduledTime: '1h' }],
    ['PREPARING', { task: 'prepared' }],
    ['RUNNING', { task: 'held' }],
    ['PAUSED', { task: 'noop', dependencies: [absent], awaitUnknown: true }],
    ['COMPLETED', { task: 'noop' }],
    ['FAILED', { task: 'broken', retry: 'NONE' }],
    ['CANCELLED', { task: 'held' }],
    ['RETRYING', { task: 'broken', retry: { strategy: 'FIXED_DELAY', delay: '1h' } }],
    ['TIMEOUT', { task: 'held', timeout: '1s', retry: 'NONE' }],
  ])('%s is what get_execution says, and cancel_execution answers there', async (status, task) => {
    const { engine } = harness;
    const { executionId } = await engine.scheduleTask(task);
    if (status === 'PAUSED') await engine.pauseExecution(executionId, { by: 'ada' });
    if (status === 'CANCELLED') {
      await recordOf(executionId, (record) => record.status === 'RUNNING');
      await engine.cancelExecution(executionId);
    }
    await recordOf(executionId, (record) => record.status === status);
    const { success, message } = await engine.cancelExecution(executionId);
    expect(success).toBe(!isTerminal(status));
    expect(message).toContain(success ? executionId : `already ended (${status})`);
    const { status: end, statusHistory } = await harness.engine.handle(executionId).result();
    expect(end).toBe(isTerminal(status) ? status : 'CANCELLED');
    expect(statusHistory.at(-1)).toMatchObject({ status: end });
  });
});

describe('row C10: circular dependencies', () => {
  it.each([
    ['of one', { a: ['a'] }, /a → a/],
    ['of two', { a: ['b'], b: ['a'] }, /a → b → a/],
    [
      'behind a sound task',
      { start: [], a: ['start', 'c'], b: ['a'], c: ['b'] },
      /a → c → b → a|c → b → a → c|b → a → c → b/,
    ],
  ])('a cycle %s is refused whole, and nothing starts', async (_name, graph, cycle) => {
    const refused = harness.engine.scheduleTaskGraph(graph);
    await expect(refused).rejects.toBeInstanceOf(SpecInvalidError);
    await expect(refused).rejects.toThrow(cycle);
  });
});
