import { describe, expect, it } from '@jest/globals';
import {
  loadRealGraph,
  loadRealGraphs,
  measureGraph,
  mergeCycles,
  realDataFolder,
  safeId,
  type GraphNumbers,
  type RealGraph,
} from '../support/real-graphs.js';
import {
  isPresent,
  msPerUnit,
  realGraphEntries,
  topIndex,
  type CatalogueEntry,
} from '../support/real-graphs/catalogue.js';

const NODE_ID = /^[A-Za-z0-9_.-]{1,128}$/;

const folder = realDataFolder();
const listed = folder === undefined ? [] : realGraphEntries();
const entries = listed.filter(isPresent);
const absent = listed.filter((entry) => !isPresent(entry));
const timed = entries.filter(({ total_work_s }) => total_work_s !== null);
const bounded = entries.filter(({ makespan_bounds_s }) => makespan_bounds_s !== undefined);
const describeWithData = folder === undefined ? describe.skip : describe;
const withData = (title: string) =>
  folder === undefined ? `${title} (skipped: no shared/data next to this checkout)` : title;

describe('safeId', () => {
  it.each([
    ['a letter', 'a'],
    ['a name with dots, dashes and underscores', 'stage_in.local-0'],
    ['a name of 128 characters', 'x'.repeat(128)],
  ])('keeps %s, which already is a node id', (_title, id) => {
    expect(safeId(id)).toBe(id);
  });

  it.each([
    ['an empty name', ''],
    ['a package', '@scope/name@1.0.0(peer@2)'],
    ['a name outside ASCII', 'naïve 🙂'],
    ['a name of 129 characters', 'x'.repeat(129)],
  ])('gives %s a node id, the same each time', (_title, raw) => {
    expect(safeId(raw)).toMatch(NODE_ID);
    expect(safeId(raw)).toBe(safeId(raw));
  });

  it('keeps strings apart that differ only in replaced or cut characters', () => {
    const raws = ['a b', 'a/b', 'a_b', `${'x'.repeat(200)}1`, `${'x'.repeat(200)}2`];
    expect(new Set(raws.map(safeId)).size).toBe(raws.length);
  });
});

describe('mergeCycles', () => {
  const task = (id: string, dependsOn: string[], runtimeMs = 1) => ({ id, dependsOn, runtimeMs });
  const graph = (tasks: RealGraph['tasks']): RealGraph => {
    return { source: 'made', file: 'here', tasks, acyclic: measureGraph({ tasks }).acyclic };
  };

  it('makes one task of a cycle, between what it needs and what needs it', () => {
    const cyclic = graph([
      task('a', []),
      task('b', ['a', 'c'], 2),
      task('c', ['b'], 3),
      task('d', ['c']),
    ]);
    const merged = mergeCycles(cyclic);
    expect(cyclic.acyclic).toBe(false);
    expect(merged.acyclic).toBe(true);
    expect(new Set(merged.tasks)).toEqual(
      new Set([task('a', []), task('b.cycle-of-2', ['a'], 5), task('d', ['b.cycle-of-2'])]),
    );
  });

  it('removes the edge of a task that depends on itself', () => {
    expect(mergeCycles(graph([task('a', ['a'])])).tasks).toEqual([task('a', [])]);
  });

  it('returns a graph without cycles as it is', () => {
    const diamond = graph([
      task('a', []),
      task('b', ['a']),
      task('c', ['a']),
      task('d', ['b', 'c']),
    ]);
    expect(mergeCycles(diamond)).toBe(diamond);
  });
});

