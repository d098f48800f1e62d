/** The package's front door: define tasks and graphs, schedule them, ask how they stand. */
export { defineGraph, GraphBuilder, secret, variable } from './builder.js';
export type {
  ApprovalOutput,
  BelowOptions,
  GraphOptions,
  MapSettings,
  NodeHandle,
  NodeOptions,
  ParamRefs,
  ParamSchema,
  ParamSchemas,
  ParamsOf,
  ParamValue,
  ProgramInput,
  ProgramOptions,
  Question,
  Ref,
  Reference,
  SaidUndo,
  TaskNodeOptions,
  Templated,
  Undo,
  UndoOptions,
  UndoTask,
} from './builder.js';
export { ExecutionHandle, getTaskEngine, TaskEngine } from './client.js';
export type {
  AddedHook,
  Answer,
  ApprovalAnswer,
  ArtifactContent,
  AttemptError,
  AuditLog,
  AuditNote,
  AuditPage,
  AuditQuery,
  AuditRecord,
  Backfill,
  BatchAnswer,
  BatchItem,
  BatchOfTasks,
  BatchOptions,
  Cache,
  CacheFilter,
  CalendarTimes,
  CancelNote,
  CancelOptions,
  Catalogue,
  CatalogueGraph,
  CatalogueItem,
  CatalogueSubmission,
  CatalogueTask,
  CircuitPlace,
  CircuitRecord,
  Circuits,
  CompletedOperation,
  CompletedResult,
  Counts,
  DeadLetter,
  DeadLetters,
  EditAnswer,
  EngineOptions,
  EventHandler,
  ExecutionEvent,
  ExecutionList,
  ExecutionNodeHandle,
  ExecutionRecord,
  ExecutionResult,
  ExecutionStats,
  ExecutionStatsQuery,
  ExecutionUpdate,
  ExplainOptions,
  FollowLogsOptions,
  GraphEdit,
  GraphSubmitOptions,
  HandledItem,
  Health,
  ItemAnswer,
  IterateOptions,
  KeyChangeOptions,
  KeyRecord,
  KeyRefusal,
  KeyRotation,
  KeyVerdict,
  KeyWithToken,
  Keys,
  LimitPlace,
  LimitRecord,
  LimitStatus,
  Limits,
  ListQuery,
  LogPage,
  LogQuery,
  LoneSubmission,
  NewCatalogueTask,
  NewKeyOptions,
  NodeResult,
  NodeView,
  Operation,
  OperationOptions,
  OperationResult,
  OperationResults,
  OperationsOptions,
  OperationsProgress,
  OperationsReporter,
  Overlap,
  PauseOptions,
  PlanOptions,
  ProgramItem,
  ProgramSubmission,
  Project,
  Publisher,
  QueueFigures,
  ReadLogsQuery,
  RebuildQuery,
  RerunForecast,
  RerunOptions,
  RerunPlan,
  RetryingOptions,
  ScheduleList,
  ScheduleListQuery,
  ScheduleOptions,
  SchedulePreview,
  ScheduleRecord,
  ScheduleSummary,
  ScheduleTimes,
  ScheduleUpdate,
  ScheduledExecution,
  Schedules,
  StartedOperation,
  SubmitOptions,
  SubscribeOptions,
  SystemDetail,
  TaskSubmission,
  TracingOption,
  TriggerAnswer,
  TypedGraphOptions,
  TypedItems,
  UncompletedResult,
  VerbOptions,
} from './client.js';
export { SCOPES } from './domain/access.js';
export type { Principal, Scope } from './domain/access.js';
export type { Settings } from './config.js';
export type { ConnectOptions } from './connect-options.js';
export { convert } from './convert/convert.js';
export { FORMATS } from './convert/conversion.js';
export type { Conversion, ConvertOptions, Format } from './convert/conversion.js';
export { toDot } from './convert/dot-write.js';
export type { Loss } from './convert/loss.js';
export { toMermaid } from './convert/mermaid-write.js';
export {
  ERROR_CODES,
  ExecutionError,
  formatError,
  MaxRetriesExceededError,
  NonRetriableError,
  SpecInvalidError,
  TaskError,
  TaskStateError,
} from './domain/errors.js';
export type { Artifact, ArtifactOptions, ArtifactSource, NodeArtifact } from './domain/artifact.js';
export type { ErrorKind, ErrorKindPlace, ErrorQuestion } from './domain/error-kinds.js';
export type {
  ErrorCode,
  ErrorOrigin,
  ErrorRecord,
  ExecutionErrorOptions,
  TaskErrorOptions,
} from './domain/errors.js';
export type { Adjacency } from './domain/adjacency.js';
export type { Undone } from './domain/compensation.js';
export type { Duration } from './domain/duration.js';
export type { AttemptRecord, Reused, RunEnvironment } from './domain/outcome.js';
export { EVENT_NAMES } from './domain/event.js';
export type { EventName } from './domain/event.js';
export type {
  Bound,
  Explanation,
  NodeExplanation,
  OpenDependency,
  Reason,
  ReasonKind,
} from './domain/explain.js';
export { boundText, sentenceOf } from './domain/explain-text.js';
export type { TimeKind, Times } from './domain/node-times.js';
export type { Bottleneck, NodeAccount, PathStep, WallTime } from './domain/wall-time.js';
export { formatFaults } from './domain/fault.js';
export type { Fault, FaultCode } from './domain/fault.js';
export { planGraph } from './domain/forecast.js';
export type { Forecast, ForecastOptions, GraphForecast } from './domain/forecast.js';
export type { ProgramLook } from './domain/program-looks.js';
export type { NodeForecast } from './domain/node-forecast.js';
export type { Json, JsonObject } from './domain/json.js';
export type { OidcOptions } from './domain/oidc.js';
export type { LineLevel, LineSource, LogLine } from './domain/log-line.js';
export { parsePipeline, pipelineToYaml } from './domain/pipeline.js';
export type { ParsedPipeline } from './domain/pipeline.js';
export type { Priority } from './domain/priority.js';
export { htmlReport } from './domain/report-html.js';
export { markdownReport } from './domain/report-markdown.js';
export { fallbackPolicy, previewWaits, waitTime } from './domain/retry.js';
export type { Progress, ProgressInput } from './domain/progress.js';
export { decideRerun } from './domain/rerun.js';
export type { RerunDecision, RerunNode, RerunReason, RerunScope } from './domain/rerun.js';
export type { RetryPolicy, RetryStrategy } from './domain/retry.js';
export { resolveRetry, RetryOptionsSchema } from './domain/retry-options.js';
export type { ResultOptions } from './domain/result-options.js';
export type { ResultInput, Shaped } from './domain/shaped-output.js';
export type { RetryInput, RetryOptions } from './domain/retry-options.js';
export type { SinkOptions } from './domain/sink.js';
export { GraphSpecSchema, SubmissionSchema } from './domain/spec.js';
export type { GraphSpec, ParamSpec, Submission, TaskOptionsInput } from './domain/spec.js';
export { canTransition, isTerminal, STATUSES, TRANSITIONS, transition } from './domain/status.js';
export type { Status, StatusChange, StatusReason, TerminalStatus } from './domain/status.js';
export {
  assertCanExecute,
  canExecute,
  errorResult,
  isComplete,
  isTimedOut,
  nextRetryAt,
  prepareForRetry,
  shouldRetry,
  updateStatus,
} from './domain/task-execution.js';
export type { TaskExecutionState } from './domain/task-execution.js';
export type { OperationReport, TaskReport } from './domain/task-report.js';
export { topologicalSort } from './domain/topology.js';
export { evaluateTrigger, TRIGGER_RULES } from './domain/trigger.js';
export type { DependencyState, TriggerRule } from './domain/trigger.js';
export { validateGraph } from './domain/validate.js';
export { readPipelineFile } from './templates/program-files.js';
export { listTemplates, loadTemplate } from './templates/load-template.js';
export type { TemplateDetail, TemplateInfo } from './templates/load-template.js';
export type { WhatIf, WhatIfChanges } from './domain/what-if.js';
export type { WorkflowType } from './domain/workflow-type.js';
export { defineTask } from './registry.js';
export type {
  AnyTask,
  Completion,
  GraphOutput,
  HandlerInput,
  Isolation,
  JsonOf,
  StatedTask,
  TaskDefinition,
  TaskInput,
  TaskOutput,
} from './registry.js';
export type {
  HookContext,
  HookDefinition,
  HookExecution,
  Hooks,
  PostHook,
  PreHook,
} from './task-hooks.js';
export type { TaskContext, TaskLogger } from './task-context.js';
export type { RunningTask, TaskExecution } from './task-execution.js';
