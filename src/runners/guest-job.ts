/** From a task and its context to the job that a guest is given. */
import { TaskError } from '../domain/errors.js';
import type { RegisteredTask } from '../registry.js';
import type { TaskContext } from '../task-context.js';
import { cloneFault } from './clone.js';
import type { ContextData, Job } from './protocol.js';
import type { RunRequest } from './runner.js';

/** @throws TaskError INPUT_INVALID for an input that would not arrive as it is, naming the place in it */
export function runJob({ task, input, context }: RunRequest): Job {
  const fault = cloneFault(input, 'input');
  if (fault) throw new TaskError('INPUT_INVALID', `task ${JSON.stringify(context.task)}: ${fault}`);
  return {
    kind: 'run',
    ...address(task),
    input,
    context: dataOf(context),
    checkpoint: context.lastCheckpoint(),
  };
}

export function checkJob(tasks: readonly RegisteredTask[]): Job {
  return { kind: 'check', tasks: tasks.map(address) };
}

function address({ definition, module }: RegisteredTask): { module: string; task: string } {
  if (module === undefined)
    throw new TaskError('ENGINE', `task ${JSON.stringify(definition.name)} has no module`);
  return { module, task: definition.name };
}

function dataOf(context: TaskContext): ContextData {
  const { attempt, maxRetries, executionId, graphId, nodeId, task, priority } = context;
  const { catalogueTaskId, project, sessionId, metadata, idempotencyKey, deadline, outputs } =
    context;
  return {
    ...{ attempt, maxRetries, executionId, graphId, nodeId, task, priority },
    ...{ catalogueTaskId, project, sessionId, metadata, idempotencyKey, deadline, outputs },
  };
}
