/** A BullMQ worker whose jobs do nothing: `bullmq-worker.mjs PORT`. The graph of layers is its own counters in Redis. */
import { FlowProducer, Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';

const connection = { host: '127.0.0.1', port: Number(process.argv[2]), maxRetriesPerRequest: null };
const queue = new Queue('bench', { connection });
const flows = new FlowProducer({ connection });
const redis = new Redis(connection);

/** Jobs of the layers: one that ends lets those begin that wait for nothing else. */
async function follow({ id, dependants }) {
  for (const next of dependants)
    if ((await redis.decr(`${id}:missing:${next.node}`)) === 0)
      await queue.add('node', { id, ...next, dependants: await dependantsOf(id, next.node) });
}

async function dependantsOf(id, node) {
  const found = await redis.hget(`${id}:dependants`, String(node));
  return JSON.parse(found ?? '[]').map((other) => ({ node: other }));
}

const worker = new Worker(
  'bench',
  async (job) => {
    if (job.name === 'fan') {
      const children = Array.from({ length: job.data.width }, (_, nth) => ({
        ...{ name: 'noop', queueName: 'bench', data: { nth } },
      }));
      await flows.add({ name: 'end', queueName: 'bench', data: job.data, children });
    }
    if (job.name === 'node') {
      await follow(job.data);
      if ((await redis.decr(`${job.data.id}:left`)) === 0)
        await redis.publish('bench:done', job.data.id);
    }
    if (job.name === 'end') await redis.publish('bench:done', job.data.id);
  },
  { connection, concurrency: 100 },
);
await worker.waitUntilReady();
process.once('SIGTERM', async () => {
  await worker.close();
  await Promise.all([queue.close(), flows.close(), redis.quit()]);
  process.exit(0);
});
console.log('ready');
