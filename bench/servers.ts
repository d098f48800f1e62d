/**
 * Our graphs on the server that `tempograph dev` starts, beside `temporal server start-dev --db-filename` as it comes:
 * `npm run bench:servers -- [W1 W3 …] [--pairs 5]`. Both keep their state in a file. Writes its part of `graphs.md`.
 */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Connection } from '@temporalio/client';
import { findDevServer } from '../src/servers/find-dev-server.js';
import { spawnOwned } from '../src/servers/owned-process.js';
import { freePort } from '../src/servers/ports.js';
import type { Measured } from './graphs/measure.js';
import { machine, median, ratio, table, writePart } from './graphs/report.js';
import { startOurSide } from './graphs/sides.js';
import { onStage, startServer, type Stage } from './graphs/stage.js';
import { chosenWorkloads, type Workload } from './graphs/workloads.js';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { pairs: { type: 'string', default: '5' } },
});
const pairs = Number(options.pairs);
const FILE = fileURLToPath(new URL('graphs.md', import.meta.url));
const LOOPBACK = '127.0.0.1';

type Side = (workload: Workload, id: string) => Promise<Measured>;

async function sideOn(
  stage: Stage,
  server: { address: string; pid: number },
  taskQueue: string,
): Promise<Side> {
  const { engine, measured } = await startOurSide(stage, server, taskQueue);
  return (workload, id) => measured(workload.tasks, () => workload.ours(engine, id));
}

async function asItComes(stage: Stage): Promise<Side> {
  const { path } = await findDevServer();
  const [port, uiPort] = [await freePort(LOOPBACK), await freePort(LOOPBACK)];
  const file = join(stage.folder, 'as-it-comes.db');
  const server = await spawnOwned(
    path,
    [
      ...['server', 'start-dev', '--db-filename', file],
      ...['--port', String(port), '--ui-port', String(uiPort), '--http-port', '0'],
    ],
    { env: process.env },
  );
  stage.stops.push(() => server.stop(10_000));
  const address = `${LOOPBACK}:${port}`;
  const connection = await Connection.connect({ address, connectTimeout: '30s' });
  await connection.close();
  return await sideOn(stage, { address, pid: server.pid }, 'as-it-comes');
}

async function ours(stage: Stage): Promise<Side> {
  const server = await startServer(stage, join(stage.folder, 'ours.db'));
  return await sideOn(stage, server, 'ours');
}

await onStage(async (stage) => {
  const sides = { theirs: await asItComes(stage), ours: await ours(stage) };
  const rows: string[][] = [];
  for (const [key, workload] of chosenWorkloads(positionals, ['W1', 'W3'])) {
    const walls: Record<keyof typeof sides, number[]> = { theirs: [], ours: [] };
    for (let nth = 0; nth <= pairs; nth++) {
      const order = nth % 2 === 0 ? (['theirs', 'ours'] as const) : (['ours', 'theirs'] as const);
      for (const side of order) {
        const { wallMs } = await sides[side](workload, `${key}-${nth}`);
        console.log(key, nth, side, Math.round(wallMs));
        if (nth > 0) walls[side].push(wallMs); // the first warms both up
      }
    }
    const times = walls.theirs.map((ms, nth) => ms / (walls.ours[nth] ?? Number.NaN));
    rows.push([
      workload.name,
      `${median(walls.theirs).toFixed(0)} / ${median(walls.ours).toFixed(0)}`,
      ratio(times),
    ]);
  }
  const head = ['workload', 'wall ms, as it comes / `dev`', 'times as quick'];
  writePart(
    FILE,
    '# Our engine beside hand-written Temporal code\n',
    'servers',
    `## \`tempograph dev\` beside \`temporal server start-dev --db-filename\`\n\n\`npm run bench:servers\`. The same graphs by the same engine on both, each with its state in a file. ${machine()}. Medians of ${pairs}; median (least–most) of the ratios within a pair.\n\n${table(head, rows)}`,
  );
});
