/** The workers of this process, for an engine of this process: what it is handed as a function can run only in them. */
import type { TaskRegistry } from './registry.js';

interface LocalWorker {
  namespace: string;
  taskQueue: string;
  registry: TaskRegistry;
}

const workers = new Set<LocalWorker>();

/** A worker polls. @returns to be called when it has stopped */
export function enterLocalWorker(worker: LocalWorker): () => void {
  workers.add(worker);
  return () => void workers.delete(worker);
}

/** The registries of the workers here that poll this queue. */
export function localRegistries(namespace: string, taskQueue: string): TaskRegistry[] {
  return [...workers].flatMap((worker) =>
    worker.namespace === namespace && worker.taskQueue === taskQueue ? [worker.registry] : [],
  );
}
