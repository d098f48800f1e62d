/** The step after the output check: the node's output of what its task gave. */
import { messageOf, TaskError } from '../domain/errors.js';
import { isObject, type Json } from '../domain/json.js';
import { INLINE_LIMIT, type NodeOutcome } from '../domain/outcome.js';
import { isHeavy, shapeResult, type ResultOptions } from '../domain/result-options.js';
import type { NodeRequest } from '../workflows/requests.js';
import type { Deps } from './deps.js';
import type { Facts } from './facts.js';
import { bounded } from './resolve.js';
import { asJson, storeOutput } from './values.js';

/**
 * Has the task's `processResult` and then `result`'s expressions make the output, and stores it.
 *
 * @param given what the output schema has taken
 * @throws TaskError RESULT_FAILED where either fails; OUTPUT_INVALID for what is no JSON; TOO_LARGE
 */
export async function makeOutput(
  deps: Deps,
  request: NodeRequest,
  facts: Facts,
  given: unknown,
): Promise<Required<Pick<NodeOutcome, 'output' | 'outputHash'>>> {
  const { result = {} } = request;
  const made = shaped(result, await processed(facts, given), facts.input);
  tellOfSecrets(facts, made);
  if (result.store === 'inline') assertInline(made);
  return await storeOutput(deps.blobs, made, {
    inline: result.store === 'reference' ? -1 : request.inlineLimit,
    maxBytes: deps.settings.maxOutputBytes,
  });
}

/** An output is never changed behind anybody's back: that it holds a secret is said, and it is stored as it is. */
function tellOfSecrets({ redaction, context, collected }: Facts, made: unknown): void {
  const names = redaction.namesIn(made);
  if (names.length === 0) return;
  const message = `the output holds the value of the secret ${names.join(', ')}, and is stored as it is: in the history, the store and whatever reads it; give back less, or "select" less of it`;
  if (context) context.warn(message);
  else collected.warnings.push(message);
}

async function processed({ task, context }: Facts, given: unknown): Promise<unknown> {
  const definition = task?.definition;
  if (!definition?.processResult || !context) return given;
  try {
    return (await definition.processResult(given, context)) ?? null;
  } catch (error) {
    context.signal.throwIfAborted(); // it was asked to stop
    const said = isObject(error) ? error['retriable'] : undefined;
    throw new TaskError('RESULT_FAILED', `processResult failed: ${messageOf(error)}`, {
      cause: error,
      ...(typeof said === 'boolean' ? { retriable: said } : {}),
    });
  }
}

function shaped(options: ResultOptions, value: unknown, input: Json): unknown {
  const { select, transform, merge } = options;
  if (select === undefined && transform === undefined && merge === undefined) return value;
  const output = asJson(value);
  try {
    return bounded('result', isHeavy(options), () => shapeResult(options, output, input));
  } catch (error) {
    const message = messageOf(error);
    // The same output makes the same error.
    throw new TaskError('RESULT_FAILED', message, { cause: error, retriable: false });
  }
}

function assertInline(made: unknown): void {
  const bytes = Buffer.byteLength(JSON.stringify(asJson(made)));
  if (bytes <= INLINE_LIMIT) return;
  throw new TaskError(
    'TOO_LARGE',
    `the output is ${bytes.toLocaleString('en')} bytes of JSON, and result.store is "inline": at most ${INLINE_LIMIT.toLocaleString('en')}; select less of it, or leave "store" out`,
  );
}
