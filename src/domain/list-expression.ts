/** The list of a map: a CEL expression that gives one. Evaluated on the worker, before any item is known. */
import { TaskError } from './errors.js';
import { expressionSource, parseExpression, type Expression } from './expression.js';
import { preview, type Json, type JsonObject } from './json.js';

const HOW = 'a map goes over one CEL expression, bare or in ${{ … }}, that gives a list';

/** A parsed list expression. */
export interface ListExpression extends Pick<Expression, 'references' | 'heavy'> {
  /**
   * The list in a context.
   *
   * @throws TaskError EXPRESSION naming the expression, where it fails or gives no list
   */
  items(context: JsonObject): Json[];
}

/**
 * Parses `tasks.find.output.files` or `${{ params.days }}`.
 *
 * @throws TaskError EXPRESSION where it does not parse, or can never give a list
 */
export function parseListExpression(text: string): ListExpression {
  const expression = parseExpression(expressionSource(text));
  const { source, references, heavy, type } = expression;
  if (type !== 'dyn' && !type.startsWith('list'))
    throw new TaskError('EXPRESSION', `expression ${preview(source)} gives ${type}; ${HOW}`);
  return {
    references,
    heavy,
    items: (context) => {
      const value = expression.evaluate(context);
      if (Array.isArray(value)) return value;
      throw new TaskError(
        'EXPRESSION',
        `expression ${preview(source)} gave ${preview(value)}; ${HOW}`,
      );
    },
  };
}

/** A parsed list expression, or why it is none. */
export function listProblem(text: string): ListExpression | { problem: string } {
  try {
    return parseListExpression(text);
  } catch (error) {
    const { message } = error as Error;
    return { problem: message.includes(HOW) ? message : `${message}; ${HOW}` };
  }
}
