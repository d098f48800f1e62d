/** The result of an execution as a value, read from wherever it was written: close payload, memo, store, query. */
import type { WorkflowHandle } from '@temporalio/client';
import type { Artifact, NodeArtifact } from '../domain/artifact.js';
import {
  ERROR_CODES,
  ExecutionError,
  formatError,
  MaxRetriesExceededError,
  NonRetriableError,
  type ErrorCode,
  type ErrorRecord,
  type ExecutionErrorOptions,
} from '../domain/errors.js';
import type { CompletedResult, ExecutionResult, NodeResult } from '../domain/execution-result.js';
import { setOwn, type Json } from '../domain/json.js';
import type { StatusChange, TerminalStatus } from '../domain/status.js';
import { cancelNote, loneHistory, statusHistory, withEnd } from '../domain/status-history.js';
import { awaitEnding, loadManifest, manifestNodes, type Ending } from '../observe/closing.js';
import { historyFacts } from '../observe/projection.js';
import type { Manifest } from '../workflows/manifest.js';
import type { NodeView } from '../workflows/messages.js';
import { listOf } from './artifacts.js';
import type { References } from './references.js';

export type {
  CancelNote,
  CompletedResult,
  ExecutionResult,
  NodeResult,
  UncompletedResult,
} from '../domain/execution-result.js';

/** Waits for the end of a workflow. @throws what the client throws when the workflow cannot be found or reached */
export async function awaitResult(
  handle: WorkflowHandle,
  references: References,
  lone: boolean,
): Promise<ExecutionResult> {
  const ending = await awaitEnding(handle);
  const { close } = ending;
  if (!close) return await withoutManifest(handle, ending);
  const manifest = await loadManifest(close, (ref) => references.json(ref));
  return await resultOf(manifest, references, lone, close.failures?.[0]?.nodeId);
}

async function resultOf(
  manifest: Manifest,
  references: References,
  lone: boolean,
  failedNode: string | undefined,
): Promise<ExecutionResult> {
  const views = await manifestNodes(manifest, (ref) => references.json(ref));
  const nodes: Record<string, NodeResult> = {};
  const leaves: Record<string, Json> = {};
  const metrics: Record<string, Record<string, number>> = {};
  const artifacts: NodeArtifact[] = [];
  for (const view of views) {
    const output = view.output ? await references.value(view.output) : null;
    const kept = await listOf(view.artifacts, references);
    setOwn(nodes, view.id, nodeResult(view, output, kept, manifest.startedAt));
    artifacts.push(...kept.map((one) => ({ nodeId: view.id, ...one })));
    if (view.leaf) setOwn(leaves, view.id, output);
    if (view.metrics) setOwn(metrics, view.id, view.metrics);
  }
  const { executionId, status, counts, rerunOf } = manifest;
  const [only] = Object.values(leaves);
  const times = timesOf(manifest, views, lone);
  const history =
    lone && views[0]
      ? loneHistory(historyFacts(views[0], manifest.startedAt), manifest)
      : graphHistory(manifest.startedAt, manifest.endedAt, status, manifest.marks);
  return {
    executionId,
    ...(rerunOf === undefined ? {} : { rerunOf }),
    status,
    ok: status === 'COMPLETED',
    output: lone ? (only ?? null) : leaves,
    nodes,
    counts,
    warnings: views.flatMap((view) =>
      (view.warnings ?? []).map((warning) => `${view.id}: ${warning}`),
    ),
    metrics,
    artifacts,
    error: errorOf(manifest, failedNode),
    cancelled: cancelNote(status, history),
    compensation: manifest.compensation ?? [],
    ...{ ...times, startedAt: times.startedAt ?? times.endedAt, durationMs: times.durationMs ?? 0 },
    executionTimeMs: views.reduce((sum, { executionTimeMs = 0 }) => sum + executionTimeMs, 0),
    statusHistory: history,
  };
}

