/** A pipeline as a Mermaid flowchart. */
import type { GraphSpec } from '../domain/spec.js';
import { labelOf } from './picture.js';

type Node = GraphSpec['tasks'][number];

/** Words that Mermaid takes for its own where a node's id is expected. */
const RESERVED =
  /^(?:end|graph|flowchart|subgraph|style|linkStyle|class|classDef|click|call|href|default|direction|interpolate|accTitle|accDescr)$/i;

/**
 * The pipeline as a Mermaid flowchart, to be drawn or read back: `convert` gives the same ids, dependencies, descriptions
 * and name. A sub-graph, a map and an approval have shapes of their own. Everything else a pipeline says is not in it.
 */
export function toMermaid(spec: GraphSpec): string {
  const lines = ['---', `title: ${JSON.stringify(spec.name)}`, '---', 'flowchart TD'];
  const names = new Map(spec.tasks.map(({ id }, index) => [id, nameOf(id, index)]));
  for (const [id, name] of names) if (name !== id) lines.push(`  %% id ${name} ${id}`);
  for (const node of spec.tasks) lines.push(`  ${boxOf(node, names.get(node.id) ?? node.id)}`);
  for (const { id, dependsOn = [] } of spec.tasks)
    for (const before of dependsOn)
      lines.push(`  ${names.get(before) ?? before} --> ${names.get(id) ?? id}`);
  return `${lines.join('\n')}\n`;
}

/** The id, or one that Mermaid reads without doubt. */
const nameOf = (id: string, index: number): string =>
  /^[A-Za-z]\w*$/.test(id) && !RESERVED.test(id) && !/^node_\d+$/.test(id) ? id : `node_${index}`;

function boxOf(node: Node, name: string): string {
  const label = labelOf(node);
  const [open, close] = shapeOf(node);
  if (label === name && open === '[') return name;
  return `${name}${open}"${encoded(label)}"${close}`;
}

function shapeOf({ map, graph, approval }: Node): [string, string] {
  if (map !== undefined) return ['[/', '/]'];
  if (graph !== undefined) return ['[[', ']]'];
  return approval === undefined ? ['[', ']'] : ['{{', '}}'];
}

/** Mermaid has no escapes but codes. */
const encoded = (label: string): string =>
  label
    .replace(/[#"<>&%`;\r]/g, (character) => `#${character.charCodeAt(0)};`)
    .replaceAll('\n', '<br/>');
