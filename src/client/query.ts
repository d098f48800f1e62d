/** Questions to running workflows: when they are asked, and when once more. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { messageOf } from '../domain/errors.js';
import { BETWEEN_RUNS, BETWEEN_TASKS } from '../workflows/messages.js';
import { firstTaskDone } from './first-task.js';
import { isLate } from './no-answer.js';
import { orNotFound } from './not-found.js';

/** Times that a busy workflow is asked, and the wait before each. */
const TIMES = 5;
const WAIT_MS = 300;
/**
 * A question that comes in the moment that its workflow closes can be lost: a worker takes it, and the server waits for
 * the answer as long as it waits at all. So one without an answer is asked again beside itself after these times.
 */
const AGAIN_AFTER_MS: readonly number[] = [1_000, 3_000];
/** Where more are under way, they are slow because they are many, and asked again they would be more. */
const FEW = 16;

/** Questions of this process that are under way. */
let underWay = 0;

/**
 * Asks a running workflow. The server refuses questions while a workflow task is repeated, as it is when a signal comes
 * in the moment that a run ends: they are asked again; so is, once, what no worker took while the server waited. A caller's own
 * deadline holds for all of it.
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
      const again = isBetweenTasks(error) || (nth === 1 && isLate(error));
      if (nth === TIMES || !again) return orNotFound(workflowId)(error);
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

/** The first answer that any of the askings comes to, the others are given up then; an error once all have failed. */
async function firstAnswer<T>(client: Client, ask: () => Promise<T>): Promise<T> {
  const over = new AbortController();
  const asking = (): Promise<T> => client.withAbortSignal(over.signal, ask);
  const all = [asking()];
  underWay++;
  try {
    for (const afterMs of AGAIN_AFTER_MS) {
      if (await isSettled(Promise.any(all), afterMs, over.signal)) break;
      if (underWay <= FEW) all.push(asking());
    }
    return await Promise.any(all);
  } catch (error) {
    throw error instanceof AggregateError ? error.errors[0] : error;
  } finally {
    underWay--;
    over.abort();
  }
}

/** False where it is not within the time. */
async function isSettled(
  one: Promise<unknown>,
  withinMs: number,
  signal: AbortSignal,
): Promise<boolean> {
  const settled = one.then(
    () => true,
    () => true,
  );
  return await Promise.race([settled, sleep(withinMs, false, { signal }).catch(() => true)]);
}
