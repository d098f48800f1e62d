/** What executions look like over HTTP. Records grow: what a shape does not name is let through. */
import { z } from 'zod';
import { STATUSES } from '../domain/status.js';

export const StatusShape = z.enum(STATUSES).meta({ id: 'Status' });
const time = z.string().describe('ISO time');

export const ErrorShape = z
  .looseObject({ code: z.string(), message: z.string(), retriable: z.boolean().optional() })
  .meta({ id: 'ExecutionError' });

export const ExecutionShape = z
  .looseObject({
    executionId: z.string(),
    kind: z.enum(['graph', 'task', 'batch', 'node', 'item']),
    taskId: z.string().nullable(),
    project: z.string().nullable(),
    sessionId: z.string().nullable(),
    status: StatusShape,
    reason: z.string().nullable(),
    output: z.unknown(),
    error: ErrorShape.nullable(),
    warnings: z.array(z.string()),
    attempts: z.int().nullable(),
    nextRetryAt: time.nullable(),
    createdAt: time,
    startedAt: time.nullable(),
    endedAt: time.nullable(),
    durationMs: z
      .number()
      .nullable()
      .describe('from when it began to its end; null in a list without a store'),
    workflowMs: z
      .number()
      .optional()
      .describe('in a list without a store: from when its workflow began to its close'),
    metadata: z.record(z.string(), z.unknown()),
    workflowId: z.string(),
    runId: z.string(),
  })
  .meta({ id: 'Execution', description: 'An execution, or a node of one.' });

export const ExecutionListShape = z
  .object({
    executions: z.array(ExecutionShape),
    nextCursor: z.string().optional().describe('gives the next page; absent on the last'),
    total: z.int().optional(),
  })
  .meta({ id: 'ExecutionList' });

export const StartedShape = z
  .object({
    executionId: z.string(),
    executions: z
      .array(z.object({ taskId: z.string(), executionId: z.string() }))
      .describe('of the nodes, in the order of the spec'),
  })
  .meta({ id: 'Started' });

export const AnswerShape = z
  .looseObject({
    success: z.boolean(),
    message: z.string(),
    code: z.string().optional(),
  })
  .meta({ id: 'Answer', description: 'Whether a verb did anything, and what, or why not.' });

export const NodeShape = z
  .looseObject({
    id: z.string(),
    task: z.string(),
    status: StatusShape,
    reason: z.string().optional(),
    attempts: z.int(),
    maxRetries: z.int(),
    error: ErrorShape.optional(),
  })
  .meta({ id: 'Node' });

/** For what is documented elsewhere: the type of the same name in the package. */
export const loose = (id: string, description: string) =>
  z.looseObject({}).meta({ id, description });

export const GraphSpecShape = loose(
  'GraphSpec',
  'A graph spec: pipeline.schema.json of the package.',
);
