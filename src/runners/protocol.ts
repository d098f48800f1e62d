/**
 * What a worker and a guest, the thread or process that runs a handler for it, say to each other. A guest has one job
 * at a time; `end` is the last thing it says of a job.
 */
import type { Json } from '../domain/json.js';
import type { Artifact, ArtifactOptions, ArtifactSource } from '../domain/artifact.js';
import type { Progress } from '../domain/progress.js';
import type { TaskContext } from '../task-context.js';
import type { ThrownData } from './thrown.js';

/** The part of a context that is plain data. */
export type ContextData = Pick<
  TaskContext,
  | 'attempt'
  | 'maxRetries'
  | 'executionId'
  | 'graphId'
  | 'nodeId'
  | 'task'
  | 'catalogueTaskId'
  | 'priority'
  | 'project'
  | 'sessionId'
  | 'metadata'
  | 'idempotencyKey'
  | 'deadline'
  | 'outputs'
>;

export type Job =
  | {
      kind: 'run';
      /** URL of the module that exports the task. */
      module: string;
      task: string;
      input: unknown;
      context: ContextData;
      checkpoint: Json | undefined;
    }
  /** Asks what keeps these tasks from being run; the output is sentences. */
  | { kind: 'check'; tasks: { module: string; task: string }[] };

/** What a handler says on its way, as the context's method and its arguments. */
export type Said =
  | { call: 'log'; level: keyof TaskContext['log']; message: string; fields?: object }
  | { call: 'progress'; value: Progress }
  | { call: 'checkpoint'; value: Json }
  | { call: 'metric'; name: string; value: number }
  | { call: 'warn'; message: string }
  | {
      call: 'artifact';
      id: number;
      name: string;
      source: ArtifactSource;
      options?: ArtifactOptions;
    }
  | { call: 'readArtifact'; id: number; artifact: Artifact };

export type ToGuest =
  | { type: 'job'; job: Job }
  | { type: 'abort'; message: string; kind: string }
  /** The answer to what the handler said under that id. */
  | { type: 'answer'; id: number; answer: Artifact | Uint8Array }
  | { type: 'answer'; id: number; thrown: ThrownData };

export type FromGuest =
  /** The guest has come up; whatever happens from here on is the task's doing. */
  | { type: 'hello'; threadId: number }
  | { type: 'said'; said: Said }
  | { type: 'end'; output: unknown }
  | { type: 'end'; thrown: ThrownData }
  /** An error that nothing caught; the guest ends. */
  | { type: 'crash'; thrown: ThrownData };

/** A guest's end of the line. */
export interface GuestPort {
  /** @param sent called when the message is on its way for sure */
  post(message: FromGuest, sent?: () => void): void;
}
