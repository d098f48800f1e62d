/**
 * One picture of an execution: a line for itself, a tree of its nodes, and how many of them found no room.
 *
 * Pure. F1. No line is wider than `width`, and there are never more than `height` lines.
 * F2. Where not all nodes fit, those at work stand before the failed ones, and these before the ended and the waiting.
 */
import { formatDuration } from '../domain/duration.js';
import { isFailure, type Status } from '../domain/status.js';
import type { Counts, NodeView } from '../workflows/messages.js';
import { fit, oneLine, row, widest, type Cell } from './columns.js';
import type { GraphView } from './graph-view.js';
import { elapsedText, detailOf } from './node-text.js';
import type { Style } from './output.js';
import { painter, signOf } from './status-style.js';

export interface FrameOptions {
  width: number;
  /** Lines that the picture may take. */
  height: number;
  /** Epoch milliseconds. */
  now: number;
  style: Style;
  /** Counts up while the picture moves; left out in a still one. */
  turn?: number;
  /** False leaves the execution's own line out. Default true. */
  headline?: boolean;
  /** A remark below the picture, for example that nobody works. */
  notice?: string | undefined;
}

/** The lines of the picture. */
export function renderFrame(view: GraphView, options: FrameOptions): string[] {
  const { width, height, style, notice } = options;
  const below = notice === undefined ? [] : [style.yellow(fit(oneLine(notice), width))];
  const above = options.headline === false ? [] : [headline(view, options)];
  const room = height - above.length - below.length;
  if (room < 1) return [...above, ...below].slice(0, Math.max(0, height));
  const all = [...view.nodes.values()];
  const shown = all.length <= room ? all : mostTelling(all, room - 1);
  const rows = treeRows(view, shown, options);
  return [...above, ...rows, ...hiddenLine(all, shown, options), ...below];
}

function headline(view: GraphView, { now, style, turn, width }: FrameOptions): string {
  const paint = painter(view.status, style);
  const elapsed = formatDuration(Math.max(0, (view.endedAt ?? now) - view.startedAt));
  const cells: Cell[] = [
    { text: `${signOf(view.status, turn)} ${oneLine(view.name)}`, paint: style.bold },
    { text: view.status, paint },
    { text: elapsed },
    { text: countsText(view.counts()), paint: style.dim },
  ];
  return row(
    cells,
    cells.map(({ text }) => widest([text], Math.ceil(width / 2))),
    width,
  );
}

/** `3 completed, 1 running, 4 pending`. */
export function countsText(counts: Counts): string {
  return Object.entries(counts)
    .map(([status, count]) => `${count} ${status.toLowerCase()}`)
    .join(', ');
}

function hiddenLine(
  all: readonly NodeView[],
  shown: readonly NodeView[],
  { width, style }: FrameOptions,
  hint = '',
): string[] {
  if (shown.length === all.length) return [];
  const seen = new Set(shown);
  const counts: Counts = {};
  for (const node of all) if (!seen.has(node)) counts[node.status] = (counts[node.status] ?? 0) + 1;
  const text = `… ${all.length - shown.length} more not shown: ${countsText(counts)}${hint}`;
  return [style.dim(fit(text, width))];
}

/** F2. TypeScript refuses a status without a rank. */
const RANK: Record<Status, number> = {
  RUNNING: 0,
  PREPARING: 0,
  RETRYING: 0,
  PAUSED: 0,
  FAILED: 1,
  TIMEOUT: 1,
  REJECTED: 1,
  SCHEDULED: 2,
  COMPLETED: 3,
  CANCELLED: 3,
  SKIPPED: 3,
  PENDING: 4,
};
const RANKS = 5;

/** The nodes that a picture with little room shows, in their own order. */
function mostTelling(all: readonly NodeView[], room: number): NodeView[] {
  const ranks: NodeView[][] = Array.from({ length: RANKS }, () => []);
  for (const node of all) ranks[RANK[node.status]]?.push(node);
  // Of those that have ended, the last ones.
  ranks[3]?.sort((a, b) => (b.endedAt ?? '').localeCompare(a.endedAt ?? ''));
  const chosen = new Set(ranks.flat().slice(0, Math.max(0, room)));
  return all.filter((node) => chosen.has(node));
}

