/** A worker of ours as it is shipped, with nothing set but Temporal's own options: `our-worker.mjs ADDRESS QUEUE FOLDER [JSON]`. */
import { startWorker } from 'tempograph/worker';

const [, , address = '', taskQueue = '', dataDir = '', temporal = '{}'] = process.argv;
const worker = await startWorker({
  ...{ address, taskQueue, dataDir, tasks: [], logLevel: 'error' },
  temporal: JSON.parse(temporal),
});
process.once('SIGTERM', () => void worker.shutdown());
console.log('ready');
await worker.stopped;
