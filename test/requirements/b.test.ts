/** Document 001, Railtracks: what no other test shows of rows B1 to B4. */
import { setTimeout as wait } from 'node:timers/promises';
import {
  defineTask,
  isTerminal,
  STATUSES,
  type HookExecution,
  type Status,
  type TaskSubmission,
} from '../../src/index.js';
import { startHarness, type Harness } from '../support/engine.js';
import { until } from '../support/until.js';

/** Completion messages, as a subscriber gets them. */
const messages: HookExecution[] = [];
const open = new Set<string>();
const job = defineTask<{ ends: Status; job: string }>({
  name: 'job',
  retry: 'NONE',
  run: async ({ ends, job: name }, { signal }) => {
    while (!open.has(name)) await wait(10, undefined, { signal });
    if (ends === 'FAILED') throw new Error('failed');
    if (ends === 'TIMEOUT' || ends === 'CANCELLED') await wait(600_000, undefined, { signal });
    return 'success';
  },
});

let harness: Harness;
beforeAll(async () => {
  const run = (execution: HookExecution): void => void messages.push(execution);
  harness = await startHarness({ tasks: [job], hooks: { post: [{ name: 'publish', run }] } });
});
afterAll(() => harness.stop());

describe('rows B2 and B4: a job is opened, closed once with its result, and told of', () => {
  it.each<[Status, Partial<TaskSubmission>, unknown]>([
    ['COMPLETED', {}, 'success'],
    ['FAILED', {}, null],
    ['CANCELLED', {}, null],
    ['TIMEOUT', { timeout: '1s' }, null],
  ])('that ends %s', async (ends, options, output) => {
    const { engine } = harness;
    const project = `job-${ends}-${Date.now()}`;
    const input = { ends, job: project };
    const handle = await engine.scheduleTask({ ...options, task: job, input, project });
    const { executionId } = handle;
    const jobs = async (closed: boolean): Promise<string[]> => {
      const status = STATUSES.filter((one) => isTerminal(one) === closed);
      const { executions } = await engine.listExecutions({ project, status });
      return executions.map((one) => one.executionId);
    };
    await until(async () => (await jobs(false)).length === 1, 'the open job');
    expect(await jobs(true)).toEqual([]);

    open.add(project);
    if (ends === 'CANCELLED') {
      await until(async () => (await engine.getExecution(executionId)).status === 'RUNNING');
      expect(await engine.cancelExecution(executionId)).toMatchObject({ success: true });
    }
    expect(await handle.result()).toMatchObject({ status: ends, output });
    await until(async () => (await jobs(true)).length === 1, 'the closed job');
    expect(await jobs(false)).toEqual([]);

    expect(await engine.cancelExecution(executionId)).toEqual({
      success: false,
      message: `${executionId} has already ended (${ends})`,
    });
    const own = messages.filter(({ graphId }) => graphId === executionId);
    expect(own.map(({ status }) => status)).toEqual([ends]);
  });
});
