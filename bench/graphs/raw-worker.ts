/** A worker of Temporal's own, with the slots that ours has: `raw-worker.ts ADDRESS QUEUE`. */
import { fileURLToPath } from 'node:url';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';

const [, , address = '', taskQueue = ''] = process.argv;
Runtime.install({ logger: new DefaultLogger('ERROR') });
const connection = await NativeConnection.connect({ address });
const worker = await Worker.create({
  ...{ connection, taskQueue },
  workflowsPath: fileURLToPath(new URL('raw-workflows.ts', import.meta.url)),
  activities: { noop: async () => await Promise.resolve(null) },
  maxConcurrentActivityTaskExecutions: 100,
  maxEagerActivityReservationsPerWorkflowTask: 100,
});
process.once('SIGTERM', () => worker.shutdown());
console.log('ready');
await worker.run();
await connection.close();
