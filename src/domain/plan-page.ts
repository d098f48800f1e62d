/**
 * Pages of a large plan's nodes. Each run of a coordinator reads all of them through its history, so a page has what all
 * nodes have in columns, and what a node waits for by the distance to it: a third of what the nodes take as JSON.
 */
import type { IndexLists } from './index-lists.js';
import type { HeldNode, PlanNode } from './plan.js';

export interface PlanPage {
  ids: string[];
  /** Of each node, index into the plan's classes. */
  classes: number[];
  /** Of each node, its own index without that of each node that it waits for. */
  dependsOn: number[][];
  /** What few nodes have besides, by their places in the page. */
  more: [place: number, rest: Omit<HeldNode, 'id' | 'class'>][];
}

/**
 * The pages of a plan's nodes as JSON, made one after another.
 *
 * @param bytes about how much a page may have; a node that is larger has a page of its own
 */
export function* planPages(nodes: readonly PlanNode[], bytes: number): Generator<string> {
  let columns = emptyColumns();
  let used = 0;
  for (const [index, { id, class: of, dependsOn, ...rest }] of nodes.entries()) {
    const distances = JSON.stringify(dependsOn.map((other) => index - other));
    const name = JSON.stringify(id);
    const more = Object.keys(rest).length === 0 ? '' : JSON.stringify(rest);
    const size = name.length + distances.length + more.length + 10;
    if (used > 0 && used + size > bytes) {
      yield textOf(columns);
      [columns, used] = [emptyColumns(), 0];
    }
    if (more !== '') columns.more.push(`[${columns.ids.length},${more}]`);
    columns.ids.push(name);
    columns.classes.push(of);
    columns.dependsOn.push(distances);
    used += size;
  }
  if (used > 0) yield textOf(columns);
}

/** Adds the nodes of the plan's next page to those before it, and what they wait for to its lists. */
export function takePage(
  { ids, classes, dependsOn, more }: PlanPage,
  { nodes, lists }: { nodes: HeldNode[]; lists: IndexLists },
): void {
  const first = nodes.length;
  ids.forEach((id, place) => {
    const index = first + place;
    lists.push((dependsOn[place] ?? []).map((distance) => index - distance));
    nodes.push({ id, class: classes[place] ?? 0 });
  });
  for (const [place, rest] of more) Object.assign(nodes[first + place] as HeldNode, rest);
}

interface Columns {
  ids: string[];
  classes: number[];
  dependsOn: string[];
  more: string[];
}

const emptyColumns = (): Columns => ({ ids: [], classes: [], dependsOn: [], more: [] });

const textOf = ({ ids, classes, dependsOn, more }: Columns): string =>
  `{"ids":[${ids.join()}],"classes":[${classes.join()}],"dependsOn":[${dependsOn.join()}],"more":[${more.join()}]}`;