/** A node's place in the picture: the lines of the tree that lead to it. */
interface Placed {
  node: NodeView;
  stem: string;
}

function treeRows(view: GraphView, shown: readonly NodeView[], options: FrameOptions): string[] {
  const { width, style, now, turn } = options;
  const placed = place(shown, view.parents, Math.max(1, Math.floor(width / 10)));
  const names = placed.map(({ node, stem }) => `${stem}${signOf(node.status, turn)} ${node.id}`);
  const nameWidth = widest(names, Math.max(12, Math.floor(width * 0.45)));
  const statusWidth = widest(shown.map(({ status }) => status));
  const times = placed.map(({ node }) => elapsedText(node, now));
  const timeWidth = Math.max(8, widest(times));
  return placed.map(({ node, stem }, index) => {
    const paint = painter(node.status, style);
    const name = fit(names[index] ?? '', nameWidth);
    const cells: Cell[] = [
      { text: name, paint: (text) => paintName(text, stem, paint, style) },
      { text: node.status, paint },
      { text: times[index] ?? '' },
      { text: detailOf(node, now), paint: isFailure(node.status) ? style.red : style.dim },
    ];
    return row(cells, [nameWidth, statusWidth, timeWidth, 0], width);
  });
}

function paintName(text: string, stem: string, paint: (text: string) => string, style: Style) {
  if (text.length <= stem.length + 1) return style.dim(text);
  const sign = text.slice(stem.length, stem.length + 1);
  return style.dim(stem) + paint(sign) + text.slice(stem.length + 1);
}

/** Depth first, each node under its nearest shown ancestor; below `maxDepth` the tree grows no wider. */
function place(
  shown: readonly NodeView[],
  parents: ReadonlyMap<string, string>,
  maxDepth: number,
): Placed[] {
  const byId = new Map(shown.map((node) => [node.id, node]));
  const children = new Map<string | undefined, NodeView[]>();
  for (const node of shown) {
    let above = parents.get(node.id);
    while (above !== undefined && !byId.has(above)) above = parents.get(above);
    const siblings = children.get(above);
    if (siblings) siblings.push(node);
    else children.set(above, [node]);
  }
  const placed: Placed[] = [];
  // A stack of our own: a chain of 50,000 nodes must not be 50,000 calls deep.
  const open: { node: NodeView; indent: string; last: boolean; depth: number }[] = [];
  const push = (under: string | undefined, indent: string, depth: number): void => {
    const list = children.get(under) ?? [];
    for (let index = list.length - 1; index >= 0; index--)
      open.push({ node: list[index] as NodeView, indent, last: index === list.length - 1, depth });
  };
  push(undefined, '', 0);
  for (let next = open.pop(); next; next = open.pop()) {
    const { node, indent, last, depth } = next;
    placed.push({ node, stem: `${indent}${last ? '└─ ' : '├─ '}` });
    const deeper = depth < maxDepth ? `${indent}${last ? '   ' : '│  '}` : indent;
    push(node.id, deeper, depth + 1);
  }
  return placed;
}

/** Nodes up to which a still picture has them all. */
const MANY = 200;
/** Of more nodes, those that it shows. */
const SHOWN = 100;

/**
 * Rows of a still picture. Of many nodes it has those that are not COMPLETED or SKIPPED, up to a hundred by F2, and a line
 * for the rest.
 *
 * @param options `all` for all nodes, however many
 */
export function renderNodes(
  view: GraphView,
  { all = false, ...options }: Omit<FrameOptions, 'height'> & { all?: boolean },
): string[] {
  const frame = { ...options, height: Infinity };
  const nodes = [...view.nodes.values()];
  if (all || nodes.length <= MANY) return treeRows(view, nodes, frame);
  const telling = nodes.filter(({ status }) => status !== 'COMPLETED' && status !== 'SKIPPED');
  const shown = mostTelling(telling, SHOWN);
  return [
    ...treeRows(view, shown, frame),
    ...hiddenLine(nodes, shown, frame, '; --all shows them'),
  ];
}
