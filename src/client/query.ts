/** Questions to running workflows: when they are asked, and when once more. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { messageOf } from '../domain/errors.js';
import { BETWEEN_RUNS, BETWEEN_TASKS } from '../workflows/messages.js';
import { firstTaskDone } from './first-task.js';
import { orNotFound } from './not-found.js';

/** Times that a busy workflow is asked, and the wait before each. */
const TIMES = 5;
const WAIT_MS = 300;
/**
 * A question that comes in the moment that its workflow closes can be lost: a worker takes it, and the server waits for
 * the answer as long as it waits at all. So one without an answer is asked again beside itself after each of these times.
 */
const AGAIN_AFTER_MS: readonly number[] = [1_000, 4_000];

/**
 * Asks a running workflow. The server refuses questions while a workflow task is repeated, as it is when a signal comes
 * in the moment that a run ends: they are asked again. A caller's own deadline holds for all of it.
 *
 * @throws TaskError NOT_FOUND
 */
export async function query<T>(
  client: Client,
  workflowId: string,
  name: string,
  ...args: unknown[]
): Promise<T> {
  await firstTaskDone(client, workflowId);
  const handle = client.workflow.getHandle(workflowId);
  for (let nth = 1; ; nth++) {
    try {
      return await firstAnswer(client, () => handle.query<T, unknown[]>(name, ...args));
    } catch (error) {
      if (nth === TIMES || !isBetweenTasks(error)) return orNotFound(workflowId)(error);
      await sleep(WAIT_MS * nth);
    }
  }
}

function isBetweenTasks(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return (
    messageOf(error.cause).includes('Workflow Task in failed state') ||
    error.message.includes(BETWEEN_RUNS) ||
    error.message.includes(BETWEEN_TASKS)
  );
}

/** The first answer, or refusal, that any of the askings comes to; the others are given up then. */
async function firstAnswer<T>(client: Client, ask: () => Promise<T>): Promise<T> {
  const over = new AbortController();
  const asking = (): Promise<T> => client.withAbortSignal(over.signal, ask);
  const later = async (afterMs: number): Promise<T> => {
    await sleep(afterMs, undefined, { signal: over.signal });
    return await asking();
  };
  try {
    const all = [asking(), ...AGAIN_AFTER_MS.map(later)];
    for (const one of all) one.catch(() => undefined); // those that are given up
    return await Promise.race(all);
  } finally {
    over.abort();
  }
}
