/** How a whole graph ends, given how its nodes did and whether something stopped it. */
import type { StatusReason, TerminalStatus } from './status.js';

export interface GraphEnd {
  /** Why nothing more started, where something stopped it. */
  stopping: StatusReason | undefined;
  /** A node without `allowFailure` ended FAILED, TIMEOUT, REJECTED or CANCELLED. */
  hasFailed: boolean;
  /** One of them for want of time until the graph's deadline. */
  missedDeadline: boolean;
  /** The ending of its only node, where it has one. */
  only: TerminalStatus | undefined;
}

/** How a graph ends that was stopped; for any other reason it is CANCELLED. */
const STOPPED_AS: Partial<Record<StatusReason, TerminalStatus>> = {
  deadline: 'TIMEOUT',
  dependency_timeout: 'TIMEOUT',
  dependency_cycle: 'FAILED',
  unknown_dependency: 'REJECTED',
  upstream_failed: 'SKIPPED',
  rule: 'SKIPPED',
};

/**
 * The status of an ended graph. A lone task's execution takes its node's. A node that was cancelled by itself makes its
 * graph FAILED, the lone one too: what it should have done was not done, and a workflow that nobody cancelled cannot end
 * cancelled.
 */
export function graphStatus({
  stopping,
  hasFailed,
  missedDeadline,
  only,
}: GraphEnd): TerminalStatus {
  if (stopping !== undefined) return STOPPED_AS[stopping] ?? 'CANCELLED';
  if (only !== undefined && only !== 'CANCELLED') return only;
  if (missedDeadline) return 'TIMEOUT';
  return hasFailed ? 'FAILED' : 'COMPLETED';
}
