/** An explanation as lines for people. Pure. */
import type { Bound, Explanation, NodeExplanation, Reason } from '../domain/explain.js';
import {
  bottleneckText,
  boundText,
  failureText,
  percent,
  TIME_TEXT,
} from '../domain/explain-text.js';
import type { Failure } from '../domain/failure.js';
import { formatDuration } from '../domain/duration.js';
import { TIME_KINDS, totalOf, type TimeKind, type Times } from '../domain/node-times.js';
import type { PathStep, WallTime } from '../domain/wall-time.js';
import { oneLine, table, wrapped, type Cell } from './columns.js';
import { workerCommand } from './no-worker.js';
import type { Style } from './output.js';
import { painter, signOf } from './status-style.js';

/** Nodes that wait for the same kind of thing and are listed; the others are counted. */
const LISTED = 12;
/** Steps of a path that are shown, half of them from each end. */
const STEPS = 20;

interface Look {
  style: Style;
  width: number;
}

/** @param id as it was asked for: a node's, or an execution's */
export function explanationLines(explanation: Explanation, id: string, look: Look): string[] {
  const { executionId, nodes, wallTime, bound } = explanation;
  const [only] = nodes;
  if (id !== executionId && only) return nodeLines(only, wallTime, look);
  const lines = [...headLines(explanation, look), ...failureLines(explanation, look)];
  if (wallTime) return [...lines, ...wallTimeLines(wallTime, look)];
  return [...lines, ...waitingLines(nodes, bound, look)];
}

function headLines(
  { executionId, status, sentence, bound, reasons, wallTime }: Explanation,
  look: Look,
): string[] {
  const { style, width } = look;
  const whole = wallTime ? `  wall time ${formatDuration(wallTime.totalMs)}` : '';
  const [first] = reasons;
  const more = first?.kind === 'ended' ? [] : [`  ${style.dim(boundOf(first, bound))}`];
  return [
    `${painter(status, style)(`${signOf(status)} ${status}`)}  ${style.bold(executionId)}${whole}`,
    ...told(sentence, width),
    ...more,
  ];
}

/** What bounds a wait is asked of a worker: where none answers nobody knows, and how one is started helps more. */
function boundOf(reason: Reason | undefined, bound: Bound | null): string {
  if (reason?.kind !== 'no_worker') return boundText(bound);
  return `what bounds the wait only a worker knows; ${workerCommand(reason.queue)} starts one`;
}

/** Failures but the one that the head has, and what to do: about that one, where there is one. */
function failureLines({ failures, moreFailures, wallTime }: Explanation, look: Look): string[] {
  const [first] = failures;
  if (!first) return [];
  const others = first.allowed ? failures : failures.slice(1);
  const { style, width } = look;
  const more = moreFailures > 0 ? [`  ${style.dim(`… ${moreFailures} more failed`)}`] : [];
  return [
    ...others.flatMap((one) => told(failureText(one), width)),
    ...more,
    ...(wallTime && !first.allowed ? told(bottleneckText(wallTime), width) : []),
    ...nextLines(first, look),
  ];
}

function ownFailureLines(failure: Failure, look: Look): string[] {
  const { nodeId, sentence, inside = [], insideMore = 0 } = failure;
  const { style, width } = look;
  // Items of a map are called by their place, as what waits inside is.
  const isMap = inside.every((one) => /^\d+$/.test(one.nodeId ?? ''));
  const named = inside.map((one) => (isMap ? { ...one, nodeId: `${nodeId}[${one.nodeId}]` } : one));
  return [
    ...told(sentence, width),
    ...named.flatMap((one) => told(`${signOf(one.status)} ${oneLine(failureText(one))}`, width)),
    ...(insideMore > 0 ? [`  ${style.dim(`… ${insideMore} more failed`)}`] : []),
    ...nextLines(failure, look),
  ];
}

function nextLines({ next }: Failure, { style, width }: Look): string[] {
  const rows = next.map(({ say, command }, index): Cell[] => [
    { text: index === 0 ? '  next' : '', paint: style.dim },
    { text: command, paint: style.bold },
    { text: say, paint: style.dim },
  ]);
  return rows.length === 0 ? [] : ['', ...table(rows, width)];
}

/** Nodes that wait, together with those that wait for the same kind of thing. */
function waitingLines(nodes: readonly NodeExplanation[], said: Bound | null, look: Look): string[] {
  if (nodes.length === 0) return [];
  const byKind = new Map<string, NodeExplanation[]>();
  for (const node of nodes)
    byKind.set(node.reason.kind, [...(byKind.get(node.reason.kind) ?? []), node]);
  const shown: NodeExplanation[] = [];
  const hidden: string[] = [];
  for (const [kind, its] of byKind) {
    shown.push(...its.slice(0, LISTED));
    const more = its.length - LISTED;
    if (more > 0) hidden.push(`  ${look.style.dim(`… ${more} more: ${kind}`)}`);
  }
  return ['', ...rowsOf(shown, look, said), ...hidden];
}

