/**
 * The first step of a sub-graph or a map: the condition and the input of the node that it runs for, then what `prepare`
 * does for a graph by itself. What is wrong with it is the node's end.
 */
import { TaskError, type ErrorRecord } from '../domain/errors.js';
import { inputVariables } from '../domain/expression.js';
import { formatFaults, type Fault } from '../domain/fault.js';
import { isObject, preview, type Json, type JsonObject } from '../domain/json.js';
import { parseListExpression } from '../domain/list-expression.js';
import { makePlan } from '../domain/make-plan.js';
import { MapSchema, MAX_ITEMS } from '../domain/node-kind.js';
import { leftBy, type Value } from '../domain/outcome.js';
import { bodiesOf, type NodeBody, type Plan } from '../domain/plan.js';
import { GraphSpecSchema, type ParsedGraph, type Submission } from '../domain/spec.js';
import { parseTemplate } from '../domain/template.js';
import { validateGraph, type ValidGraph } from '../domain/validate.js';
import { nodeIdentity } from '../observe/projection.js';
import { getJson, putJson, type BlobStore } from '../store/blob-store.js';
import type { Basis } from '../workflows/manifest.js';
import type {
  Below,
  BelowRequest,
  BelowResult,
  ExecutionInfo,
  Upstream,
} from '../workflows/requests.js';
import { planContext } from '../registry-facts.js';
import { storeBelow, storeGiven } from './below-specs.js';
import type { Deps } from './deps.js';
import { recordError } from './failure.js';
import { decideBelow, ITEMS_PER_PAGE } from './rerun-below.js';
import { BODIES_PER_PAGE, inlineOrStored, pin, storeBodies } from './pin.js';
import { knownTasks, planSettings } from './prepare.js';
import {
  bounded,
  contextOf,
  loadBody,
  loadTasks,
  resolveInput,
  scheduledTimeOf,
} from './resolve.js';
import { hashJson } from './values.js';

/** Bytes of a value from above that stand in the request of each of a map's items. */
const READ_INLINE = 256;

export async function prepareBelow(deps: Deps, request: BelowRequest): Promise<BelowResult> {
  try {
    const below = await (request.kind === 'map' ? mapBelow : graphBelow)(deps, request);
    if (!below) return { skipped: true };
    return await pinned(deps, request, below);
  } catch (error) {
    if (error instanceof TaskError && error.retriable) throw error; // a store that does not answer now
    return { refused: { status: 'FAILED', error: recordError(error, false, 0) } };
  }
}

/** What will run below the node; undefined where its condition said no. */
interface Begun {
  valid: ValidGraph;
  plan: Plan;
  below: Pick<Below, 'bodies' | 'perPage' | 'items' | 'reads'> & { basis: Basis };
  bodies: readonly NodeBody[];
}

async function pinned(
  deps: Deps,
  request: BelowRequest,
  begun: Begun | { faults: readonly Fault[] },
): Promise<BelowResult> {
  if ('faults' in begun) return refused(begun.faults);
  const { valid, plan, below, bodies } = begun;
  const { executionId, run, depth, options, deadlineAt, kind } = request;
  const { execution, inlineLimit } = request.request;
  const { project, sessionId } = execution;
  await storeBelow(deps, valid, plan);
  const { basis } = below;
  const again = await decideBelow(deps, request, { valid, plan, basis });
  if (again && 'faults' in again) return refused(again.faults);
  const result = await pin(deps, {
    execution: {
      ...{ id: executionId, kind: 'graph', run },
      ...(project === undefined ? {} : { project }),
      ...(sessionId === undefined ? {} : { sessionId }),
      parent: { id: execution.id, ...(kind === 'map' ? { map: true as const } : {}) },
      ...(again ? { rerunOf: again.of } : {}),
      scheduledTime: scheduledTimeOf(execution),
    },
    ...{ valid, plan, bodies },
    refuse: () => undefined,
    unrecorded: true,
    more: {
      depth,
      below: { ...below, inlineLimit, ...(deadlineAt === undefined ? {} : { deadlineAt }) },
      ...(options ? { options } : {}),
      ...(again ? { rerun: again } : {}),
    },
  });
  if ('faults' in result) return refused(result.faults);
  recordBegun(deps, execution, request);
  return { prepared: result.prepared };
}

