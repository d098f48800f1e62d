/** Who polls a task queue, as far as the server knows. */
import type { Client } from '@temporalio/client';

/** A worker's poll lasts a minute: one that has not polled for longer is gone. */
const POLL_MS = 75_000;

/** Temporal's TASK_QUEUE_TYPE. */
const TYPE = { workflows: 1, activities: 2 } as const;

/** How many workers poll the task queue. */
export async function countPollers(
  client: Client,
  taskQueue: string,
  of: keyof typeof TYPE = 'workflows',
): Promise<number> {
  const { pollers } = await client.workflowService.describeTaskQueue({
    namespace: client.options.namespace,
    taskQueue: { name: taskQueue },
    taskQueueType: TYPE[of],
  });
  const since = Date.now() - POLL_MS;
  const fresh = (pollers ?? []).filter(
    ({ lastAccessTime }) => Number(lastAccessTime?.seconds ?? 0) * 1_000 > since,
  );
  return new Set(fresh.map(({ identity }) => identity)).size;
}
