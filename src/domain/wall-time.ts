/**
 * Where the wall time of a finished graph went: per node, and along its realised critical path.
 *
 * Pure. W1. The path is walked back from the node that ended last, each time to the node whose end let it start. Steps
 * follow each other without a gap, so their times and what lies around them add up to the graph's wall time.
 * W2. Only a node that was added to a running graph has a gap before it: since then, or the end of its dependencies.
 */
import { addTime, totalOf, type TimeKind, type Times } from './node-times.js';

/** A node as its record has it. Times are epoch milliseconds. */
export interface TimedNode {
  id: string;
  /** When its dependencies allowed it; absent for one that never could have started. */
  readyAt?: number | undefined;
  endedAt?: number | undefined;
  /** The node whose end let it start. */
  after?: string | undefined;
  times?: Times | undefined;
}

/** One node of the critical path, from when it could have started to its end. */
export interface PathStep {
  nodeId: string;
  /** Milliseconds after the graph's start. */
  fromMs: number;
  durationMs: number;
  times: Times;
}

/** A node's own account, from the start of the graph to its end. */
export interface NodeAccount {
  nodeId: string;
  totalMs: number;
  times: Times;
}

/** What most of the time on the path went to. */
export interface Bottleneck {
  kind: TimeKind;
  /** On the path. */
  ms: number;
  /** Of the wall time, 0 to 1. */
  share: number;
  /** The node of the path that has the most of it; null where it lies between nodes. */
  nodeId: string | null;
  nodeMs: number;
}

/** Where the time of an execution went, along the path that decided its end. */
export interface WallTime {
  /** From when the execution began to its end; of a lone task its way to a worker is in it, which `durationMs` leaves out. */
  totalMs: number;
  /** First to last. */
  path: PathStep[];
  /** Behind the last node: undoing, post hooks of others, the manifest, the record. */
  closingMs: number;
  /** On the path, closing included. */
  byKind: Times;
  /** Null for a graph that took no time. */
  bottleneck: Bottleneck | null;
  nodes: NodeAccount[];
}

export function wallTimeOf(
  { startedAt, endedAt, undoMs = 0 }: { startedAt: number; endedAt: number; undoMs?: number },
  nodes: readonly TimedNode[],
): WallTime {
  const totalMs = Math.max(0, endedAt - startedAt);
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const steps = pathOf(nodes, byId);
  const begunAt = nodes.reduce((first, { readyAt = endedAt }) => Math.min(first, readyAt), endedAt);
  const byKind: Times = {};
  const path: PathStep[] = [];
  let cursor = startedAt;
  for (const { id, readyAt = startedAt, endedAt: ended = readyAt, ...known } of steps) {
    // One that somebody cancelled or skipped while it waited for others, which is how it came to decide something.
    const times = known.times ?? timesOf('dependency', ended - readyAt);
    addBefore(byKind, { from: cursor, begunAt, readyAt });
    for (const [kind, ms] of Object.entries(times)) addTime(byKind, kind as TimeKind, ms);
    path.push({ nodeId: id, fromMs: readyAt - startedAt, durationMs: ended - readyAt, times });
    cursor = Math.max(cursor, ended);
  }
  const closingMs = Math.max(0, endedAt - cursor);
  const undone = Math.min(closingMs, undoMs);
  addTime(byKind, 'undo', undone);
  addTime(byKind, 'overhead', closingMs - undone);
  return {
    totalMs,
    path,
    closingMs,
    byKind,
    bottleneck: bottleneckOf(totalMs, path, byKind),
    nodes: nodes.flatMap((node) => {
      const lastEndedAt = node.after === undefined ? undefined : byId.get(node.after)?.endedAt;
      return accountOf(startedAt, Math.max(begunAt, lastEndedAt ?? begunAt), node) ?? [];
    }),
  };
}

/** W2. Before the graph began it waited for others, after that for the edit that added the node. */
function addBefore(
  times: Times,
  { from, begunAt, readyAt }: { from: number; begunAt: number; readyAt: number },
): void {
  const waited = Math.min(begunAt, readyAt);
  addTime(times, 'dependency', waited - from);
  addTime(times, 'edit', readyAt - Math.max(from, waited));
}

function timesOf(kind: TimeKind, ms: number): Times {
  const times: Times = {};
  addTime(times, kind, ms);
  return times;
}

/** W1. Of nodes that ended together, one that could have started counts as the last. */
function pathOf(nodes: readonly TimedNode[], byId: ReadonlyMap<string, TimedNode>): TimedNode[] {
  let next: TimedNode | undefined;
  for (const node of nodes) {
    if (node.endedAt === undefined || node.readyAt === undefined) continue;
    if (next?.endedAt === undefined || node.endedAt > next.endedAt) next = node;
  }
  const path: TimedNode[] = [];
  const seen = new Set<string>();
  while (next && !seen.has(next.id)) {
    seen.add(next.id);
    path.push(next);
    next = next.after === undefined ? undefined : byId.get(next.after);
  }
  return path.reverse();
}

/** @param allowedAt when its dependencies had ended */
function accountOf(
  startedAt: number,
  allowedAt: number,
  { id, readyAt, endedAt, times = {} }: TimedNode,
): NodeAccount | undefined {
  if (endedAt === undefined) return undefined;
  const all: Times = {};
  if (readyAt === undefined) addTime(all, 'dependency', endedAt - startedAt);
  else addBefore(all, { from: startedAt, begunAt: allowedAt, readyAt });
  for (const [kind, ms] of Object.entries(times)) addTime(all, kind as TimeKind, ms);
  return { nodeId: id, totalMs: Math.max(0, endedAt - startedAt), times: all };
}

function bottleneckOf(
  totalMs: number,
  path: readonly PathStep[],
  byKind: Times,
): Bottleneck | null {
  const [most] = Object.entries(byKind).sort(([, a], [, b]) => b - a) as [TimeKind, number][];
  if (!most || totalMs === 0) return null;
  const [kind, ms] = most;
  let longest: PathStep | undefined;
  for (const step of path)
    if ((step.times[kind] ?? 0) > (longest?.times[kind] ?? 0)) longest = step;
  return {
    ...{ kind, ms, share: ms / totalMs },
    nodeId: longest?.nodeId ?? null,
    nodeMs: longest?.times[kind] ?? 0,
  };
}

/** What is missing in an account, as a fraction of its wall time; 0 when it adds up. */
export function missingShare({ totalMs, byKind }: WallTime): number {
  return totalMs === 0 ? 0 : Math.abs(totalMs - totalOf(byKind)) / totalMs;
}
