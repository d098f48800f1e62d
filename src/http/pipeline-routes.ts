/** Pipelines: those that can be run by name, and what can be said of one before it runs. */
import { z } from 'zod';
import type { TaskEngine } from '../client.js';
import type { PlanOptions } from '../client/planning.js';
import { assertAllowed, includes } from '../domain/access.js';
import { SpecInvalidError } from '../domain/errors.js';
import type { Fault } from '../domain/fault.js';
import type { GraphForecast } from '../domain/forecast.js';
import { ASSUMED_OUTCOMES } from '../domain/forecast-overrides.js';
import { previewWaits } from '../domain/retry.js';
import { resolveRetry, RetryObjectSchema } from '../domain/retry-options.js';
import type { GraphSpec } from '../domain/spec.js';
import { assertWithin } from './bounds.js';
import { GivenGraphShape, specOfGiven, type GivenGraph } from './given-graph.js';
import { FaultShape, HttpProblem } from './problem.js';
import { route, type CallContext } from './route.js';
import { GraphSpecShape, loose } from './shapes.js';
import { graphIn } from './submission.js';

const SOURCES = ['graph', 'pipeline', 'yaml'] as const;

/** A pipeline that is looked at and not run. */
const SourceShape = z
  .strictObject({
    graph: GivenGraphShape.optional(),
    pipeline: z.string().min(1).max(255).optional().describe('the name of a pipeline'),
    yaml: z.string().optional().describe('a pipeline as YAML or JSON text'),
    params: z.record(z.string(), z.unknown()).optional(),
    askWorker: z.boolean().optional().describe('names of tasks and their inputs too'),
  })
  .refine((said) => SOURCES.filter((one) => said[one] !== undefined).length === 1, {
    error: 'expected exactly one of "graph", "pipeline" and "yaml"',
  })
  .meta({ oneOf: SOURCES.map((one) => ({ required: [one] })) });

/** The same, and what is assumed of it. */
const PlanShape = SourceShape.safeExtend({
  durations: z
    .record(z.string(), z.union([z.string(), z.number()]))
    .optional()
    .describe('how long nodes or tasks take'),
  failures: z
    .record(z.string(), z.number())
    .optional()
    .describe('how many attempts of nodes fail before one succeeds'),
  outcomes: z
    .record(z.string(), z.enum(ASSUMED_OUTCOMES))
    .optional()
    .describe('how nodes end; default: COMPLETED, or SKIPPED by a condition on parameters alone'),
  items: z.record(z.string(), z.number()).optional().describe('how many items maps have'),
  concurrency: z.number().optional().describe('another window'),
  overhead: z
    .strictObject({ stepMs: z.number().optional(), perNodeMs: z.number().optional() })
    .optional()
    .describe(
      'what nodes cost outside their handlers; 0 for both is none, default: as past graphs say',
    ),
  lookUp: z
    .boolean()
    .optional()
    .describe(
      'have workers look up what programs need, which takes scope run; default: where "askWorker" is true and the scope is there',
    ),
});

const PIPELINE = {
  name: z.string(),
  builtIn: z.boolean().describe('it comes with Tempograph'),
  description: z.string().optional(),
  params: z
    .record(z.string(), z.looseObject({ description: z.string().optional() }))
    .describe(
      'by name, each with its JSON Schema (2020-12); one without a default has to be given',
    ),
  faults: z.array(FaultShape).optional().describe('what is wrong with it; then it cannot be run'),
};
const PipelineShape = z.object(PIPELINE).meta({ id: 'Pipeline' });
const PipelineDetailShape = z
  .object({
    ...PIPELINE,
    graph: GraphSpecShape.optional(),
  })
  .meta({ id: 'PipelineDetail' });

export const pipelineRoutes = [
  route({
    id: 'listPipelines',
    method: 'GET',
    path: '/pipelines',
    tag: 'pipelines',
    summary: 'Pipelines that can be run by name',
    scope: 'read',
    of: 'projects',
    answer: z.object({ pipelines: z.array(PipelineShape) }),
    handle: async ({ engine }) => ({
      // Where a file lies on the server is nobody's business here.
      pipelines: engine.templates().map(({ file: _file, ...pipeline }) => pipeline),
    }),
  }),
  route({
    id: 'getPipeline',
    method: 'GET',
    path: '/pipelines/:pipeline/graph',
    tag: 'pipelines',
    summary: 'One of them: its parameters and its graph',
    description: 'A "/" in its name is written %2F.',
    scope: 'read',
    of: 'projects',
    params: z.object({ pipeline: z.string().min(1).max(255) }),
    answer: PipelineDetailShape,
    handle: async ({ engine, params }) => {
      const { file: _file, ...pipeline } = engine.template(params.pipeline);
      return pipeline;
    },
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
    handle: async (call) => {
      const { engine, body } = call;
      const { yaml, params, askWorker = false } = body;
      const issues = await issuesOf(async () => {
        if (yaml !== undefined && !askWorker)
          return (await call.reader.read({ text: yaml, params, check: true }, call.signal)).faults;
        return await engine.validate(await sourceOf(call, body), {
          ...{ askWorker },
          ...(params === undefined ? {} : { params }),
        });
      });
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
      const { graph: given, pipeline, yaml, ...options } = call.body;
      const graph =
        (given as GivenGraph | undefined) ??
        pipeline ??
        (await graphIn(call, yaml ?? '', options.params));
      await assertWithin(call, { graph });
      return await planned(call, graph, options as PlanOptions);
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
];

/**
 * To look up is to have workers ask registries, resolvers and providers for whatever a graph names: that is for who may run
 * the graph.
 *
 * @throws TaskError FORBIDDEN where it is asked for without the scope
 */
async function planned(
  { engine, who }: CallContext,
  graph: Parameters<TaskEngine['plan']>[0],
  options: PlanOptions,
): Promise<GraphForecast> {
  if (options.lookUp) assertAllowed(who, 'run');
  const may = includes(who.scope, 'run');
  const plan = await engine.plan(graph, may ? options : { ...options, lookUp: false });
  if (may || options.lookUp === false || !options.askWorker) return plan;
  const note = `programs were not looked up: that needs scope run, ${who.name} has ${who.scope}`;
  return { ...plan, notes: [...plan.notes, note] };
}

/** @throws TaskError NOT_FOUND, SpecInvalidError */
async function sourceOf(
  { engine, reader, signal }: CallContext,
  { graph, pipeline, yaml }: z.infer<typeof SourceShape>,
): Promise<GraphSpec> {
  if (pipeline === undefined)
    return specOfGiven(
      (graph as GivenGraph | undefined) ??
        (await reader.graph({ text: yaml ?? '', check: false }, signal)),
    );
  const { graph: named, faults = [] } = engine.template(pipeline);
  if (!named) throw new SpecInvalidError(faults, `pipeline ${pipeline}`);
  return named;
}

/** What is wrong by a check, also where it throws that. */
async function issuesOf(check: () => Promise<Fault[]>): Promise<Fault[]> {
  try {
    return await check();
  } catch (error) {
    if (error instanceof SpecInvalidError) return [...error.faults];
    throw error;
  }
}
