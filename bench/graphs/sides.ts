/** A worker of ours and an engine on a server, ready to be measured. */
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { TaskEngine } from '../../src/index.js';
import { measure, type Measured } from './measure.js';
import { startProgram } from './processes.js';

export interface OurSide {
  client: Client;
  engine: TaskEngine;
  workerPid: number;
  /** What a run of so many tasks takes; `run` gives the ids of its workflows. */
  measured: (tasks: number, run: () => Promise<string[]>) => Promise<Measured>;
}

/**
 * @param on its address, its process, a folder for the side's files and the queue
 * @param stops gets what ends it, to be called last first
 */
export async function startOurSide(
  on: { address: string; pid: number; folder: string; taskQueue: string },
  stops: (() => Promise<unknown>)[],
): Promise<OurSide> {
  const { address, taskQueue } = on;
  const dataDir = join(on.folder, taskQueue);
  const worker = await startProgram('our-worker.mjs', [address, taskQueue, dataDir]);
  stops.push(() => worker.stop());
  const connection = await Connection.connect({ address });
  stops.push(() => connection.close());
  const client = new Client({ connection });
  const engine = await TaskEngine.connect({ address, taskQueue, dataDir });
  stops.push(() => engine.shutdown());
  return {
    ...{ client, engine, workerPid: worker.pid },
    measured: (tasks, run) => measure({ client, server: on.pid, worker: worker.pid, tasks }, run),
  };
}
