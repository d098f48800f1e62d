/** The pipeline's first step: a node's condition, and its input out of its template, the parameters and what earlier nodes gave. */
import { createContext, Script } from 'node:vm';
import { parseCondition } from '../domain/condition.js';
import { TaskError } from '../domain/errors.js';
import { setOwn, type Json, type JsonObject } from '../domain/json.js';
import { parseTemplate } from '../domain/template.js';
import { getJson, type BlobStore } from '../store/blob-store.js';
import type { NodeBody } from '../domain/plan.js';
import type { NodeRequest } from '../workflows/requests.js';
import { loadValue } from './values.js';

/** Longest that a condition, or the expressions of one input, may take, in milliseconds. */
const TIME_LIMIT_MS = 1_000;

export interface ResolvedInput {
  input: Json;
  /** The execution's, with the node's over it. */
  metadata: JsonObject;
  /** Outputs of the nodes that the input or the condition names. */
  outputs: Record<string, Json>;
  /** Its condition said no: the input is null, since it may read what is not there. */
  skipped: boolean;
}

/** @throws TaskError EXPRESSION of the condition or of the input, STORE or NOT_FOUND */
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
  const context = { params, tasks, execution };
  const skipped = body.when !== undefined && !holds(body.when, context);
  const parsed = parseTemplate(template, ['input']);
  return {
    input: skipped ? null : bounded('input', parsed.heavy, () => parsed.resolve(context)),
    metadata: { ...(common as JsonObject), ...body.metadata },
    outputs,
    skipped,
  };
}

async function loadBody(blobs: BlobStore, body: NodeRequest['body']): Promise<NodeBody> {
  if (!('ref' in body)) return body;
  const page = (await getJson(blobs, body.ref)) as unknown as NodeBody[];
  const found = page[body.index];
  if (!found) throw new TaskError('ENGINE', `page ${body.ref} has no node ${body.index}`);
  return found;
}

function holds(when: string, context: JsonObject): boolean {
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
  what: 'when' | 'input' | 'result',
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
