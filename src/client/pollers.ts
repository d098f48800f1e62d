/** Who polls a task queue for workflows, as far as the server knows. */
import type { Client } from '@temporalio/client';

/** A worker's poll lasts a minute: one that has not polled for longer is gone. */
const POLL_MS = 75_000;

/** How many workers poll the task queue. */
export async function countPollers(client: Client, taskQueue: string): Promise<number> {
  const { pollers } = await client.workflowService.describeTaskQueue({
    namespace: client.options.namespace,
    taskQueue: { name: taskQueue },
    taskQueueType: 1, // TASK_QUEUE_TYPE_WORKFLOW
  });
  const since = Date.now() - POLL_MS;
  const fresh = (pollers ?? []).filter(
    ({ lastAccessTime }) => Number(lastAccessTime?.seconds ?? 0) * 1_000 > since,
  );
  return new Set(fresh.map(({ identity }) => identity)).size;
}
