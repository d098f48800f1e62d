/** A worker in a process of its own, to be killed: its tasks write down every run. */
import { appendFileSync, existsSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { defineTask } from '../../../src/registry.js';
import { startWorker } from '../../../src/worker.js';

const {
  RUNS = '',
  GATE = '',
  BUNDLE = '',
  ADDRESS = '',
  TASK_QUEUE = '',
  DATA_DIR = '',
  STORE_URL = '',
  RECONCILE_INTERVAL = '',
} = process.env;

const noted = defineTask({
  name: 'noted',
  run: (input, { nodeId, attempt }) => {
    appendFileSync(RUNS, `${nodeId} ${attempt}\n`);
    return input;
  },
});

/** Writes its name down, and takes a moment. */
const named = defineTask<{ name: string }>({
  name: 'named',
  heartbeatTimeout: '1s',
  run: async ({ name }, { signal }) => {
    appendFileSync(RUNS, `${name}\n`);
    await wait(50, undefined, { signal });
    return name;
  },
});

/** Quick, but for one that waits for the gate's file. */
const light = defineTask<{ waits?: boolean } | null>({
  name: 'light',
  light: true,
  heartbeatTimeout: '2s',
  run: async (input, { nodeId }) => {
    appendFileSync(RUNS, `${nodeId}\n`);
    while (input?.waits && !existsSync(GATE)) await wait(20);
  },
});

/** Runs until the gate's file is there. */
const gated = defineTask({
  name: 'gated',
  run: async (input, { nodeId, attempt, signal, checkpoint, lastCheckpoint }) => {
    appendFileSync(RUNS, `${nodeId} ${attempt}\n`);
    const before = lastCheckpoint() ?? null;
    checkpoint({ reachedBy: attempt });
    while (!existsSync(GATE)) await wait(20, undefined, { signal });
    return { input, before };
  },
});

/** The same, and ends elsewhere. */
const gatedAway = defineTask({
  name: 'gated-away',
  completion: 'external',
  run: async (_input, { nodeId, attempt, signal, checkpoint }) => {
    appendFileSync(RUNS, `${nodeId} ${attempt}\n`);
    checkpoint({ reachedBy: attempt });
    while (!existsSync(GATE)) await wait(20, undefined, { signal });
  },
});

/** Writes down each attempt's start and success; takes its time, and fails as often as it is told to. */
const step = defineTask<{ takes: number; fails: number }>({
  name: 'step',
  run: async ({ takes, fails }, { graphId, nodeId, attempt, signal }) => {
    const note = (what: string): void =>
      appendFileSync(RUNS, `${what} ${graphId} ${nodeId} ${attempt}\n`);
    note('start');
    await wait(takes, undefined, { signal });
    if (attempt <= fails) throw new Error('asked to fail');
    note('done');
    return attempt;
  },
});

await startWorker({
  address: ADDRESS,
  taskQueue: TASK_QUEUE,
  dataDir: DATA_DIR,
  tasks: [noted, named, light, gated, gatedAway, step],
  ...(STORE_URL ? { storeUrl: STORE_URL } : {}),
  ...(RECONCILE_INTERVAL ? { reconcileInterval: RECONCILE_INTERVAL } : {}),
  logLevel: 'error',
  temporal: { workflowBundle: { codePath: BUNDLE } },
});
process.stdout.write('ready\n');
