/** A plan as a picture for Mermaid or Graphviz: durations in the boxes, the critical path marked. */
import { formatDuration } from '../domain/duration.js';
import type { GraphForecast } from '../domain/forecast.js';
import { getOwn } from '../domain/json.js';
import type { NodeForecast } from '../domain/node-forecast.js';

/** A flowchart in Mermaid's language. */
export function planMermaid(plan: GraphForecast): string {
  const { names, edges, critical } = partsOf(plan);
  const marked = plan.order.filter((id) => critical.has(id)).map((id) => names.get(id));
  return [
    'flowchart LR',
    ...plan.order.map((id) => `  ${names.get(id)}["${escapeHtml(labelOf(plan, id))}"]`),
    ...edges.map(
      ({ from, to, marks }) => `  ${names.get(from)} ${marks ? '==>' : '-->'} ${names.get(to)}`,
    ),
    '  classDef critical stroke-width:3px',
    ...(marked.length > 0 ? [`  class ${marked.join(',')} critical`] : []),
  ].join('\n');
}

/** A digraph in Graphviz's language. */
export function planDot(plan: GraphForecast): string {
  const { edges, critical } = partsOf(plan);
  const bold = (marks: boolean): string => (marks ? ' [style=bold]' : '');
  return [
    `digraph ${quoted(plan.name)} {`,
    '  rankdir=LR;',
    '  node [shape=box];',
    ...plan.order.map(
      (id) =>
        `  ${quoted(id)} [label=${quoted(labelOf(plan, id))}${critical.has(id) ? ', style=bold' : ''}];`,
    ),
    ...edges.map(({ from, to, marks }) => `  ${quoted(from)} -> ${quoted(to)}${bold(marks)};`),
    '}',
  ].join('\n');
}

/** `5 s`, or for a map `10 × 5 s`. */
export function lastsOf({ durationMs, items, startMs }: NodeForecast): string {
  if (startMs === null) return 'skipped';
  const one = formatDuration(durationMs);
  return items === undefined ? one : `${items} × ${one}`;
}

function partsOf({ order, nodes, criticalPath }: GraphForecast) {
  const names = new Map(order.map((id, index) => [id, `n${index}`]));
  const critical = new Set(criticalPath);
  const steps = new Set(criticalPath.slice(1).map((id, index) => `${criticalPath[index]} ${id}`));
  const edges = order.flatMap((to) =>
    (getOwn(nodes, to)?.dependsOn ?? []).map((from) => ({
      ...{ from, to, marks: steps.has(`${from} ${to}`) },
    })),
  );
  return { names, edges, critical };
}

function labelOf({ nodes }: GraphForecast, id: string): string {
  const node = getOwn(nodes, id);
  return node ? `${id}\n${lastsOf(node)}` : id;
}

const quoted = (text: string): string =>
  `"${text.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n')}"`;

const escapeHtml = (text: string): string =>
  text
    .replace(/&/g, '&amp;')
    .replace(/"/g, '&quot;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/\n/g, '<br/>');
