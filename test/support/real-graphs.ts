import {
  findEntry,
  isPresent,
  msPerUnit,
  readSource,
  realGraphEntries,
  type CatalogueEntry,
} from './real-graphs/catalogue.js';
import { toTasks, type RawGraph, type Reader, type RealGraph } from './real-graphs/graph.js';
import {
  readFlowbenchGraph,
  readFlowbenchRun,
  readHyperflow,
  readLock,
  readSaga,
} from './real-graphs/json-formats.js';
import { measureGraph } from './real-graphs/measure.js';
import { readDagman, readDax, readSimulatorDag } from './real-graphs/text-formats.js';
import { readArgo, readGithubActions, readPegasusYaml } from './real-graphs/yaml-formats.js';

export { realDataFolder } from './real-graphs/catalogue.js';
export { mergeCycles } from './real-graphs/cycles.js';
export { safeId, type RealGraph } from './real-graphs/graph.js';
export { measureGraph, type GraphNumbers } from './real-graphs/measure.js';

/** Readers by source, and by the file's ending where a source has several formats. */
const READERS: Record<string, Reader> = {
  'flowbench.json': readFlowbenchGraph,
  'flowbench.csv': readFlowbenchRun,
  'cloudworkflowsimulator.dag': readSimulatorDag,
  'cloudworkflowsimulator.xml': readDax,
  'pegasus.dax': readDax,
  'pegasus.dag': readDagman,
  'pegasus.yml': readPegasusYaml,
  dagbench: readSaga,
  hyperflow: readHyperflow,
  'rushstack-lock': readLock,
  'github-actions': readGithubActions,
  'argo-workflows': readArgo,
};

export interface RealGraphOptions {
  minTasks?: number;
  /** Only graphs whose tasks have runtimes or costs of their own; a package lock's one unit each is neither. */
  withRuntimes?: boolean;
}

/** Every graph that an index lists and the folder holds, in the order of the indexes. */
export function loadRealGraphs({
  minTasks = 0,
  withRuntimes = false,
}: RealGraphOptions = {}): RealGraph[] {
  return realGraphEntries()
    .filter(({ tasks }) => tasks >= minTasks)
    .filter((entry) => !withRuntimes || entry.critical_path_s !== null)
    .filter(isPresent)
    .map(fromEntry);
}

/** One graph, by the source's folder and the file's path in it. */
export function loadRealGraph(source: string, file: string): RealGraph {
  return fromEntry(findEntry(source, file));
}

function fromEntry(entry: CatalogueEntry): RealGraph {
  const { source, file } = entry;
  const unit = msPerUnit(entry);
  const tasks = toTasks(readRaw(entry), (runtime) => inMs(runtime, unit));
  return {
    source,
    file,
    tasks,
    acyclic: measureGraph({ tasks }).acyclic,
    ...(entry.critical_path_s === null
      ? {}
      : { criticalPathMs: inMs(entry.critical_path_s, unit) }),
    ...(entry.makespan_bounds_s ? { bounds: boundsOf(entry.makespan_bounds_s, unit) } : {}),
  };
}

function readRaw({ source, file }: CatalogueEntry): RawGraph {
  const ending = file.slice(file.lastIndexOf('.'));
  const reader = READERS[`${source}${ending}`] ?? READERS[source];
  if (!reader) throw new Error(`No reader for ${file} of ${source}`);
  return reader(file, (each) => readSource(source, each));
}

function boundsOf(
  bounds: NonNullable<CatalogueEntry['makespan_bounds_s']>,
  unit: number,
): NonNullable<RealGraph['bounds']> {
  return Object.fromEntries(
    Object.entries(bounds).map(([concurrency, { lower, greedy_upper }]) => [
      concurrency,
      { lowerMs: inMs(lower, unit), upperMs: inMs(greedy_upper, unit) },
    ]),
  );
}

/** Seconds become whole milliseconds; what is in milliseconds already keeps its fraction. */
function inMs(runtime: number, unit: number): number {
  return unit === 1 ? runtime : Math.round(runtime * unit);
}
