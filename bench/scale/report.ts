/** The tables of `docs/scale.md`, by the name of their place there. */
import { layered, chain, type Shape } from '../graphs/shapes.js';
import { table } from '../graphs/report.js';
import {
  LAYOUTS,
  LOADS,
  alone,
  carriedBy,
  limitsOf,
  simulateLoad,
  type Layout,
  type LimitName,
  type Load,
} from './capacity.js';
import { REQUESTS } from './costs.js';
import { graphOf } from './handing.js';
import { CALIBRATION, FORETOLD, type Measurement } from './measured.js';
import { SHAPES, simulateMean, type Mean } from './workloads.js';

const LIMITS: Readonly<Record<LimitName, string>> = {
  graphs: 'the graphs',
  server: "the server's cores",
  database: "the database's cores",
  shards: 'shards',
  workflows: 'workflow threads',
  main: 'main threads',
  store: "the store's cores",
};
const DAY = 86_400;
const TEN_MILLION = 10_000_000;

/** Two figures that mean something. */
export function rounded(value: number): string {
  const step = 10 ** Math.max(0, Math.floor(Math.log10(value)) - 1);
  return (Math.round(value / step) * step).toLocaleString('en');
}

function time(seconds: number): string {
  if (seconds < 5_400) return `${rounded(seconds / 60)} min`;
  return seconds < 2 * DAY
    ? `${(seconds / 3_600).toFixed(1)} h`
    : `${(seconds / DAY).toFixed(1)} days`;
}

/** How far a simulated value is off, in percent; undefined where nothing was measured. */
export const offBy = (told: number, measured: number | undefined): number | undefined =>
  measured === undefined ? undefined : (told / measured - 1) * 100;

function beside(told: number, measured: number | undefined, digits: number): string {
  const off = offBy(told, measured);
  if (off === undefined || measured === undefined) return `– / ${told.toFixed(digits)}`;
  const sign = off >= 0 ? '+' : '−';
  return `${measured.toFixed(digits)} / ${told.toFixed(digits)} (${sign}${Math.abs(off).toFixed(0)} %)`;
}

type Expected = Omit<Measurement, 'wallMs'> & { wallMs?: number };

export function foretell({ shape, light, executions }: Expected): Mean {
  return simulateMean(graphOf(SHAPES[shape], light), executions);
}

function comparison(of: readonly Expected[]): string {
  const rows = of.map((measured) => {
    const told = foretell(measured);
    const { wallMs, serverCpuMs, workerCpuMs, bothCpuMs, eventsPerNode, name, source } = measured;
    const wallS = wallMs === undefined ? undefined : wallMs / 1_000;
    const both = bothCpuMs === undefined ? undefined : told.serverCpuMs + told.workerCpuMs;
    return [
      ...[name, beside(told.wallMs / 1_000, wallS, 2)],
      both === undefined
        ? beside(told.serverCpuMs, serverCpuMs, 2)
        : `both: ${beside(both, bothCpuMs, 2)}`,
      both === undefined ? beside(told.workerCpuMs, workerCpuMs, 2) : '',
      beside(told.eventsPerNode, eventsPerNode, 2),
      source,
    ];
  });
  const head = [
    ...['workload', 'seconds', 'server CPU ms a node', 'worker CPU ms a node'],
    ...['events a node', 'recorded in'],
  ];
  return table(head, rows);
}

const LONE: readonly [name: string, shape: Shape, light: boolean][] = [
  ['1,000 nodes, window 100', layered(10, 100), false],
  ['10,000 nodes, window 100', layered(100, 100), false],
  ['10,000 nodes, window 500', layered(20, 500), false],
  ['chain of 1,000', chain(1_000), false],
  ['10,000 light nodes, window 100', layered(100, 100), true],
];

/** What one graph alone comes to, by how long a commit takes. */
function lone(): string {
  const commits = [undefined, 1, 2, 5, 10];
  const rows = LONE.map(([name, shape, light]) => [
    name,
    ...commits.map((commitMs) => {
      const { nodes, wallMs } = alone(shape, light, commitMs);
      return rounded((nodes / wallMs) * 1_000);
    }),
  ]);
  const head = commits.map((ms) => (ms === undefined ? 'in memory' : `commit ${ms} ms`));
  return table(['nodes a second of one graph', ...head], rows);
}

const layoutName = ({
  serverNodes,
  databaseCores,
  shards,
  workers,
  storeCores,
}: Layout): string[] =>
  [serverNodes, shards, databaseCores, storeCores, workers].map((value) =>
    value.toLocaleString('en'),
  );

/** What each cluster carries of each load, what binds first, and how far raising that gets. */
function carried(): string {
  const rows = LAYOUTS.flatMap((layout) =>
    LOADS.map((load) => {
      const [first, second] = carriedBy(load, layout);
      return [
        layout.serverNodes.toString(),
        load.name,
        rounded(first.nodesPerSecond),
        time(TEN_MILLION / first.nodesPerSecond),
        LIMITS[first.name],
        `${rounded(second.nodesPerSecond)}, by ${LIMITS[second.name]}`,
      ];
    }),
  );
  const head = [
    ...['server nodes', 'ten million nodes as', 'nodes a second', 'they take', 'binds first'],
    'with more of that',
  ];
  return table(head, rows);
}

