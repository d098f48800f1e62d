/** What an execution was started with, read from the first event of its first run. */
import type { Client } from '@temporalio/client';
import { decodeArrayFromPayloads } from '@temporalio/common/lib/internal-non-workflow/index.js';
import { TaskError } from '../domain/errors.js';
import type { Json } from '../domain/json.js';

export interface StartedWith {
  spec: Json;
  submission: Json;
}

/**
 * @param firstRunId the first of the runs that continued each other
 * @throws TaskError NOT_FOUND where the history no longer has it
 */
export async function startedWith(
  client: Client,
  executionId: string,
  firstRunId: string | undefined,
): Promise<StartedWith> {
  const { history } = await client.workflowService.getWorkflowExecutionHistory({
    namespace: client.options.namespace,
    execution: { workflowId: executionId, ...(firstRunId ? { runId: firstRunId } : {}) },
    maximumPageSize: 1,
  });
  const started = history?.events?.[0]?.workflowExecutionStartedEventAttributes;
  const [spec, submission] = await decodeArrayFromPayloads(
    client.options.loadedDataConverter,
    started?.input?.payloads,
  );
  if (spec == null)
    throw new TaskError(
      'NOT_FOUND',
      `Temporal no longer has what ${executionId} was started with; its first run's history is gone`,
    );
  return { spec: spec as Json, submission: (submission ?? {}) as Json };
}
