/** What runs at set times. */
import { z } from 'zod';
import {
  OVERLAPS,
  type ScheduleListQuery,
  type ScheduleOptions,
  type ScheduleTimes,
  type ScheduleUpdate,
} from '../client.js';
import { assertWithin, type Naming } from './bounds.js';
import { GivenGraphShape } from './given-graph.js';
import { projectFor, Why } from './calls.js';
import { HttpProblem } from './problem.js';
import { route, type CallContext } from './route.js';
import { ScheduleListShape, SchedulePreviewShape, ScheduleRecordShape } from './schedule-shapes.js';
import { graphIn } from './submission.js';

const ScheduleParams = z.object({ scheduleId: z.string().min(1).max(255) });
const Overlap = z.enum(OVERLAPS as [string, ...string[]]);
const Note = Why.extend({ note: z.string().min(1).max(1_000).optional() });
const said = { reason: z.string().min(1).max(1_000).optional() };

/** What the engine checks whole, with every fault at its place, is not checked twice. */
const TIMES = {
  cron: z.union([z.string(), z.array(z.string())]).optional(),
  every: z.unknown().optional().describe('a duration, or { every, offset }, or a list of them'),
  calendar: z.unknown().optional(),
  at: z.unknown().optional().describe('ISO times'),
  timezone: z.string().optional(),
};
const WORK = {
  task: z.string().min(1).max(255).optional().describe('the name of a task, run alone'),
  graph: GivenGraphShape.optional().describe(
    'a graph spec; or the adjacency form { "b": ["a"] }, by the name of a task what it waits for',
  ),
  pipeline: z
    .string()
    .min(1)
    .max(255)
    .optional()
    .describe('the name of a pipeline, as it is now, instead of graph'),
  yaml: z.string().min(1).optional().describe('a pipeline as YAML or JSON text, instead of graph'),
  input: z.unknown().optional().describe('of the task'),
  params: z.record(z.string(), z.unknown()).optional(),
  executionId: z.string().min(1).max(255).optional().describe("beginning of the executions' ids"),
  project: z.string().min(1).max(200).optional(),
  ...TIMES,
  overlap: Overlap.optional(),
  pauseOnFailure: z.boolean().optional(),
  limitedActions: z.int().min(0).nullable().optional(),
  paused: z.boolean().optional(),
  note: z.string().max(1_000).optional(),
};
const described = {
  description:
    'Fields as schedules.create takes them: when, what happens to a start that comes while one runs, and what is run with the options of a submission.',
};
const NewScheduleShape = z
  .looseObject({ id: z.string().min(1).max(255), ...WORK, ...said })
  .meta({ id: 'NewSchedule', ...described });
const ScheduleChangesShape = z
  .looseObject({ ...WORK, ...said })
  .meta({ id: 'ScheduleChanges', ...described });
type Changes = z.infer<typeof ScheduleChangesShape>;

