import type { Edge, RawGraph, Reader } from './graph.js';

type Adjacency = Record<string, string[]>;

interface SagaGraph {
  task_graph: {
    tasks: { name: string; cost: number }[];
    dependencies: { source: string; target: string }[];
  };
}

interface HyperflowGraph {
  processes: { name: string; ins: number[]; outs: number[] }[];
}

const UNIT = 1;

/** Flowbench's graphs: `{task: [children]}`, without runtimes. */
export const readFlowbenchGraph: Reader = (file, read) => {
  const children = JSON.parse(read(file)) as Adjacency;
  return { tasks: namesIn(children).map((name) => ({ name })), edges: edgesDown(children) };
};

/** One execution of a Flowbench graph: the graph of the run's name, with the `runtime` column of its CSV. */
export const readFlowbenchRun: Reader = (file, read) => {
  const graph = readFlowbenchGraph(graphOfRun(file), read);
  const runtimes = runtimesOf(read(file));
  const tasks = graph.tasks.map(({ name }) => {
    const runtime = runtimes.get(name);
    if (runtime === undefined) throw new Error(`${file} has no runtime of ${name}`);
    return { name, runtime };
  });
  return { tasks, edges: graph.edges };
};

/** SAGA JSON (dagbench): tasks with a cost, dependencies from source to target. */
export const readSaga: Reader = (file, read) => {
  const { tasks, dependencies } = (JSON.parse(read(file)) as SagaGraph).task_graph;
  return {
    tasks: tasks.map(({ name, cost }) => ({ name, runtime: cost })),
    edges: dependencies.map(({ source, target }) => ({ from: source, to: target })),
  };
};

/** HyperFlow: processes joined by numbered signals; names repeat, so a process is known by name and position. */
export const readHyperflow: Reader = (file, read) => {
  const { processes } = JSON.parse(read(file)) as HyperflowGraph;
  const names = processes.map(({ name }, position) => `${name}_${position}`);
  const producers = new Map<number, string>();
  processes.forEach(({ outs }, at) =>
    outs.forEach((signal) => producers.set(signal, names[at] ?? '')),
  );
  const edges = processes.flatMap(({ ins }, at) => edgesInto(names[at] ?? '', ins, producers));
  return { tasks: names.map((name) => ({ name })), edges };
};

/** A package lock as `{package: [packages it depends on]}`, one unit of work per package. */
export const readLock: Reader = (file, read): RawGraph => {
  const needed = JSON.parse(read(file)) as Adjacency;
  return {
    tasks: namesIn(needed).map((name) => ({ name, runtime: UNIT })),
    edges: edgesDown(needed).map(({ from, to }) => ({ from: to, to: from })),
  };
};

function namesIn(adjacency: Adjacency): string[] {
  return [...new Set([...Object.keys(adjacency), ...Object.values(adjacency).flat()])];
}

function edgesDown(adjacency: Adjacency): Edge[] {
  return Object.entries(adjacency).flatMap(([from, names]) => names.map((to) => ({ from, to })));
}

function edgesInto(to: string, signals: number[], producers: Map<number, string>): Edge[] {
  return signals.flatMap((signal) => {
    const from = producers.get(signal);
    return from === undefined ? [] : [{ from, to }];
  });
}

/** `runs/eht-smili-run0001.csv` ran `adjacency_list_dags/eht_smili.json`. */
function graphOfRun(file: string): string {
  const name = /([^/]+)-run\d+\.csv$/.exec(file)?.[1];
  if (name === undefined) throw new Error(`${file} is not named like a run`);
  return `adjacency_list_dags/${name.replaceAll('-', '_')}.json`;
}

/** Seconds by task. A plain split is enough: the quoted columns come after `runtime`. */
function runtimesOf(csv: string): Map<string, number> {
  const [header = [], ...rows] = csv
    .trim()
    .split(/\r?\n/)
    .map((line) => line.split(','));
  const column = header.indexOf('runtime');
  return new Map(rows.map((cells) => [cells[0] ?? '', Number.parseFloat(cells[column] ?? '')]));
}
