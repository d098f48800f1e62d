/**
 * Document 003, TaskOperationExecutor: one operation, one with retries, many in sequence and in parallel.
 * Needs a Temporal server: TEMPORAL_ADDRESS, or `npx tempograph dev`.
 */
import { availableParallelism } from 'node:os';
import { MaxRetriesExceededError, NonRetriableError, TaskEngine } from 'tempograph';
import { startWorker } from 'tempograph/worker';
import { load, mask } from './003-tasks.js';

const settings = { taskQueue: 'requirements-003' };
const worker = await startWorker({ ...settings, tasks: [load, mask] });
const executor = await TaskEngine.connect(settings);
const project = `operations-${Date.now()}`;
const dataSource = 'customers';

// execute_operation: without retries, a failure is a result.
const once = await executor.executeOperation(load, { dataSource, failures: 1 }, { project });
console.log(`execute_operation: ${once.status}, ${once.error?.message}`);

// execute_with_retry, with a callback before each retry.
try {
  const result = await executor.executeWithRetry(
    load,
    { dataSource, failures: 2 },
    {
      project,
      maxRetries: 5,
      backoffFactor: 2,
      initialWait: '100ms',
      maxWait: '120s',
      jitter: false,
      onRetry: ({ message }, attempt, waitMs) =>
        console.log(`Retry attempt ${attempt} after error: ${message}; waiting ${waitMs} ms`),
    },
  );
  const how =
    result.warnings.length === 0 ? 'successfully' : `with warnings: ${result.warnings.join(', ')}`;
  console.log(`Operation completed ${how}`);
} catch (error) {
  console.log('not reached', error);
}

// Errors: retries that are spent, and what is not retried at all.
for (const [task, params] of [
  [load, { dataSource, failures: 9 }],
  [mask, { dataSource, column: 'secret' }],
] as const) {
  try {
    const waits = { maxRetries: 1, initialWait: '50ms', project } as const;
    await executor.executeWithRetry(task, params, waits);
  } catch (error) {
    if (error instanceof MaxRetriesExceededError)
      console.log(`Operation failed after multiple retries: ${error.attemptErrors.length} errors`);
    else if (error instanceof NonRetriableError)
      console.log(`Operation failed with non-retriable error: ${error.message}`);
    else throw error;
  }
}

// Which errors are retried can be changed while workers run; the lists are stronger than an error's own word.
class TemporaryNetworkError extends Error {
  retriable = false;
}
const worthIt = async (): Promise<boolean> =>
  await executor.isRetriableError(new TemporaryNetworkError('gone'));
const before = await worthIt();
await executor.addRetriableError(TemporaryNetworkError);
const meanwhile = await worthIt();
await executor.removeRetriableError(TemporaryNetworkError);
console.log(`TemporaryNetworkError is retried: ${before}, ${meanwhile}, ${await worthIt()}`);

// execute_operations, and execute_operations_parallel in processes.
const operations = ['names', 'secret', 'cities'].map((column) => ({
  name: `mask ${column}`,
  task: mask,
  params: { column },
}));
for (const mode of ['sequential', 'parallel'] as const) {
  const results = await executor.executeOperations(operations, {
    mode,
    maxWorkers: Math.max(1, availableParallelism() - 1), // leave one CPU for the system
    continueOnError: true,
    commonParams: { dataSource },
    project,
    description: `Executing operations, ${mode}`,
    onProgress: ({ done, total, description, unit }) =>
      console.log(`${description}: ${done}/${total} ${unit}`),
  });
  for (const [name, { ok, output, error }] of Object.entries(results))
    console.log(`${mode}: ${name} ${ok ? JSON.stringify(output) : `failed: ${error?.message}`}`);
}

// get_execution_stats, once the worker has written everything down.
await worker.shutdown();
const stats = await executor.getExecutionStats({ project, kind: ['task', 'node'] });
console.log(`Executed ${stats.total} operations`);
console.log(`Successful: ${stats.successful}`);
console.log(`Failed: ${stats.failed}`);
console.log(`Required retries: ${stats.retried} operations with ${stats.totalRetries} retries`);
await executor.shutdown();
