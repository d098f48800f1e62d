/** Approvals: what is asked, made of the node's template; and an answer, checked and stored. */
import { TaskError } from '../domain/errors.js';
import { isObject, type Json, type JsonObject } from '../domain/json.js';
import { compileSchema } from '../domain/json-schema.js';
import { ApprovalSchema } from '../domain/node-kind.js';
import { parseTemplate } from '../domain/template.js';
import type {
  AnswerRequest,
  AnswerResult,
  NodeRequest,
  QuestionResult,
} from '../workflows/requests.js';
import type { Deps } from './deps.js';
import { recordError } from './failure.js';
import { bounded, contextOf, holds, loadBody, loadTasks } from './resolve.js';
import { storeOutput } from './values.js';

/** Characters of a message once its expressions are replaced. */
const MESSAGE_LIMIT = 4_000;

/** The question of an approval node. What is wrong with it is the node's end. */
export async function question(deps: Deps, request: NodeRequest): Promise<QuestionResult> {
  try {
    const body = await loadBody(deps, request.body);
    const { tasks } = await loadTasks(deps.blobs, request, body);
    const context = await contextOf(deps, request, tasks);
    if (body.when !== undefined && !holds(body.when, context)) return { skipped: true };
    const { message, by, timeout, onTimeout, onDeny, payload } = ApprovalSchema.parse(
      body.approval,
    );
    const parsed = parseTemplate(message, ['approval', 'message']);
    const text = bounded('message', parsed.heavy, () => parsed.resolve(context));
    return {
      question: {
        message: (typeof text === 'string' ? text : JSON.stringify(text)).slice(0, MESSAGE_LIMIT),
        ...(by ? { by } : {}),
        ...(timeout === undefined ? {} : { timeoutMs: timeout }),
        ...{ onTimeout, onDeny },
        ...(payload ? { payload: payload as JsonObject } : {}),
      },
    };
  } catch (error) {
    if (error instanceof TaskError && error.retriable) throw error; // a store that does not answer now
    return { error: recordError(error, false, 0) };
  }
}

/** Checks what an answer brings, and stores the node's output. */
export async function answer(
  { blobs, settings }: Deps,
  { schema, output, inlineLimit }: AnswerRequest,
): Promise<AnswerResult> {
  const payload = isObject(output) ? (output['payload'] as Json) : null;
  const problems = schema ? payloadProblems(schema, payload) : [];
  if (problems.length > 0) return { problems };
  try {
    const limits = { inline: inlineLimit, maxBytes: settings.maxOutputBytes };
    return await storeOutput(blobs, output, limits);
  } catch (error) {
    if (error instanceof TaskError && !error.retriable) return { problems: [error.message] };
    throw error;
  }
}

function payloadProblems(schema: JsonObject, payload: Json): string[] {
  try {
    return compileSchema(schema)(payload);
  } catch (error) {
    return [`the node's JSON Schema of the payload cannot be used: ${(error as Error).message}`];
  }
}
