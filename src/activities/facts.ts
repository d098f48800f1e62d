import type { Json } from '../domain/json.js';
import type { RegisteredTask, TaskContext } from '../registry.js';
import type { Collected } from './context.js';

/** What the steps have found out so far; `conclude` says it in the outcome. */
export interface Facts {
  input: Json;
  metadata: Record<string, unknown>;
  inputHash?: string;
  task?: RegisteredTask;
  context?: TaskContext;
  collected: Collected;
}