export const scheduleRoutes = [
  route({
    id: 'listSchedules',
    method: 'GET',
    path: '/schedules',
    tag: 'schedules',
    summary: 'Schedules, by id',
    description: 'What changed within the last second may be missing.',
    scope: 'read',
    of: 'projects',
    query: z.strictObject({
      project: z.string().min(1).max(200).optional(),
      limit: z.coerce.number().int().min(1).max(1_000).optional(),
    }),
    answer: ScheduleListShape,
    handle: async (call) => {
      const { project: given, ...query } = call.query;
      const project = projectFor(call, given);
      return await call.engine.schedules.list({
        ...(query as ScheduleListQuery),
        ...(project === undefined ? {} : { project }),
      });
    },
  }),
  route({
    id: 'createSchedule',
    method: 'POST',
    path: '/schedules',
    tag: 'schedules',
    summary: 'Have something run at set times',
    scope: 'operate',
    of: 'projects',
    body: NewScheduleShape,
    answer: ScheduleRecordShape,
    status: 201,
    handle: async (call) => {
      const { reason, ...body } = call.body;
      const project = projectFor(call, body.project);
      const options = {
        ...(await worded(call, body)),
        ...(project === undefined ? {} : { project }),
      };
      await assertOwnIds(call, options, body.id);
      const record = await call.engine.schedules.create(options as unknown as ScheduleOptions);
      await call.audit({ what: 'schedule.create', target: record.id, reason });
      return record;
    },
  }),
  route({
    id: 'previewSchedule',
    method: 'POST',
    path: '/schedule-preview',
    tag: 'schedules',
    summary: 'When a schedule would start something; nothing is created',
    scope: 'read',
    of: 'projects',
    body: z.strictObject({
      ...TIMES,
      skip: z.unknown().optional(),
      startAt: z.string().optional(),
      endAt: z.string().optional(),
    }),
    // Whoever may look may ask, and it is computed here.
    bodyLimit: 16 * 2 ** 10,
    answer: SchedulePreviewShape,
    handle: async ({ engine, body }) => engine.schedules.preview(body as ScheduleTimes),
  }),
  route({
    id: 'getSchedule',
    method: 'GET',
    path: '/schedules/:scheduleId',
    tag: 'schedules',
    summary: 'One schedule: its next starts, and how the last ones ended',
    scope: 'read',
    of: 'schedule',
    params: ScheduleParams,
    answer: ScheduleRecordShape,
    handle: ({ engine, params }) => engine.schedules.get(params.scheduleId),
  }),
  route({
    id: 'updateSchedule',
    method: 'PATCH',
    path: '/schedules/:scheduleId',
    tag: 'schedules',
    summary: 'Change what is said; the rest stays',
    description:
      'Any of cron, every, calendar and at replaces all four; task, graph, pipeline or yaml replaces what is run with all that was said of it.',
    scope: 'operate',
    of: 'schedule',
    params: ScheduleParams,
    body: ScheduleChangesShape,
    answer: ScheduleRecordShape,
    handle: async (call) => {
      const { scheduleId } = call.params;
      const { reason, ...body } = call.body;
      const changes = {
        ...(await worded(call, body)),
        ...(await projectOf(call, scheduleId, body)),
      };
      await assertOwnIds(call, changes, scheduleId);
      const record = await call.engine.schedules.update(scheduleId, changes as ScheduleUpdate);
      const fields = Object.keys(body);
      await call.audit({
        what: 'schedule.update',
        target: scheduleId,
        reason,
        details: { fields },
      });
      return record;
    },
  }),
  route({
    id: 'deleteSchedule',
    method: 'DELETE',
    path: '/schedules/:scheduleId',
    tag: 'schedules',
    summary: 'Delete a schedule; what it started goes on',
    scope: 'operate',
    of: 'schedule',
    params: ScheduleParams,
    query: Why,
    answer: z.object({ id: z.string(), deleted: z.literal(true) }),
    handle: async (call) => {
      const { scheduleId: id } = call.params;
      await call.engine.schedules.delete(id);
      await call.audit({ what: 'schedule.delete', target: id, reason: call.query.reason });
      return { id, deleted: true };
    },
  }),
  switching('pause', 'Start nothing by the clock; trigger and backfill still do'),
  switching('resume', 'Start by the clock again; what was due meanwhile is not made up for'),
  route({
    id: 'triggerSchedule',
    method: 'POST',
    path: '/schedules/:scheduleId/trigger',
    tag: 'schedules',
    summary: 'Start one execution now',
    scope: 'operate',
    of: 'schedule',
    params: ScheduleParams,
    body: Why.extend({ overlap: Overlap.optional() }),
    answer: z.object({
      id: z.string(),
      outcome: z
        .enum(['started', 'waiting', 'skipped'])
        .describe('skipped: one runs, and overlap says so'),
      executionId: z.string().nullable(),
    }),
    handle: async (call) => {
      const { scheduleId: id } = call.params;
      const { reason, ...options } = call.body;
      const answer = await call.engine.schedules.trigger(id, options as object);
      await call.audit({ what: 'schedule.trigger', target: id, reason, details: answer });
      return { id, ...answer };
    },
  }),
  route({
    id: 'backfillSchedule',
    method: 'POST',
    path: '/schedules/:scheduleId/backfill',
    tag: 'schedules',
    summary: 'Start an execution for every time in a span, at most 1,000',
    scope: 'operate',
    of: 'schedule',
    params: ScheduleParams,
    body: Why.extend({
      from: z
        .string()
        .min(1)
        .max(100)
        .describe("ISO time; without an offset in the schedule's zone"),
      to: z.string().min(1).max(100),
      overlap: Overlap.optional(),
      dryRun: z.boolean().optional().describe('tells the times, and starts nothing'),
    }),
    answer: z.object({ id: z.string(), times: z.array(z.string()) }),
    handle: async (call) => {
      const { scheduleId: id } = call.params;
      const { reason, ...span } = call.body;
      const { times } = await call.engine.schedules.backfill(id, span as never);
      const details = { from: span.from, to: span.to, starts: times.length };
      if (!span.dryRun)
        await call.audit({ what: 'schedule.backfill', target: id, reason, details });
      return { id, times };
    },
  }),
];

