/**
 * Our engine beside hand-written Temporal code, on the same server: `npm run bench -- [W1 W2 …] [--pairs 5] [--file]`.
 *
 * The two sides run in turns, and what counts is the ratio within a pair: the machine's mood is the same for both. Each
 * has a worker process of its own that polls meanwhile. Writes `graphs.md`, and each run as a line of `graphs.jsonl`.
 */
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { startDevServer } from '../src/servers/start-dev-server.js';
import { measure, type Measured } from './graphs/measure.js';
import { peakMb, startProgram } from './graphs/processes.js';
import { machine, median, ratio, table, writePart } from './graphs/report.js';
import { startOurSide } from './graphs/sides.js';
import { chosenWorkloads, type Workload } from './graphs/workloads.js';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    pairs: { type: 'string', default: '5' },
    /** The server keeps its state in a file, as `tempograph dev` has it. */
    file: { type: 'boolean', default: false },
  },
});
const pairs = Number(options.pairs);
const kept = options.file ? 'file' : 'memory';
const TABLE = fileURLToPath(new URL('graphs.md', import.meta.url));
const LINES = fileURLToPath(new URL('graphs.jsonl', import.meta.url));

interface Pair {
  raw: Measured;
  ours: Measured;
}

const folder = mkdtempSync(join(tmpdir(), 'tempograph-bench-'));
const stops: (() => Promise<unknown>)[] = [];
try {
  const dbFile = options.file ? { dbFile: join(folder, 'temporal.db') } : {};
  const server = await startDevServer(dbFile);
  stops.push(() => server.stop());
  const { address, pid } = server;
  const rawQueue = 'bench-raw';
  const rawWorker = await startProgram('raw-worker.ts', [address, rawQueue]);
  stops.push(() => rawWorker.stop());
  const ours = await startOurSide({ address, pid, folder, taskQueue: 'bench-ours' }, stops);
  const { client, engine } = ours;

  const sides = {
    raw: async (workload: Workload, id: string): Promise<Measured> =>
      await measure({ client, server: pid, worker: rawWorker.pid, tasks: workload.tasks }, () =>
        workload.raw({ client, taskQueue: rawQueue }, id),
      ),
    ours: (workload: Workload, id: string): Promise<Measured> =>
      ours.measured(workload.tasks, () => workload.ours(engine, id)),
  };
  const rows: string[][] = [];
  for (const [key, workload] of chosenWorkloads(positionals, ['W1', 'W2', 'W3', 'W4', 'W5'])) {
    const measured: Pair[] = [];
    for (let nth = 0; nth <= pairs; nth++) {
      const order = nth % 2 === 0 ? (['raw', 'ours'] as const) : (['ours', 'raw'] as const);
      const pair: Partial<Pair> = {};
      for (const side of order) {
        pair[side] = await sides[side](workload, `${key}-${side}-${nth}`);
        const line = { key, side, nth, kept, load: loadavg()[0], ...pair[side] };
        appendFileSync(LINES, `${JSON.stringify(line)}\n`);
      }
      if (nth > 0) measured.push(pair as Pair); // the first warms both up
      console.log(key, nth, JSON.stringify(pair));
    }
    rows.push(rowOf(workload, measured));
  }
  const memory = `Most memory that the workers have had: raw ${peakMb(rawWorker.pid).toFixed(0)} MB, ours ${peakMb(ours.workerPid).toFixed(0)} MB; the server ${peakMb(pid).toFixed(0)} MB.`;
  writeTable(rows, memory);
} finally {
  for (const stop of stops.reverse()) await stop();
  rmSync(folder, { recursive: true, force: true });
}

function rowOf({ name, tasks }: Workload, measured: readonly Pair[]): string[] {
  const of = (side: keyof Pair, what: keyof Measured): number =>
    median(measured.map((pair) => pair[side][what]));
  const within = (what: keyof Measured): string =>
    ratio(measured.map(({ raw, ours }) => ours[what] / raw[what]));
  const both = (what: keyof Measured, digits: number): string =>
    `${of('raw', what).toFixed(digits)} / ${of('ours', what).toFixed(digits)}`;
  return [
    name,
    both('wallMs', 0),
    within('wallMs'),
    both('serverCpuMs', 2),
    within('serverCpuMs'),
    both('workerCpuMs', 2),
    within('workerCpuMs'),
    `${(of('raw', 'events') / tasks).toFixed(2)} / ${(of('ours', 'events') / tasks).toFixed(2)}`,
  ];
}

/** Replaces this server's part of the results, or adds it. */
function writeTable(rows: readonly string[][], memory: string): void {
  const head = [
    ...['workload', 'wall ms', 'ratio', 'server CPU ms a task', 'ratio'],
    ...['worker CPU ms a task', 'ratio', 'events a task'],
  ];
  writePart(
    TABLE,
    '# Our engine beside hand-written Temporal code\n',
    kept,
    `## Server with its state in ${kept === 'file' ? 'a file' : 'memory'}\n\n\`npm run bench\`. ${machine()}. Raw / ours, medians of ${pairs}; ratios are ours by raw within a pair: median (least–most).\n\n${table(head, rows)}\n\n${memory}`,
  );
}
