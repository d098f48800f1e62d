/**
 * What a node is: a task or a program, a sub-graph, a map over either, or a question to somebody.
 *
 * Of these only a task alone is an activity. A sub-graph and a map are executions of their own below the node, and an
 * approval is a wait; none of the three has attempts or takes a place in the window.
 */
import { z } from 'zod';
import { byName } from './by-name.js';
import { TimeLimitSchema } from './duration.js';
import { PROGRAM_KINDS } from './program.js';

export const NODE_KINDS = ['task', 'graph', 'map', 'approval'] as const;
export type NodeKind = (typeof NODE_KINDS)[number];

/** What a node may run; it has one of these. */
export const NODE_WORK = ['task', 'graph', 'approval', 'process', 'container', 'faas'] as const;

/** The name under which nodes without a task of their own are shown and counted. */
export const KIND_TASK = {
  graph: 'tempograph.graph',
  approval: 'tempograph.approval',
  process: 'tempograph.process',
  container: 'tempograph.container',
  faas: 'tempograph.faas',
} as const;

/** Items that a map may have, at most and where nothing is said. */
export const MAX_ITEMS = 250_000;
const ITEMS_BY_DEFAULT = 10_000;
/** Executions below each other: a sub-graph in a sub-graph, or an item of a map, is one level down. */
export const MAX_DEPTH = 5;

/** A CEL expression that gives a list, bare or in `${{ … }}`, or the items themselves. */
const ListSchema = z.union([z.string().min(1), z.array(z.unknown())]);

const MapObjectSchema = z.strictObject({
  over: ListSchema,
  /** Items that run at once. Default 10, at most 1,000. */
  concurrency: z.int().min(1).max(1_000).default(10),
  /** A longer list is a failure of the node. Default 10,000, at most 250,000. */
  maxItems: z.int().min(0).max(MAX_ITEMS).default(ITEMS_BY_DEFAULT),
  /** What the failure of an item does to the others. Default continue. */
  onFailure: z.enum(['continue', 'failFast']).default('continue'),
  /** An item that fails gives null, and does not fail the node. Default false. */
  allowFailure: z.boolean().default(false),
});

/** `map`: the list alone, or an object that says more. */
export const MapSchema = z.union([
  ListSchema.transform((over) => MapObjectSchema.parse({ over })),
  MapObjectSchema,
]);
export type MapOptions = z.output<typeof MapObjectSchema>;
export const MAP_FIELDS = Object.keys(MapObjectSchema.shape);

/** What a map goes over, as it is written. */
export function overOf(map: z.input<typeof MapSchema>): string | unknown[] {
  return typeof map === 'string' || Array.isArray(map) ? map : map.over;
}

/** A question to a person or a system; the node waits for the answer. */
export const ApprovalSchema = z.strictObject({
  /** What is asked; may hold `${{ … }}`. */
  message: z.string().min(1).max(4_000),
  /** Names of those who may answer. Default: anybody. */
  by: z.array(z.string().min(1).max(200)).min(1).max(100).optional(),
  /** How long to wait for an answer. Default: the graph's deadline, else without a bound. */
  timeout: TimeLimitSchema.optional(),
  /** What no answer in time means. Default fail: the node ends TIMEOUT. */
  onTimeout: z.enum(['fail', 'approve', 'deny']).default('fail'),
  /** What a no means. Default fail: the node ends FAILED, code DENIED. `complete`: its output says so. */
  onDeny: z.enum(['fail', 'complete']).default('fail'),
  /** JSON Schema of what the answer has to bring. */
  payload: byName(z.string(), z.unknown()).optional(),
});
export type ApprovalOptions = z.output<typeof ApprovalSchema>;
export const APPROVAL_FIELDS = Object.keys(ApprovalSchema.shape);

/** Which kind a node of a parsed spec is. */
export function kindOf(node: { graph?: unknown; approval?: unknown; map?: unknown }): NodeKind {
  if (node.map !== undefined) return 'map';
  if (node.graph !== undefined) return 'graph';
  return node.approval === undefined ? 'task' : 'approval';
}

/** The task that a node is shown under: its own, or one of ours where it has none. */
export function taskOf(
  node: {
    [work in Exclude<(typeof NODE_WORK)[number], 'task'>]?: unknown;
  } & { task?: string | undefined },
): string {
  if (node.task !== undefined) return node.task;
  for (const kind of ['approval', ...PROGRAM_KINDS] as const)
    if (node[kind] !== undefined) return KIND_TASK[kind];
  return KIND_TASK.graph;
}
