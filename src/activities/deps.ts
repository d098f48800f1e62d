import type { ResolvedSettings } from '../config.js';
import type { TaskRegistry } from '../registry.js';
import type { BlobStore } from '../store/blob-store.js';
import type { Logger } from '../telemetry.js';

/** What the activities of a worker share. */
export interface Deps {
  registry: TaskRegistry;
  blobs: BlobStore;
  log: Logger;
  settings: ResolvedSettings;
}