/** When an execution began and ended, and how long that was: the same in results, records, lists and reports. */
export interface ExecutionTimes {
  /** Null for a lone task that never began. */
  startedAt: string | null;
  endedAt: string;
  durationMs: number | null;
}

/** A graph begins when its first nodes may, what it waited for before left out; a lone task with its first attempt. */
export function timesOf(
  { startedAt, endedAt, durationMs }: Manifest,
  views: readonly NodeView[],
  lone: boolean,
): ExecutionTimes {
  const [only] = lone ? views : [];
  if (!only) return { startedAt, endedAt, durationMs };
  return {
    startedAt: only.startedAt ?? null,
    endedAt: only.endedAt ?? endedAt,
    durationMs: only.durationMs ?? null,
  };
}

/** The first failure, and how many others there were. */
export function errorOf(
  { error, counts, status }: Manifest,
  nodeId: string | undefined,
): ExecutionResult['error'] {
  if (!error || status === 'COMPLETED') return null;
  const failures = (counts.FAILED ?? 0) + (counts.TIMEOUT ?? 0) + (counts.REJECTED ?? 0);
  return {
    ...error,
    ...(nodeId === undefined || error.code === 'COMPENSATION_FAILED' ? {} : { nodeId }),
    otherFailures: Math.max(0, failures - 1),
  };
}

export function nodeResult(
  view: NodeView,
  output: Json,
  artifacts: Artifact[],
  createdAt: string,
): NodeResult {
  return {
    task: view.task,
    status: view.status,
    reason: view.reason ?? null,
    attempts: view.attempts,
    attemptHistory: view.attemptHistory ?? [],
    output,
    cached: view.cached ?? false,
    reused: view.reused ?? null,
    error: view.error ?? null,
    warnings: view.warnings ?? [],
    metrics: view.metrics ?? {},
    environment: view.environment ?? null,
    artifacts,
    startedAt: view.startedAt ?? null,
    endedAt: view.endedAt ?? null,
    durationMs: view.durationMs ?? null,
    executionTimeMs: view.executionTimeMs ?? 0,
    statusHistory: historyOf(view, createdAt),
  };
}

/** One node as an execution of its own: what `result()` of `<execution>/<node>` gives. */
export async function nodeExecution(
  graphId: string,
  view: NodeView,
  references: References,
  createdAt: string,
): Promise<ExecutionResult> {
  const output = view.output ? await references.value(view.output) : null;
  const artifacts = await listOf(view.artifacts, references);
  const node = nodeResult(view, output, artifacts, createdAt);
  const { status, error, warnings, statusHistory: history } = node;
  const endedAt = node.endedAt ?? createdAt;
  const startedAt = node.startedAt ?? endedAt;
  return {
    executionId: `${graphId}/${view.id}`,
    status: status as TerminalStatus,
    ok: status === 'COMPLETED',
    output,
    nodes: { [view.id]: node },
    counts: { [status]: 1 },
    warnings,
    metrics: view.metrics ? { [view.id]: view.metrics } : {},
    artifacts: artifacts.map((one) => ({ nodeId: view.id, ...one })),
    error: error && { ...error, nodeId: view.id, otherFailures: 0 },
    cancelled: cancelNote(status, history),
    compensation: [],
    startedAt,
    endedAt,
    durationMs: node.durationMs ?? 0,
    executionTimeMs: node.executionTimeMs,
    statusHistory: history,
  };
}

/** @param createdAt when its graph began, an ISO time */
export const historyOf = (view: NodeView, createdAt: string): StatusChange[] =>
  statusHistory(historyFacts(view, createdAt));

/** The history of a whole execution: it runs from its start, pauses apart. */
function graphHistory(
  startedAt: string,
  endedAt: string,
  status: TerminalStatus,
  marks: readonly StatusChange[] = [],
): StatusChange[] {
  return [
    { status: 'PENDING', at: startedAt },
    { status: 'RUNNING', at: startedAt },
    ...withEnd(marks, { status, at: endedAt }),
  ];
}

