/** What a handler gets beside its input: of the attempt that it makes, and what it may say of it. */
import type { Artifact, ArtifactOptions, ArtifactSource } from './domain/artifact.js';
import type { Json } from './domain/json.js';
import type { Priority } from './domain/priority.js';
import type { ProgressInput } from './domain/progress.js';

/** Lines that are logged as the task's own, and kept where a store is. */
export interface TaskLogger {
  readonly debug: (message: string, fields?: object) => void;
  readonly info: (message: string, fields?: object) => void;
  readonly warn: (message: string, fields?: object) => void;
  readonly error: (message: string, fields?: object) => void;
}

/** What a handler gets beside its input. */
export interface TaskContext {
  /** Aborted when the attempt is cancelled, is about to time out, or the worker shuts down. */
  readonly signal: AbortSignal;
  /** From 1, over all attempts of the node. */
  readonly attempt: number;
  readonly maxRetries: number;
  /** `<graph execution id>/<node id>`. */
  readonly executionId: string;
  readonly graphId: string;
  readonly nodeId: string;
  readonly task: string;
  /** Of a task of the catalogue, its id there. */
  readonly catalogueTaskId: string | undefined;
  /** Of the node, as it was when this attempt was handed over. */
  readonly priority: Priority;
  readonly project: string | undefined;
  readonly sessionId: string | undefined;
  readonly metadata: Readonly<Record<string, unknown>>;
  /** The same in every attempt: hand it to services that dedupe. */
  readonly idempotencyKey: string;
  /** When this attempt times out. */
  readonly deadline: Date;
  readonly log: TaskLogger;
  /** Outputs of the nodes that the input names, by node id. */
  readonly outputs: Readonly<Record<string, Json>>;
  /**
   * How far the attempt is: a fraction from 0 to 1, or counts. Say it as often as you like: the last is shown by `watch`,
   * `getExecution` and the store, and leaves at most once a second. What is no finite number from 0 up is passed over.
   */
  readonly progress: (progress: ProgressInput) => void;
  /** Saves a value that the next attempt finds in {@link lastCheckpoint}; at most 16 KiB of JSON. */
  readonly checkpoint: (value: Json) => void;
  /** The last value that an earlier attempt of this node saved. */
  readonly lastCheckpoint: () => Json | undefined;
  readonly metric: (name: string, value: number) => void;
  /**
   * Keeps a file, bytes or a text beside the output, under a name such as `plots/a.png`: the same name again takes its
   * place. Only what the last attempt kept counts. At most 100, each of at most `maxArtifactBytes`. What cannot be kept
   * fails the attempt, awaited or not: ARTIFACT_INVALID for a name that is empty, too long or climbs out, or a file that
   * is not there; TOO_LARGE with the number and the limit.
   *
   * @param source the path of a file, bytes, or `{ text }`
   */
  readonly artifact: (
    name: string,
    source: ArtifactSource,
    options?: ArtifactOptions,
  ) => Promise<Artifact>;
  /**
   * The bytes of an artifact that the input holds, as `${{ tasks.<id>.artifacts["<name>"] }}` gives it. ARTIFACT_INVALID for
   * anything else, NOT_FOUND where it is not there any more, STORE where it cannot be read.
   *
   * @param artifact as it came in the input
   */
  readonly readArtifact: (artifact: Artifact) => Promise<Uint8Array>;
  /** The node ends COMPLETED, with a warning. */
  readonly warn: (message: string) => void;
}