function refused(faults: readonly Fault[]): BelowResult {
  const message = formatFaults([...faults].slice(0, 20)).slice(0, 2_000);
  const error: ErrorRecord = { code: 'SPEC_INVALID', message, origin: 'engine', retriable: false };
  return { refused: { status: 'REJECTED', error } };
}

/** The node's row: nothing else of it runs in a worker before its end. */
function recordBegun(
  { recorder }: Deps,
  above: ExecutionInfo,
  { request, run }: BelowRequest,
): void {
  recorder?.record({
    ...nodeIdentity(above, request.node.id),
    taskId: request.node.task,
    sequence: recorder.next(),
    status: 'RUNNING',
    reason: null,
    startedAt: run.startedAt,
    statusHistory: [{ status: 'RUNNING', at: run.startedAt }],
  });
}

async function graphBelow(
  deps: Deps,
  { request, spec: ref, options, priority, depth }: BelowRequest,
): Promise<Begun | { faults: readonly Fault[] } | undefined> {
  const { input, skipped, metadata } = await resolveInput(deps, request);
  if (skipped) return undefined;
  if (input !== null && !isObject(input))
    throw new TaskError(
      'INPUT_INVALID',
      `input: expected an object of the sub-graph's parameters, got ${preview(input)}`,
    );
  const spec = await getJson(deps.blobs, ref);
  const own = isObject(spec) && isObject(spec['metadata']) ? spec['metadata'] : {};
  const { project, sessionId } = request.execution;
  const submission: Submission = {
    params: input ?? {},
    options: { ...options, priority },
    metadata: { ...metadata, ...own },
    ...(project === undefined ? {} : { project }),
    ...(sessionId === undefined ? {} : { sessionId }),
  };
  const { faults, valid } = validateGraph(
    spec,
    submission,
    knownTasks(deps.registry, deps.graphs),
    { depth },
  );
  if (!valid) return { faults };
  const plan = makePlan(valid, planContext(deps.registry, valid, planSettings(deps)));
  await storeGiven(deps.blobs, plan);
  const bodies = bodiesOf(valid.graph.tasks, plan);
  const refs = await storeBodies(deps.blobs, bodies);
  const basis = { hash: hashJson({ spec: ref, params: valid.params }) };
  return { valid, plan, bodies, below: { bodies: refs, perPage: BODIES_PER_PAGE, basis } };
}

async function mapBelow(
  deps: Deps,
  { request, spec: ref, options, priority }: BelowRequest,
): Promise<Begun | undefined> {
  const { blobs } = deps;
  const body = await loadBody(deps, request.body);
  // The template is each item's own: here only the condition and the list are asked for.
  const { skipped } = await resolveInput(deps, { ...request, body: { ...body, input: null } });
  if (skipped) return undefined;
  const items = await itemsOf(deps, request, body);
  const spec = GraphSpecSchema.parse(await getJson(blobs, ref));
  // The map is undone as a whole, if at all, and what its items have stands in its own body.
  const graph: ParsedGraph = { ...spec, compensation: 'none' };
  const params = await paramsOf(blobs, request);
  const { project, sessionId } = request.execution;
  const submission = {
    options: { ...options, priority },
    ...(project === undefined ? {} : { project }),
    ...(sessionId === undefined ? {} : { sessionId }),
  };
  const { map: _map, when: _when, approval: _approval, ...rest } = body;
  const { undo: _undo, undoProgram: _undoProgram, ...own } = rest;
  const readsParams = readsParamsIn(own.input ?? null);
  const valid: ValidGraph = { graph, submission, params, reads: [[]], readsParams: [readsParams] };
  const one = makePlan(valid, planContext(deps.registry, valid, planSettings(deps)));
  await storeBelow(deps, valid, one);
  const [first] = one.nodes;
  const nodes = first ? items.map((_, index) => ({ ...first, id: String(index) })) : [];
  const common = request.execution.metadata;
  if (common) graph.metadata = (await inlineJson(blobs, common)) as JsonObject;
  const pages = await pagesOf(blobs, items);
  const reads = await lighter(blobs, request.reads ?? {});
  return {
    valid,
    plan: { ...one, nodes },
    bodies: items.map(() => ({})),
    below: {
      bodies: [(await putJson(blobs, [own] as unknown)).ref],
      perPage: 1,
      items: { refs: pages, perPage: ITEMS_PER_PAGE },
      reads,
      basis: { hash: hashJson({ input: own.input ?? null, params, reads }), items: pages },
    },
  };
}

