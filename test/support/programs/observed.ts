/**
 * A process of its own for traces and metrics, which are a process's: runs a graph with a worker by the environment and
 * prints what it sees of itself, as JSON.
 */
import { createRequire } from 'node:module';
import { defineGraph, defineTask, TaskEngine } from '../../../src/index.js';
import { startWorker } from '../../../src/worker.js';

const flaky = defineTask<{ failures: number }, string>({
  name: 'flaky',
  retry: { strategy: 'IMMEDIATE', maxRetries: 3 },
  run: ({ failures }, { attempt, metric }) => {
    metric('rows', 7.5);
    if (attempt <= failures) throw new Error('not yet');
    return 'done';
  },
});
const slow = defineTask<{ failures: number }, string>({
  ...flaky,
  name: 'slow',
  retry: { strategy: 'FIXED_DELAY', delay: '20ms', maxRetries: 3 },
});

const worker = await startWorker({ tasks: [flaky, slow], serverWaits: '10ms' });
const engine = await TaskEngine.connect();
const graph = defineGraph('observed');
const a = graph.add('a', flaky, { input: { failures: 1 } });
graph.add('b', slow, { input: { failures: 1 }, dependsOn: [a] });
const handles = [
  await engine.scheduleTaskGraph(graph, { project: 'p1' }),
  await engine.scheduleTask({ task: flaky, input: { failures: 9 } }),
];
const results = await Promise.all(handles.map((handle) => handle.result()));
const address = process.env['TEMPOGRAPH_METRICS_ADDRESS'];
const metrics = address ? await (await fetch(`http://${address}/metrics`)).text() : '';
await engine.shutdown();
await worker.shutdown();
const loaded = Object.keys(createRequire(import.meta.url).cache)
  .map((file) => /node_modules\/(@opentelemetry\/[^/]+)/.exec(file)?.[1])
  .filter((name) => name !== undefined);
process.stdout.write(
  JSON.stringify({
    statuses: results.map(({ status }) => status),
    metrics,
    loaded: [...new Set(loaded)],
  }),
);
