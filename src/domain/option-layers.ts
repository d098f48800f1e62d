/** Who may say something of a node, and what of that counts: the strongest that says it. */
import { splitMark } from './catalogue-mark.js';
import type { PlanContext } from './make-plan.js';
import type { Defaults, ParsedGraph, ParsedSubmission } from './spec.js';

/** Strongest first; behind them is the library. */
export const OPTION_LAYERS = ['node', 'submission', 'defaults', 'definition', 'settings'] as const;

/** What each of {@link OPTION_LAYERS} says, in their order. */
export type Layers = readonly (Defaults | undefined)[];

/** The index of the strongest layer that says something of an option; -1 where it is left to the library. */
export const strongest = (layers: Layers, key: keyof Defaults): number =>
  layers.findIndex((layer) => layer?.[key] !== undefined);

export const pickFrom = <K extends keyof Defaults>(layers: Layers, key: K): Defaults[K] =>
  layers[strongest(layers, key)]?.[key];

type Node = ParsedGraph['tasks'][number];

/** Everything that says something of a node: {@link OPTION_LAYERS}. What does not apply to it is left out. */
export function layersOf(
  graph: ParsedGraph,
  submission: ParsedSubmission,
  node: Node,
  context: Pick<PlanContext, 'task' | 'settings'>,
): Layers {
  const { defaults } = graph;
  const definition = node.task === undefined ? undefined : context.task(node.task)?.options;
  const takes = takesUndo(graph, submission.kind, node);
  return [
    ownLayer(node, submission.kind),
    submission.kind === 'task' ? loneLayer(submission) : submission.options,
    takes ? defaults : withoutUndo(defaults),
    takes ? definition : withoutUndo(definition),
    context.settings,
  ];
}

/**
 * Whether what undoes tasks by default undoes a node: one that runs a task or a program once, in a graph in which
 * something is undone. A map is undone as one list, and the items of a batch have nothing to do with each other.
 *
 * @param graph as it is written, or parsed
 */
export const takesUndo = (
  { compensation }: { readonly compensation?: unknown },
  kind: unknown,
  { map, graph, approval }: { readonly [field in 'map' | 'graph' | 'approval']?: unknown },
): boolean =>
  compensation !== 'none' &&
  kind !== 'batch' &&
  kind !== 'task' &&
  map === undefined &&
  graph === undefined &&
  approval === undefined;

/** True for a map whose items would be undone by default if they were nodes. */
export const leavesUndo = (
  graph: ParsedGraph,
  { map, task, graph: below, compensate }: Node,
  context: Pick<PlanContext, 'task'>,
): boolean =>
  map !== undefined &&
  below === undefined &&
  compensate === undefined &&
  graph.compensation !== 'none' &&
  Boolean(
    graph.defaults?.compensate ??
    (task === undefined ? undefined : context.task(task)?.options.compensate),
  );

/** Of a lone task the submission says what it says of a graph's execution elsewhere. */
const loneLayer = ({ options, metadata, tags }: ParsedSubmission): Defaults => ({
  ...options,
  ...(metadata === undefined ? {} : { metadata }),
  ...(tags === undefined ? {} : { tags }),
});

const withoutUndo = (layer: Defaults | undefined): Defaults | undefined =>
  layer?.compensate === undefined ? layer : { ...layer, compensate: undefined };

/** Without what a client puts into the metadata of a node by itself: that says nothing of it. */
function ownLayer(node: Node, kind: ParsedSubmission['kind']): Defaults {
  const { metadata } = node;
  if (metadata === undefined) return node;
  const { mark, rest } = splitMark(metadata);
  const said = kind === 'batch' ? withoutKey(rest) : rest;
  if (!mark && said === rest) return node;
  return { ...node, metadata: Object.keys(said).length > 0 ? said : undefined };
}

/** An item's own key of its request stands there too. */
function withoutKey(metadata: Record<string, unknown>): Record<string, unknown> {
  const { requestId, ...rest } = metadata;
  return requestId === undefined ? metadata : rest;
}
