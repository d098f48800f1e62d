/** What commands ask of an engine: the one over Temporal has it all, and so has the one over HTTP. */
import type {
  ArtifactContent,
  AuditLog,
  Cache,
  Catalogue,
  CatalogueSubmission,
  Circuits,
  DeadLetters,
  ExecutionResult,
  ExecutionUpdate,
  GraphSubmitOptions,
  Keys,
  Limits,
  RerunOptions,
  RerunPlan,
  Schedules,
  TaskEngine,
  TaskSubmission,
} from '../client.js';
import type { Adjacency } from '../domain/adjacency.js';
import type { NodeArtifact } from '../domain/artifact.js';
import type { GraphSpec } from '../domain/spec.js';
import type { TemplateInfo } from '../templates/load-template.js';

/** One execution, as far as commands look at it. */
export interface CommandHandle {
  readonly executionId: string;
  /** The nodes' own execution ids, in the order of the spec; empty where this did not start it. */
  readonly executions: readonly { taskId: string; executionId: string }[];
  result(): Promise<ExecutionResult>;
  status(): Promise<ExecutionUpdate>;
  watch(options?: { signal?: AbortSignal }): AsyncGenerator<ExecutionUpdate>;
  artifacts(): Promise<NodeArtifact[]>;
  artifact(nodeId: string, name: string): Promise<ArtifactContent>;
}

/** Calls that are the same in both. */
type Shared = Pick<
  TaskEngine,
  | 'getExecution'
  | 'listExecutions'
  | 'getExecutionStats'
  | 'graphOf'
  | 'explain'
  | 'report'
  | 'whatIf'
  | 'validate'
  | 'scheduleTaskBatch'
  | 'cancelExecution'
  | 'cancelSession'
  | 'pauseExecution'
  | 'resumeExecution'
  | 'approve'
  | 'deny'
  | 'retryNow'
  | 'skipNode'
  | 'completeNode'
  | 'failNode'
  | 'setPriority'
  | 'setConcurrency'
  | 'editGraph'
  | 'events'
  | 'logs'
  | 'readLogs'
  | 'systemDetail'
  | 'shutdown'
>;

export interface CommandEngine extends Shared {
  readonly schedules: Omit<Pick<Schedules, keyof Schedules>, 'preview'>;
  readonly limits: Pick<Limits, keyof Limits>;
  readonly circuits: Pick<Circuits, keyof Circuits>;
  readonly cache: Pick<Cache, keyof Cache>;
  readonly deadLetters: Pick<DeadLetters, keyof DeadLetters>;
  readonly keys: Pick<Keys, 'create' | 'list' | 'rotate' | 'revoke'>;
  readonly audit: Pick<AuditLog, 'list'>;
  readonly catalogue: {
    readonly projects: Omit<Catalogue['projects'], 'find'>;
    readonly tasks: Omit<Catalogue['tasks'], 'find'>;
  };
  scheduleTask(submission: TaskSubmission | CatalogueSubmission): Promise<CommandHandle>;
  scheduleTaskGraph(
    graph: string | GraphSpec | Adjacency,
    options?: GraphSubmitOptions,
  ): Promise<CommandHandle>;
  plan(
    graph: GraphSpec,
    options?: Parameters<TaskEngine['plan']>[1],
  ): ReturnType<TaskEngine['plan']>;
  rerun(executionId: string, options?: RerunOptions & { dryRun?: false }): Promise<CommandHandle>;
  rerun(executionId: string, options: RerunOptions & { dryRun: true }): Promise<RerunPlan>;
  templates(): TemplateInfo[] | Promise<TemplateInfo[]>;
  /** @throws TaskError NOT_FOUND */
  open(executionId: string): Promise<CommandHandle>;
  handle(executionId: string): CommandHandle;
}
