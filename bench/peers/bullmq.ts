/**
 * Our light tasks beside BullMQ on a Redis that writes every command to its disk: `npm run bench:peers -- [W1 W2 W3]
 * [--pairs 5] [--memory]`. Redis 6.2 or newer has to be there as `redis-server`; BullMQ is installed beside this file. The
 * two sides run in turns; ours has a server with a durable file, as `tempograph dev` has it, or in memory. Writes its part
 * of `graphs.md`.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import getPort from 'get-port';
import type { TaskEngine } from '../../src/index.js';
import { machine, median, ratio, table, writePart } from '../graphs/report.js';
import { cpuMs, startProgram } from '../graphs/processes.js';
import { chain, fan, layered, specOf, type Shape } from '../graphs/shapes.js';
import { startOurSide } from '../graphs/sides.js';
import { onStage, startServer, type Stage } from '../graphs/stage.js';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { pairs: { type: 'string', default: '5' }, memory: { type: 'boolean', default: false } },
});
const pairs = Number(options.pairs);
const HERE = fileURLToPath(new URL('.', import.meta.url));
const FILE = fileURLToPath(new URL('../graphs.md', import.meta.url));
const SHAPES: Record<string, Shape> = { W1: chain(100), W2: fan(500), W3: layered(10, 100) };

interface Side {
  run: (key: string, shape: Shape, id: string) => Promise<void>;
  pids: number[];
}

/** What of BullMQ's client is used here: it is no dependency of the project. */
interface Client {
  Queue: new (
    name: string,
    options: object,
  ) => {
    add(name: string, data: object): Promise<unknown>;
    addBulk(jobs: { name: string; data: object }[]): Promise<unknown>;
    close(): Promise<void>;
  };
  FlowProducer: new (options: object) => {
    add(flow: Flow): Promise<unknown>;
    close(): Promise<void>;
  };
}
interface Redis {
  subscribe(channel: string): Promise<unknown>;
  on(event: 'message', hear: (channel: string, message: string) => void): void;
  mset(values: Record<string, number>): Promise<unknown>;
  hset(key: string, values: Record<string, string>): Promise<unknown>;
  quit(): Promise<unknown>;
}
interface Flow {
  name: string;
  queueName: string;
  data: object;
  children?: Flow[];
}

