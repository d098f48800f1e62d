/** A pipeline in DOT, the language of Graphviz. */
import type { GraphSpec } from '../domain/spec.js';
import { labelOf } from './picture.js';

type Node = GraphSpec['tasks'][number];

/**
 * The pipeline as a DOT digraph, to be drawn or read back: `convert` gives the same ids, dependencies, descriptions and
 * name. A sub-graph, a map and an approval have shapes of their own. Everything else a pipeline says is not in it.
 */
export function toDot(spec: GraphSpec): string {
  const lines = [`digraph ${quoted(spec.name)} {`];
  for (const node of spec.tasks) {
    const label = labelOf(node);
    const shape = shapeOf(node);
    const attributes = [
      ...(label === node.id ? [] : [`label=${quoted(label)}`]),
      ...(shape === undefined ? [] : [`shape=${shape}`]),
    ];
    const more = attributes.length === 0 ? '' : ` [${attributes.join(', ')}]`;
    lines.push(`  ${quoted(node.id)}${more};`);
  }
  for (const { id, dependsOn = [] } of spec.tasks)
    for (const before of dependsOn) lines.push(`  ${quoted(before)} -> ${quoted(id)};`);
  return `${[...lines, '}'].join('\n')}\n`;
}

function shapeOf({ map, graph, approval }: Node): string | undefined {
  if (map !== undefined) return 'folder';
  if (graph !== undefined) return 'box3d';
  return approval === undefined ? undefined : 'hexagon';
}

const quoted = (text: string): string =>
  `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\r', '').replaceAll('\n', '\\n')}"`;
