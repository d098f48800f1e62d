/**
 * A process in which a worker was asked for, of a server that is not there: prints the most of its heap, in MB, while
 * it keeps 80 MB of objects and makes and forgets others.
 */
import { getHeapStatistics } from 'node:v8';
import { startWorker } from '../../../src/worker.js';

const [address = ''] = process.argv.slice(2);
const refused = await startWorker({ address, logLevel: 'silent' }).then(
  () => 'a worker',
  (error: unknown) => (error as { code?: string }).code,
);
if (refused !== 'UNREACHABLE') throw new Error(`expected no server at ${address}, got ${refused}`);

const some = (count: number): object[] =>
  Array.from({ length: count }, (_, at) => ({ id: `n${at}`, at: [at, at + 1], more: { at } }));
const kept = some(400_000);
const ofLate: object[][] = [];
let most = 0;
for (let round = 0; round < 400; round++) {
  ofLate[round % 20] = some(10_000);
  most = Math.max(most, getHeapStatistics().total_heap_size);
}
console.log(kept.length > 0 ? Math.round(most / 2 ** 20) : 0);
process.exit();
