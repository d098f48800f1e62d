/** What makes a node of an edited graph another one than before: its work, its input and what it waits for. */
import { isObject } from './json.js';
import { kindOf, taskOf } from './node-kind.js';
import { programOf } from './program.js';
import type { ParsedGraph, TaskOptions } from './spec.js';

type Node = ParsedGraph['tasks'][number];

/** A graph, and what was said of all its tasks when it was submitted. */
export interface Said {
  graph: ParsedGraph;
  options?: TaskOptions | undefined;
}

/**
 * Ids of the nodes that are not what they were. Retries, times, priorities, limits, metadata and words do not count: they
 * say how the work is done, not what is done.
 */
export function changedNodes(before: Said, after: Said): Set<string> {
  const earlier = new Map(before.graph.tasks.map((node) => [node.id, workOf(node, before)]));
  return new Set(
    after.graph.tasks.flatMap((node) => {
      const was = earlier.get(node.id);
      return was === undefined || sameJson(was, workOf(node, after)) ? [] : [node.id];
    }),
  );
}

/** True when the same hooks run before every node. */
export const sameHooks = (before: ParsedGraph, after: ParsedGraph): boolean =>
  sameJson(before.hooks?.pre ?? [], after.hooks?.pre ?? []);

function workOf(node: Node, { graph, options }: Said): unknown {
  const { map } = node;
  return {
    ...{ kind: kindOf(node), task: taskOf(node), when: node.when, trigger: node.trigger },
    ...{ input: node.input ?? null, dependsOn: [...node.dependsOn].sort() },
    ...{ graph: node.graph, approval: node.approval, program: programOf(node) },
    map: map && { over: map.over, allowFailure: map.allowFailure },
    result: node.result ?? options?.result ?? graph.defaults?.result,
  };
}

/** True for values whose JSON is the same, whatever the order of their keys. */
export function sameJson(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((item, index) => sameJson(item, b[index]));
  if (!isObject(a) || !isObject(b)) return false;
  const said = (value: Record<string, unknown>): string[] =>
    Object.keys(value).filter((key) => value[key] !== undefined);
  const keys = said(a);
  return (
    keys.length === said(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && sameJson(a[key], b[key]))
  );
}