describeWithData(withData('real graphs'), () => {
  it.each(entries)('$source $file has the size and shape that its index records', (entry) => {
    const numbers = measureGraph(loadRealGraph(entry.source, entry.file));
    expect(shapeOf(numbers)).toEqual(recordedShape(entry));
  });

  it.each(timed)(
    '$source $file has the total work and critical path that its index records',
    (entry) => {
      const graph = loadRealGraph(entry.source, entry.file);
      const { totalWorkMs, criticalPathMs } = measureGraph(graph);
      expectWithinRounding(totalWorkMs, entry.total_work_s, entry);
      expectWithinRounding(criticalPathMs ?? null, entry.critical_path_s, entry);
      expectWithinRounding(graph.criticalPathMs ?? null, entry.critical_path_s, entry);
    },
  );

  it.each(bounded)(
    '$source $file has bounds that follow from its work and critical path',
    (entry) => {
      const graph = loadRealGraph(entry.source, entry.file);
      const { totalWorkMs, criticalPathMs = 0 } = measureGraph(graph);
      expect(Object.keys(graph.bounds ?? {})).toEqual(Object.keys(entry.makespan_bounds_s ?? {}));
      for (const [slots, { lowerMs, upperMs }] of Object.entries(graph.bounds ?? {})) {
        const share = totalWorkMs / Number(slots);
        const slack = msPerUnit(entry) * 1e-3;
        expect(Math.abs(lowerMs - Math.max(criticalPathMs, share))).toBeLessThanOrEqual(slack);
        expect(
          Math.abs(upperMs - share - criticalPathMs * (1 - 1 / Number(slots))),
        ).toBeLessThanOrEqual(slack);
      }
    },
  );

  it.each(entries)('$source $file has unique ids that Tempograph accepts', (entry) => {
    const { tasks } = loadRealGraph(entry.source, entry.file);
    const ids = new Set(tasks.map(({ id }) => id));
    expect([...ids].filter((id) => !NODE_ID.test(id))).toEqual([]);
    expect(ids.size).toBe(tasks.length);
    expect(tasks.flatMap(({ dependsOn }) => dependsOn).filter((id) => !ids.has(id))).toEqual([]);
  });

  it.each(entries)('$source $file has no cycle once its cycles are merged', (entry) => {
    const graph = loadRealGraph(entry.source, entry.file);
    const numbers = measureGraph(mergeCycles(graph));
    expect(numbers.totalWorkMs).toBe(measureGraph(graph).totalWorkMs);
    expect(shapeOf(numbers)).toEqual(recordedShape({ ...entry, ...entry.condensed }));
  });

  if (absent.length > 0) {
    it.skip.each(absent)('$source $file is in the index, but not in the folder', () => undefined);
  }
});

describeWithData(withData('loadRealGraphs'), () => {
  it('returns every graph that the indexes list and the folder holds', () => {
    const loaded = loadRealGraphs().map(({ source, file }) => `${source} ${file}`);
    expect(loaded).toEqual(entries.map(({ source, file }) => `${source} ${file}`));
  });

  it('lists as many graphs for each source as the index at the top counts', () => {
    const counted = Object.entries(topIndex().summary).map(([source, { graphs }]) => [
      source,
      graphs,
    ]);
    const found = counted.map(([source]) => [
      source,
      listed.filter((each) => each.source === source).length,
    ]);
    expect(found).toEqual(counted);
  });

  it('returns the large graphs that the index at the top names when asked for 100 tasks', () => {
    const sizes = ({ source, tasks, edges }: { source: string; tasks: number; edges: number }) =>
      `${source} ${tasks} ${edges}`;
    const loaded = loadRealGraphs({ minTasks: 100 }).map((graph) =>
      sizes({ ...measureGraph(graph), source: graph.source }),
    );
    expect(loaded.sort()).toEqual(topIndex().graphs_of_100_tasks_or_more.map(sizes).sort());
  });

  it('returns only graphs with work to do when asked for runtimes', () => {
    const graphs = loadRealGraphs({ withRuntimes: true });
    expect(graphs.length).toBeGreaterThan(0);
    expect(graphs.filter((graph) => !graph.criticalPathMs)).toEqual([]);
  });

  it('names the file when asked for a graph that no index lists', () => {
    expect(() => loadRealGraph('flowbench', 'nope.json')).toThrow('nope.json');
  });
});

/** What a graph is without its runtimes. */
function shapeOf(numbers: GraphNumbers) {
  const { tasks, edges, roots, acyclic, maxFanIn, maxFanOut, depth, maxWidth } = numbers;
  const paths = acyclic ? { depth, maxWidth } : {};
  return { tasks, edges, roots, acyclic, maxFanIn, maxFanOut, ...paths };
}

type Recorded = Pick<
  CatalogueEntry,
  'tasks' | 'edges' | 'roots' | 'max_fan_in' | 'max_fan_out' | 'acyclic' | 'depth' | 'max_width'
>;

/** The index's numbers under our names; it leaves depth and width of cyclic graphs open. */
function recordedShape(entry: Recorded) {
  const { tasks, edges, roots, acyclic, depth, max_width, max_fan_in, max_fan_out } = entry;
  const paths = acyclic ? { depth, maxWidth: max_width } : {};
  return { tasks, edges, roots, acyclic, maxFanIn: max_fan_in, maxFanOut: max_fan_out, ...paths };
}

/** Equal to within a thousandth of the index's unit; where the index says nothing, so must the graph. */
function expectWithinRounding(
  ms: number | null,
  recorded: number | null,
  entry: CatalogueEntry,
): void {
  if (ms === null || recorded === null) return expect(ms).toBe(recorded);
  expect(Math.abs(ms - recorded * msPerUnit(entry))).toBeLessThanOrEqual(msPerUnit(entry) * 1e-3);
}
