/**
 * The workers of this process, for an engine of this process: what it is handed as a function can run only in them, and
 * what it starts can go straight to them.
 */
import type { ConnectionLike } from '@temporalio/client';
import type { TaskRegistry } from './registry.js';

export interface LocalWorker {
  namespace: string;
  taskQueue: string;
  registry: TaskRegistry;
  /** Tells servers apart; undefined where the server has none. */
  namespaceId: string | undefined;
  /** The one that it polls by. */
  connection: ConnectionLike;
}

const workers = new Set<LocalWorker>();

/** A worker polls. @returns to be called when it has stopped */
export function enterLocalWorker(worker: LocalWorker): () => void {
  workers.add(worker);
  return () => void workers.delete(worker);
}

/** The workers here that poll this queue. */
export function localWorkers(namespace: string, taskQueue: string): LocalWorker[] {
  return [...workers].filter(
    (worker) => worker.namespace === namespace && worker.taskQueue === taskQueue,
  );
}

/** Their registries. */
export function localRegistries(namespace: string, taskQueue: string): TaskRegistry[] {
  return localWorkers(namespace, taskQueue).map(({ registry }) => registry);
}
