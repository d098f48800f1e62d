import type { Json } from '../domain/json.js';
import type { RunEnvironment, Value } from '../domain/outcome.js';
import type { RegisteredTask } from '../registry.js';
import type { TaskContext } from '../task-context.js';
import type { Artifacts } from './artifacts.js';
import type { Claim } from './cached.js';
import type { Passage } from './circuits.js';
import type { Collected } from './context.js';
import type { Draft } from './recorder.js';
import type { Redaction } from './redaction.js';

/** What the steps have found out so far; `conclude` says it in the outcome. */
export interface Facts {
  /** After pre hooks; with references where the worker puts secrets in. */
  input: Json;
  /** The same as JSON, taken before the handler may change it; undefined where it is too large for the store. */
  inputText?: string | undefined;
  metadata: Record<string, unknown>;
  inputHash?: string;
  /** Takes the secrets of the input out of whatever is said of the attempt. */
  redaction: Redaction;
  task?: RegisteredTask;
  context?: TaskContext;
  collected: Collected;
  /** Where it ran, where that was not in the worker itself. */
  environment?: RunEnvironment;
  /** What the handler keeps beside its output, and, once it has ended, the list of it for the envelope. */
  artifacts?: Artifacts;
  listed?: Value;
  /** Its way through a circuit, once it has been let in. */
  passage?: Passage;
  /** The right to do its work, where the result is kept. */
  claim?: Claim;
  /** That its handler was entered, on its way into the store. */
  begun?: Draft;
}
