import { join } from 'node:path';
import { buildCli } from '../support/cli.js';
import { runExample } from '../support/user-program.js';

/** What a program of examples/requirements prints, line by line. */
const run = async (program: string): Promise<string[]> =>
  (await runExample(join('requirements', program))).trim().split('\n');

describe('examples/requirements', () => {
  beforeAll(buildCli);

  it('000: a task of a session is retried by exponential backoff until it succeeds, runs once only, and its last error goes up', async () => {
    const lines = await run('000-task-executor.ts');
    expect(lines).toContain('Custom Task Execution Result');
    expect(lines).toContain(
      'history: PENDING → SCHEDULED → PREPARING → RUNNING → RETRYING → PREPARING → RUNNING → RETRYING → PREPARING → RUNNING → COMPLETED',
    );
    expect(lines).toContain('waits in ms: 200, 400');
    expect(lines.join('\n')).toMatch(/TASK-1 is COMPLETED, attempt 3/);
    expect(lines).toContainEqual(expect.stringMatching(/^TaskStateError: .*TASK-1/));
    expect(lines).toContainEqual(
      expect.stringMatching(/^MaxRetriesExceededError: .*the network is down in SESS-1/),
    );
  });

  it('001: jobs run in all three modes, each step is published once, jobs are counted, and shutdown is final', async () => {
    const lines = await run('001-coordinator.ts');
    expect(lines.filter((line) => line.startsWith('message:')).sort()).toEqual([
      'message: async-node gave "ASYNCIO by async-node in the same process, main thread"',
      'message: process-node gave "PROCESS by process-node in another process, main thread"',
      'message: thread-node gave "THREAD by thread-node in the same process, another thread"',
    ]);
    expect(lines.filter((line) => line.startsWith('published of '))).toEqual(
      ['ASYNCIO', 'THREAD', 'PROCESS'].map(
        (mode) => `published of ${mode}: created scheduled preparing started completed`,
      ),
    );
    expect(lines).toContain('jobs: 1 opened, 3 closed');
    expect(lines).toContain('system: 1 worker, modes in-process, thread, process');
    expect(lines.filter((line) => line.startsWith('TaskStateError: '))).toEqual([
      expect.stringMatching(/-later/),
      expect.stringMatching(/shut down/),
    ]);
  });

  it('002: the three tasks of a project run in order with hooks around each, are monitored to their end, counted, and one is cancelled', async () => {
    const lines = await run('002-task-engine.ts');
    const hooks = lines.filter((line) => /^(Preparing|Finished)/.test(line));
    expect(hooks).toEqual([
      'Preparing to execute task task-1',
      'Finished executing task task-1 with status COMPLETED',
      'Preparing to execute task task-2',
      'Preparing to execute task task-2',
      'Finished executing task task-2 with status COMPLETED',
      'Preparing to execute task task-3',
      'Finished executing task task-3 with status COMPLETED',
    ]);
    expect(lines).toContainEqual(expect.stringMatching(/^Execution .+\/task-3: PENDING$/));
    const end = lines.indexOf('All executions complete!');
    expect(lines.slice(end - 6, end)).toEqual([
      expect.stringMatching(/^Execution .+\/task-1: COMPLETED$/),
      expect.stringMatching(/^Execution .+\/task-2: COMPLETED$/),
      expect.stringMatching(/^Execution .+\/task-3: COMPLETED$/),
      'task-1: attempts 1, result "value1"',
      'task-2: attempts 2, result "value2"',
      'task-3: attempts 1, result "value3"',
    ]);
    expect(lines.slice(end + 1)).toEqual([
      expect.stringMatching(/^Cancelled: /),
      expect.stringMatching(/^Not cancelled: .*already ended/),
      'Total executions: 3',
      'Successful executions: 3',
      'Failed executions: 0',
    ]);
  });

  it('003: operations run once, with retries, in sequence and in parallel processes, with progress and figures', async () => {
    const lines = await run('003-operations.ts');
    expect(lines.slice(0, 6)).toEqual([
      'execute_operation: FAILED, the source is busy',
      'Retry attempt 1 after error: the source is busy; waiting 100 ms',
      'Retry attempt 2 after error: the source is busy; waiting 200 ms',
      'Operation completed with warnings: the source was slow',
      'Operation failed after multiple retries: 2 errors',
      expect.stringMatching(/non-retriable error: .*the column "secret" may not be read/),
    ]);
    expect(lines).toContain('TemporaryNetworkError is retried: false, true, false');
    for (const mode of ['sequential', 'parallel']) {
      expect(lines.filter((line) => line.startsWith(`${mode}: `))).toEqual([
        `${mode}: mask names "customers/names masked"`,
        `${mode}: mask secret failed: the column "secret" may not be read`,
        `${mode}: mask cities "customers/cities masked"`,
      ]);
      expect(lines).toContain(`Executing operations, ${mode}: 0/3 operations`);
      expect(lines).toContain(`Executing operations, ${mode}: 3/3 operations`);
    }
    expect(lines.slice(-4)).toEqual([
      'Executed 10 operations',
      'Successful: 5',
      'Failed: 5',
      'Required retries: 2 operations with 3 retries',
    ]);
  });
});
