/** What an operation came to, out of its node's result. */
import type { NodeArtifact } from '../domain/artifact.js';
import type { ErrorRecord } from '../domain/errors.js';
import { getOwn, type Json } from '../domain/json.js';
import type { Status } from '../domain/status.js';
import type { ExecutionResult, NodeResult } from './result.js';

/** How an operation ended. */
export interface OperationResult<Output = Json> {
  status: Status;
  /** True when the status is COMPLETED. */
  ok: boolean;
  /** Null where there is none. */
  output: Output | null;
  error: ErrorRecord | null;
  attempts: number;
  /** Null where it never began, as are the other two then. */
  startedAt: string | null;
  endedAt: string | null;
  /** From first start to end, waits included, in milliseconds. */
  durationMs: number | null;
  /** The sum of the attempts' run times, in milliseconds. */
  executionTimeMs: number;
  /** What its last attempt measured. */
  metrics: Record<string, number>;
  /** What its last attempt kept beside its output; `engine.handle(executionId).artifact(nodeId, name)` reads it. */
  artifacts: (NodeArtifact & { executionId: string })[];
  /** The task's own, and why the operations ran one after another where they should not. */
  warnings: string[];
}

/** Of an operation that ended COMPLETED. */
export interface CompletedOperation<Output = Json> extends OperationResult<Output> {
  status: 'COMPLETED';
  ok: true;
  output: Output;
}

/** Results in the order of the operations; JavaScript puts names that are whole numbers first. */
export type OperationResults = Record<string, OperationResult>;

/** Of one that has not begun. */
export const NOT_RUN: OperationResult = {
  status: 'SKIPPED',
  ok: false,
  output: null,
  error: null,
  attempts: 0,
  startedAt: null,
  endedAt: null,
  durationMs: null,
  executionTimeMs: 0,
  metrics: {},
  artifacts: [],
  warnings: [],
};

/** What one node of an execution kept, with where to read it. */
export function operationArtifacts(
  { executionId, artifacts }: ExecutionResult,
  nodeId: string,
): OperationResult['artifacts'] {
  return artifacts.flatMap((one) => (one.nodeId === nodeId ? [{ executionId, ...one }] : []));
}

/** When it ran, and for how long. */
export function operationTimes({
  startedAt,
  endedAt,
  durationMs,
  executionTimeMs,
}: NodeResult): Pick<OperationResult, 'startedAt' | 'endedAt' | 'durationMs' | 'executionTimeMs'> {
  return startedAt === null
    ? { startedAt, endedAt: null, durationMs: null, executionTimeMs }
    : { startedAt, endedAt, durationMs, executionTimeMs };
}

/** @param execution the graph's own result: all there is where it ended before it had nodes */
export function resultOfNode(
  nodeId: string,
  execution: ExecutionResult,
  warnings: readonly string[],
): OperationResult {
  const node = getOwn<NodeResult>(execution.nodes, nodeId);
  if (!node)
    return {
      ...NOT_RUN,
      status: execution.status,
      error: execution.error,
      warnings: [...warnings],
    };
  const { output, error, attempts, metrics } = node;
  // To `failFast` this node was cancelled; to whoever reads a list of operations it was passed over.
  const passedOver = node.status === 'CANCELLED' && node.reason === 'fail_fast' && attempts === 0;
  const status = passedOver ? 'SKIPPED' : node.status;
  return {
    ...{
      status,
      ok: status === 'COMPLETED',
      output,
      error,
      attempts,
      ...operationTimes(node),
      metrics,
    },
    artifacts: operationArtifacts(execution, nodeId),
    warnings: [...node.warnings, ...warnings],
  };
}

/** True of one that no thread or process could be started for. */
export function withoutPool(result: Pick<OperationResult, 'error'> | undefined): boolean {
  const details = result?.error?.details as { pool?: unknown } | undefined;
  return result?.error?.code === 'ENVIRONMENT' && details?.pool !== undefined;
}
