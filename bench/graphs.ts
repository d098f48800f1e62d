/**
 * Our engine beside hand-written Temporal code, on the same server: `npm run bench -- [W1 W2 …] [--pairs 5] [--file]`.
 *
 * The two sides run in turns, and what counts is the ratio within a pair: the machine's mood is the same for both. Each
 * has a worker process of its own that polls meanwhile. Writes `graphs.md`, and each run as a line of `graphs.jsonl`.
 */
import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Client, Connection } from '@temporalio/client';
import { TaskEngine } from '../src/index.js';
import { startDevServer } from '../src/servers/start-dev-server.js';
import { measure, median, type Measured } from './graphs/measure.js';
import { peakMb, startProgram } from './graphs/processes.js';
import { WORKLOADS, type Workload } from './graphs/workloads.js';

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
  const [rawQueue, ourQueue] = ['bench-raw', 'bench-ours'];
  const dataDir = join(folder, 'data');
  const rawWorker = await startProgram('raw-worker.ts', [address, rawQueue]);
  stops.push(() => rawWorker.stop());
  const ourWorker = await startProgram('our-worker.mjs', [address, ourQueue, dataDir]);
  stops.push(() => ourWorker.stop());
  const connection = await Connection.connect({ address });
  stops.push(() => connection.close());
  const client = new Client({ connection });
  const engine = await TaskEngine.connect({ address, taskQueue: ourQueue, dataDir });
  stops.push(() => engine.shutdown());

  const sides = {
    raw: async (workload: Workload, id: string): Promise<Measured> =>
      await measure({ client, server: pid, worker: rawWorker.pid, tasks: workload.tasks }, () =>
        workload.raw({ client, taskQueue: rawQueue }, id),
      ),
    ours: async (workload: Workload, id: string): Promise<Measured> =>
      await measure({ client, server: pid, worker: ourWorker.pid, tasks: workload.tasks }, () =>
        workload.ours(engine, id),
      ),
  };
  const rows: string[][] = [];
  for (const [key, workload] of chosen()) {
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
  const memory = `Most memory that the workers have had: raw ${peakMb(rawWorker.pid).toFixed(0)} MB, ours ${peakMb(ourWorker.pid).toFixed(0)} MB; the server ${peakMb(pid).toFixed(0)} MB.`;
  writeTable(rows, memory);
} finally {
  for (const stop of stops.reverse()) await stop();
  rmSync(folder, { recursive: true, force: true });
}

function chosen(): [string, Workload][] {
  const keys = positionals.length > 0 ? positionals : ['W1', 'W2', 'W3', 'W4', 'W5'];
  return keys.map((key) => {
    const workload = WORKLOADS[key];
    if (!workload) throw new Error(`${key}: expected one of ${Object.keys(WORKLOADS).join(', ')}`);
    return [key, workload];
  });
}

function rowOf({ name, tasks }: Workload, measured: readonly Pair[]): string[] {
  const of = (side: keyof Pair, what: keyof Measured): number =>
    median(measured.map((pair) => pair[side][what]));
  const ratio = (what: keyof Measured): string => {
    const ratios = measured.map(({ raw, ours }) => ours[what] / raw[what]);
    return `${median(ratios).toFixed(2)} (${Math.min(...ratios).toFixed(2)}–${Math.max(...ratios).toFixed(2)})`;
  };
  const both = (what: keyof Measured, digits: number): string =>
    `${of('raw', what).toFixed(digits)} / ${of('ours', what).toFixed(digits)}`;
  return [
    name,
    both('wallMs', 0),
    ratio('wallMs'),
    both('serverCpuMs', 2),
    ratio('serverCpuMs'),
    both('workerCpuMs', 2),
    ratio('workerCpuMs'),
    `${(of('raw', 'events') / tasks).toFixed(2)} / ${(of('ours', 'events') / tasks).toFixed(2)}`,
  ];
}

/** Replaces this server's part of the results, or adds it. */
function writeTable(rows: readonly string[][], memory: string): void {
  const head = [
    'workload',
    'wall ms',
    'ratio',
    'server CPU ms a task',
    'ratio',
    'worker CPU ms a task',
    'ratio',
    'events a task',
  ];
  const lines = [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`);
  const [cpu] = cpus();
  const machine = `${cpus().length} × ${cpu?.model ?? 'processor'}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}, ${new Date().toISOString().slice(0, 10)}, load ${(loadavg()[0] ?? 0).toFixed(1)} at the end`;
  const text = `<!-- ${kept} -->\n\n## Server with its state in ${kept === 'file' ? 'a file' : 'memory'}\n\n${machine}. Raw / ours, medians of ${pairs}; ratios are ours by raw within a pair: median (least–most).\n\n${lines.join('\n')}\n\n${memory}\n`;
  const mark = `<!-- ${kept} -->`;
  let before = `# Our engine beside hand-written Temporal code\n\n\`npm run bench\`\n`;
  try {
    before = readFileSync(TABLE, 'utf8');
  } catch {
    // The first results.
  }
  const parts = before.split(/(?=^<!-- \w+ -->$)/m).filter((part) => !part.startsWith(mark));
  writeFileSync(TABLE, `${[...parts.map((part) => part.trimEnd()), text].join('\n\n')}`);
  execFileSync('npx', ['prettier', '--write', TABLE], { stdio: 'ignore' });
}
