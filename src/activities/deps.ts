import type { ResolvedSettings } from '../config.js';
import type { KnownTasks } from '../domain/known-tasks.js';
import type { TaskDefinition, TaskRegistry } from '../registry.js';
import type { WorkerCircuits } from './circuits.js';
import type { LineStore } from './attempt-lines.js';
import type { LateSources } from './late-sources.js';
import type { WorkerState } from './worker-state.js';
import type { WorkerErrorLists } from './error-lists.js';
import type { RunnerSet } from '../runners/runner-set.js';
import type { Pages } from './pages.js';
import type { QuickTasks } from './quick-tasks.js';
import type { Recorder } from './recorder.js';
import type { BlobStore } from '../store/blob-store.js';
import type { Store } from '../store/store.js';
import type { Logger } from '../telemetry.js';
import type { Metrics } from '../telemetry/metrics.js';
import type { Spans } from '../telemetry/tracing.js';

/** What the activities of a worker share. */
export interface Deps {
  registry: TaskRegistry;
  /** Asked of errors of which their task says nothing. */
  classifyError?: NonNullable<TaskDefinition['classifyError']>;
  /** Pipelines by name, for sub-graphs. */
  graphs: NonNullable<KnownTasks['graph']>;
  runners: RunnerSet;
  blobs: BlobStore;
  pages: Pages;
  log: Logger;
  settings: ResolvedSettings;
  /** The worker's store; without one there is no cache, no shared circuit, and nothing is recorded. */
  store?: Store;
  recorder?: Recorder;
  /** Which tasks were quick of late; with a store. */
  quick?: QuickTasks;
  /** Where what tasks log is stored. */
  lines?: LineStore;
  state: WorkerState;
  circuits: WorkerCircuits;
  /** Secrets and variables that inputs name. */
  late: LateSources;
  errorLists: WorkerErrorLists;
  spans: Spans;
  /** Where the process exposes any. */
  metrics?: Metrics;
}
