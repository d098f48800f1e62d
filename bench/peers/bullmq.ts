/** BullMQ on a Redis that writes every command to its disk. Redis 6.2 or newer has to be there as `redis-server`. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import getPort from 'get-port';
import { startProgram } from '../graphs/processes.js';
import type { Shape } from '../graphs/shapes.js';
import type { Stage } from '../graphs/stage.js';
import type { Peer, Side } from './peer.js';

const HERE = fileURLToPath(new URL('.', import.meta.url));

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
    pids: () => [redis.pid as number, worker.pid],
    run: async (key, shape, id) => {
      const done = new Promise<void>((resolve) => waiting.set(id, resolve));
      await begin[key]?.(shape, id);
      await done;
      waiting.delete(id);
    },
  };
}

export const bullmq: Peer = {
  name: 'BullMQ',
  about: () => {
    const redis = execFileSync('redis-server', ['--version'], { encoding: 'utf8' });
    return `BullMQ 6.7.0 on Redis ${/v=([\d.]+)/.exec(redis)?.[1] ?? ''} with \`appendfsync always\``;
  },
  start: startBullMq,
};
