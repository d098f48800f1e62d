/** The door for programs that start and watch executions. */
export { TaskEngine } from './client/engine.js';
export { getTaskEngine } from './client/shared-engine.js';
export { LONE_NODE } from './workflows/messages.js';
export type { BatchAnswer } from './client/batch-answer.js';
export type {
  BatchItem,
  BatchOfTasks,
  BatchOptions,
  CatalogueItem,
  ProgramItem,
  TypedItems,
} from './client/batch-items.js';
export type {
  Catalogue,
  CatalogueTask,
  CatalogueTaskStatus,
  NewCatalogueTask,
  Project,
} from './client/catalogue.js';
export type { CatalogueProgram, CatalogueRun } from './client/catalogue-run.js';
export type { CatalogueGraph } from './client/catalogue-nodes.js';
export type { HandledItem, ItemAnswer } from './client/completion.js';
export type { CatalogueSubmission } from './client/catalogue-submission.js';
export type {
  QueueDetail,
  QueueFigures,
  SystemDetail,
  WorkerDetail,
} from './client/system-detail.js';
export type { ExecutionStatsQuery, RebuildQuery } from './client/asking.js';
export type { TracingOption } from './client/connect.js';
export type { EngineOptions } from './client/engine.js';
export type { PlanOptions } from './client/planning.js';
export type { ExecutionList, ListQuery } from './client/listing.js';
export type {
  EventHandler,
  IterateOptions,
  Publisher,
  SubscribeOptions,
} from './client/event-feed.js';
export type { FollowLogsOptions, LogQuery, ReadLogsQuery } from './client/log-feed.js';
export type { DeadLetters } from './client/dead-letters.js';
export type { DeadLetter } from './store/dead-letters.js';
export type { ExecutionEvent } from './store/execution-events.js';
export type { LogPage } from './store/log-lines.js';
export type { ExecutionStats } from './store/stats.js';
export type { LoneSubmission, ProgramSubmission } from './client/lone-task.js';
export type {
  GraphSubmitOptions,
  SubmitOptions,
  TaskSubmission,
  TypedGraphOptions,
} from './client/submission.js';
export { ExecutionHandle } from './client/handle.js';
export { NodeHandle as ExecutionNodeHandle } from './client/node-handle.js';
export type { ApprovalAnswer, CancelOptions, PauseOptions } from './client/node-handle.js';
export type { Answer, Counts, NodeView } from './workflows/messages.js';
export type { ExecutionUpdate } from './client/handle.js';
export type { Health } from './client/health.js';
export type { GraphEdit, VerbOptions } from './client/operator.js';
export type { EditAnswer } from './workflows/operator-messages.js';
export type {
  AuditLog,
  AuditNote,
  AuditPage,
  AuditQuery,
  AuditRecord,
} from './client/audit-log.js';
export type { KeyChangeOptions, KeyRotation, NewKeyOptions } from './client/key-options.js';
export type { KeyRecord, Keys, KeyVerdict, KeyWithToken } from './client/keys.js';
export { isApiToken, type KeyRefusal } from './store/api-token.js';
export type { Cache, CacheFilter } from './client/cache.js';
export type { ArtifactContent } from './client/artifacts.js';
export type { AddedHook } from './client/engine-hooks.js';
export type { CircuitPlace, CircuitRecord, Circuits } from './client/circuits.js';
export type { LimitPlace, LimitRecord, Limits, LimitStatus } from './client/limits.js';
export type { ExplainOptions } from './client/explain.js';
export type { RerunForecast, RerunOptions, RerunPlan } from './client/rerun.js';
export type { ExecutionRecord } from './client/record.js';
export type {
  CancelNote,
  CompletedResult,
  ExecutionResult,
  NodeResult,
  UncompletedResult,
} from './client/result.js';
export type { AttemptError, OperationOptions, RetryingOptions } from './client/operation-retry.js';
export type { OperationsReporter, StartedOperation } from './client/operation-reporter.js';
export type {
  CompletedOperation,
  OperationResult,
  OperationResults,
} from './client/operation-result.js';
export type { OperationsProgress } from './client/operation-progress.js';
export type { Operation, OperationsOptions } from './client/operations.js';
export { OVERLAPS } from './client/schedule-options.js';
export type {
  GraphWork,
  Overlap,
  ScheduleOptions,
  SchedulePolicies,
  ScheduleUpdate,
  TaskWork,
} from './client/schedule-options.js';
export type {
  ScheduledExecution,
  ScheduleRecord,
  ScheduleSummary,
} from './client/schedule-record.js';
export type { TriggerAnswer } from './client/schedule-trigger.js';
export type {
  Backfill,
  ScheduleList,
  ScheduleListQuery,
  SchedulePreview,
  Schedules,
} from './client/schedules.js';
export type { CalendarTimes, ScheduleTimes } from './domain/schedule-times.js';