/** @param said the bound that was said already: it is not repeated */
function rowsOf(
  nodes: readonly NodeExplanation[],
  { style, width }: Look,
  said: Bound | null,
): string[] {
  const flat = nodes.flatMap((node): NodeExplanation[] => [node, ...insideOf(node)]);
  const rows = flat.map(({ nodeId, status, sentence, bound }): Cell[] => {
    const repeats = bound?.by === said?.by && bound?.at === said?.at;
    return [
      { text: `  ${signOf(status)} ${nodeId}`, paint: style.bold },
      { text: status, paint: painter(status, style) },
      { text: oneLine(sentence) + (repeats ? '' : `; ${boundText(bound)}`) },
    ];
  });
  return table(rows, width);
}

/** What waits inside, named by its place: `items[3]`, `sub/load`. */
function insideOf(node: NodeExplanation): NodeExplanation[] {
  const isMap = node.reason.kind === 'children' && node.reason.what === 'map';
  return (node.inside ?? []).flatMap((inner) => {
    const nodeId = isMap ? `${node.nodeId}[${inner.nodeId}]` : `${node.nodeId}/${inner.nodeId}`;
    const named = { ...inner, nodeId };
    return [named, ...insideOf(named)];
  });
}

function nodeLines(node: NodeExplanation, wallTime: WallTime | null, look: Look): string[] {
  const { style, width } = look;
  const { status, sentence, bound, executionId, reason, failure } = node;
  const own = wallTime?.nodes.find(({ nodeId }) => nodeId === node.nodeId)?.times ?? node.times;
  return [
    `${painter(status, style)(`${signOf(status)} ${status}`)}  ${style.bold(executionId)}`,
    ...told(sentence, width),
    ...(reason.kind === 'ended' ? [] : [`  ${style.dim(boundText(bound))}`]),
    ...(failure ? ownFailureLines(failure, look) : []),
    ...(node.inside?.length ? ['', ...rowsOf(insideOf(node), look, bound)] : []),
    ...(own && totalOf(own) > 0 ? ['', ...shareLines(own, totalOf(own), look)] : []),
  ];
}

function wallTimeLines({ path, closingMs, byKind, totalMs }: WallTime, look: Look): string[] {
  if (totalMs === 0) return [];
  const kinds = TIME_KINDS.filter((kind) => path.some(({ times }) => (times[kind] ?? 0) > 0));
  const dim = (text: string): Cell => ({ text, paint: look.style.dim });
  const head = ['  PATH', 'FROM', 'TOOK', ...kinds.map((kind) => kind.toUpperCase())].map(dim);
  const row = ({ nodeId, fromMs, durationMs, times }: PathStep): Cell[] => [
    { text: `  ${nodeId}` },
    { text: `+${formatDuration(fromMs)}` },
    { text: formatDuration(durationMs) },
    ...kinds.map((kind) => ({ text: spentText(times[kind]) })),
  ];
  const half = STEPS / 2;
  const left = path.length - STEPS;
  const rows =
    left > 0
      ? [...path.slice(0, half).map(row), [dim(`  … ${left} more`)], ...path.slice(-half).map(row)]
      : path.map(row);
  const steps = path.length === 0 ? [] : ['', ...table([head, ...rows], look.width)];
  const closing =
    closingMs > 0 ? [`  ${look.style.dim(`then ${formatDuration(closingMs)} to close`)}`] : [];
  return [...steps, ...closing, '', ...shareLines(byKind, totalMs, look)];
}

/** So much of the time for each kind, the most first. */
function shareLines(times: Times, totalMs: number, { style, width }: Look): string[] {
  const kinds = (Object.entries(times) as [TimeKind, number][]).sort(([, a], [, b]) => b - a);
  return table(
    kinds.map(([kind, ms]): Cell[] => [
      { text: `  ${percent(ms / totalMs).padStart(5)}` },
      { text: formatDuration(ms) },
      { text: TIME_TEXT[kind], paint: style.dim },
    ]),
    width,
  );
}

/** A sentence below the head, in as many lines as it needs. */
const told = (text: string, width: number): string[] =>
  wrapped(oneLine(text), width - 2).map((line) => `  ${line}`);

const spentText = (ms: number | undefined): string => (ms ? formatDuration(ms) : '');
