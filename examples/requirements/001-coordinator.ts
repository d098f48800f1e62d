/**
 * Document 001, Railtracks' Coordinator: jobs in three execution modes, messages about their completion, system detail.
 * Needs a Temporal server: TEMPORAL_ADDRESS, or `npx tempograph dev`.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { isTerminal, STATUSES, TaskEngine, TaskStateError, type ExecutionEvent } from 'tempograph';
import { startWorker } from 'tempograph/worker';
import * as nodes from './001-nodes.js';

process.env['COORDINATOR_PID'] = String(process.pid);
const project = `coordinator-${Date.now()}`;

// Coordinator(execution_modes)
const settings = { taskQueue: 'requirements-001' };
const worker = await startWorker({
  ...settings,
  tasks: Object.values(nodes),
  modes: ['in-process', 'thread', 'process'],
});
const coordinator = await TaskEngine.connect(settings);

// start(publisher), and a subscriber of its own.
const published: ExecutionEvent[] = [];
const publisher = { publish: (event: ExecutionEvent): void => void published.push(event) };
coordinator.start({ publisher, project, from: 0 });
let completed = 0;
coordinator.on(
  'completed',
  ({ taskId, output }) => {
    completed++;
    console.log(`message: ${taskId} gave ${JSON.stringify(output)}`);
  },
  { project, from: 0 },
);

// submit(Task(request_id, node), mode)
const modes = { ASYNCIO: nodes.asyncNode, THREAD: nodes.threadNode, PROCESS: nodes.processNode };
for (const [mode, node] of Object.entries(modes)) {
  const job = await coordinator.scheduleTask({
    executionId: `${project}-request-${mode}`,
    task: node,
    input: { name: mode },
    project,
  });
  await job.resultOrThrow();
}
// Messages come when the store has heard of an end.
const ends = (): number => published.filter(({ event }) => event === 'completed').length;
while (completed < 3 || ends() < 3) await sleep(50);
for (const mode of Object.keys(modes)) {
  const own = published.filter(({ executionId }) => executionId === `${project}-request-${mode}`);
  console.log(`published of ${mode}: ${own.map(({ event }) => event).join(' ')}`);
}

// A job that is still open, and those that are closed.
const later = { executionId: `${project}-later`, task: nodes.asyncNode, project } as const;
await coordinator.scheduleTask({ ...later, input: { name: 'later' }, scheduledTime: '1h' });
const jobs = async (closed: boolean): Promise<number> => {
  const status = STATUSES.filter((one) => isTerminal(one) === closed);
  return (await coordinator.listExecutions({ project, status })).executions.length;
};
console.log(`jobs: ${await jobs(false)} opened, ${await jobs(true)} closed`);

// One job for one request.
try {
  await coordinator.scheduleTask({ ...later, input: { name: 'again' } });
} catch (error) {
  if (!(error instanceof TaskStateError)) throw error;
  console.log(`${error.name}: ${error.message}`);
}
console.log((await coordinator.cancelExecution(later.executionId)).message);

const detail = await coordinator.systemDetail();
console.log(
  `system: ${detail.workers.length} worker, modes ${Object.keys(detail.modes).join(', ')}`,
);

// shutdown() ends the strategies: running attempts get their grace, threads and processes are closed.
await worker.shutdown();
await coordinator.shutdown();
try {
  await coordinator.scheduleTask({ ...later, input: { name: 'too late' } });
} catch (error) {
  if (!(error instanceof TaskStateError)) throw error;
  console.log(`${error.name}: ${error.message}`);
}