/** Whether the input of each item reads the parameters: they may be as long as the list. */
function readsParamsIn(input: Json): boolean {
  const variables = inputVariables({ task: true, map: true });
  const { params, dynamic } = parseTemplate(input, ['input'], variables).references;
  return params.length > 0 || dynamic;
}

/** @throws TaskError EXPRESSION | TOO_LARGE */
async function itemsOf(
  deps: Deps,
  request: BelowRequest['request'],
  body: NodeBody,
): Promise<Json[]> {
  const { over, maxItems } = MapSchema.parse(body.map);
  const { tasks } = await loadTasks(deps.blobs, request, body);
  const context = await contextOf(deps, request, tasks);
  const list = Array.isArray(over) ? parseTemplate(over as Json, ['map', 'over']) : undefined;
  const expression = typeof over === 'string' ? parseListExpression(over) : undefined;
  const items = bounded('map', list?.heavy ?? expression?.heavy ?? false, () =>
    list ? (list.resolve(context) as Json[]) : (expression?.items(context) ?? []),
  );
  if (items.length <= maxItems) return items;
  throw new TaskError(
    'TOO_LARGE',
    `map: the list has ${items.length.toLocaleString('en')} items; the limit is ${maxItems.toLocaleString('en')} (maxItems, at most ${MAX_ITEMS.toLocaleString('en')}); raise it, or cut the list`,
  );
}

async function paramsOf(
  blobs: BlobStore,
  { params }: BelowRequest['request'],
): Promise<JsonObject> {
  return params ? ((await inlineJson(blobs, params)) as JsonObject) : {};
}

const inlineJson = async (
  blobs: BlobStore,
  value: { json: Json } | { ref: string },
): Promise<Json> => ('json' in value ? value.json : await getJson(blobs, value.ref));

async function pagesOf(blobs: BlobStore, items: readonly Json[]): Promise<string[]> {
  const refs: string[] = [];
  for (let start = 0; start < items.length; start += ITEMS_PER_PAGE)
    refs.push((await putJson(blobs, items.slice(start, start + ITEMS_PER_PAGE))).ref);
  return refs;
}

/** What each of many items reads, by reference where it is not tiny. */
async function lighter(
  blobs: BlobStore,
  reads: Record<string, Upstream>,
): Promise<Record<string, Upstream>> {
  const lightValue = async (value: Value | undefined): Promise<Value | undefined> =>
    value && 'json' in value ? await inlineOrStored(blobs, value.json, READ_INLINE) : value;
  const light = await Promise.all(
    Object.entries(reads).map(async ([id, { status, output, artifacts }]) => {
      const [given, kept] = await Promise.all([lightValue(output), lightValue(artifacts)]);
      const left = leftBy(status, {
        ...(given ? { output: given } : {}),
        ...(kept ? { artifacts: kept } : {}),
      });
      return [id, left] as const;
    }),
  );
  return Object.fromEntries(light);
}