/** The smallest layout for so many nodes a day, a tenth of them in the busiest hour. */
function days(): string {
  const rows = [1e6, 1e7, 1e8, 1e9].map((perDay) => {
    const needed = perDay / 10 / 3_600;
    const smallest = LOADS.map((load) => {
      const found = LAYOUTS.find((layout) => carriedBy(load, layout)[0].nodesPerSecond >= needed);
      return found ? found.serverNodes.toString() : 'none of these';
    });
    return [perDay.toLocaleString('en'), rounded(needed), ...smallest];
  });
  const kinds = LOADS.map(({ name }) => name.replace(/^[\d,]+ × /, 'of '));
  return table(['nodes a day', 'a second, at most', ...kinds], rows);
}

/** Nodes a second for which one host of each service answers, by the limits it comes with. */
function requests(): string {
  const rows = LOADS.map((load) => {
    const { nodes, activities, workflowTasks, signals } = alone(
      load.shape,
      load.light,
      LAYOUTS[0]?.commitMs,
    );
    // A task is added and polled for, begun and answered.
    const tasks = (2 * (activities + workflowTasks)) / nodes;
    const signalled = signals / nodes;
    return [
      load.name,
      tasks.toFixed(2),
      rounded(REQUESTS['frontend.namespaceRPS'] / tasks),
      rounded(REQUESTS['history.rps'] / (tasks + signalled)),
      rounded(REQUESTS['matching.rps'] / tasks),
    ];
  });
  const head = Object.entries(REQUESTS).map(([key, rate]) => `\`${key}\` ${rate}`);
  return table(['load', 'requests a node', ...head], rows);
}

const layouts = (): string =>
  table(
    ['server nodes of 8 cores', 'shards', 'database cores', 'store cores', 'worker processes'],
    LAYOUTS.map(layoutName),
  );

/** What one node takes of each resource, on PostgreSQL, by load. */
function demands(): string {
  const rows = LOADS.map((load) => {
    const { nodes, ...used } = alone(load.shape, load.light, LAYOUTS[0]?.commitMs);
    const each = (value: number): string => (value / nodes).toFixed(2);
    return [
      ...[load.name, each(used.events), each(used.transactions), each(used.serverMs)],
      ...[each(used.workflowThreadMs), each(used.mainThreadMs)],
    ];
  });
  const head = [
    ...['load', 'events', 'transactions', 'server ms', 'workflow thread ms', 'main thread ms'],
  ];
  return table(head, rows);
}

/** Enough of them at once to fill one node of the server, and few enough for a process's memory. */
const AT_ONCE = 20;

/** A load's ten million, node by node, on one node of the server. */
export function tenMillionOf(load: Load): string[] {
  const [layout] = LAYOUTS;
  if (!layout) throw new RangeError('no layout');
  const few = { ...load, atOnce: AT_ONCE };
  const { nodes, wallMs, crossed } = simulateLoad(few, layout);
  const one = alone(load.shape, load.light, layout.commitMs);
  // The simulation has no store and keeps no headroom.
  const ideal = limitsOf(few, one, layout, 1).find(({ name }) => name !== 'store');
  if (!ideal) throw new RangeError('no limit');
  return [
    ...[load.name, nodes.toLocaleString('en'), time(wallMs / 1_000)],
    rounded((nodes / wallMs) * 1_000),
    `${rounded(ideal.nodesPerSecond)}, by ${LIMITS[ideal.name]}`,
    crossed.toLocaleString('en'),
  ];
}

/** All ten million, node by node: takes minutes. */
export function tenMillion(say: (line: string) => void): string {
  const rows = LOADS.filter(({ count }) => count <= 10_000).map((load) => {
    const row = tenMillionOf(load);
    say(row.join(' | '));
    return row;
  });
  const head = [
    ...['load', 'nodes', 'they take', 'nodes a second', 'the limits alone say'],
    'crossed signals',
  ];
  return table(head, rows);
}

/** By the name of its place: every table that takes seconds. */
export const tables = (): Record<string, string> => ({
  ...{ calibration: comparison(CALIBRATION), foretold: comparison(FORETOLD), lone: lone() },
  ...{ layouts: layouts(), demands: demands(), carried: carried() },
  ...{ days: days(), requests: requests() },
});

/** The text with a table in its place. @throws RangeError where there is no such place */
export function withTable(text: string, name: string, rows: string): string {
  const place = new RegExp(`(<!-- scale-${name} -->\n)[\\s\\S]*?(<!-- /scale-${name} -->)`);
  if (!place.test(text)) throw new RangeError(`docs/scale.md has no place for ${name}`);
  return text.replace(place, (_all, begin: string, end: string) => `${begin}\n${rows}\n\n${end}`);
}
