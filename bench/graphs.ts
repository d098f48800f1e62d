/**
 * Our engine beside hand-written Temporal code, on the same server: `npm run bench -- [W1 W2 …] [--pairs 5]
 * [--warm 1] [--file]`.
 *
 * The two sides run in turns, and what counts is the ratio within a pair: the machine's mood is the same for both. Each
 * has a worker process of its own that polls meanwhile. Writes `graphs.md`, and each run as a line of `graphs.jsonl`.
 */
import { appendFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { Measured } from './graphs/measure.js';
import { runPairs, startBothSides, type Pair } from './graphs/pairs.js';
import { machine, median, ratio, table, writePart } from './graphs/report.js';
import { onStage } from './graphs/stage.js';
import { chosenWorkloads, type Workload } from './graphs/workloads.js';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    pairs: { type: 'string', default: '5' },
    /** Pairs at the start of each workload that do not count: with 1 much of both workers' code is still interpreted. */
    warm: { type: 'string', default: '1' },
    /** The server keeps its state in a file, as `tempograph dev` has it. */
    file: { type: 'boolean', default: false },
  },
});
const pairs = Number(options.pairs);
const warm = Number(options.warm);
const kept = options.file ? 'file' : 'memory';
const TABLE = fileURLToPath(new URL('graphs.md', import.meta.url));
const LINES = fileURLToPath(new URL('graphs.jsonl', import.meta.url));

await onStage(async (stage) => {
  const dbFile = options.file ? join(stage.folder, 'temporal.db') : undefined;
  const sides = await startBothSides(stage, dbFile);
  const rows: string[][] = [];
  for (const chosen of chosenWorkloads(positionals, ['W1', 'W2', 'W3', 'W4', 'W5', 'W7'])) {
    const [key, workload] = chosen;
    const told = (side: keyof Pair, nth: number, measured: Measured): void => {
      const line = JSON.stringify({ key, side, nth, kept, load: loadavg()[0], ...measured });
      appendFileSync(LINES, `${line}\n`);
      console.log(line);
    };
    rows.push(rowOf(workload, await runPairs(sides, chosen, { pairs, warm, told })));
  }
  const { raw, ours, server } = sides.peaks();
  const memory = `Most memory that the workers have had: raw ${raw.toFixed(0)} MB, ours ${ours.toFixed(0)} MB; the server ${server.toFixed(0)} MB.`;
  writeTable(rows, memory);
});

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

/** Replaces the part of the results that is of this server and these workloads, or adds it. */
function writeTable(rows: readonly string[][], memory: string): void {
  const head = [
    ...['workload', 'wall ms', 'ratio', 'server CPU ms a task', 'ratio'],
    ...['worker CPU ms a task', 'ratio', 'events a task'],
  ];
  writePart(
    TABLE,
    '# Our engine beside hand-written Temporal code\n',
    [kept, ...positionals, ...(warm > 1 ? ['warm'] : [])].join('-'),
    `## ${positionals.join(', ')}${positionals.length > 0 ? ': server' : 'Server'} with its state in ${kept === 'file' ? 'a file' : 'memory'}\n\n\`npm run bench${warm > 1 ? ` -- --warm ${warm}` : ''}\`. ${machine()}. Raw / ours, medians of ${pairs} after ${warm} that do not count; ratios are ours by raw within a pair: median (least–most).\n\n${table(head, rows)}\n\n${memory}`,
  );
}
