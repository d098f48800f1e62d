/** A worker of ours and an engine on a server, ready to be measured. */
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { TaskEngine } from '../../src/index.js';
import { measure, type Measured } from './measure.js';
import { startProgram } from './processes.js';
import type { Stage } from './stage.js';

export interface OurSide {
  client: Client;
  engine: TaskEngine;
  workerPid: number;
  /** What a run of so many tasks takes; `run` gives the ids of its workflows. */
  measured: (tasks: number, run: () => Promise<string[]>) => Promise<Measured>;
}

/**
 * @param taskQueue names the side's folder too
 * @param temporal options of Temporal's worker; nothing is set where none are given
 */
export async function startOurSide(
  { folder, stops }: Stage,
  { address, pid }: { address: string; pid: number },
  taskQueue: string,
  temporal: object = {},
): Promise<OurSide> {
  const dataDir = join(folder, taskQueue);
  const worker = await startProgram('our-worker.mjs', [
    ...[address, taskQueue, dataDir, JSON.stringify(temporal)],
  ]);
  stops.push(() => worker.stop());
  const connection = await Connection.connect({
    address,
    // The history of a big graph's coordinator: gRPC's default is 4 MB.
    channelArgs: { 'grpc.max_receive_message_length': 128 * 1_024 * 1_024 },
  });
  stops.push(() => connection.close());
  const client = new Client({ connection });
  const engine = await TaskEngine.connect({ address, taskQueue, dataDir });
  stops.push(() => engine.shutdown());
  return {
    ...{ client, engine, workerPid: worker.pid },
    measured: (tasks, run) => measure({ client, server: pid, worker: worker.pid, tasks }, run),
  };
}