async function startBullMq({ folder, stops }: Stage): Promise<Side> {
  const port = await getPort({ host: '127.0.0.1' });
  const redis = spawn(
    'redis-server',
    [
      ...['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', ''],
      ...['--appendonly', 'yes', '--appendfsync', 'always', '--daemonize', 'no'],
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  await once(redis, 'spawn');
  stops.push(async () => {
    const ended = once(redis, 'exit');
    redis.kill('SIGTERM');
    await ended;
  });
  for await (const chunk of redis.stdout) if (String(chunk).includes('Ready to accept')) break;
  const { resolve } = createRequire(join(HERE, 'package.json'));
  const { Queue, FlowProducer } = (await import(resolve('bullmq'))) as Client;
  const { Redis } = (await import(resolve('ioredis'))) as { Redis: new (options: object) => Redis };
  const worker = await startProgram(join(HERE, 'bullmq-worker.mjs'), [String(port)]);
  stops.push(() => worker.stop());
  const connection = { host: '127.0.0.1', port, maxRetriesPerRequest: null };
  const queue = new Queue('bench', { connection });
  const flows = new FlowProducer({ connection });
  const [client, ear] = [new Redis(connection), new Redis(connection)];
  const waiting = new Map<string, () => void>();
  await ear.subscribe('bench:done');
  ear.on('message', (_channel, id) => waiting.get(id)?.());
  stops.push(async () => {
    await ear.quit();
    await client.quit();
    await flows.close();
    await queue.close();
  });
  const begin: Record<string, (shape: Shape, id: string) => Promise<unknown>> = {
    W1: ({ dependsOn }, id) => {
      let flow: Flow = { name: 'noop', queueName: 'bench', data: {} };
      for (let nth = 1; nth < dependsOn.length; nth++)
        flow = {
          ...{ name: nth === dependsOn.length - 1 ? 'end' : 'noop', queueName: 'bench' },
          ...{ data: { id }, children: [flow] },
        };
      return flows.add(flow);
    },
    W2: ({ dependsOn }, id) => queue.add('fan', { id, width: dependsOn.length - 2 }),
    W3: async ({ dependsOn }, id) => {
      const dependants = dependsOn.map((): number[] => []);
      dependsOn.forEach((some, node) => some.forEach((one) => dependants[one]?.push(node)));
      const missing: Record<string, number> = { [`${id}:left`]: dependsOn.length };
      dependsOn.forEach((some, node) => (missing[`${id}:missing:${node}`] = some.length));
      await client.mset(missing);
      const lists = dependants.map((some, node) => [String(node), JSON.stringify(some)]);
      await client.hset(`${id}:dependants`, Object.fromEntries(lists) as Record<string, string>);
      const roots = dependsOn.flatMap((some, node) => (some.length === 0 ? [node] : []));
      const data = (node: number) => ({
        ...{ id, node, dependants: dependants[node]?.map((other) => ({ node: other })) },
      });
      await queue.addBulk(roots.map((node) => ({ name: 'node', data: data(node) })));
    },
  };
  return {
    pids: [redis.pid as number, worker.pid],
    run: async (key, shape, id) => {
      const done = new Promise<void>((resolve) => waiting.set(id, resolve));
      await begin[key]?.(shape, id);
      await done;
      waiting.delete(id);
    },
  };
}

async function startOurs(stage: Stage): Promise<Side> {
  const server = await startServer(
    stage,
    options.memory ? undefined : join(stage.folder, 'temporal.db'),
  );
  const { engine, workerPid }: { engine: TaskEngine; workerPid: number } = await startOurSide(
    stage,
    server,
    'bench-light',
  );
  return {
    pids: [server.pid, workerPid],
    run: async (_key, shape, executionId) => {
      const spec = { ...specOf(shape), defaults: { light: true } };
      const handle = await engine.scheduleTaskGraph(spec, { executionId });
      await handle.resultOrThrow();
    },
  };
}

execFileSync('npm', ['install', '--no-audit', '--no-fund'], { cwd: HERE, stdio: 'ignore' });
await onStage(async (stage) => {
  const sides = { bullmq: await startBullMq(stage), ours: await startOurs(stage) };
  const rows: string[][] = [];
  for (const key of positionals.length > 0 ? positionals : Object.keys(SHAPES)) {
    const shape = SHAPES[key];
    if (!shape) throw new Error(`${key}: expected some of ${Object.keys(SHAPES).join(', ')}`);
    const walls: Record<keyof typeof sides, number[]> = { bullmq: [], ours: [] };
    const cpus: Record<keyof typeof sides, number[]> = { bullmq: [], ours: [] };
    for (let nth = 0; nth <= pairs; nth++) {
      const order = nth % 2 === 0 ? (['bullmq', 'ours'] as const) : (['ours', 'bullmq'] as const);
      for (const name of order) {
        const { run, pids } = sides[name];
        const before = pids.reduce((sum, pid) => sum + cpuMs(pid), 0);
        const begin = performance.now();
        await run(key, shape, `${key}-${nth}`);
        const wall = performance.now() - begin;
        const cpu = pids.reduce((sum, pid) => sum + cpuMs(pid), 0) - before;
        console.log(key, nth, name, wall.toFixed(0), 'ms');
        if (nth === 0) continue; // the first warms both up
        walls[name].push(wall);
        cpus[name].push(cpu / shape.dependsOn.length);
      }
    }
    const times = walls.ours.map((wall, nth) => wall / (walls.bullmq[nth] ?? Number.NaN));
    rows.push([
      `${key} ${shape.name}`,
      ...[median(walls.bullmq).toFixed(0), median(walls.ours).toFixed(0), ratio(times)],
      ...[median(cpus.bullmq).toFixed(2), median(cpus.ours).toFixed(2)],
    ]);
  }
  const head = ['workload', 'BullMQ ms', 'ours ms', 'ratio', 'BullMQ CPU ms a task', 'ours'];
  const redis = execFileSync('redis-server', ['--version'], { encoding: 'utf8' });
  const version = /v=([\d.]+)/.exec(redis)?.[1] ?? '';
  const where = options.memory ? 'in memory' : 'in a file, WAL and synchronous=NORMAL';
  writePart(
    FILE,
    '# Our engine beside hand-written Temporal code\n',
    options.memory ? 'bullmq-memory' : 'bullmq',
    `## Light tasks beside BullMQ, server with its state ${where}\n\n\`npm run bench:peers\`. BullMQ 6.7.0 on Redis ${version} with \`appendfsync always\`. ${machine()}. Medians of ${pairs}; ratios are ours by BullMQ's within a pair: median (least–most).\n\n${table(head, rows)}`,
  );
});