/** A workflow that could not write its manifest: terminated, timed out by the server, refused before it began. */
async function withoutManifest(
  handle: WorkflowHandle,
  { status, error }: Ending,
): Promise<ExecutionResult> {
  const { startTime: started, executionTime, closeTime } = await handle.describe();
  const ended = closeTime ?? started;
  // A start that was put off.
  const startTime = executionTime && executionTime > started ? executionTime : started;
  return {
    executionId: handle.workflowId,
    status,
    ok: status === 'COMPLETED',
    output: null,
    nodes: {},
    counts: {},
    warnings: [],
    metrics: {},
    artifacts: [],
    error: error ?? null,
    cancelled: cancelNote(status, []),
    compensation: [],
    startedAt: startTime.toISOString(),
    endedAt: ended.toISOString(),
    durationMs: ended.getTime() - startTime.getTime(),
    executionTimeMs: 0,
    statusHistory: graphHistory(startTime.toISOString(), ended.toISOString(), status),
  };
}

/** The code of an error of ours: what is the caller's fault does not become one of the engine. */
const ownCode = (code: string | undefined): ErrorCode =>
  code !== undefined && Object.hasOwn(ERROR_CODES, code) ? (code as ErrorCode) : 'ENGINE';

const isCompleted = <Output>(result: ExecutionResult<Output>): result is CompletedResult<Output> =>
  result.ok;

/** @throws ExecutionError, or one of its two kinds, unless the result is COMPLETED */
export function throwUnlessCompleted<Output>(
  result: ExecutionResult<Output>,
): CompletedResult<Output> {
  if (isCompleted(result)) return result;
  throw failureOf(result as ExecutionResult<unknown> as ExecutionResult);
}

function failureOf(result: ExecutionResult): ExecutionError {
  const { error, executionId, status } = result;
  const node = error?.nodeId === undefined ? undefined : result.nodes[error.nodeId];
  const attempts = (node?.attemptHistory ?? []).flatMap((attempt): ErrorRecord[] =>
    attempt.error
      ? [{ ...attempt.error, origin: 'task', retriable: true, attempt: attempt.attempt }]
      : [],
  );
  const where = error?.nodeId === undefined ? executionId : `${executionId}/${error.nodeId}`;
  const message = `${where} ended ${status}${cancelText(result)}${error ? `: ${formatError(error)}` : ''}`;
  const options = { details: error, lastError: error, ...timesAll(result) };
  if (status === 'FAILED' || status === 'TIMEOUT') {
    if (error?.retriable && (node?.attempts ?? 0) > 0) {
      return new MaxRetriesExceededError(
        'MAX_RETRIES_EXCEEDED',
        `${message} (attempt ${node?.attempts} was the last)`,
        result,
        attempts,
        options,
      );
    }
    if (error?.origin === 'task')
      return new NonRetriableError(message, { ...options, result, attemptErrors: attempts });
  }
  const code = status === 'CANCELLED' || status === 'TIMEOUT' ? status : ownCode(error?.code);
  return new ExecutionError(code, message, result, attempts, options);
}

/** ` by ada: wrong day`, as far as it was said. */
function cancelText({ cancelled, error }: ExecutionResult): string {
  const by = cancelled?.by == null ? '' : ` by ${cancelled.by}`;
  const reason = cancelled?.reason == null || error ? '' : `: ${cancelled.reason}`;
  return `${by}${reason}`;
}

/** The times of an execution, over all its nodes; null where none of them began. */
function timesAll({
  nodes,
  durationMs,
  executionTimeMs,
}: ExecutionResult): Pick<ExecutionErrorOptions, 'durationMs' | 'executionTimeMs'> {
  const begun = Object.values(nodes).some(({ startedAt }) => startedAt !== null);
  return begun ? { durationMs, executionTimeMs } : {};
}
