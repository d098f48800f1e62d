/** Document 000, AutomataTaskExecutor: what no other test shows of rows A1 to A4. */
import { setTimeout as wait } from 'node:timers/promises';
import {
  defineTask,
  TaskStateError,
  type RunningTask,
  type Status,
  type TaskDefinition,
  type TaskExecution,
  type TaskSubmission,
} from '../../src/index.js';
import { startHarness, type Harness } from '../support/engine.js';
import { until } from '../support/until.js';

const stay = defineTask({
  name: 'stay',
  run: async (_input, { signal }) => await wait(600_000, undefined, { signal }),
});
const broken = defineTask({
  name: 'broken',
  run: () => {
    throw new Error('broken');
  },
});
const told = defineTask({
  name: 'told',
  run: (_input, { executionId, sessionId, maxRetries }) => ({ executionId, sessionId, maxRetries }),
});

/** Document 000's CustomTaskExecution, and its AutomataTask. */
class CustomTaskExecution implements TaskExecution<{ n: number }, string> {
  private readonly word = 'Custom';
  execute({ input, sessionId }: RunningTask<{ n: number }>): string {
    return `${this.word} Task Execution Result ${input.n} of ${sessionId}`;
  }
}
class WholeTask extends CustomTaskExecution {
  readonly name = 'whole';
  onRetry(): void {}
}
const behaviour = new CustomTaskExecution();
const EXECUTED: [string, TaskDefinition<{ n: number }, string>][] = [
  [
    'execute beside name',
    defineTask({ name: 'beside', execute: (task) => behaviour.execute(task) }),
  ],
  ['an object as run', defineTask({ name: 'inside', run: behaviour })],
  ['an instance of a class', defineTask(new WholeTask())],
];

let harness: Harness;
beforeAll(
  async () =>
    void (harness = await startHarness({
      tasks: [stay, broken, told, ...EXECUTED.map(([, task]) => task)],
    })),
);
afterAll(() => harness.stop());

/** How to bring a task there, without a word of how it is called. */
const THERE: [Status, TaskSubmission][] = [
  ['SCHEDULED', { task: 'noop', scheduledTime: '1h' }],
  ['RUNNING', { task: 'stay' }],
  ['RETRYING', { task: 'broken', retry: { delay: '1h' } }],
  ['COMPLETED', { task: 'noop' }],
  ['FAILED', { task: 'broken', retry: 'NONE' }],
  ['REJECTED', { task: 'sleep', input: { ms: 'long' } }],
];

describe('row A1: a task runs only from PENDING', () => {
  it.each(THERE)('a task that is %s is refused with TaskStateError', async (status, task) => {
    const { engine } = harness;
    const handle = await engine.scheduleTask(task);
    const { executionId } = handle;
    await until(async () => (await engine.getExecution(executionId)).status === status, status);
    const again = engine.scheduleTask({ ...task, executionId });
    await expect(again).rejects.toBeInstanceOf(TaskStateError);
    await expect(again).rejects.toThrow(executionId);
    await handle.cancel();
  });

  it.each([
    ['never', 'FAILED', false],
    ['never', 'COMPLETED', false],
    ['afterFailure', 'FAILED', true],
    ['afterFailure', 'COMPLETED', false],
    ['always', 'FAILED', true],
    ['always', 'COMPLETED', true],
  ] as const)('with reuse %s one that is %s may run again: %s', async (reuse, status, may) => {
    const task = { task: status === 'FAILED' ? 'broken' : 'noop', retry: 'NONE' } as const;
    const { executionId } = await harness.engine.scheduleTask(task);
    expect((await harness.engine.handle(executionId).result()).status).toBe(status);
    const again = harness.engine.scheduleTask({ ...task, executionId, reuse });
    if (may) expect((await (await again).result()).status).toBe(status);
    else await expect(again).rejects.toBeInstanceOf(TaskStateError);
  });
});

describe('row A1: a task keeps every status it has had', () => {
  const ran = ['PENDING', 'SCHEDULED', 'PREPARING', 'RUNNING'];
  it.each<[string, TaskSubmission, string[]]>([
    ['succeeds', { task: 'noop' }, [...ran, 'COMPLETED']],
    [
      'succeeds when it is tried again',
      { task: 'fail', input: { times: 1 }, retry: { delay: '300ms' } },
      [...ran, 'RETRYING', 'PREPARING', 'RUNNING', 'COMPLETED'],
    ],
    ['fails', { task: 'broken', retry: 'NONE' }, [...ran, 'FAILED']],
    ['never runs', { task: 'noop', dependencies: ['broken'] }, ['PENDING', 'SKIPPED']],
  ])('one that %s', async (_how, { dependencies, ...task }, expected) => {
    const { engine } = harness;
    const before = dependencies && (await engine.scheduleTask({ task: 'broken', retry: 'NONE' }));
    await before?.result();
    const handle = await engine.scheduleTask({
      ...task,
      ...(before ? { dependencies: [before.executionId] } : {}),
    });
    const { statusHistory } = await handle.result();
    expect(statusHistory.map(({ status }) => status)).toEqual(expected);
    const record = await engine.getExecution(handle.executionId);
    expect(record.statusHistory?.map(({ status }) => status)).toEqual(expected);
  });
});

describe('row A2: what a task does is pluggable', () => {
  it.each(EXECUTED)('it is said by %s', async (_how, task) => {
    const handle = await harness.engine.scheduleTask({ task, input: { n: 1 }, sessionId: 'S' });
    expect((await handle.result()).output).toBe('Custom Task Execution Result 1 of S');
  });

  it('an instance keeps the methods of its class', () => {
    expect(EXECUTED[2]?.[1]).toMatchObject({ onRetry: expect.any(Function) as unknown });
  });

  it('neither run nor execute is refused, saying what may stand there', () => {
    const nothing = { name: 'nothing', run: {} } as unknown as TaskDefinition;
    expect(() => defineTask(nothing)).toThrow(
      /"run" must be a function, or an object with .*"execute"/,
    );
  });
});

describe('row A2: a task has an id, a session and retries of its own', () => {
  it.each([
    [{ executionId: 'id' }, { maxRetries: 3 }],
    [{ sessionId: 'SESS-1' }, { sessionId: 'SESS-1', maxRetries: 3 }],
    [{ retry: { maxRetries: 7 } }, { maxRetries: 7 }],
    [{ retry: 'NONE' }, { maxRetries: 0 }],
  ] as const)('%j: the handler and the record know it', async (said, knows) => {
    const own = 'executionId' in said ? { executionId: `a2-${Date.now()}` } : {};
    const handle = await harness.engine.scheduleTask({ ...said, ...own, task: 'told' });
    if (own.executionId) expect(handle.executionId).toBe(own.executionId);
    const { output, status } = await handle.result();
    expect(status).toBe('COMPLETED');
    expect(output).toMatchObject(knows);
    const { executionId } = handle;
    const record = async () => await harness.engine.getExecution(executionId);
    await until(async () => ((await record()).maxRetries ?? null) !== null, 'a written attempt');
    expect(await record()).toMatchObject({ executionId, ...knows });
  });
});
