/**
 * The specs of the executions that will run below a graph's nodes: a sub-graph's, and for a map one that has the node's
 * task as its only node. They are stored when the graph is prepared, so a later change of a pipeline's file changes
 * nothing about a graph that runs.
 */
import { isObject, type Json } from '../domain/json.js';
import { kindOf, type MapOptions } from '../domain/node-kind.js';
import { isSmall, type Given, type GivenParts } from '../domain/given.js';
import type { Plan } from '../domain/plan.js';
import type { ParsedGraph } from '../domain/spec.js';
import type { ValidGraph } from '../domain/validate.js';
import { putJson, type BlobStore } from '../store/blob-store.js';
import type { Deps } from './deps.js';

type Node = ParsedGraph['tasks'][number];

/** Stores what runs below the plan's nodes, and names it there. */
export async function storeBelow(deps: Deps, { graph }: ValidGraph, plan: Plan): Promise<void> {
  for (const [index, node] of graph.tasks.entries()) {
    const planned = plan.nodes[index];
    const kind = kindOf(node);
    if (!planned || (kind !== 'graph' && kind !== 'map')) continue;
    const spec = kind === 'map' ? mapSpec(deps, graph, node) : wholeGraph(deps, node.graph);
    planned.below = (await putJson(deps.blobs, spec)).ref;
  }
}

/** What each class of a plan gives its nodes, before it is stored. */
export const partsOf = ({ classes }: Plan): GivenParts[] =>
  classes.map(({ given }) => (given && 'json' in given ? given.json : {}));

/** Stores what the plan's nodes are given, where it is not small. Before any body is made of it. */
export async function storeGiven(blobs: BlobStore, plan: Plan): Promise<void> {
  const stored = new Map<object, Given>(); // many classes have the same
  for (const one of plan.classes) {
    if (!one.given || 'ref' in one.given || isSmall(one.given.json)) continue;
    const { json } = one.given;
    const given = stored.get(json) ?? { ref: (await putJson(blobs, json)).ref };
    stored.set(json, given);
    one.given = given;
  }
}

/** A sub-graph whole, where its name stands for it. */
function wholeGraph({ graphs }: Deps, graph: Node['graph']): Json {
  if (typeof graph !== 'string') return graph as Json;
  const found = graphs(graph);
  return 'spec' in found ? found.spec : null; // the validation has looked it up just now
}

/** The spec of a map: its options as those of a graph, its node as the only one. */
function mapSpec(deps: Deps, graph: ParsedGraph, node: Node): Json {
  const { map, when, trigger, dependsOn, scheduledTime, compensate, onCancel, ...item } = node;
  void [when, trigger, dependsOn, scheduledTime, compensate, onCancel];
  const { concurrency, onFailure, allowFailure } = map as MapOptions;
  const { name, version, params, hooks, defaults } = graph;
  return plain({
    ...{ name, version, params, concurrency, onFailure },
    ...(hooks ? { hooks } : {}),
    ...(defaults ? { defaults } : {}),
    tasks: [
      {
        ...{ ...item, id: '0', allowFailure },
        ...(item.graph === undefined ? {} : { graph: wholeGraph(deps, item.graph) }),
      },
    ],
  });
}

/** Without what is undefined. */
function plain(value: object): Json {
  const json = JSON.parse(JSON.stringify(value)) as Json;
  return isObject(json) ? json : null;
}
