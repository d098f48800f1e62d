/**
 * Real graphs with their run times at a hundredth, within windows of 10, 50 and 100: how long they take beside the best
 * that a greedy schedule with no overhead makes of them, which is what `plan` says: `npm run bench:real -- [--longest 60]`.
 * Graphs whose schedule takes longer than that many seconds at this scale, or a few milliseconds in all, are left out.
 * Writes its part of `graphs.md`.
 */
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { planGraph } from '../src/domain/forecast.js';
import type { GraphSpec } from '../src/index.js';
import { loadRealGraphs, type RealGraph } from '../test/support/real-graphs.js';
import { machine, median, table, writePart } from './graphs/report.js';
import { startOurSide } from './graphs/sides.js';
import { onStage, startServer } from './graphs/stage.js';

const { values: options } = parseArgs({
  options: {
    /** Seconds of the longest schedule. */
    longest: { type: 'string', default: '60' },
    /** Fewest tasks. */
    least: { type: 'string', default: '100' },
  },
});
const FILE = fileURLToPath(new URL('graphs.md', import.meta.url));
const WINDOWS = [10, 50, 100];
const SCALE = 100;
/** Below it a run is its overhead and nothing else. */
const SHORTEST_MS = 100;

/** Each task as a `sleep`; its time is in whole milliseconds. */
function scaled(graph: RealGraph, concurrency: number) {
  const tasks = graph.tasks.map(({ id, dependsOn, runtimeMs }) => ({
    ...{ id, task: 'sleep', dependsOn },
    input: { ms: Math.max(0, Math.round(runtimeMs / SCALE)) },
  }));
  const spec: GraphSpec = { name: graph.file, concurrency, tasks };
  const durations = Object.fromEntries(tasks.map(({ id, input }) => [id, input.ms]));
  const { plan, faults } = planGraph(spec, {
    ...{ durations, overhead: { stepMs: 0, perNodeMs: 0 } }, // which is what is measured
  });
  if (!plan) throw new Error(`${graph.file}: ${JSON.stringify(faults)}`);
  return { spec, idealMs: plan.makespanMs, taskMs: median(Object.values(durations)) };
}

await onStage(async (stage) => {
  const server = await startServer(stage);
  const { engine } = await startOurSide(stage, server, 'bench-real');
  const graphs = loadRealGraphs({ minTasks: Number(options.least), withRuntimes: true });
  const rows: string[][] = [];
  for (const graph of graphs.filter(({ acyclic }) => acyclic))
    for (const window of WINDOWS) {
      const { spec, idealMs, taskMs } = scaled(graph, window);
      if (idealMs > Number(options.longest) * 1_000 || idealMs < SHORTEST_MS) continue;
      const { durationMs, status } = await (await engine.scheduleTaskGraph(spec)).result();
      if (status !== 'COMPLETED') throw new Error(`${graph.file} ended ${status}`);
      const perTask =
        ((durationMs - idealMs) * Math.min(window, graph.tasks.length)) / graph.tasks.length;
      const row = [
        `${graph.file} (${graph.tasks.length})`,
        ...[window, taskMs, idealMs, durationMs].map((value) => value.toFixed(0)),
        (durationMs / idealMs).toFixed(3),
        perTask.toFixed(1),
      ];
      console.log(row.join('  '));
      rows.push(row);
    }
  const head = [
    ...['graph (tasks)', 'window', 'median task ms', 'ideal ms', 'run ms', 'run / ideal'],
    'overhead ms a task',
  ];
  writePart(
    FILE,
    '# Our engine beside hand-written Temporal code\n',
    'real',
    `## Real graphs at a hundredth of their run times\n\n\`npm run bench:real\`, one run each, server with its state in memory. ${machine()}. Ideal: the greedy schedule without overhead, by \`planGraph\`. Overhead of a task: what the run took longer, times the window, by the tasks.\n\n${table(head, rows)}`,
  );
});
