/**
 * Graphs of awkward shapes beside an ordinary one of 10,000 nodes: `npm run bench:shapes -- [name …] [--light]`. Each once,
 * or as often as it is named: the first takes longer, since the worker has just started;
 * what counts is the time of a node beside that of the ordinary graph, and that all of them come to their end. Writes its
 * part of `graphs.md`.
 */
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { GraphSpec } from '../src/index.js';
import type { GraphSubmitOptions } from '../src/client.js';
import { machine, table, writePart } from './graphs/report.js';
import { chain, layered, specOf, type Shape } from './graphs/shapes.js';
import { startOurSide } from './graphs/sides.js';
import { onStage, startServer } from './graphs/stage.js';
import { peakMb } from './graphs/processes.js';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { light: { type: 'boolean', default: false } },
});
const { light } = options;
const FILE = fileURLToPath(new URL('graphs.md', import.meta.url));

interface Case {
  /** Nodes, items of maps counted. */
  tasks: number;
  spec: GraphSpec;
  submit?: GraphSubmitOptions;
}

/** Levels one after the other, between them a node that joins the first thousand of a level and begins the next. */
function levels(count: number, width: number): Shape {
  const dependsOn: number[][] = [];
  let gate: number | undefined;
  for (let level = 0; level < count; level++) {
    const first = dependsOn.length;
    for (let place = 0; place < width; place++) dependsOn.push(gate === undefined ? [] : [gate]);
    const parents = Array.from({ length: Math.min(1_000, width) }, (_, place) => first + place);
    gate = dependsOn.push(parents) - 1;
  }
  return { name: `${count} levels of ${width}, joined by 1,000`, dependsOn, window: 100 };
}

const plain = (shape: Shape): Case => ({ tasks: shape.dependsOn.length, spec: specOf(shape) });

const CASES: Readonly<Record<string, () => Case>> = {
  ordinary: () => plain(layered(100, 100)),
  /** W6; only where it is asked for. */
  big: () => plain(layered(1_000, 100)),
  narrow: () => plain({ ...layered(100, 60), name: '100 layers of 60, ten at once', window: 10 }),
  wide: () => plain(levels(2, 7_000)),
  chain: () => plain(chain(5_000)),
  map: () => ({
    tasks: 50_000,
    spec: {
      name: 'map of 50,000',
      params: { list: { type: 'array' } },
      tasks: [
        {
          ...{ id: 'items', task: 'echo', input: '${{ item }}' },
          map: { over: 'params.list', concurrency: 100, maxItems: 50_000 },
        },
      ],
    },
    submit: { params: { list: Array.from({ length: 50_000 }, (_, index) => index) } },
  }),
  large: () => ({
    tasks: 500,
    spec: {
      name: '500 results of 1 MB',
      concurrency: 20,
      params: { text: { type: 'string' } },
      tasks: Array.from({ length: 500 }, (_, nth) => ({
        ...{ id: `n${nth}`, task: 'echo' },
        input: { nth, text: '${{ params.text }}' },
      })),
    },
    submit: { params: { text: 'x'.repeat(1_000_000) } },
  }),
};

await onStage(async (stage) => {
  const server = await startServer(stage);
  const { engine, measured, workerPid } = await startOurSide(stage, server, 'bench-shapes');
  const all = Object.keys(CASES).filter((name) => name !== 'big');
  const chosen = positionals.length > 0 ? positionals : all;
  const rows: string[][] = [];
  let ordinary: number | undefined;
  for (const [nth, name] of chosen.entries()) {
    const executionId = `${name}-${nth}`;
    const make = CASES[name];
    if (!make) throw new Error(`${name}: expected some of ${Object.keys(CASES).join(', ')}`);
    const { tasks, spec, submit } = make();
    const graph = light ? { ...spec, defaults: { light: true } } : spec;
    const { wallMs, serverCpuMs, workerCpuMs } = await measured(tasks, async () => {
      const handle = await engine.scheduleTaskGraph(graph, { ...submit, executionId });
      await handle.resultOrThrow();
      return [executionId];
    });
    const each = wallMs / tasks;
    ordinary ??= each;
    const row = [
      ...[spec.name, tasks.toLocaleString('en'), (wallMs / 1_000).toFixed(1), each.toFixed(2)],
      ...[(each / ordinary).toFixed(2), serverCpuMs.toFixed(2), workerCpuMs.toFixed(2)],
      peakMb(workerPid).toFixed(0),
    ];
    console.log(row.join(' | '));
    rows.push(row);
  }
  const head = [
    ...['graph', 'nodes', 'seconds', 'ms a node', 'beside the first'],
    ...['server CPU ms', 'worker CPU ms', "worker's most MB"],
  ];
  const title = `Shapes${light ? ', of light tasks' : ''}`;
  writePart(
    FILE,
    '# Our engine beside hand-written Temporal code\n',
    ['shapes', ...positionals, ...(light ? ['light'] : [])].join('-'),
    `## ${title}\n\n\`npm run bench:shapes\`. Server with its state in memory. ${machine()}. One run each.\n\n${table(head, rows)}`,
  );
});
