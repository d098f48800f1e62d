/** The result of an execution as a value, read from wherever it was written: close payload, memo, store, query. */
import type { WorkflowHandle } from '@temporalio/client';
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
import { setOwn, type Json } from '../domain/json.js';
import type { Artifact, NodeArtifact } from '../domain/artifact.js';
import type { Undone } from '../domain/compensation.js';
import type { AttemptRecord, Reused, RunEnvironment } from '../domain/outcome.js';
import type { Status, StatusChange, StatusReason, TerminalStatus } from '../domain/status.js';
import { loneHistory, statusHistory, withEnd } from '../domain/status-history.js';
import { awaitEnding, loadManifest, manifestNodes, type Ending } from '../observe/closing.js';
import { historyFacts } from '../observe/projection.js';
import type { Manifest } from '../workflows/manifest.js';
import type { Counts, NodeView } from '../workflows/messages.js';
import { listOf } from './artifacts.js';
import type { References } from './references.js';

/** How a node ended. */
export interface NodeResult {
  /** The task's name. */
  task: string;
  status: Status;
  reason: StatusReason | null;
  /** How many attempts there were. */
  attempts: number;
  /** The last 20 of them. */
  attemptHistory: AttemptRecord[];
  output: Json;
  /** Its output is one that was kept; no attempt was made. */
  cached: boolean;
  /** It is what the node gave in an earlier execution, which did the work; no attempt was made. Null: it was made here. */
  reused: Reused | null;
  error: ErrorRecord | null;
  warnings: string[];
  /** What its last attempt measured. */
  metrics: Record<string, number>;
  /** Where its last attempt ran, and what held it there; null for one that ran in the worker itself. */
  environment: RunEnvironment | null;
  /** What its last attempt kept beside its output. */
  artifacts: Artifact[];
  startedAt: string | null;
  endedAt: string | null;
  /** From first start to end, waits included, in milliseconds. */
  durationMs: number | null;
  /** The sum of the attempts' run times, in milliseconds. */
  executionTimeMs: number;
  /** Every status it has had, oldest first. */
  statusHistory: StatusChange[];
}

/** How an execution ended, of whatever kind it is. */
export interface ExecutionResult<Output = Json> {
  executionId: string;
  /** The execution that it is a rerun of. */
  rerunOf?: string;
  status: TerminalStatus;
  /** True when the status is COMPLETED. */
  ok: boolean;
  /** A lone task's output; of a graph, the outputs of the nodes that nothing depends on, by id. Null where there is none. */
  output: Output | null;
  nodes: Record<string, NodeResult>;
  counts: Counts;
  /** Each node's warnings, with its id before it. */
  warnings: string[];
  metrics: Record<string, Record<string, number>>;
  /** What all nodes kept beside their outputs; `handle.artifact` reads them. */
  artifacts: NodeArtifact[];
  error: (ErrorRecord & { nodeId?: string; otherFailures?: number }) | null;
  /** What was undone after it had failed or was cancelled, in this order. */
  compensation: Undone[];
  /** When it began: see `durationMs`. The end of one that never did. */
  startedAt: string;
  endedAt: string;
  /**
   * From when it began to its end, in milliseconds: of a graph from when its first nodes could begin, of a lone task from
   * the start of its first attempt, back-off and pauses included. What it waited for before is not. 0 where it never began.
   */
  durationMs: number;
  /** Spent in handlers, over all attempts of all nodes, in milliseconds. */
  executionTimeMs: number;
  /** Every status it has had, oldest first. */
  statusHistory: StatusChange[];
}

/** The result of an execution that ended COMPLETED. */
export interface CompletedResult<Output = Json> extends ExecutionResult<Output> {
  status: 'COMPLETED';
  ok: true;
  output: Output;
  error: null;
}

/** The result of one that ended in any other way. */
export interface UncompletedResult<Output = Json> extends ExecutionResult<Output> {
  status: Exclude<TerminalStatus, 'COMPLETED'>;
  ok: false;
}

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
    compensation: manifest.compensation ?? [],
    ...{ ...times, startedAt: times.startedAt ?? times.endedAt, durationMs: times.durationMs ?? 0 },
    executionTimeMs: views.reduce((sum, { executionTimeMs = 0 }) => sum + executionTimeMs, 0),
    statusHistory:
      lone && views[0]
        ? loneHistory(historyFacts(views[0], manifest.startedAt), manifest)
        : graphHistory(manifest.startedAt, manifest.endedAt, status, manifest.marks),
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
  const { error, executionId, status } = result;
  const node = error?.nodeId === undefined ? undefined : result.nodes[error.nodeId];
  const attempts = (node?.attemptHistory ?? []).flatMap((attempt): ErrorRecord[] =>
    attempt.error
      ? [{ ...attempt.error, origin: 'task', retriable: true, attempt: attempt.attempt }]
      : [],
  );
  const where = error?.nodeId === undefined ? executionId : `${executionId}/${error.nodeId}`;
  const message = `${where} ended ${status}${error ? `: ${formatError(error)}` : ''}`;
  const options = { details: error, lastError: error, ...timesAll(result) };
  if (status === 'FAILED' || status === 'TIMEOUT') {
    if (error?.retriable && (node?.attempts ?? 0) > 0) {
      throw new MaxRetriesExceededError(
        'MAX_RETRIES_EXCEEDED',
        `${message} (attempt ${node?.attempts} was the last)`,
        result,
        attempts,
        options,
      );
    }
    if (error?.origin === 'task')
      throw new NonRetriableError(message, { ...options, result, attemptErrors: attempts });
  }
  const code = status === 'CANCELLED' || status === 'TIMEOUT' ? status : ownCode(error?.code);
  throw new ExecutionError(code, message, result, attempts, options);
}

/** The times of an execution, over all its nodes; null where none of them began. */
function timesAll({
  nodes,
  durationMs,
  executionTimeMs,
}: ExecutionResult<unknown>): Pick<ExecutionErrorOptions, 'durationMs' | 'executionTimeMs'> {
  const begun = Object.values(nodes).some(({ startedAt }) => startedAt !== null);
  return begun ? { durationMs, executionTimeMs } : {};
}
