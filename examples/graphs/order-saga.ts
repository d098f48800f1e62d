/**
 * An order in four steps, each of which can be undone. The parcel service has no van, so the money goes back and the
 * stock is free again, in this order, and the order ends FAILED with a report of what was undone.
 */
import { defineTask, TaskEngine, type GraphSpec } from 'tempograph';
import { startWorker } from 'tempograph/worker';
import { z } from 'zod';

const stock = new Map([['lamp', 3]]);
const ledger: string[] = [];

const reserve = defineTask({
  name: 'reserve',
  input: z.object({ item: z.string() }),
  output: z.object({ item: z.string(), left: z.int() }),
  run: ({ item }) => {
    const left = (stock.get(item) ?? 0) - 1;
    stock.set(item, left);
    return { item, left };
  },
});
const release = defineTask({
  name: 'release',
  input: z.object({ item: z.string() }),
  run: ({ item }) => void stock.set(item, (stock.get(item) ?? 0) + 1),
});
const charge = defineTask({
  name: 'charge',
  input: z.object({ cents: z.int() }),
  output: z.object({ receipt: z.string(), cents: z.int() }),
  // The same key in every attempt: the bank books it once.
  run: ({ cents }, { idempotencyKey }) => {
    ledger.push(`charged ${cents}`);
    return { receipt: `receipt of ${idempotencyKey.split('/').at(-1)}`, cents };
  },
});
const refund = defineTask({
  name: 'refund',
  input: z.object({ receipt: z.string(), cents: z.int() }),
  run: ({ receipt, cents }) => void ledger.push(`refunded ${cents} for ${receipt}`),
});
const ship = defineTask({
  name: 'ship',
  retry: { strategy: 'IMMEDIATE', maxRetries: 1 },
  run: () => {
    throw new Error('no van is free');
  },
});

const order: GraphSpec = {
  name: 'order',
  tasks: [
    {
      id: 'reserve',
      task: 'reserve',
      input: { item: 'lamp' },
      compensate: { task: 'release', input: { item: '${{ output.item }}' } },
    },
    {
      id: 'charge',
      task: 'charge',
      dependsOn: ['reserve'],
      input: { cents: 4200 },
      compensate: { task: 'refund', input: '${{ output }}' },
    },
    { id: 'ship', task: 'ship', dependsOn: ['charge'] },
  ],
};

const settings = { taskQueue: `order-saga-${process.pid}` };
const worker = await startWorker({ ...settings, tasks: [reserve, release, charge, refund, ship] });
const engine = await TaskEngine.connect(settings);
const result = await (await engine.scheduleTaskGraph(order)).result();

console.log(`${result.status}: ${result.error?.nodeId}: ${result.error?.message}`);
for (const { nodeId, task, status } of result.compensation)
  console.log(`undone: ${nodeId} by ${task}, ${status}`);
console.log(`ledger: ${ledger.join('; ')}`);
console.log(`lamps: ${stock.get('lamp')}`);

await engine.shutdown();
await worker.shutdown();
