/** A worker of ours as it is shipped, with nothing set: `our-worker.mjs ADDRESS QUEUE FOLDER`. */
import { startWorker } from 'tempograph/worker';

const [, , address = '', taskQueue = '', dataDir = ''] = process.argv;
const worker = await startWorker({ address, taskQueue, dataDir, tasks: [], logLevel: 'error' });
process.once('SIGTERM', () => void worker.shutdown());
console.log('ready');
await worker.stopped;
