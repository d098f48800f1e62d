/**
 * Document 000, AutomataTaskExecutor: tasks with an id, a session and retries of their own, executed to their end.
 * Needs a Temporal server: TEMPORAL_ADDRESS, or `npx tempograph dev`.
 */
import { defineTask, MaxRetriesExceededError, TaskEngine, TaskStateError } from 'tempograph';
import { startWorker } from 'tempograph/worker';

/** The document's CustomTaskExecution: what is done; when and how often is the executor's affair. */
const customTaskExecution = defineTask<{ failures: number }>({
  name: 'custom-task-execution',
  run: ({ failures }, { attempt, sessionId }) => {
    if (attempt <= failures) throw new Error(`the network is down in ${sessionId}`);
    return 'Custom Task Execution Result';
  },
});

const settings = { taskQueue: 'requirements-000' };
const worker = await startWorker({ ...settings, tasks: [customTaskExecution] });
const taskExecutor = await TaskEngine.connect(settings);

const task = {
  executionId: 'TASK-1',
  sessionId: 'SESS-1',
  reuse: 'always', // so that this program can run twice on one server
  task: customTaskExecution,
  input: { failures: 2 },
  retry: { strategy: 'EXPONENTIAL_BACKOFF', maxRetries: 3, delay: '200ms' },
} as const;
const execution = await taskExecutor.scheduleTask(task);
for await (const { status, changed } of execution.watch({ intervalMs: 50 }))
  for (const { attempts } of changed) console.log(`TASK-1 is ${status}, attempt ${attempts}`);

const { output, statusHistory, nodes } = await execution.resultOrThrow();
console.log(output);
console.log('history:', statusHistory.map(({ status }) => status).join(' → '));
for (const { attemptHistory } of Object.values(nodes)) {
  const waits = attemptHistory.flatMap(({ waitMs }) => (waitMs === undefined ? [] : [waitMs]));
  console.log('waits in ms:', waits.join(', '));
}

// Only what is PENDING runs: TASK-1 is COMPLETED.
try {
  await taskExecutor.scheduleTask({ ...task, reuse: 'never' });
} catch (error) {
  if (!(error instanceof TaskStateError)) throw error;
  console.log(`${error.name}: ${error.message}`);
}

// Once retries are spent the error goes up.
const retry = { ...task.retry, maxRetries: 1, delay: '50ms' } as const;
const hopeless = { ...task, executionId: 'TASK-2', input: { failures: 9 }, retry };
try {
  await (await taskExecutor.scheduleTask(hopeless)).resultOrThrow();
} catch (error) {
  if (!(error instanceof MaxRetriesExceededError)) throw error;
  console.log(`${error.name}: ${error.message}`);
}

await taskExecutor.shutdown();
await worker.shutdown();
