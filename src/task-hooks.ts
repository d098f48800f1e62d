/** What runs around a node: hooks before each attempt, and after its end. */
import type { ErrorRecord } from './domain/errors.js';
import type { Json } from './domain/json.js';
import type { AttemptRecord } from './domain/outcome.js';
import type { Status } from './domain/status.js';
import type { TaskLogger } from './task-context.js';

/** What a hook gets of the execution it runs around. */
export interface HookExecution {
  readonly executionId: string;
  readonly graphId: string;
  readonly nodeId: string;
  readonly task: string;
  /** Of a task of the catalogue, its id there. */
  readonly catalogueTaskId?: string;
  readonly status: Status;
  readonly attempt: number;
  readonly input: Json;
  readonly metadata: Readonly<Record<string, unknown>>;
  /** After the end only. */
  readonly output?: Json;
  readonly error?: ErrorRecord;
  readonly warnings?: readonly string[];
  readonly attempts?: readonly AttemptRecord[];
}

/** What a hook gets beside the execution. */
export interface HookContext {
  readonly signal: AbortSignal;
  readonly log: TaskLogger;
  /** Hooks run at least once: the same for every run of this hook for this attempt. */
  readonly dedupe: { executionId: string; attempt: number; hookId: string };
}

/** Runs before each attempt. May give `{ input }` to change the input, or throw to refuse: the node ends REJECTED. */
export type PreHook = (
  execution: HookExecution,
  context: HookContext,
) => Promise<{ input: Json } | void> | { input: Json } | void;
/** Runs once a node has ended. What it throws is recorded as a warning and changes nothing. */
export type PostHook = (execution: HookExecution, context: HookContext) => Promise<void> | void;

/** The two kinds of hooks. */
export interface HookOf {
  pre: PreHook;
  post: PostHook;
}

/** A hook with the name by which graphs and warnings know it. */
export interface HookDefinition<F> {
  name: string;
  run: F;
  /** Default 30 s. */
  timeoutMs?: number;
  /** Post hooks: also for nodes that never started. Default false. */
  onSkipped?: boolean;
}

/** Hooks before each attempt and after each end, in the order in which they run. */
export interface Hooks {
  pre?: readonly HookDefinition<PreHook>[];
  post?: readonly HookDefinition<PostHook>[];
}
