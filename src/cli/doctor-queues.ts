/** Where the workers are when nobody polls the queue that was asked for. */
import { countPollers } from '../client/pollers.js';
import { WORKFLOW } from '../workflows/messages.js';
import type { DirectSession } from './session.js';

/** Executions that are looked at, newest first, and queues of theirs. */
const [EXECUTIONS, QUEUES] = [100, 5];

/** Another queue of recent executions that a worker polls; undefined where there is none, or the server does not tell. */
export async function busyQueue({ client, taskQueue }: DirectSession): Promise<string | undefined> {
  const queues = new Set<string>();
  let seen = 0;
  try {
    for await (const execution of client.workflow.list({
      query: `WorkflowType = '${WORKFLOW.graph}'`,
      pageSize: EXECUTIONS,
    })) {
      if (execution.taskQueue !== taskQueue) queues.add(execution.taskQueue);
      if (++seen >= EXECUTIONS || queues.size >= QUEUES) break;
    }
    for (const queue of queues) if ((await countPollers(client, queue)) > 0) return queue;
  } catch {
    return undefined; // a hint, no more
  }
  return undefined;
}
