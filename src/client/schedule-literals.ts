/** Expressions in what a schedule gives its executions: values are data, and nobody evaluates them. */
import { fault, type Fault } from '../domain/fault.js';
import { isObject, preview, type Path } from '../domain/json.js';
import { sameJson } from '../domain/rerun-difference.js';

/**
 * What reads something of a run; other text with `${{` may be data, such as a template of somebody else's. Not `$${{`, by
 * which a pipeline says that no expression is meant.
 */
const EXPRESSION = /(?<!\$)\$\{\{[^}]*\b(?:execution|params|tasks|secrets)\b/;
const TIME = '${{ execution.scheduledTime }}';

/** What to do instead; both where expressions are evaluated, once for each execution. */
const INSTEAD = {
  params: `write ${TIME}, or whatever is meant, in the pipeline itself, such as in a node's input: there it is the time that each execution is for`,
  input: `schedule a pipeline of one node: in its input ${TIME} is the time that each execution is for`,
} as const;

/**
 * Parameters and an input that hold expressions, which whoever writes them expects to be evaluated each time; one fault a
 * value. A node's `inputs` are templates, and may.
 *
 * @param before parameters that a schedule has already: what stays as it was is not refused
 */
export function expressionFaults(
  { params, input }: Record<string, unknown>,
  before: Record<string, unknown> = {},
): Fault[] {
  const given = isObject(params) ? Object.entries(params) : [];
  return [
    ...given
      .filter(([name, value]) => !Object.hasOwn(before, name) || !sameJson(value, before[name]))
      .flatMap(([name, value]) => faultIn(['params', name], value, INSTEAD.params)),
    ...faultIn(['input'], input, INSTEAD.input),
  ];
}

function faultIn(at: Path, value: unknown, instead: string): Fault[] {
  const found = firstExpression(at, value);
  if (!found) return [];
  const [place, text] = found;
  const message = `expressions are not evaluated here, and every execution would get the text ${preview(text)}`;
  return [fault(place, 'EXPRESSION', message, instead)];
}

/** What may be anything, also in itself: that is told by the check of the submission. */
function firstExpression(at: Path, value: unknown): [Path, string] | undefined {
  const seen = new Set<object>();
  const open: [Path, unknown][] = [[at, value]];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [place, one] = next;
    if (typeof one === 'string' && EXPRESSION.test(one)) return [place, one];
    if (typeof one !== 'object' || one === null || seen.has(one)) continue;
    seen.add(one);
    const inner = Array.isArray(one)
      ? one.map((item: unknown, index): [Path, unknown] => [[...place, index], item])
      : Object.entries(one).map(([key, item]): [Path, unknown] => [[...place, key], item]);
    for (const each of inner.reverse()) open.push(each);
  }
  return undefined;
}
