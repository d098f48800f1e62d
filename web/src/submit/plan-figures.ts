/** The figures of a plan, in words. Pure. */
import type { GraphForecast } from '../../../src/domain/forecast.js';
import type { NodeForecast } from '../../../src/domain/node-forecast.js';
import { P } from '../strings/submit.js';
import { durationText } from '../time.js';

/** How long a node takes, in a word or two. */
export function lastsOf({ durationMs, items, startMs }: NodeForecast): string {
  if (startMs === null) return P.skipped;
  const one = durationText(durationMs);
  return items === undefined ? one : P.times(items, one);
}

export function figuresOf(plan: GraphForecast): [name: string, text: string][] {
  const { order, makespanMs, concurrency, criticalPath, criticalPathMs, worstCase } = plan;
  const { deadline, limits, temporal } = plan;
  const { retriesMs, timeoutsMs } = worstCase;
  return [
    [P.nodes, String(order.length)],
    [P.makespan, `${durationText(makespanMs)} ${P.window(concurrency)}`],
    [P.criticalPath, `${durationText(criticalPathMs)}: ${chain(criticalPath)}`],
    [P.parallelism, P.atOnce(plan.peakParallelism, plan.maxParallelism)],
    [P.overhead, overheadText(plan)],
    [P.work, durationText(plan.totalWorkMs)],
    [P.worstCase, P.worstOf(durationText(retriesMs), durationText(timeoutsMs))],
    ...(deadline
      ? [
          pair(
            P.deadline,
            `${durationText(deadline.deadlineMs)}, ${deadline.met ? P.met : P.notMet}`,
          ),
        ]
      : []),
    [P.split, splitText(temporal)],
    [P.temporal, P.events(temporal.events, Math.ceil(temporal.bytes / 1_000))],
    ...(limits.length > 0 ? [pair(P.limits, limitsText(limits))] : []),
    [P.kept, keptText(plan)],
    [P.durations, durationsText(plan)],
  ];
}

function overheadText({ overhead }: GraphForecast): string {
  const { makespanMs, stepMs, perNodeMs, stepFrom, perNodeFrom } = overhead;
  const from = [...new Set([stepFrom, perNodeFrom])].map((origin) => P.overheadFrom[origin]);
  return `${P.overheadOf(durationText(makespanMs), stepMs, perNodeMs)} (${from.join(', ')})`;
}

const pair = (name: string, text: string): [string, string] => [name, text];

/** A long chain without its middle. */
function chain(ids: readonly string[]): string {
  const shown = ids.length > 8 ? [...ids.slice(0, 4), '…', ...ids.slice(-3)] : ids;
  return shown.join(' → ');
}

function splitText({ split, executionsBelow }: GraphForecast['temporal']): string {
  const pieces =
    split.pieces === 'one' ? P.onePiece : P.segments(split.segments ?? 1, split.nodesPerSegment);
  return executionsBelow === 0 ? pieces : `${pieces}; ${P.executionsBelow(executionsBelow)}`;
}

const limitsText = (limits: GraphForecast['limits']): string =>
  limits.map(({ key, max }) => `${key} (${max ?? P.unknownPlaces})`).join(', ');

/** Nodes whose options say that a result is kept. */
function keptText({ order, nodes }: GraphForecast): string {
  const count = Object.values(nodes).filter(({ options }) => {
    const cache = Object.hasOwn(options, 'cache') ? options['cache'] : undefined;
    return cache !== undefined && cache.value !== false;
  }).length;
  return count === 0 ? P.keepsNone : P.mayKeep(count, order.length);
}

function durationsText({ durations }: GraphForecast): string {
  return Object.entries(P.sources)
    .flatMap(([from, words]) => {
      const count = durations[from as keyof typeof P.sources];
      return count === undefined ? [] : [`${count} ${words}`];
    })
    .join(', ');
}
