/**
 * Edits of a graph that runs: nodes that are new stand behind those that there are, nodes that changed stay where they
 * are, so indexes keep their meaning; options that no node had are added behind the known ones, for the same reason.
 */
import { fault, type Fault } from './fault.js';
import { isObject, preview } from './json.js';
import type { HeldPlan, NodeClass, Plan, PlanNode } from './plan.js';

/** A node as an edit makes it, and its options. */
export interface EditedNode {
  index: number;
  node: PlanNode;
  class: NodeClass;
}

/** Where each given node stands in the graph as it will be: `add[0]` behind what is there, `replace[0]` in its place. */
export interface EditPlaces {
  /** Index in the merged list → how the caller wrote it. */
  names: Map<number, string>;
  tasks: unknown[];
}

/**
 * The list of nodes after an edit.
 *
 * @returns or what is wrong with its ids
 */
export function mergeEdit(
  tasks: readonly unknown[],
  { add, replace }: { add: readonly unknown[]; replace: readonly unknown[] },
): EditPlaces | { faults: Fault[] } {
  const indexOf = new Map(tasks.map((node, index) => [idOf(node), index]));
  const merged = [...tasks];
  const names = new Map<number, string>();
  const faults: Fault[] = [];
  replace.forEach((node, position) => {
    const index = indexOf.get(idOf(node));
    const path = ['replace', position, 'id'];
    if (index === undefined) {
      const hint = 'a node that is new goes into "add"';
      faults.push(
        fault(path, 'UNKNOWN_REFERENCE', `the graph has no node ${preview(idOf(node))}`, hint),
      );
    } else if (names.has(index))
      faults.push(fault(path, 'DUPLICATE_ID', `${preview(idOf(node))} is replaced twice`));
    else {
      merged[index] = node;
      names.set(index, `replace[${position}]`);
    }
  });
  add.forEach((node, position) => {
    if (indexOf.has(idOf(node))) {
      const hint = 'a node to take its place goes into "replace"';
      faults.push(
        fault(
          ['add', position, 'id'],
          'DUPLICATE_ID',
          `the graph has a node ${preview(idOf(node))} already`,
          hint,
        ),
      );
    } else names.set(merged.push(node) - 1, `add[${position}]`);
  });
  return faults.length > 0 ? { faults } : { names, tasks: merged };
}

/** The faults of the merged graph with the places that the caller knows: `tasks[7].input` is `add[1].input`. */
export function placeFaults(faults: readonly Fault[], names: EditPlaces['names']): Fault[] {
  return faults.map((one) => {
    const [all = '', index = ''] = /^tasks\[(\d+)\]/.exec(one.path) ?? [];
    const name = all === '' ? undefined : names.get(Number(index));
    return name === undefined ? one : { ...one, path: name + one.path.slice(all.length) };
  });
}

/**
 * The nodes of an edit as the running graph takes them in.
 *
 * @param current what of the running plan they have to fit
 * @param merged the plan of the whole graph as it will be
 * @returns or why they do not fit: a limit has its keeper from the graph's start on
 */
export function editedNodes(
  current: Pick<Plan, 'limits' | 'lanes'>,
  merged: Plan,
  names: EditPlaces['names'],
): { nodes: EditedNode[] } | { faults: Fault[] } {
  const faults: Fault[] = [];
  const nodes = [...names].map(([index, name]): EditedNode => {
    const node = merged.nodes[index] as PlanNode;
    const { lane, ...own } = merged.classes[node.class] as NodeClass;
    if (lane === undefined) return { index, node, class: own };
    const known = knownLane(current, merged, lane);
    if (known === undefined) {
      const key = merged.limits?.[merged.lanes?.[lane]?.limit ?? -1]?.key;
      faults.push({
        path: `${name}.limit`,
        code: 'LIMIT',
        message: `no node of the running graph is held to the limit ${preview(key)} with this weight, so it has no line there`,
        hint: 'use a limit and a weight that the graph had when it began, or start a graph of its own',
      });
    }
    return { index, node, class: { ...own, lane: known ?? 0 } };
  });
  return faults.length > 0 ? { faults } : { nodes };
}

/** Takes them into the plan, which is changed in place: whoever holds it or its lists sees them. */
export function growPlan(
  plan: Pick<HeldPlan, 'nodes' | 'classes'>,
  edited: readonly EditedNode[],
): void {
  const places = new Map(plan.classes.map((one, at) => [JSON.stringify(one), at]));
  for (const { index, node, class: wanted } of edited) {
    const text = JSON.stringify(wanted);
    const at = places.get(text) ?? plan.classes.push(wanted) - 1;
    places.set(text, at);
    plan.nodes[index] = { ...node, class: at };
  }
}

function knownLane(
  current: Pick<Plan, 'limits' | 'lanes'>,
  merged: Plan,
  lane: number,
): number | undefined {
  const { limit = -1, weight } = merged.lanes?.[lane] ?? {};
  const key = merged.limits?.[limit]?.key;
  const found = current.lanes?.findIndex(
    (one) => one.weight === weight && current.limits?.[one.limit]?.key === key,
  );
  return found === undefined || found < 0 ? undefined : found;
}

const idOf = (node: unknown): unknown => (isObject(node) ? node['id'] : undefined);
