/** The first question of whoever wants more of a running execution: how it stands, or soon that nobody answers. */
import type { Client } from '@temporalio/client';
import { TaskError } from '../domain/errors.js';
import { QUERY, type GraphStatus } from '../workflows/messages.js';
import { isSilence } from './no-answer.js';
import { query } from './query.js';

/** How long a worker has to answer, in milliseconds; without a bound the server would wait for one for half a minute. */
const ANSWERED_WITHIN_MS = 4_000;

/**
 * How a running execution stands, as its workflow says. Whoever has this answer may ask for all of its nodes without a
 * bound of its own: a worker is there, and a large graph takes its time.
 *
 * @throws TaskError NOT_FOUND; NO_WORKER with the task queue, after 4 s at most
 */
export async function firstLook(client: Client, executionId: string): Promise<GraphStatus> {
  const ask = () => query<GraphStatus>(client, executionId, QUERY.status);
  try {
    return await client.withDeadline(Date.now() + ANSWERED_WITHIN_MS, ask);
  } catch (error) {
    if (!isSilence(error)) throw error;
    const described = client.workflow.getHandle(executionId).describe();
    const taskQueue = await described.then((one) => one.taskQueue).catch(() => undefined);
    const queue = taskQueue === undefined ? '' : ` on the task queue ${JSON.stringify(taskQueue)}`;
    throw new TaskError(
      'NO_WORKER',
      `no worker${queue} answered within ${ANSWERED_WITHIN_MS / 1_000} s, and only a worker knows how the nodes of ${executionId} stand: start one, and ask again`,
      { cause: error },
    );
  }
}
