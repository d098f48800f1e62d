/** A worker's store, with what writes into it: the recorder, and the reconciler that finds what was missed. */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { Client } from '@temporalio/client';
import type { ResolvedSettings } from '../config.js';
import { messageOf, TaskError } from '../domain/errors.js';
import { claimStore, takeStore } from '../observe/store-owner.js';
import { DeadlineWatch } from '../observe/deadline-watch.js';
import { SinkDelivery } from '../notify/sink-delivery.js';
import { Reconciler } from '../observe/reconciler.js';
import { getJson, type BlobStore } from '../store/blob-store.js';
import { openStore, type Store } from '../store/store.js';
import type { Logger } from '../telemetry.js';
import { LogWriter } from './log-writer.js';
import { openQuestion } from './open-question.js';
import { Recorder } from './recorder.js';

export interface Records {
  store: Store;
  recorder: Recorder;
  logWriter: LogWriter;
  /** Begins the reconciler's rounds; from then on sinks are told what approvals ask. */
  reconcile(client: Client, blobs: BlobStore): void;
  /** Writes what waits and closes the store. */
  close(): Promise<void>;
}

/**
 * Opens the store of the settings. A store that does not answer is no reason not to work: the worker says so and runs
 * without it.
 *
 * @param namespace the id of the Temporal namespace whose executions are recorded
 * @throws TaskError CONFIGURATION for a url that is none, or a named store of another namespace
 */
export async function openRecords(
  {
    storeUrl,
    storeNamed,
    reconcileMs,
    logRetentionMs,
    taskQueue,
    sinks,
    publicUrl,
  }: ResolvedSettings,
  namespace: string | undefined,
  log: Logger,
): Promise<Records | undefined> {
  const silent = sinks.length > 0 ? ', and no sink is told anything' : '';
  if (storeUrl === null) {
    if (silent) log.warn(`runs without a store${silent}`);
    return undefined;
  }
  let store: Store;
  try {
    store = await openStore({ url: storeUrl, onWarning: (message) => log.warn(message) });
  } catch (error) {
    if (error instanceof TaskError && error.code === 'CONFIGURATION') throw error;
    log.warn(
      `runs without a store: nothing is recorded, what tasks log is only in this log, no result is cached, circuits are this worker's own${silent}: ${messageOf(error)}`,
    );
    return undefined;
  }
  await ownStore(store, namespace, storeNamed, log);
  const recorder = new Recorder(store, log);
  const logWriter = new LogWriter(store, log);
  const holder = `${hostname()}:${process.pid}:${randomUUID().slice(0, 8)}`;
  /** Undefined until the worker is connected. */
  let temporal: Client | undefined;
  const question = async (executionId: string) =>
    temporal && (await openQuestion(temporal, executionId));
  const deliveries = sinks.map(
    (sink) =>
      new SinkDelivery({ sink, store, log, holder, publicUrl: publicUrl ?? undefined, question }),
  );
  for (const delivery of deliveries) await delivery.start();
  const warn = (message: string): void => log.warn(message);
  const deadlines = new DeadlineWatch({ store, holder, intervalMs: reconcileMs, warn });
  deadlines.start();
  let reconciler: Reconciler | undefined;
  return {
    store,
    recorder,
    logWriter,
    reconcile: (client, blobs) => {
      temporal = client;
      reconciler = new Reconciler({
        client,
        store,
        readJson: (ref) => getJson(blobs, ref),
        holder,
        taskQueue,
        intervalMs: reconcileMs,
        logRetentionMs,
        warn,
      });
      reconciler.start();
    },
    close: async () => {
      await Promise.all([reconciler?.stop(), deadlines.stop()]);
      await recorder.close();
      await logWriter.close();
      await Promise.all(deliveries.map((delivery) => delivery.stop()));
      await store.close();
    },
  };
}

async function ownStore(
  store: Store,
  namespace: string | undefined,
  named: boolean,
  log: Logger,
): Promise<void> {
  const now = Date.now();
  if (namespace === undefined || (await claimStore(store, namespace, now))) return;
  if (named) {
    const { location } = store;
    await store.close();
    throw new TaskError(
      'CONFIGURATION',
      `storeUrl: the store at ${location} holds the executions of another Temporal namespace; give this one a store of its own`,
    );
  }
  log.warn(`the store at ${store.location} was another Temporal namespace's; it is this one's now`);
  await takeStore(store, namespace, now);
}
