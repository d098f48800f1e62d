/**
 * What the steps of an Argo graph read of each other. A program keeps its standard output, its exit code and lists only where
 * somebody reads them, so it has to be known before the first step becomes a node. The template is searched as text: a name
 * too many only keeps what nobody reads.
 */
import { isObject } from '../domain/json.js';

/** Names of steps, by what others read of them. */
export interface Reads {
  /** Standard output. */
  result: ReadonlySet<string>;
  exitCode: ReadonlySet<string>;
  /** What loops go over, `result` or `parameters.x`, by the step. */
  lists: ReadonlyMap<string, ReadonlySet<string>>;
}

const READ = /(?:\.|\[')([^.'[\]]+)(?:'\])?\.(outputs\.result|exitCode)/g;
const LOOP =
  /"withParam":"\{\{=?\s*(?:tasks|steps)(?:\.|\[')([^.'[\]]+)(?:'\])?\.outputs\.(result|parameters\.[\w-]+)\s*\}\}"/g;

/** A template may be used by many steps; its text is searched once. */
const looked = new WeakMap<object, Reads>();

/** What the steps of a template that is a graph read of each other. */
export function readsIn(template: unknown): Reads {
  const known = isObject(template) ? looked.get(template) : undefined;
  if (known) return known;
  const [result, exitCode] = [new Set<string>(), new Set<string>()];
  const lists = new Map<string, Set<string>>();
  const text = JSON.stringify(template).replaceAll('\\"', "'");
  for (const [, step = '', what] of text.matchAll(READ))
    (what === 'exitCode' ? exitCode : result).add(step);
  for (const [, step = '', what = ''] of text.matchAll(LOOP))
    lists.set(step, (lists.get(step) ?? new Set<string>()).add(what));
  const reads = { result, exitCode, lists };
  if (isObject(template)) looked.set(template, reads);
  return reads;
}

/**
 * The results that a program gives as JSON instead of as texts, since loops go over them. There an output is one document
 * or texts, so it is all of them or none.
 */
export function listsOf(template: unknown, step: string, reads: Reads): ReadonlySet<string> {
  const lists = reads.lists.get(step) ?? new Set<string>();
  const outputs: unknown = isObject(template) ? template['outputs'] : undefined;
  const parameters: unknown = isObject(outputs) ? outputs['parameters'] : undefined;
  const names = (Array.isArray(parameters) ? parameters : []).map((one: unknown) =>
    isObject(one) ? `parameters.${String(one['name'])}` : '',
  );
  const all = [...names, ...(reads.result.has(step) ? ['result'] : [])];
  return all.every((one) => lists.has(one)) ? lists : new Set();
}
