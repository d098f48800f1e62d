/**
 * What a worker's settings come to: `npm run bench:worker-settings -- [variant …] [W2 W3 W4] [--pairs 5] [--file]`. Two
 * workers of ours on one server, one with nothing set and one with a variant, run W2 and W3 (or what is named) in turns.
 * Writes its part of `graphs.md`.
 */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { Measured } from './graphs/measure.js';
import { machine, median, ratio, table, writePart } from './graphs/report.js';
import { startOurSide, type OurSide } from './graphs/sides.js';
import { onStage, startServer } from './graphs/stage.js';
import { chosenWorkloads, type Workload } from './graphs/workloads.js';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { pairs: { type: 'string', default: '5' }, file: { type: 'boolean', default: false } },
});
const pairs = Number(options.pairs);
const FILE = fileURLToPath(new URL('graphs.md', import.meta.url));
const named = positionals.filter((name) => /^W\d$/.test(name));
const WORKLOADS = named.length > 0 ? named : ['W2', 'W3'];

/** Options of Temporal's worker, by what they are called in the table. */
const VARIANTS: Readonly<Record<string, object>> = {
  'activity-polls-2': { maxConcurrentActivityTaskPolls: 2 },
  'activity-polls-5': { maxConcurrentActivityTaskPolls: 5 },
  'activity-polls-20': { maxConcurrentActivityTaskPolls: 20 },
  'workflow-polls-2': { maxConcurrentWorkflowTaskPolls: 2 },
  'workflow-polls-5': { maxConcurrentWorkflowTaskPolls: 5 },
  'workflow-polls-20': { maxConcurrentWorkflowTaskPolls: 20 },
  'both-polls-5': { maxConcurrentActivityTaskPolls: 5, maxConcurrentWorkflowTaskPolls: 5 },
  'polls-by-load': {
    activityTaskPollerBehavior: { type: 'autoscaling' },
    workflowTaskPollerBehavior: { type: 'autoscaling' },
  },
  'slots-50': { maxConcurrentActivityTaskExecutions: 50 },
  'slots-200': { maxConcurrentActivityTaskExecutions: 200 },
  'slots-by-resources': {
    // By itself the tuner gives a slot in 50 ms.
    tuner: {
      tunerOptions: { targetMemoryUsage: 0.8, targetCpuUsage: 0.9 },
      activityTaskSlotOptions: { minimumSlots: 10, maximumSlots: 100, rampThrottle: 0 },
    },
  },
  'eager-0': { maxEagerActivityReservationsPerWorkflowTask: 0 },
  'eager-3': { maxEagerActivityReservationsPerWorkflowTask: 3 },
  'eager-20': { maxEagerActivityReservationsPerWorkflowTask: 20 },
  'one-workflow-thread': { workflowThreadPoolSize: 1 },
  'two-workflow-threads': { workflowThreadPoolSize: 2 },
  'cache-50': { maxCachedWorkflows: 50 },
};

const variants = positionals.filter((name) => !named.includes(name));
const chosen = variants.length > 0 ? variants : Object.keys(VARIANTS);
const unknown = chosen.find((name) => !(name in VARIANTS));
if (unknown !== undefined)
  throw new Error(`${unknown}: expected some of ${Object.keys(VARIANTS).join(', ')}`);

interface Sides {
  plain: OurSide;
  varied: OurSide;
}

/** Ratios of the variant by the plain one, by what was measured. */
async function compare(sides: Sides, [key, workload]: [string, Workload], name: string) {
  const runs: Record<keyof Sides, Measured[]> = { plain: [], varied: [] };
  for (let nth = 0; nth <= pairs; nth++) {
    const order = nth % 2 === 0 ? (['plain', 'varied'] as const) : (['varied', 'plain'] as const);
    for (const side of order) {
      const { engine, measured } = sides[side];
      const one = await measured(workload.tasks, () =>
        workload.ours(engine, `${name}-${key}-${side}-${nth}`),
      );
      if (nth > 0) runs[side].push(one); // the first warms both up
    }
  }
  const by = (what: keyof Measured): number[] =>
    runs.varied.map((one, nth) => one[what] / (runs.plain[nth]?.[what] ?? Number.NaN));
  return { wall: by('wallMs'), server: by('serverCpuMs'), worker: by('workerCpuMs') };
}

const rows: string[][] = [];
for (const name of chosen)
  await onStage(async (stage) => {
    const server = await startServer(
      stage,
      options.file ? join(stage.folder, 'temporal.db') : undefined,
    );
    const sides: Sides = {
      plain: await startOurSide(stage, server, 'plain'),
      varied: await startOurSide(stage, server, 'varied', VARIANTS[name]),
    };
    const cells: string[] = [];
    for (const workload of chosenWorkloads(WORKLOADS, [])) {
      const { wall, server: onServer, worker } = await compare(sides, workload, name);
      cells.push(ratio(wall), `${median(onServer).toFixed(2)} / ${median(worker).toFixed(2)}`);
    }
    console.log(name, ...cells);
    rows.push([name, ...cells]);
    write();
  });

/** After each variant: what comes behind it may take long. */
function write(): void {
  const head = ['', ...WORKLOADS.flatMap((key) => [`${key} wall`, `${key} CPU: server / worker`])];
  writePart(
    FILE,
    '# Our engine beside hand-written Temporal code\n',
    ['worker-settings', ...named, ...(options.file ? ['file'] : [])].join('-'),
    `## Settings of the worker\n\n\`npm run bench:worker-settings\`. A worker with that setting by one with nothing set (10 polls of each kind, 100 slots), as ratios within a pair: median (least–most) of ${pairs}. Server with its state in ${options.file ? 'a file' : 'memory'}. ${machine()}.\n\n${table(head, rows)}`,
  );
}
