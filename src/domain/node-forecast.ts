/** What a forecast says of each node. */
import { itemOptions, type Assumed, type DurationOrigin } from './assumed.js';
import { setOwn } from './json.js';
import type { Layers } from './option-layers.js';
import type { NodeKind } from './node-kind.js';
import { flowOptions, nodeOptions, type NodeOptions } from './node-options.js';
import type { NodeClass, Plan } from './plan.js';
import type { SimulatedNode, Simulation } from './simulate.js';

/** How a node is expected to go. Times in milliseconds from the graph's start. */
export interface NodeForecast {
  /** The task's name; of a sub-graph and an approval `tempograph.graph` and `tempograph.approval`. */
  task: string;
  kind: NodeKind;
  /** The length of the longest path to it. */
  level: number;
  dependsOn: string[];
  /** COMPLETED; SKIPPED where its trigger rule or its condition says no; as `outcomes` says. */
  status: SimulatedNode['status'];
  reason?: SimulatedNode['reason'];
  startMs: number | null;
  endMs: number;
  /** Of one attempt; of a map's item. */
  durationMs: number;
  durationFrom: DurationOrigin;
  /** What it waits for before it runs and between its attempts. */
  waits: SimulatedNode['waits'];
  /** How much later it could end without the graph ending later, places aside; null for one that does not run. */
  slackMs: number | null;
  /** Items of a map. */
  items?: number;
  options: NodeOptions;
}

interface NodeParts {
  kinds: readonly NodeKind[];
  levels: readonly number[];
  layers: Layers[];
  assumed: readonly Assumed[];
  expected: Simulation;
  slack: readonly (number | null)[];
}

/** Every node by its id, in the order of the plan. */
export function nodesOf(plan: Plan, parts: NodeParts): Record<string, NodeForecast> {
  const nodes: Record<string, NodeForecast> = {};
  const known = new Map<string, NodeOptions>();
  plan.nodes.forEach((node, index) => {
    const { id, dependsOn, class: at } = node;
    const own = plan.classes[at] as NodeClass;
    const layers = parts.layers[index] ?? [];
    const kind = parts.kinds[index] ?? 'task';
    // A map's options are those of its items.
    const settled = kind === 'map' ? { ...own, ...itemOptions(layers, index) } : own;
    const { durationMs, durationFrom, items } = parts.assumed[index] as Assumed;
    const { status, reason, startMs, endMs, waits } = wholeTimes(
      parts.expected.nodes[index] as SimulatedNode,
    );
    const slackMs = parts.slack[index] ?? null;
    const options = { ...nodeOptions(settled, layers, kind), ...flowOptions(node) };
    const key = JSON.stringify(options);
    if (!known.has(key)) known.set(key, options); // most nodes have the same
    setOwn(nodes, id, {
      ...{
        task: settled.task,
        kind,
        level: parts.levels[index] ?? 0,
      },
      dependsOn: dependsOn.map((other) => plan.nodes[other]?.id ?? ''),
      status,
      ...(reason === undefined ? {} : { reason }),
      ...{ startMs, endMs, durationMs: Math.round(durationMs), durationFrom, waits },
      slackMs: slackMs === null ? null : Math.round(slackMs),
      ...(items === undefined ? {} : { items }),
      options: known.get(key) ?? options,
    });
  });
  return nodes;
}

/** In whole milliseconds: what a node costs outside its handler is not. */
function wholeTimes(node: SimulatedNode): SimulatedNode {
  const { startMs, endMs, waits } = node;
  const whole = Object.entries(waits).map(([kind, ms]: [string, number]) => [kind, Math.round(ms)]);
  return {
    ...{ ...node, startMs: startMs === null ? null : Math.round(startMs) },
    ...{ endMs: Math.round(endMs), waits: Object.fromEntries(whole) as SimulatedNode['waits'] },
  };
}
