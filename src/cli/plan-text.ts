/** A plan in words: the numbers that matter, then its levels, the critical path marked. */
import { formatDuration } from '../domain/duration.js';
import type { GraphForecast } from '../domain/forecast.js';
import { getOwn, preview } from '../domain/json.js';
import { someOf } from '../domain/program-looks.js';
import { fit, table, type Cell } from './columns.js';
import type { Output } from './output.js';
import { lastsOf } from './plan-picture.js';

/** Marks what is on the critical path where there is no colour. */
const MARK = '*';
/** Levels that are shown of a long graph. */
const MOST_LEVELS = 40;
/** Different programs that are shown. */
const MOST_PROGRAMS = 40;

/** @param options shows where each option comes from that is not the library's */
export function printPlan(out: Output, plan: GraphForecast, options: boolean): void {
  const { style } = out;
  const { makespanMs, concurrency, order } = plan;
  const tasks = `${order.length} ${order.length === 1 ? 'task' : 'tasks'}`;
  out.print(
    `${style.bold(plan.name)}: ${tasks}, ${style.bold(formatDuration(makespanMs))} in a window of ${concurrency}`,
  );
  for (const line of table(figures(plan).map(([name, text]) => [dim(out, `  ${name}`), { text }])))
    out.print(line);
  out.print();
  for (const line of levelLines(out, plan)) out.print(line);
  if (options) printOptions(out, plan);
  printPrograms(out, plan);
  for (const note of plan.notes) out.note(`note: ${note}`);
  if (!plan.tasksChecked)
    out.note('task names not checked, and no definition read: no worker was asked');
}

const dim = (out: Output, text: string): Cell => ({ text, paint: out.style.dim });

function figures(plan: GraphForecast): [string, string][] {
  const { criticalPath, criticalPathMs, worstCase, temporal, deadline, limits } = plan;
  const { events, bytes, split, executionsBelow, eventsBelow } = temporal;
  const pieces =
    split.pieces === 'one'
      ? 'in one piece'
      : `in ${split.segments} segments of ${split.nodesPerSegment}`;
  const below =
    executionsBelow === 0
      ? ''
      : `; ${executionsBelow} ${executionsBelow === 1 ? 'execution' : 'executions'} below, ${eventsBelow} events`;
  const { peakParallelism, maxParallelism } = plan;
  const more =
    maxParallelism > peakParallelism ? `, ${maxParallelism} without window and limits` : '';
  return [
    ['critical path', `${formatDuration(criticalPathMs)}: ${chain(criticalPath)}`],
    ['overhead', overheadOf(plan)],
    ['work', `${formatDuration(plan.totalWorkMs)}, at most ${peakParallelism} at once${more}`],
    [
      'worst case',
      `${formatDuration(worstCase.retriesMs)} if every attempt but the last fails, ${formatDuration(worstCase.timeoutsMs)} if each takes its time-out`,
    ],
    ...(deadline
      ? ([
          [
            'deadline',
            `${formatDuration(deadline.deadlineMs)}, ${deadline.met ? 'met' : 'NOT met'}`,
          ],
        ] as [string, string][])
      : []),
    ['Temporal', `about ${events} events, ${Math.ceil(bytes / 1_000)} kB, ${pieces}${below}`],
    ...(limits.length > 0
      ? ([['limits', limits.map(({ key, max }) => `${key} (${max ?? 'unknown'})`).join(', ')]] as [
          string,
          string,
        ][])
      : []),
    ['durations', durationsOf(plan)],
  ];
}

/** What nodes cost outside their handlers, and who says so: `24.9 s of it: 11 ms a step (assumed), …`. */
function overheadOf({ overhead }: GraphForecast): string {
  const { makespanMs, stepMs, perNodeMs, stepFrom, perNodeFrom, graphs } = overhead;
  if (stepMs === 0 && perNodeMs === 0) return 'none';
  const from = (origin: typeof stepFrom, count: number): string =>
    ({
      given: 'given',
      history: `as ${count} ${count === 1 ? 'graph' : 'graphs'} of the store took`,
      default: 'assumed',
    })[origin];
  const step = `${stepMs} ms a step (${from(stepFrom, graphs.step)})`;
  const rate = perNodeMs === 0 ? 'any number of' : `at most ${rateOf(perNodeMs)}`;
  return `${formatDuration(makespanMs)} of it: ${step}, ${rate} nodes a second (${from(perNodeFrom, graphs.perNode)})`;
}

const rateOf = (perNodeMs: number): number => {
  const rate = 1_000 / perNodeMs;
  return rate < 10 ? Math.round(rate * 10) / 10 : Math.round(rate);
};

