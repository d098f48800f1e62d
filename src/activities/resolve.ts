/** The pipeline's first step: a node's condition, and its input out of its template, the parameters and what earlier nodes gave. */
import { randomBytes } from 'node:crypto';
import { createContext, Script } from 'node:vm';
import type { Artifact } from '../domain/artifact.js';
import { parseCondition } from '../domain/condition.js';
import { TaskError } from '../domain/errors.js';
import { inputVariables, RESULT_VARIABLES } from '../domain/expression.js';
import { setOwn, type Json, type JsonObject } from '../domain/json.js';
import { LateValues } from '../domain/late-values.js';
import type { Value } from '../domain/outcome.js';
import { parseTemplate } from '../domain/template.js';
import { getJson, type BlobStore } from '../store/blob-store.js';
import type { GivenParts } from '../domain/given.js';
import { withGiven, type NodeBody } from '../domain/plan.js';
import type { ItemRef, NodeRequest, PagedBody } from '../workflows/requests.js';
import type { Deps } from './deps.js';
import { loadValue } from './values.js';

/** Longest that a condition, or the expressions of one input, may take, in milliseconds. */
const TIME_LIMIT_MS = 1_000;

/** Where what a node reads lies. */
export type Sources = Pick<Deps, 'blobs' | 'pages'>;

export interface ResolvedInput {
  /** With a marker for each of {@link late}. */
  input: Json;
  /** What the worker puts in when the handler is entered, and not before. */
  late: LateValues;
  /** The execution's, with the node's over it. */
  metadata: JsonObject;
  /** Outputs of the nodes that the input or the condition names. */
  outputs: Record<string, Json>;
  /** Its condition said no: the input is null, since it may read what is not there. */
  skipped: boolean;
}

/** @throws TaskError EXPRESSION of the condition or of the input, STORE or NOT_FOUND */
export async function resolveInput(sources: Sources, request: NodeRequest): Promise<ResolvedInput> {
  const { blobs } = sources;
  const body = await loadBody(sources, request.body);
  const { outputs, tasks } = await loadTasks(blobs, request, body);
  const context = await contextOf(sources, request, tasks);
  const skipped = body.when !== undefined && !request.after && !holds(body.when, context);
  const isItem = request.item !== undefined || body.map !== undefined;
  const variables = inputVariables({ task: true, map: isItem });
  const parsed = parseTemplate(body.input ?? null, ['input'], variables);
  const nonce = parsed.late.length === 0 ? '' : randomBytes(12).toString('hex');
  const late = new LateValues(parsed.late, nonce);
  const full = { ...context, ...late.context };
  // What follows a map comes after all of its items: there is no one item.
  const isWhole = request.after !== undefined && body.map !== undefined;
  const input =
    skipped || isWhole ? null : bounded('input', parsed.heavy, () => parsed.resolve(full));
  return {
    input: request.after ? await inputAfter(blobs, request, body, input) : input,
    late,
    metadata: { ...(context['execution'] as { metadata: JsonObject }).metadata, ...body.metadata },
    outputs,
    skipped,
  };
}

/** What the nodes from above that a request names gave: as they are, and as expressions see them. */
export async function loadTasks(
  blobs: BlobStore,
  { reads = {} }: Pick<NodeRequest, 'reads'>,
  body: NodeBody,
): Promise<{ outputs: Record<string, Json>; tasks: JsonObject }> {
  const outputs: Record<string, Json> = {};
  const tasks: JsonObject = {};
  const hasArtifacts = Object.values(reads).some((upstream) => upstream.artifacts !== undefined);
  // A list by reference is read only for who wants one: most that read a node read its output.
  const { when, input, map, approval, undo } = body;
  const wanted =
    hasArtifacts && JSON.stringify([when, input, map, approval, undo]).includes('artifacts');
  for (const [id, upstream] of Object.entries(reads)) {
    const output = upstream.output ? await loadValue(blobs, upstream.output) : null;
    setOwn(outputs, id, output);
    const artifacts = wanted && upstream.artifacts ? await loadList(blobs, upstream.artifacts) : [];
    const byName: JsonObject = {};
    for (const one of artifacts) setOwn<Json>(byName, one.name, { ...one });
    setOwn<Json>(tasks, id, { status: upstream.status, output, artifacts: byName });
  }
  return { outputs, tasks };
}

async function loadList(blobs: BlobStore, list: Value): Promise<Artifact[]> {
  return (await loadValue(blobs, list)) as unknown as Artifact[];
}

