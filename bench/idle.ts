/**
 * What a worker costs that has nothing to do (W8), ours beside Temporal's own, with no execution and with some that wait:
 * `npm run bench:idle -- [--pairs 3] [--seconds 30] [--waiting 200]`. Sides run in turns on one server, each with a worker
 * process that is started for it. Writes its part of `graphs.md`.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Client, Connection } from '@temporalio/client';
import { cpuMs, residentMb, startProgram } from './graphs/processes.js';
import { machine, median, table, writePart } from './graphs/report.js';
import { startOurSide } from './graphs/sides.js';
import { onStage, startServer, type Stage } from './graphs/stage.js';

const { values: options } = parseArgs({
  options: {
    pairs: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '30' },
    /** Executions that wait for an answer, a signal on the hand-written side. */
    waiting: { type: 'string', default: '200' },
  },
});
const [pairs, seconds, many] = [options.pairs, options.seconds, options.waiting].map(Number) as [
  number,
  number,
  number,
];
const FILE = fileURLToPath(new URL('graphs.md', import.meta.url));
/** For what a start leaves behind: polls that begin, caches that fill, rows that are written. */
const SETTLE_MS = 40_000;

type SideName = 'raw' | 'ours';
interface Server {
  address: string;
  pid: number;
}
/** Processor milliseconds of each second, and memory. */
interface Idle {
  serverCpuMs: number;
  workerCpuMs: number;
  workerMb: number;
}

/** A worker of one side, and what starts executions that wait. */
interface Waiter {
  pid: number;
  wait: (id: string) => Promise<unknown>;
}

const START: Record<
  SideName,
  (stage: Stage, server: Server, queue: string, client: Client) => Promise<Waiter>
> = {
  raw: async ({ stops }, { address }, taskQueue, client) => {
    const worker = await startProgram('raw-worker.ts', [address, taskQueue]);
    stops.push(() => worker.stop());
    return {
      pid: worker.pid,
      wait: (workflowId) => client.workflow.start('rawWaits', { taskQueue, workflowId }),
    };
  },
  ours: async (stage, server, queue) => {
    const { engine, workerPid } = await startOurSide(stage, server, queue);
    return {
      pid: workerPid,
      wait: (executionId) =>
        engine.scheduleTaskGraph(
          { name: 'waits', tasks: [{ id: 'ask', approval: { message: 'may it?' } }] },
          { executionId },
        ),
    };
  },
};

async function idle(
  server: Server,
  client: Client,
  side: SideName,
  waiting: number,
  nth: number,
): Promise<Idle> {
  const queue = `idle-${side}-${waiting}-${nth}`;
  let measured: Idle | undefined;
  await onStage(async (stage) => {
    const { pid, wait } = await START[side](stage, server, queue, client);
    const ids = Array.from({ length: waiting }, (_, index) => `${queue}-${index}`);
    for (const id of ids) await wait(id);
    await sleep(SETTLE_MS);
    const [serverBefore, workerBefore] = [cpuMs(server.pid), cpuMs(pid)];
    await sleep(seconds * 1_000);
    measured = {
      serverCpuMs: (cpuMs(server.pid) - serverBefore) / seconds,
      workerCpuMs: (cpuMs(pid) - workerBefore) / seconds,
      workerMb: residentMb(pid),
    };
    for (const id of ids) await client.workflow.getHandle(id).terminate();
  });
  console.log(queue, JSON.stringify(measured));
  return measured as unknown as Idle;
}

await onStage(async (stage) => {
  const server = await startServer(stage);
  const connection = await Connection.connect({ address: server.address });
  stage.stops.push(() => connection.close());
  const client = new Client({ connection });
  const rows: string[][] = [];
  for (const waiting of [0, many]) {
    const runs: Record<SideName, Idle[]> = { raw: [], ours: [] };
    for (let nth = 0; nth < pairs; nth++)
      for (const side of nth % 2 === 0 ? (['raw', 'ours'] as const) : (['ours', 'raw'] as const))
        runs[side].push(await idle(server, client, side, waiting, nth));
    const of = (side: SideName, what: keyof Idle): number =>
      median(runs[side].map((one) => one[what]));
    const both = (what: keyof Idle): string =>
      `${of('raw', what).toFixed(1)} / ${of('ours', what).toFixed(1)}`;
    rows.push([
      waiting === 0 ? 'no execution' : `${waiting} executions that wait for an answer`,
      ...[both('serverCpuMs'), both('workerCpuMs'), both('workerMb')],
    ]);
  }
  const head = ['', 'server CPU ms a second', 'worker CPU ms a second', "worker's memory, MB"];
  writePart(
    FILE,
    '# Our engine beside hand-written Temporal code\n',
    'idle',
    `## W8 A worker that has nothing to do\n\n\`npm run bench:idle\`. Server with its state in memory. ${machine()}. Raw / ours, medians of ${pairs} times ${seconds} s, from ${SETTLE_MS / 1_000} s after the start on; in that time our worker asks once for what is open (the reconciler).\n\n${table(head, rows)}`,
  );
});
