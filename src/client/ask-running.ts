/** Asks something of a running execution by an update, and waits for the answer. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  isGrpcServiceError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
  type Client,
} from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { TaskError } from '../domain/errors.js';
import type { Answer } from '../workflows/messages.js';
import { sendable } from './sendable.js';

/** How long a worker has to answer. An edit of a large graph takes a few seconds of it. */
const ANSWERED_WITHIN_MS = 20_000;
/** Times that a question is asked again which came in the moment that a run is replaced, and the wait before each. */
const TRIES = 5;
const WAIT_MS = 200;
/** The server's FAILED_PRECONDITION: what it says then. */
const FAILED_PRECONDITION = 9;

/**
 * One that has ended, or never was, answers no.
 *
 * @param updateId the same question under the same id is asked once; one of its own without
 * @throws TaskError CONFIGURATION for what makes no sense in any state, INPUT_INVALID for what is nested too deep, NO_WORKER
 *   where none answers
 */
export async function askRunning<A extends Answer = Answer>(
  client: Client,
  executionId: string,
  update: string,
  request: object,
  updateId: string = randomUUID(),
): Promise<A> {
  const sent = sendable(update, request);
  const handle = client.workflow.getHandle(executionId);
  const ask = (): Promise<A> =>
    handle.executeUpdate<A, [object]>(update, { args: [sent], updateId });
  for (let nth = 1; ; nth++) {
    try {
      return await client.withDeadline(Date.now() + ANSWERED_WITHIN_MS, ask);
    } catch (error) {
      if (error instanceof WorkflowNotFoundError)
        return {
          success: false,
          message: `${executionId} is not running`,
          code: 'NOT_RUNNING',
        } as A;
      if (isBetweenRuns(error) && nth < TRIES) {
        await sleep(WAIT_MS * nth);
        continue;
      }
      throw await askError(client, executionId, update, error);
    }
  }
}

function isBetweenRuns(error: unknown): boolean {
  const { cause } = error as { cause?: unknown };
  const grpc = isGrpcServiceError(error) ? error : cause;
  return isGrpcServiceError(grpc) && Number(grpc.code) === FAILED_PRECONDITION;
}

async function askError(
  client: Client,
  executionId: string,
  update: string,
  error: unknown,
): Promise<unknown> {
  const { cause } = error as { cause?: unknown };
  if (error instanceof WorkflowUpdateFailedError && cause instanceof ApplicationFailure)
    return new TaskError('CONFIGURATION', `${update}: ${cause.message}`, { cause: error });
  if (!(error instanceof WorkflowUpdateRPCTimeoutOrCancelledError)) return error;
  const described = await client.workflow
    .getHandle(executionId)
    .describe()
    .catch(() => undefined);
  const queue = described ? ` on the task queue ${JSON.stringify(described.taskQueue)}` : '';
  return new TaskError(
    'NO_WORKER',
    `no worker${queue} answered within ${ANSWERED_WITHIN_MS / 1_000} s; what was asked of ${executionId} may still be done once one runs: start one, and ask again`,
    { cause: error },
  );
}
