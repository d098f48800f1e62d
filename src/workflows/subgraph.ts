/** `taskSubgraph`: a sub-graph, or a map with an item as each of its nodes. Started by `taskGraph` and by itself only. */
import { ApplicationFailure, workflowInfo } from '@temporalio/workflow';
import { formatError } from '../domain/errors.js';
import { wellCut } from '../domain/well-formed.js';
import type { SubgraphArgs } from './between.js';
import { runExecution } from './execution.js';
import { FAILURE, type GraphClose, type Manifest } from './manifest.js';
import { ACTIVITY } from './messages.js';
import type { BelowRequest, BelowResult, Prepared } from './requests.js';
import { isBelow, isCarry } from './shapes.js';
import { workAtStart } from './work.js';

/** @returns status, manifest and output; any other end than COMPLETED or SKIPPED fails or cancels the workflow */
export async function taskSubgraph(...[request, , carried]: SubgraphArgs): Promise<GraphClose> {
  const ours = carried == null ? isBelow(request) : isCarry(carried);
  if (!ours) {
    throw ApplicationFailure.nonRetryable(
      'taskSubgraph is started by taskGraph; start taskGraph with your spec instead',
      'CONFIGURATION',
    );
  }
  return await runExecution({
    ...{ carried, spec: null },
    prepare: () => prepare(request as BelowRequest),
  });
}

async function prepare(
  given: Omit<BelowRequest, 'executionId' | 'run'>,
): Promise<Prepared | GraphClose> {
  const { workflowId, firstExecutionRunId, startTime } = workflowInfo();
  const request: BelowRequest = {
    ...given,
    executionId: workflowId,
    run: { id: firstExecutionRunId, startedAt: startTime.getTime() },
  };
  const result = await workAtStart<BelowResult>(ACTIVITY.prepareBelow, [request]);
  if ('prepared' in result) return result.prepared;
  if ('skipped' in result) return skipped(request);
  const { status, error } = result.refused;
  throw ApplicationFailure.create({
    type: status === 'REJECTED' ? FAILURE.rejected : FAILURE.failed,
    message: wellCut(formatError(error), 4_000),
    nonRetryable: true,
    details: [{ status, error }],
  });
}

/** Its condition said no: it ran nothing. */
function skipped({ executionId, run, request }: BelowRequest): GraphClose {
  const at = new Date(run.startedAt).toISOString();
  const manifest: Manifest = {
    ...{ executionId, graph: request.execution.graph, version: request.execution.version },
    ...{ status: 'SKIPPED', counts: {}, startedAt: at, endedAt: at, durationMs: 0, nodes: [] },
  };
  return { status: 'SKIPPED', manifest, counts: {} };
}
