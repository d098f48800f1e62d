/** The door for programs that start and watch executions. */
export { TaskEngine } from './client/engine.js';
export { LONE_NODE } from './workflows/messages.js';
export type { EngineOptions, ListQuery } from './client/engine.js';
export type { GraphSubmitOptions, SubmitOptions, TaskSubmission } from './client/submission.js';
export { ExecutionHandle, NodeHandle as ExecutionNodeHandle } from './client/handle.js';
export type { ExecutionUpdate } from './client/handle.js';
export type { ExecutionRecord } from './client/record.js';
export type { ExecutionResult, NodeResult } from './client/result.js';