const SOURCES = {
  given: 'given',
  history: "from the store's history",
  expectedDuration: 'as their tasks say',
  below: 'by what runs below them',
  default: 'unknown: taken as 1 s',
} as const;

function durationsOf({ durations }: GraphForecast): string {
  const parts = Object.entries(SOURCES).flatMap(([from, words]) => {
    const count = durations[from as keyof typeof SOURCES];
    return count === undefined ? [] : [`${count} ${words}`];
  });
  return parts.join(', ');
}

/** A long chain without its middle. */
function chain(ids: readonly string[]): string {
  const shown = ids.length > 8 ? [...ids.slice(0, 4), '…', ...ids.slice(-3)] : ids;
  return shown.join(' → ');
}

function levelLines(out: Output, plan: GraphForecast): string[] {
  const critical = new Set(plan.criticalPath);
  const width = Math.max(40, out.live ? out.width : 100) - 9;
  const shown = plan.levels.slice(0, MOST_LEVELS);
  const rows = shown.map((ids, level): Cell[] => {
    // Those on the critical path first: the rest may not fit.
    const sorted = [...ids].sort((a, b) => Number(critical.has(b)) - Number(critical.has(a)));
    return [dim(out, `  ${level}`), { text: levelText(plan, sorted, critical, width) }];
  });
  const rest = plan.levels.length - shown.length;
  return [
    ...table([[dim(out, '  LEVEL'), dim(out, `${MARK} is on the critical path`)], ...rows]),
    ...(rest > 0 ? [`  … ${rest} more levels; --json has them all`] : []),
  ];
}

function levelText(
  { nodes }: GraphForecast,
  ids: readonly string[],
  critical: ReadonlySet<string>,
  width: number,
): string {
  let text = '';
  for (const [index, id] of ids.entries()) {
    const node = getOwn(nodes, id);
    const slack = node?.slackMs ? ` (slack ${formatDuration(node.slackMs)})` : '';
    const one = `${critical.has(id) ? MARK : ''}${id} ${node ? lastsOf(node) : ''}${slack}`;
    const next = text === '' ? one : `${text} · ${one}`;
    const more = ids.length - index;
    if (text !== '' && next.length + (more > 1 ? 12 : 0) > width) return `${text} · … ${more} more`;
    text = next;
  }
  return fit(text, width);
}

/** What workers found of the programs; what they could not know stands in the notes. */
function printPrograms(out: Output, { programs = [] }: GraphForecast): void {
  if (programs.length === 0) return;
  const shown = programs.slice(0, MOST_PROGRAMS);
  const rows = shown.map(({ nodes, runner, found, unchecked }): Cell[] => {
    const open = unchecked.length === 0 ? [] : [`${unchecked.length} not checked`];
    return [someOf(nodes), runner, [...found, ...open].join(', ')].map((text) => ({ text }));
  });
  const head = ['PROGRAMS', 'RUNNER', 'LOOKED UP'].map((text) => dim(out, text));
  out.print();
  for (const line of table([head, ...rows], out.live ? out.width : Infinity)) out.print(line);
  const rest = programs.length - shown.length;
  if (rest > 0) out.print(`… ${rest} more programs; --json has them all`);
}

/** Names of options that are times, in milliseconds. */
const TIMES = /(timeout|delay|maxRetryAfter|expectedDuration)$/i;

/** Options that somebody chose; nodes that have the same ones together. */
function printOptions(out: Output, { order, nodes }: GraphForecast): void {
  const groups = new Map<string, { ids: string[]; rows: [string, string, string][] }>();
  for (const id of order) {
    const options = Object.entries(getOwn(nodes, id)?.options ?? {});
    const said = options.filter(([, { from }]) => from !== 'library');
    const rows = said.map(([name, { value, from }]): [string, string, string] => [
      name,
      typeof value === 'number' && TIMES.test(name) ? formatDuration(value) : preview(value, 60),
      from,
    ]);
    const key = JSON.stringify(rows);
    const group = groups.get(key) ?? { ids: [], rows };
    group.ids.push(id);
    groups.set(key, group);
  }
  out.print();
  const head = ['NODES', 'OPTION', 'VALUE', 'FROM'].map((text) => dim(out, text));
  const cells = [...groups.values()].flatMap(({ ids, rows }) => {
    const who =
      ids.length > 3 ? `${ids.slice(0, 3).join(', ')} and ${ids.length - 3} more` : ids.join(', ');
    const all: string[][] = rows.length > 0 ? rows : [['(all)', '', 'library']];
    return all.map((row, index) =>
      [index === 0 ? who : '', ...row].map((text): Cell => ({ text })),
    );
  });
  for (const line of table([head, ...cells], out.live ? out.width : Infinity)) out.print(line);
}
