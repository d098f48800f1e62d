/** The pipeline's first step: a node's input out of its template, the parameters and what earlier nodes gave. */
import { createContext, Script } from 'node:vm';
import { TaskError } from '../domain/errors.js';
import { setOwn, type Json, type JsonObject } from '../domain/json.js';
import { parseTemplate, type Template } from '../domain/template.js';
import { getJson, type BlobStore } from '../store/blob-store.js';
import type { NodeBody } from '../domain/plan.js';
import type { NodeRequest } from '../workflows/requests.js';
import { loadValue } from './values.js';

/** Longest that the expressions of one input may take, in milliseconds. */
const TIME_LIMIT_MS = 1_000;

export interface ResolvedInput {
  input: Json;
  /** The execution's, with the node's over it. */
  metadata: JsonObject;
  /** Outputs of the nodes that the input names. */
  outputs: Record<string, Json>;
}

/** @throws TaskError EXPRESSION, STORE or NOT_FOUND */
export async function resolveInput(blobs: BlobStore, request: NodeRequest): Promise<ResolvedInput> {
  const body = await loadBody(blobs, request.body);
  const outputs: Record<string, Json> = {};
  const tasks: JsonObject = {};
  for (const [id, upstream] of Object.entries(request.reads ?? {})) {
    const output = upstream.output ? await loadValue(blobs, upstream.output) : null;
    setOwn(outputs, id, output);
    setOwn<Json>(tasks, id, { status: upstream.status, output });
  }
  const template = body.input ?? null;
  const params = request.params ? await loadValue(blobs, request.params) : {};
  const { id, graph, project, sessionId } = request.execution;
  const common = request.execution.metadata
    ? await loadValue(blobs, request.execution.metadata)
    : {};
  const execution: JsonObject = {
    id,
    graph,
    project: project ?? null,
    sessionId: sessionId ?? null,
    metadata: common,
  };
  const parsed = parseTemplate(template, ['input']);
  return {
    input: evaluate(parsed, { params, tasks, execution }),
    metadata: { ...(common as JsonObject), ...body.metadata },
    outputs,
  };
}

async function loadBody(blobs: BlobStore, body: NodeRequest['body']): Promise<NodeBody> {
  if (!('ref' in body)) return body;
  const page = (await getJson(blobs, body.ref)) as unknown as NodeBody[];
  const found = page[body.index];
  if (!found) throw new TaskError('ENGINE', `page ${body.ref} has no node ${body.index}`);
  return found;
}

const watchdog = new Script('run()');

/**
 * Macros are bounded in nesting and items, yet a big list times a long body can still take seconds of the worker's only
 * thread. V8's watchdog is the one way to interrupt synchronous code; it is no sandbox here and is not used as one.
 */
function evaluate(template: Template, context: JsonObject): Json {
  if (!template.heavy) return template.resolve(context);
  let result: { value: Json } | { error: unknown } | undefined;
  const run = (): void => {
    try {
      result = { value: template.resolve(context) };
    } catch (error) {
      result = { error };
    }
  };
  try {
    watchdog.runInContext(createContext({ run }), { timeout: TIME_LIMIT_MS });
  } catch (error) {
    throw new TaskError(
      'EXPRESSION',
      `input: the expressions took more than ${TIME_LIMIT_MS} ms and were stopped`,
      { cause: error },
    );
  }
  if (result && 'value' in result) return result.value;
  throw result?.error;
}
