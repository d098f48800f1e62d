/** `taskGraph`: runs a graph of tasks to its end. */
import { ApplicationFailure, workflowInfo } from '@temporalio/workflow';
import { formatFaults } from '../domain/fault.js';
import type { Json } from '../domain/json.js';
import { isSpecRef, type SpecRef } from '../domain/spec-ref.js';
import { wellCut } from '../domain/well-formed.js';
import type { TaskGraphArgs } from './between.js';
import { runExecution } from './execution.js';
import { showStatus } from './finish.js';
import { FAILURE, type GraphClose } from './manifest.js';
import { ACTIVITY, SCHEDULED_START } from './messages.js';
import type { Prepared, PrepareRequest, PrepareResult } from './requests.js';
import { isCarry } from './shapes.js';
import type { Subscribers } from './subscribers.js';
import { executionRefused } from './trace.js';
import { work, workAtStart, type WorkOptions } from './work.js';

/** 250,000 nodes are checked in some seconds, in which the worker's only thread says nothing. */
const LARGE_SPEC: WorkOptions = { startToCloseTimeout: '10m', silence: '1m' };

/**
 * Runs a graph.
 *
 * @param spec the graph; plain JSON, or where it lies (what our client does with one of over 1.5 MB)
 * @param submission parameters, project, metadata and options that stand above the spec's
 * @returns status and result manifest of a completed graph; any other end fails or cancels the workflow (`messages.ts`)
 */
export async function taskGraph(
  ...[spec, submission, carried]: TaskGraphArgs
): Promise<GraphClose> {
  if (carried != null && !isCarry(carried)) {
    throw ApplicationFailure.nonRetryable(
      'the third argument of taskGraph is our own; leave it out',
      'CONFIGURATION',
    );
  }
  return await runExecution({
    ...{ carried, submission, spec: isSpecRef(spec) ? null : spec },
    prepare: (subscribers) => prepare(spec, submission, subscribers),
  });
}

async function prepare(
  spec: TaskGraphArgs[0],
  submission: TaskGraphArgs[1],
  subscribers: Subscribers,
): Promise<Prepared> {
  const meant = workflowInfo().typedSearchAttributes.get(SCHEDULED_START);
  const request: PrepareRequest = {
    spec: (spec ?? null) as Json | SpecRef,
    submission: (submission ?? null) as Json,
    executionId: workflowInfo().workflowId,
    run: {
      id: workflowInfo().firstExecutionRunId,
      startedAt: workflowInfo().startTime.getTime(),
    },
    ...(meant ? { scheduledTime: meant.toISOString() } : {}),
  };
  const result = isSpecRef(spec)
    ? await work<PrepareResult>(ACTIVITY.prepare, [request], LARGE_SPEC)
    : await workAtStart<PrepareResult>(ACTIVITY.prepare, [request]);
  if ('prepared' in result) return result.prepared;
  executionRefused(request, result.faults);
  showStatus('REJECTED');
  await subscribers.tellAll(() => ({ status: 'REJECTED' }));
  throw ApplicationFailure.create({
    type: FAILURE.rejected,
    message: wellCut(formatFaults(result.faults), 4_000),
    nonRetryable: true,
    details: [{ status: 'REJECTED', faults: result.faults.slice(0, 50) }],
  });
}
