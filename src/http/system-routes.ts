/** How everything stands, and what there is to run. */
import { z } from 'zod';
import type { PlanOptions } from '../client/planning.js';
import { packageVersion } from '../config.js';
import { SpecInvalidError } from '../domain/errors.js';
import type { Fault } from '../domain/fault.js';
import { previewWaits } from '../domain/retry.js';
import { resolveRetry, RetryObjectSchema } from '../domain/retry-options.js';
import type { GraphSpec } from '../domain/spec.js';
import { assertWithin } from './bounds.js';
import { projectFor } from './calls.js';
import { openApprovals } from './open-approvals.js';
import { FaultShape, HttpProblem } from './problem.js';
import { route } from './route.js';
import { loose } from './shapes.js';
import { located, parsed } from './submission.js';

const Project = z.strictObject({ project: z.string().min(1).optional() });

/** A pipeline that is looked at and not run. */
const SourceShape = z
  .strictObject({
    graph: z.looseObject({ tasks: z.array(z.unknown()) }).optional(),
    yaml: z.string().optional().describe('a pipeline as YAML or JSON text, instead of graph'),
    params: z.record(z.string(), z.unknown()).optional(),
    askWorker: z.boolean().optional().describe('names of tasks and their inputs too'),
  })
  .refine(({ graph, yaml }) => (graph === undefined) !== (yaml === undefined), {
    error: 'expected "graph" or "yaml", one of the two',
  })
  .meta({ oneOf: [{ required: ['graph'] }, { required: ['yaml'] }] });

/** The same, and what is assumed of it. */
const PlanShape = SourceShape.safeExtend({
  durations: z
    .record(z.string(), z.union([z.string(), z.number()]))
    .optional()
    .describe('how long nodes or tasks take'),
  items: z.record(z.string(), z.number()).optional().describe('how many items maps have'),
  concurrency: z.number().optional().describe('another window'),
});

export const systemRoutes = [
  route({
    id: 'meta',
    method: 'GET',
    path: '/meta',
    tag: 'system',
    summary: 'Version, caller, and where the Temporal Web UI is',
    scope: 'read',
    of: 'projects',
    answer: z.object({
      version: z.string(),
      webUi: z.string().nullable(),
      namespace: z.string(),
      authentication: z.enum(['open', 'required']),
      caller: z.object({
        name: z.string(),
        scope: z.string(),
        projects: z.array(z.string()).nullable(),
      }),
    }),
    handle: async ({ who, facts }) => ({
      version: packageVersion(),
      ...facts,
      caller: { name: who.name, scope: who.scope, projects: who.projects && [...who.projects] },
    }),
  }),
  route({
    id: 'systemDetail',
    method: 'GET',
    path: '/system',
    tag: 'system',
    summary: 'Servers, workers, queues, limits, circuits',
    scope: 'read',
    of: 'system',
    answer: loose('SystemDetail', 'As engine.systemDetail() gives it.'),
    handle: ({ engine }) => engine.systemDetail(),
  }),
  route({
    id: 'listPipelines',
    method: 'GET',
    path: '/pipelines',
    tag: 'pipelines',
    summary: 'Pipelines that can be run by name',
    scope: 'read',
    of: 'projects',
    answer: z.object({ pipelines: z.array(z.looseObject({ name: z.string() })) }),
    handle: async ({ engine }) => ({
      // Where a file lies on the server is nobody's business here.
      pipelines: engine.templates().map(({ file: _file, ...pipeline }) => pipeline),
    }),
  }),
  route({
    id: 'validatePipeline',
    method: 'POST',
    path: '/pipelines/validate',
    tag: 'pipelines',
    summary: 'Everything that is wrong with a pipeline',
    scope: 'read',
    of: 'projects',
    body: SourceShape,
    bodyLimit: 64 * 2 ** 20,
    answer: z.object({ valid: z.boolean(), issues: z.array(FaultShape) }),
    handle: async ({ engine, body }) => {
      const issues = await issuesOf(() =>
        engine.validate(body.graph ?? parsed(body.yaml ?? ''), {
          askWorker: body.askWorker ?? false,
          ...(body.params === undefined ? {} : { params: body.params }),
        }),
      );
      return { valid: issues.length === 0, issues };
    },
  }),
  route({
    id: 'planPipeline',
    method: 'POST',
    path: '/pipelines/plan',
    tag: 'pipelines',
    summary: 'What a run would be like; nothing starts',
    scope: 'read',
    of: 'projects',
    body: PlanShape,
    bodyLimit: 64 * 2 ** 20,
    answer: loose('GraphForecast', 'As engine.plan() gives it.'),
    handle: async (call) => {
      const { graph: given, yaml, ...options } = call.body;
      const graph = (given as GraphSpec | undefined) ?? located(yaml ?? '', options.params);
      await assertWithin(call, { graph });
      return await call.engine.plan(graph, options as PlanOptions);
    },
  }),
  route({
    id: 'retryPreview',
    method: 'POST',
    path: '/pipelines/retry-preview',
    tag: 'pipelines',
    summary: 'The waits of a retry policy, without jitter',
    description: 'What is not given is as in a task.',
    scope: 'read',
    of: 'projects',
    body: RetryObjectSchema,
    answer: z.object({ waitsMs: z.array(z.number()) }),
    handle: async ({ body }) => {
      try {
        return { waitsMs: previewWaits(resolveRetry(body)) };
      } catch (error) {
        if (!(error instanceof RangeError)) throw error; // the fields contradict each other
        throw new HttpProblem(422, 'INPUT_INVALID', `retry: ${error.message}`);
      }
    },
  }),
  route({
    id: 'listApprovals',
    method: 'GET',
    path: '/approvals',
    tag: 'approvals',
    summary: 'Questions that wait for an answer',
    description: 'Of the 1,000 newest nodes that run. Needs the store.',
    scope: 'read',
    of: 'projects',
    query: Project,
    answer: z.object({
      approvals: z.array(
        z.object({
          executionId: z.string(),
          nodeId: z.string(),
          approval: z
            .looseObject({ message: z.string(), askedAt: z.string() })
            .nullable()
            .describe('null where no worker answered'),
        }),
      ),
    }),
    handle: async (call) => {
      const project = projectFor(call, call.query.project);
      return { approvals: await openApprovals(call.engine, project) };
    },
  }),
];

/** What is wrong by a check, also where it throws that. */
async function issuesOf(check: () => Promise<Fault[]>): Promise<Fault[]> {
  try {
    return await check();
  } catch (error) {
    if (error instanceof SpecInvalidError) return [...error.faults];
    throw error;
  }
}