/** The time that an execution is for, ISO. */
export const scheduledTimeOf = ({
  scheduledTime,
  run,
}: Pick<NodeRequest['execution'], 'scheduledTime' | 'run'>): string =>
  scheduledTime ?? new Date(run.startedAt).toISOString();

/** What a node's expressions see. */
export async function contextOf(
  { blobs, pages }: Sources,
  { execution, params, item }: Pick<NodeRequest, 'execution' | 'params' | 'item'>,
  tasks: JsonObject,
): Promise<JsonObject> {
  const { id, graph, project, sessionId, parent, metadata } = execution;
  return {
    params: params ? await loadValue(blobs, params) : {},
    tasks,
    execution: {
      // The items of a map are nodes of the graph that the map stands in, for whoever wrote it.
      id: parent?.map ? parent.id : id,
      graph,
      project: project ?? null,
      sessionId: sessionId ?? null,
      scheduledTime: scheduledTimeOf(execution),
      metadata: metadata ? await loadValue(blobs, metadata) : {},
    },
    ...(item ? { item: await loadItem(pages, item), index: item.index } : {}),
  };
}

async function loadItem(pages: Deps['pages'], { ref, at, index }: ItemRef): Promise<Json> {
  const item = await pages.entry(ref, at);
  if (item === undefined) throw new TaskError('ENGINE', `page ${ref} has no item ${index}`);
  return item;
}

/** The input of what follows a node's work, made of the node's own input. */
async function inputAfter(
  blobs: BlobStore,
  { after, execution, node }: NodeRequest,
  body: NodeBody,
  input: Json,
): Promise<Json> {
  const nodeId = node.id.replace(/~[^~]*$/, '');
  const executionId = `${execution.id}/${nodeId}`;
  if (after && 'verify' in after)
    return { ...after.verify, executionId, nodeId, input, idempotencyKey: executionId };
  const output = after?.undo ? await loadValue(blobs, after.undo) : null;
  if (body.undo === undefined) return { input, output };
  const parsed = parseTemplate(body.undo, ['compensate', 'input'], RESULT_VARIABLES);
  return bounded('input', parsed.heavy, () => parsed.resolve({ input, output }));
}

export async function loadBody(
  { blobs, pages }: Sources,
  body: NodeRequest['body'],
): Promise<NodeBody> {
  if (!('ref' in body)) return await whole(blobs, body);
  const found = (await pages.entry(body.ref, body.index)) as PagedBody | undefined;
  if (!found) throw new TaskError('ENGINE', `page ${body.ref} has no node ${body.index}`);
  return await whole(
    blobs,
    'at' in found ? ((await getJson(blobs, found.at)) as unknown as NodeBody) : found,
  );
}

async function whole(blobs: BlobStore, body: NodeBody): Promise<NodeBody> {
  if (body.given === undefined) return body;
  return withGiven(body, (await getJson(blobs, body.given)) as GivenParts);
}

/** @throws TaskError EXPRESSION */
export function holds(when: string, context: JsonObject): boolean {
  try {
    const condition = parseCondition(when);
    return bounded('when', condition.heavy, () => condition.holds(context));
  } catch (error) {
    const { message } = error as Error;
    if (message.startsWith('when: ')) throw error;
    throw new TaskError('EXPRESSION', `when: ${message}`, { cause: error });
  }
}

const watchdog = new Script('run()');

/**
 * Macros are bounded in nesting and items, yet a big list times a long body can still take seconds of the worker's only
 * thread. V8's watchdog is the one way to interrupt synchronous code; it is no sandbox here and is not used as one.
 */
export function bounded<T>(
  what: 'when' | 'input' | 'result' | 'map' | 'message' | 'program',
  heavy: boolean,
  evaluate: () => T,
): T {
  if (!heavy) return evaluate();
  let result: { value: T } | { error: unknown } | undefined;
  const run = (): void => {
    try {
      result = { value: evaluate() };
    } catch (error) {
      result = { error };
    }
  };
  try {
    watchdog.runInContext(createContext({ run }), { timeout: TIME_LIMIT_MS });
  } catch (error) {
    throw new TaskError(
      'EXPRESSION',
      `${what}: the expressions took more than ${TIME_LIMIT_MS} ms and were stopped`,
      { cause: error },
    );
  }
  if (result && 'value' in result) return result.value;
  throw result?.error;
}
