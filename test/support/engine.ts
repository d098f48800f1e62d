/** An engine and a worker of a test's own, on the shared dev server. */
import { randomUUID } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import { TaskEngine } from '../../src/client.js';
import { closeClient, connectClient } from '../../src/client/connect.js';
import { createLogger, type Logger } from '../../src/telemetry.js';
import { startWorker, type RunningWorker, type StartWorkerOptions } from '../../src/worker.js';
import { shared } from './shared.js';

export interface Harness {
  engine: TaskEngine;
  /** Temporal's own client. */
  client: Client;
  worker: RunningWorker;
  taskQueue: string;
  address: string;
  dataDir: string;
  /** Every line logged, as objects. */
  lines: Record<string, unknown>[];
  log: Logger;
  startWorker(options?: StartWorkerOptions): Promise<RunningWorker>;
  stop(): Promise<void>;
}

export async function startHarness(options: StartWorkerOptions = {}): Promise<Harness> {
  const { address, bundle } = shared();
  const taskQueue = `test-${randomUUID()}`;
  const dataDir = mkdtempSync(join(tmpdir(), 'tempograph-test-'));
  const lines: Record<string, unknown>[] = [];
  const log = createLogger('debug', {
    write: (line) => void lines.push(JSON.parse(line) as Record<string, unknown>),
  });
  const base = { address: options.address ?? address, taskQueue, dataDir };
  const workers: RunningWorker[] = [];
  const start = async (more: StartWorkerOptions = {}): Promise<RunningWorker> => {
    const worker = await startWorker({
      ...base,
      logger: log,
      shutdownGrace: '1s',
      programs: [], // what a host can hold programs by is looked at only where that is tested
      ...options,
      ...more,
      temporal: { workflowBundle: { codePath: bundle }, ...options.temporal, ...more.temporal },
    });
    workers.push(worker);
    return worker;
  };
  const worker = await start();
  const engine = await TaskEngine.connect({ ...base, ...pickSettings(options) });
  const client = await connectClient({ address: base.address });
  return {
    engine,
    client,
    worker,
    taskQueue,
    address: base.address,
    dataDir,
    lines,
    log,
    startWorker: start,
    stop: async () => {
      await Promise.all(workers.map((one) => one.shutdown()));
      await engine.shutdown();
      await closeClient(client);
    },
  };
}

function pickSettings({
  maxNodesPerRun,
  coordinatorEvents,
  serverWaits,
  blobUrl,
}: StartWorkerOptions): StartWorkerOptions {
  return {
    ...(maxNodesPerRun === undefined ? {} : { maxNodesPerRun }),
    ...(coordinatorEvents === undefined ? {} : { coordinatorEvents }),
    ...(serverWaits === undefined ? {} : { serverWaits }),
    ...(blobUrl === undefined ? {} : { blobUrl }),
  };
}
