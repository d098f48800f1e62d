/** The task report: what every operation of an execution came to. Its forms: `report-html.ts`, `report-markdown.ts`, JSON. */
import type { Artifact } from './artifact.js';
import { undoerText, type Undone } from './compensation.js';
import type { ErrorRecord } from './errors.js';
import type { AttemptRecord } from './outcome.js';
import { isTerminal, type Status, type StatusReason } from './status.js';

/** What one operation, a node of the execution, came to so far. */
export interface OperationReport {
  /** The node's id, or the name that an operation was given. */
  name: string;
  executionId: string;
  task: string;
  status: Status;
  reason: StatusReason | null;
  /** Of a map and of a sub-graph: of all items, or nodes, below it, once it has ended. */
  attempts: number;
  /** Attempts beyond the first, of each. */
  retries: number;
  /** The last 20 attempts. */
  attemptHistory: AttemptRecord[];
  /** Its output is one that was kept; no attempt was made. */
  cached: boolean;
  /** ISO times. */
  startedAt: string | null;
  endedAt: string | null;
  /** From first start to end, waits included, in milliseconds; null while it has not ended. */
  durationMs: number | null;
  /** The sum of the attempts' run times, in milliseconds. */
  executionTimeMs: number;
  error: ErrorRecord | null;
  warnings: string[];
  metrics: Record<string, number>;
  artifacts: Artifact[];
}

/** What an execution came to, or how far it is. */
export interface TaskReport {
  executionId: string;
  /** The graph's name; of a lone task, the task's. */
  name: string;
  status: Status;
  /** It has ended: nothing here changes any more. */
  ended: boolean;
  /** ISO times. */
  startedAt: string | null;
  endedAt: string | null;
  durationMs: number | null;
  /** When the report was made. */
  createdAt: string;
  /** Operations by status. */
  counts: Partial<Record<Status, number>>;
  /** Over all operations, and what ran below them: attempts, and those beyond each first. */
  attempts: number;
  retries: number;
  error: (ErrorRecord & { nodeId?: string; otherFailures?: number }) | null;
  /** What is wrong with the report itself, or with the execution as a whole. */
  warnings: string[];
  /** What was undone at its end, in this order; empty while it runs, and where nothing was. */
  compensation: Undone[];
  /** In the order of the graph. */
  operations: OperationReport[];
}

/** A report of these operations. */
export function makeReport({
  compensation = [],
  ...head
}: Omit<TaskReport, 'ended' | 'counts' | 'attempts' | 'retries' | 'compensation'> &
  Partial<Pick<TaskReport, 'compensation'>>): TaskReport {
  const counts: TaskReport['counts'] = {};
  let attempts = 0;
  let retries = 0;
  for (const operation of head.operations) {
    counts[operation.status] = (counts[operation.status] ?? 0) + 1;
    attempts += operation.attempts;
    retries += operation.retries;
  }
  const ended = isTerminal(head.status);
  return { ...head, ended, counts, attempts, retries, compensation };
}

/** `completed with warnings`, `timeout` …: a status in words. */
export function statusWords(status: Status, warnings: number): string {
  return status === 'COMPLETED' && warnings > 0 ? 'completed with warnings' : status.toLowerCase();
}

/** `charge by refund`, or what came of it: what was undone, in words. */
export function undoneText({ compensation }: TaskReport): string | null {
  const parts = compensation.map(({ nodeId, task, status }) =>
    status === 'COMPLETED'
      ? `${nodeId} by ${undoerText(task)}`
      : `not ${nodeId}: ${undoerText(task)} ended ${status}`,
  );
  return parts.length === 0 ? null : parts.join(', ');
}

/** How many warnings an execution and its operations have. */
export function warningCount({ warnings, operations }: TaskReport): number {
  return operations.reduce((sum, operation) => sum + operation.warnings.length, warnings.length);
}

/** `2026-11-26 10:43:36.120 UTC`. */
export function timeText(iso: string): string {
  return `${iso.replace('T', ' ').replace('Z', '')} UTC`;
}

/** `12.3 kB`. */
export function bytesText(bytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1_000 && unit < units.length - 1) {
    value /= 1_000;
    unit++;
  }
  return `${unit === 0 ? value : Math.round(value * 10) / 10} ${units[unit]}`;
}
