/**
 * Our light tasks beside other products: `npm run bench:peers -- [bullmq restate dbos prefect] [W1 W2 W3] [--pairs 5]
 * [--memory]`. What they need is installed beside this file, in their own versions; `redis-server` has to be there for
 * BullMQ, Python for Prefect. The two sides run in turns; ours has a server with a durable file, as `tempograph dev` has
 * it, or in memory. Writes its part of `graphs.md`.
 */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { cpuMs } from './graphs/processes.js';
import { machine, median, ratio, table, writePart } from './graphs/report.js';
import { chain, fan, layered, specOf, type Shape } from './graphs/shapes.js';
import { startOurSide } from './graphs/sides.js';
import { onStage, startServer, type Stage } from './graphs/stage.js';
import { bullmq } from './peers/bullmq.js';
import { dbos } from './peers/dbos.js';
import type { Peer, Side } from './peers/peer.js';
import { prefect } from './peers/prefect.js';
import { restate } from './peers/restate.js';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { pairs: { type: 'string', default: '5' }, memory: { type: 'boolean', default: false } },
});
const pairs = Number(options.pairs);
const FILE = fileURLToPath(new URL('graphs.md', import.meta.url));
const SHAPES: Record<string, Shape> = { W1: chain(100), W2: fan(500), W3: layered(10, 100) };
const PEERS: Record<string, Peer> = { bullmq, restate, dbos, prefect };

const known = [...Object.keys(PEERS), ...Object.keys(SHAPES)];
const unknown = positionals.find((name) => !known.includes(name));
if (unknown !== undefined) throw new Error(`${unknown}: expected some of ${known.join(', ')}`);
const chosen = (of: object): string[] => {
  const named = positionals.filter((name) => name in of);
  return named.length > 0 ? named : Object.keys(of);
};

async function startOurs(stage: Stage): Promise<Side> {
  const file = options.memory ? undefined : join(stage.folder, 'temporal.db');
  const server = await startServer(stage, file);
  const { engine, workerPid } = await startOurSide(stage, server, 'bench-light');
  return {
    pids: () => [server.pid, workerPid],
    run: async (_key, shape, executionId) => {
      const spec = { ...specOf(shape), defaults: { light: true } };
      const handle = await engine.scheduleTaskGraph(spec, { executionId });
      await handle.resultOrThrow();
    },
  };
}

interface Run {
  wallMs: number;
  /** Of all processes of the side, for each task. */
  cpuMs: number;
}

async function runOnce({ run, pids }: Side, key: string, shape: Shape, id: string): Promise<Run> {
  const used = (): number => pids().reduce((sum, pid) => sum + cpuMs(pid), 0);
  const before = used();
  const begin = performance.now();
  await run(key, shape, id);
  const wallMs = performance.now() - begin;
  return { wallMs, cpuMs: (used() - before) / shape.dependsOn.length };
}

/** @returns a row of the table */
async function compare(sides: { peer: Side; ours: Side }, key: string): Promise<string[]> {
  const shape = SHAPES[key] as Shape;
  const runs: Record<keyof typeof sides, Run[]> = { peer: [], ours: [] };
  for (let nth = 0; nth <= pairs; nth++) {
    const order = nth % 2 === 0 ? (['peer', 'ours'] as const) : (['ours', 'peer'] as const);
    for (const name of order) {
      const one = await runOnce(sides[name], key, shape, `${key}-${nth}`);
      console.log(key, nth, name, one.wallMs.toFixed(0), 'ms');
      if (nth > 0) runs[name].push(one); // the first warms both up
    }
  }
  const { peer, ours } = runs;
  const walls = (side: readonly Run[]): number => median(side.map(({ wallMs }) => wallMs));
  const cpus = (side: readonly Run[]): string => median(side.map((one) => one.cpuMs)).toFixed(2);
  return [
    ...[`${key} ${shape.name}`, walls(peer).toFixed(0), walls(ours).toFixed(0)],
    ratio(ours.map(({ wallMs }, nth) => wallMs / (peer[nth]?.wallMs ?? Number.NaN))),
    ...[cpus(peer), cpus(ours)],
  ];
}

const HERE = fileURLToPath(new URL('peers', import.meta.url));
execFileSync('npm', ['install', '--no-audit', '--no-fund'], { cwd: HERE, stdio: 'ignore' });
for (const key of chosen(PEERS))
  await onStage(async (stage) => {
    const peer = PEERS[key] as Peer;
    const sides = { peer: await peer.start(stage), ours: await startOurs(stage) };
    const rows: string[][] = [];
    for (const workload of chosen(SHAPES)) rows.push(await compare(sides, workload));
    const { name } = peer;
    const head = [
      'workload',
      `${name} ms`,
      'ours ms',
      'ratio',
      `${name} CPU ms a task`,
      'ours CPU ms a task',
    ];
    const where = options.memory ? 'in memory' : 'in a file, WAL and synchronous=NORMAL';
    writePart(
      FILE,
      '# Our engine beside hand-written Temporal code\n',
      options.memory ? `${key}-memory` : key,
      `## Light tasks beside ${name}, server with its state ${where}\n\n\`npm run bench:peers -- ${key}\`. ${peer.about()}. ${machine()}. Medians of ${pairs}; ratios are ours by ${name}'s within a pair: median (least–most).\n\n${table(head, rows)}`,
    );
  });
