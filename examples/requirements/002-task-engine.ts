/**
 * Document 002, TaskExecutionEngine: its complete example, with hooks, figures and a cancel.
 * Needs a Temporal server: TEMPORAL_ADDRESS, or `npx tempograph dev`.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  defineTask,
  isTerminal,
  TaskEngine,
  type ExecutionRecord,
  type Priority,
} from 'tempograph';
import { startWorker } from 'tempograph/worker';

let looks = 0;
const first = defineTask<{ param1: string }>({ name: 'task-1', run: ({ param1 }) => param1 });
const second = defineTask<{ param2: string }>({
  name: 'task-2',
  run: async ({ param2 }, { attempt }) => {
    if (attempt === 1) throw new Error('a temporary issue');
    while (looks === 0) await sleep(20); // so that there is something to monitor
    return param2;
  },
});
const third = defineTask<{ param3: string }>({ name: 'task-3', run: ({ param3 }) => param3 });

const settings = { taskQueue: 'requirements-002' };
const worker = await startWorker({
  ...settings,
  tasks: [first, second, third],
  hooks: {
    pre: [
      {
        name: 'announce',
        run: ({ task }) => console.log(`Preparing to execute task ${task}`),
      },
    ],
    post: [
      {
        name: 'report',
        run: ({ task, status }) =>
          console.log(`Finished executing task ${task} with status ${status}`),
      },
    ],
  },
});

// Get the task execution engine, and its task manager.
const engine = await TaskEngine.connect(settings);
const { projects, tasks } = engine.catalogue;

// Create a project; a second run of this program finds it.
const project =
  (await projects.find('Example Project')) ??
  (await projects.create({
    name: 'Example Project',
    description: 'A project for demonstrating the Task Execution Engine',
  }));

// Create tasks.
const createTask = async (id: string, name: string, description: string, priority: Priority) =>
  (await tasks.find(project.id, name)) ??
  (await tasks.create({
    ...{ id, name, description, priority },
    projectId: project.id,
    run: { task: id },
  }));
const task1 = await createTask('task-1', 'Task 1', 'First task', 'HIGH');
const task2 = await createTask('task-2', 'Task 2', 'Second task', 'MEDIUM');
const task3 = await createTask('task-3', 'Task 3', 'Third task', 'LOW');

// Define a task graph.
const taskGraph = {
  [task1.id]: [], // Task 1 has no dependencies
  [task2.id]: [task1.id], // Task 2 depends on Task 1
  [task3.id]: [task2.id], // Task 3 depends on Task 2
};

// Schedule the task graph.
const result = await engine.scheduleTaskGraph(taskGraph, {
  project: project.name,
  priority: 'HIGH',
  retry: { strategy: 'EXPONENTIAL_BACKOFF', maxRetries: 3, delay: '300ms' },
  inputs: {
    [task1.id]: { param1: 'value1' },
    [task2.id]: { param2: 'value2' },
    [task3.id]: { param3: 'value3' },
  },
});

// Monitor executions until all are complete.
const executionIds = result.executions.map(({ executionId }) => executionId);
let allComplete = false;
let found: ExecutionRecord[] = [];
while (!allComplete) {
  found = await Promise.all(executionIds.map((id) => engine.getExecution(id)));
  for (const { executionId, status } of found) console.log(`Execution ${executionId}: ${status}`);
  looks++;
  allComplete = found.every(({ status }) => isTerminal(status));
  if (!allComplete) await sleep(200);
}
for (const { taskId, attempts, output } of found)
  console.log(`${taskId}: attempts ${attempts}, result ${JSON.stringify(output)}`);
console.log('All executions complete!');

// Cancel an execution, which can be done once.
const { executionId } = await engine.scheduleTask({
  taskId: task1.id,
  scheduledTime: new Date(Date.now() + 3_600_000),
  timeout: '2h',
  metadata: { key: 'value' },
});
for (const _twice of [1, 2]) {
  const { success, message } = await engine.cancelExecution(executionId);
  console.log(success ? `Cancelled: ${message}` : `Not cancelled: ${message}`);
  await engine.handle(executionId).result();
}

// Get execution statistics, once the worker has written everything down.
await worker.shutdown();
const stats = await engine.getExecutionStats({ project: project.name, kind: 'node' });
console.log(`Total executions: ${stats.total}`);
console.log(`Successful executions: ${stats.successful}`);
console.log(`Failed executions: ${stats.failed}`);
await engine.shutdown();