function switching(verb: 'pause' | 'resume', summary: string) {
  return route({
    id: `${verb}Schedule`,
    method: 'POST',
    path: `/schedules/:scheduleId/${verb}`,
    tag: 'schedules',
    summary,
    scope: 'operate',
    of: 'schedule',
    params: ScheduleParams,
    body: Note,
    answer: z.object({ id: z.string(), paused: z.boolean(), note: z.string().nullable() }),
    handle: async (call) => {
      const { scheduleId: id } = call.params;
      const { reason, note = reason } = call.body;
      await call.engine.schedules[verb](id, note);
      await call.audit({ what: `schedule.${verb}`, target: id, reason: note });
      return { id, paused: verb === 'pause', note: note ?? `${verb}d` };
    },
  });
}

/** A pipeline's text as the graph that it is; a name stays one. @throws HttpProblem 422 for more than one of them */
async function worded(
  call: CallContext,
  { yaml, pipeline, graph, ...rest }: Changes,
): Promise<Omit<Changes, 'yaml' | 'pipeline' | 'graph'> & { graph?: unknown }> {
  const said = Object.entries({ graph, pipeline, yaml }).filter(([, one]) => one !== undefined);
  if (said.length > 1)
    throw new HttpProblem(
      422,
      'INPUT_INVALID',
      `expected one of graph, pipeline and yaml, got ${said.map(([name]) => name).join(' and ')}`,
    );
  const read = yaml === undefined ? undefined : await graphIn(call, yaml, rest.params);
  const given = graph ?? pipeline ?? read;
  return given === undefined ? rest : { ...rest, graph: given };
}

/** What is run anew stays in its project, where the caller is bound and names none. */
async function projectOf(
  call: CallContext,
  scheduleId: string,
  { project, task, graph, pipeline, yaml }: Changes,
): Promise<{ project?: string }> {
  if (project !== undefined) {
    projectFor(call, project);
    return { project };
  }
  const isAnew = [task, graph, pipeline, yaml].some((one) => one !== undefined);
  if (call.who.projects === null || !isAnew) return {};
  const { project: before } = await call.engine.schedules.get(scheduleId);
  return before === null ? {} : { project: before };
}

/** Its executions' ids begin with its own, which no other schedule has. @throws HttpProblem 403 */
async function assertOwnIds(
  call: CallContext,
  { executionId, ...rest }: Naming & { executionId?: string | undefined },
  id: string,
): Promise<void> {
  await assertWithin(call, rest);
  if (call.who.projects === null || executionId === undefined || executionId === id) return;
  throw new HttpProblem(
    403,
    'FORBIDDEN',
    `executionId: expected ${JSON.stringify(id)}, the id of the schedule, since ${call.who.name} is bound to projects; got ${JSON.stringify(executionId)}`,
  );
}
