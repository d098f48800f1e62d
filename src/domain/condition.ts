/**
 * Conditions: the `when` of a node, a CEL expression that says yes or no once its trigger rule has let it run.
 *
 * Evaluated on the worker, as inputs are, before anything else of the node is looked at.
 */
import { TaskError } from './errors.js';
import { expressionSource, parseExpression, type Expression } from './expression.js';
import { preview, type JsonObject } from './json.js';

const HOW = 'a condition is one CEL expression, bare or in ${{ … }}, that gives true or false';

/** A parsed condition. */
export interface Condition extends Pick<Expression, 'references' | 'heavy'> {
  /**
   * What it says in a context.
   *
   * @throws TaskError EXPRESSION naming the expression, where it fails or gives neither true nor false
   */
  holds(context: JsonObject): boolean;
}

/**
 * Parses a condition, `tasks.a.output.n > 3` or `${{ tasks.a.output.n > 3 }}`.
 *
 * @throws TaskError EXPRESSION where it does not parse, or can never give true or false
 */
export function parseCondition(text: string): Condition {
  const expression = parseExpression(expressionSource(text));
  const { source, references, heavy, type } = expression;
  if (type !== 'bool' && type !== 'dyn')
    throw new TaskError('EXPRESSION', `expression ${preview(source)} gives ${type}; ${HOW}`);
  return {
    references,
    heavy,
    holds: (context) => {
      const value = expression.evaluate(context);
      if (typeof value === 'boolean') return value;
      const gave = `expression ${preview(source)} gave ${preview(value)}`;
      throw new TaskError('EXPRESSION', `${gave}; ${HOW}`);
    },
  };
}

/** A parsed condition, or why it is none. */
export function conditionProblem(text: string): Condition | { problem: string } {
  try {
    return parseCondition(text);
  } catch (error) {
    const { message } = error as Error;
    return { problem: message.includes(HOW) ? message : `${message}; ${HOW}` };
  }
}
