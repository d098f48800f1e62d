/**
 * What the steps of an Argo graph read of each other. A program keeps its standard output and its exit code only where somebody
 * reads them, so it has to be known before the first step becomes a node. The template is searched as text: a name too many
 * only keeps what nobody reads.
 */
import { isObject } from '../domain/json.js';

/** Names of steps, by what others read of them. */
export interface Reads {
  /** Standard output. */
  result: ReadonlySet<string>;
  exitCode: ReadonlySet<string>;
  /** How single items of a loop ended. */
  items: ReadonlySet<string>;
}

const READ = /(?:\.|\[')([^.'[\]]+)(?:'\])?(?:\.|\[')(outputs(?:'\])?(?:\.|\[')result|exitCode)/g;

const ITEMS = /([^\s()!&|"',.:]+)\.(?:AnySucceeded|AllFailed)\b/g;

/** A template may be used by many steps; its text is searched once. */
const looked = new WeakMap<object, Reads>();

/** What the steps of a template that is a graph read of each other. */
export function readsIn(template: unknown): Reads {
  const known = isObject(template) ? looked.get(template) : undefined;
  if (known) return known;
  const [result, exitCode] = [new Set<string>(), new Set<string>()];
  const text = JSON.stringify(template).replaceAll('\\"', "'");
  for (const [, step = '', what] of text.matchAll(READ))
    (what === 'exitCode' ? exitCode : result).add(step);
  const items = new Set([...text.matchAll(ITEMS)].map(([, step = '']) => step));
  const reads = { result, exitCode, items };
  if (isObject(template)) looked.set(template, reads);
  return reads;
}
