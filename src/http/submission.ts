/** What is submitted over HTTP: a graph, a pipeline by name or as YAML, or a lone task; with the options of a submission. */
import { z } from 'zod';
import type { ExecutionHandle } from '../client/handle.js';
import type { GraphSubmitOptions } from '../client/submission.js';
import { WORKFLOW_TYPES } from '../domain/workflow-type.js';
import { assertWithin } from './bounds.js';
import { projectFor } from './calls.js';
import { GivenGraphShape, type GivenGraph } from './given-graph.js';
import { inHeaderName, oneKey } from './key-names.js';
import { HttpProblem } from './problem.js';
import type { Call, CallContext } from './route.js';

const name = z.string().min(1).max(255);
export const WorkflowTypeShape = z
  .enum(WORKFLOW_TYPES)
  .describe(
    'how a task is run that does not say so itself: a container, named by container_image and command in its input',
  );

export const SubmissionShape = z
  .looseObject({
    graph: GivenGraphShape.optional(),
    pipeline: name.optional().describe('the name of a pipeline'),
    yaml: z.string().min(1).optional().describe('a pipeline as YAML or JSON text'),
    task: name.optional().describe('the name of a task, run alone'),
    taskId: name.optional().describe('the id of a task of the catalogue'),
    input: z.unknown().optional().describe('of the task'),
    workflowType: WorkflowTypeShape.optional(),
    params: z.record(z.string(), z.unknown()).optional(),
    inputs: z.record(z.string(), z.unknown()).optional().describe('by node id'),
    executionId: name.optional(),
    requestId: name.optional().describe('as the header Idempotency-Key'),
    project: z.string().min(1).max(200).optional(),
    sessionId: z.string().max(256).optional(),
    metadata: z.record(z.string(), z.unknown()).optional(),
    tags: z.array(z.string()).optional(),
  })
  .meta({
    id: 'Submission',
    oneOf: ['graph', 'pipeline', 'yaml', 'task', 'taskId'].map((one) => ({ required: [one] })),
    description:
      'One of graph, pipeline, yaml, task and taskId; beside it the options of a submission, as in the package: priority, retry, timeout, scheduledTime, dependencies and so on.',
  });
export type Submission = z.infer<typeof SubmissionShape>;

const WHAT = ['graph', 'pipeline', 'yaml', 'task', 'taskId'] as const;

/**
 * Starts what a call says; sent again with the same key it gives the same execution.
 *
 * @throws SpecInvalidError, HttpProblem 422 where it says not exactly one thing to run
 */
export async function submit(call: Call<unknown, unknown, Submission>): Promise<ExecutionHandle> {
  return await inHeaderName(call.idempotencyKey, started(call));
}

async function started(call: Call<unknown, unknown, Submission>): Promise<ExecutionHandle> {
  const { engine, body, idempotencyKey } = call;
  const said = WHAT.filter((one) => body[one] !== undefined);
  if (said.length !== 1)
    throw new HttpProblem(
      422,
      'INPUT_INVALID',
      `expected exactly one of ${WHAT.join(', ')}, got ${said.length === 0 ? 'none' : said.join(' and ')}`,
    );
  const { graph, pipeline, yaml, task, taskId, input, inputs, params, ...more } = body;
  const project = projectFor(call, body.project);
  const requestId = oneKey(idempotencyKey, 'requestId', body.requestId);
  const options = {
    ...more,
    ...(project === undefined ? {} : { project }),
    ...(requestId === undefined ? {} : { requestId }),
  } as GraphSubmitOptions;
  const read = yaml === undefined ? undefined : await graphIn(call, yaml, params);
  const given = (graph as GivenGraph | undefined) ?? pipeline ?? read;
  await assertWithin(call, { ...options, taskId, graph: given });
  if (task !== undefined) return await engine.scheduleTask({ ...options, task, input });
  if (taskId !== undefined)
    return await engine.scheduleTask({
      ...{ ...options, taskId, input },
      ...(params === undefined ? {} : { params }),
    });
  return await engine.scheduleTaskGraph(given as GivenGraph | string, {
    ...options,
    ...(params === undefined ? {} : { params }),
    ...(inputs === undefined ? {} : { inputs }),
  });
}

/** The graph of a pipeline's text, checked. @throws SpecInvalidError with the lines of what is wrong */
export async function graphIn(
  { reader, signal }: Pick<CallContext, 'reader' | 'signal'>,
  text: string,
  params: Record<string, unknown> | undefined,
): Promise<GivenGraph> {
  return await reader.graph({ text, params, check: true }, signal);
}
