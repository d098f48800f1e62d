/**
 * A backfill: the same sub-graph for each of seven days, two days at a time, each day's load held to one at once over all
 * graphs by a keyed limit. One day's data are broken; it may fail, and the others are not held up.
 */
import { TaskEngine, type GraphSpec } from 'tempograph';
import { defineTask } from 'tempograph';
import { startWorker } from 'tempograph/worker';
import { z } from 'zod';

const extract = defineTask({
  name: 'extract',
  input: z.object({ day: z.string() }),
  output: z.object({ rows: z.int() }),
  retry: { strategy: 'FIXED_DELAY', delay: '50ms', maxRetries: 1 },
  run: ({ day }) => {
    if (day.endsWith('-03')) throw new Error(`the file of ${day} is cut off`);
    return { rows: 100 + Number(day.slice(-2)) };
  },
});
const load = defineTask({
  name: 'load',
  input: z.object({ day: z.string(), rows: z.int() }),
  output: z.string(),
  limit: { key: 'warehouse', max: 1 },
  run: ({ day, rows }) => `${day}: ${rows}`,
});

const day: GraphSpec = {
  name: 'one-day',
  params: { day: { type: 'string', pattern: '^\\d{4}-\\d\\d-\\d\\d$' } },
  tasks: [
    { id: 'extract', task: 'extract', input: { day: '${{ params.day }}' } },
    {
      id: 'load',
      task: 'load',
      dependsOn: ['extract'],
      input: { day: '${{ params.day }}', rows: '${{ tasks.extract.output.rows }}' },
    },
  ],
};
const backfill: GraphSpec = {
  name: 'backfill',
  params: { days: { type: 'array', items: { type: 'string' } } },
  tasks: [
    {
      id: 'days',
      graph: day,
      map: { over: 'params.days', concurrency: 2, allowFailure: true },
      input: { day: '${{ item }}' },
    },
    {
      id: 'loaded',
      task: 'echo',
      dependsOn: ['days'],
      input: '${{ tasks.days.output.filter(d, d != null).map(d, d.load) }}',
    },
  ],
};

const settings = { taskQueue: `backfill-${process.pid}` };
const worker = await startWorker({ ...settings, tasks: [extract, load] });
const engine = await TaskEngine.connect(settings);
const days = Array.from({ length: 7 }, (_, n) => `2026-11-0${n + 1}`);
const handle = await engine.scheduleTaskGraph(backfill, { params: { days } });
const result = await handle.result();
console.log(
  `${result.status}: loaded ${(result.output as { loaded: string[] }).loaded.join(', ')}`,
);
const { nodes } = await handle.below('days').result();
for (const [index, node] of Object.entries(nodes))
  if (node.status !== 'COMPLETED') console.log(`${days[Number(index)]}: ${node.error?.message}`);

await engine.shutdown();
await worker.shutdown();
