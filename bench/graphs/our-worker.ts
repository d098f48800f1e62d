/** A worker of ours, with nothing set: `our-worker.ts ADDRESS QUEUE FOLDER`. */
import { createLogger } from '../../src/telemetry.js';
import { startWorker } from '../../src/worker.js';

const [, , address = '', taskQueue = '', dataDir = ''] = process.argv;
const worker = await startWorker({
  ...{ address, taskQueue, dataDir, tasks: [] },
  logger: createLogger('error'),
});
process.once('SIGTERM', () => void worker.shutdown());
console.log('ready');
await worker.stopped;
