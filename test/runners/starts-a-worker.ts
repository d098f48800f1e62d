/** A program that forgets that its tasks are loaded elsewhere too. */
import { startWorker } from '../../src/worker.js';

await startWorker({ address: '127.0.0.1:1' });
