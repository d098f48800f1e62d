/**
 * What becomes of a task's output before it is the node's: part of it, something made of it, something it is put over,
 * and where it lies. Pure; the worker does it once the output schema has taken what the handler gave.
 */
import { z } from 'zod';
import { messageOf, TaskError } from './errors.js';
import {
  expressionSource,
  parseExpression,
  RESULT_VARIABLES,
  type Expression,
} from './expression.js';
import { isObject, preview, type Json, type JsonObject } from './json.js';

const EXPRESSION_LIMIT = 4_000;

const ResultExpression = z
  .string()
  .min(1)
  .max(EXPRESSION_LIMIT)
  .superRefine((source, context): void => {
    const message = expressionFault(source);
    if (message !== undefined) context.addIssue({ code: 'custom', message });
  });

/** Bare or in `${{ … }}`, as everywhere. */
const parse = (source: string): Expression =>
  parseExpression(expressionSource(source), RESULT_VARIABLES);

function expressionFault(source: string): string | undefined {
  try {
    parse(source);
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

/** In expressions `output` is what the step before gave, and `input` the task's input after hooks. */
export const ResultSchema = z.strictObject({
  /** The part that is kept: `output.rows`. */
  select: ResultExpression.optional(),
  /** What is made of it: `{"count": size(output)}`. */
  transform: ResultExpression.optional(),
  /** An object that its fields are put over: `input` hands on the input with what was found out. */
  merge: ResultExpression.optional(),
  /**
   * `reference` always puts it into the blob store, `inline` refuses what is over 4 KiB of JSON. Default: inline up to
   * there, else by reference.
   */
  store: z.enum(['inline', 'reference']).optional(),
  /**
   * The node's dependants that do not read its output start once its work is done, while the result is made of it. Where that
   * fails the node completes with a warning, its output what its task gave. Default false.
   */
  async: z.boolean().optional(),
});
/** What becomes of a task's output. */
export type ResultOptions = z.output<typeof ResultSchema>;

/** True when evaluating may take long. */
export function isHeavy({ select, transform, merge }: ResultOptions): boolean {
  return [select, transform, merge].some((source) => source !== undefined && parse(source).heavy);
}

/**
 * The output after `select`, `transform` and `merge`, in this order.
 *
 * @throws TaskError EXPRESSION, or RESULT_FAILED for a merge of what is no object, naming the step
 */
export function shapeResult(options: ResultOptions, output: Json, input: Json): Json {
  const step = (name: 'select' | 'transform' | 'merge', value: Json): Json => {
    const source = options[name];
    if (source === undefined) return value;
    try {
      return parse(source).evaluate({ output: value, input });
    } catch (error) {
      throw new TaskError('EXPRESSION', `result.${name}: ${messageOf(error)}`, { cause: error });
    }
  };
  const shaped = step('transform', step('select', output));
  if (options.merge === undefined) return shaped;
  const base = step('merge', shaped);
  return { ...asObject(base, 'what it is put over'), ...asObject(shaped, 'the output') };
}

function asObject(value: Json, what: string): JsonObject {
  if (isObject(value)) return value;
  throw new TaskError(
    'RESULT_FAILED',
    `result.merge: ${what} must be an object, got ${preview(value)}`,
    { retriable: false },
  );
}
