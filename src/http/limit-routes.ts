/** What holds work back or saves it: keyed limits, circuits, the cache. */
import { z } from 'zod';
import { LIMIT_MOST } from '../domain/limit.js';
import { foreignProject, projectFor, Why } from './calls.js';
import { route, type Call, type CallContext } from './route.js';
import { AnswerShape } from './shapes.js';

const Project = z.string().min(1).max(200);
/** Whose limit or circuit it is; of a caller without projects the default is that of executions without one. */
const Place = z.strictObject({ project: Project.optional() });
const LimitParams = z.object({ key: z.string().min(1).max(1_000) });
const CircuitParams = z.object({ name: z.string().min(1).max(1_000) });

const time = z.string().describe('ISO time');
const PlacesShape = z.array(
  z.object({ executionId: z.string(), places: z.int(), weight: z.int(), since: time }),
);
const LimitShape = z
  .object({
    key: z.string(),
    project: z.string().nullable(),
    max: z.int(),
    defined: z.int().describe('as graphs and settings have it'),
    workflowId: z.string(),
    startedAt: time,
  })
  .meta({ id: 'Limit' });
const LimitStatusShape = z
  .object({
    key: z.string(),
    project: z.string().optional(),
    max: z.int(),
    defined: z.int(),
    used: z.int().describe('places that are taken, by weight'),
    holders: PlacesShape,
    waiters: PlacesShape,
    line: z.array(z.object({ executionId: z.string(), weight: z.int() })).optional(),
  })
  .meta({ id: 'LimitStatus' });
const CircuitShape = z
  .object({
    name: z.string(),
    project: z.string().nullable(),
    mode: z.enum(['closed', 'open', 'half_open']),
    forced: z.boolean().describe('somebody opened it: it stays open until somebody closes it'),
    failures: z.int(),
    openedAt: time.nullable(),
    openUntil: time.nullable(),
    probes: z.array(z.string()),
    updatedAt: time,
  })
  .meta({ id: 'Circuit' });

export const limitRoutes = [
  route({
    id: 'listLimits',
    method: 'GET',
    path: '/limits',
    tag: 'limits',
    summary: 'Keyed limits in use',
    description: 'Of all projects, unless one is named or the key is bound to one.',
    scope: 'read',
    of: 'projects',
    query: Place,
    answer: z.object({ limits: z.array(LimitShape) }),
    handle: async (call) => ({ limits: await call.engine.limits.list(placeOf(call)) }),
  }),
  route({
    id: 'getLimit',
    method: 'GET',
    path: '/limits/:key',
    tag: 'limits',
    summary: 'Who has places in a limit, and who waits; 404 where nothing uses it',
    scope: 'read',
    of: 'projects',
    params: LimitParams,
    query: Place,
    answer: LimitStatusShape,
    handle: async (call) => await call.engine.limits.get(call.params.key, placeOf(call)),
  }),
  route({
    id: 'setLimit',
    method: 'PUT',
    path: '/limits/:key',
    tag: 'limits',
    summary: 'Change a limit for as long as it is in use',
    description: 'Lowered, it is kept to as nodes end: nothing that runs is stopped.',
    scope: 'operate',
    of: 'projects',
    params: LimitParams,
    query: Place,
    body: Why.extend({ max: z.int().min(1).max(LIMIT_MOST) }),
    answer: AnswerShape,
    handle: async (call) => {
      const { params, body, engine } = call;
      const place = placeOf(call);
      const answer = await engine.limits.setMax(params.key, body.max, place);
      const details = { ...place, max: body.max };
      await call.audit({ what: 'limit.set', target: params.key, reason: body.reason, details });
      return answer;
    },
  }),
  route({
    id: 'listCircuits',
    method: 'GET',
    path: '/circuits',
    tag: 'limits',
    summary: 'Circuits that have seen a failure, or were opened by hand',
    description:
      'Of all projects, unless one is named or the key is bound to one. Needs the store.',
    scope: 'read',
    of: 'projects',
    query: Place.extend({ mode: z.enum(['closed', 'open', 'half_open']).optional() }),
    answer: z.object({ circuits: z.array(CircuitShape) }),
    handle: async (call) => {
      const { mode } = call.query;
      const filter = { ...placeOf(call), ...(mode === undefined ? {} : { mode }) };
      return { circuits: await call.engine.circuits.list(filter) };
    },
  }),
  route({
    id: 'getCircuit',
    method: 'GET',
    path: '/circuits/:name',
    tag: 'limits',
    summary: 'One circuit; one that has never seen a failure is closed',
    scope: 'read',
    of: 'projects',
    params: CircuitParams,
    query: Place,
    answer: CircuitShape,
    handle: async (call) => await call.engine.circuits.get(call.params.name, placeOf(call)),
  }),
  switching('open', 'Hold its nodes until it is closed by hand; what runs goes on'),
  switching('close', 'Close it, and forget its failures'),
  route({
    id: 'invalidateCache',
    method: 'POST',
    path: '/cache/invalidate',
    tag: 'limits',
    summary: 'Forget results that are kept',
    description:
      'Those that all given fields fit; with none of them all, of a bound key those of its project. What asks for them next does the work again.',
    scope: 'operate',
    of: 'projects',
    body: Why.extend({
      task: z.string().min(1).max(255).optional(),
      version: z.string().min(1).max(255).optional(),
      project: Project.nullable().optional().describe('null: of executions without a project'),
      key: z.string().min(1).max(1_000).optional().describe('as cache.key says it: needs task'),
    }),
    answer: z.object({ invalidated: z.int() }),
    handle: async (call) => {
      const { reason, project: given, ...filter } = call.body;
      if (given === null && call.who.projects !== null) throw foreignProject(call.who, given);
      const project = given === null ? null : projectFor(call, given);
      const wanted = { ...filter, ...(project === undefined ? {} : { project }) };
      const invalidated = await call.engine.cache.invalidate(wanted as object);
      const details = { ...wanted, invalidated };
      const target = filter.task ?? 'all';
      await call.audit({ what: 'cache.invalidate', target, reason, details });
      return { invalidated };
    },
  }),
];

function switching(verb: 'open' | 'close', summary: string) {
  return route({
    id: `${verb}Circuit`,
    method: 'POST',
    path: `/circuits/:name/${verb}`,
    tag: 'limits',
    summary,
    scope: 'operate',
    of: 'projects',
    params: CircuitParams,
    query: Place,
    body: Why,
    answer: CircuitShape,
    handle: async (call) => {
      const place = placeOf(call);
      const { name } = call.params;
      const circuit = await call.engine.circuits[verb](name, place);
      const { reason } = call.body;
      await call.audit({ what: `circuit.${verb}`, target: name, reason, details: place });
      return circuit;
    },
  });
}

function placeOf(
  call: CallContext & Pick<Call<unknown, z.infer<typeof Place>, unknown>, 'query'>,
): { project?: string } {
  const project = projectFor(call, call.query.project);
  return project === undefined ? {} : { project };
}
