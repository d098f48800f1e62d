/** What one line says of a node: how long, and what is worth knowing beside its status. */
import { formatDuration } from '../domain/duration.js';
import { formatError, unbegunAttempt } from '../domain/errors.js';
import { progressText } from '../domain/progress.js';
import { isTerminal, type StatusReason } from '../domain/status.js';
import type { NodeView } from '../workflows/messages.js';
import { oneLine } from './columns.js';

/** Longest part of an error in a line, in characters. */
const ERROR_LENGTH = 160;

/** How long it took, or has taken so far; empty for a node that has not started. */
export function elapsedText({ startedAt, durationMs, status }: NodeView, now: number): string {
  if (durationMs !== undefined) return formatDuration(durationMs);
  if (startedAt === undefined || isTerminal(status)) return '';
  return formatDuration(Math.max(0, now - Date.parse(startedAt)));
}

/** Attempts, waits, reasons and the error, as far as the status leaves them open. */
export function detailOf(node: NodeView, now: number): string {
  return [...facts(node, now), ...errorText(node)].join(' · ');
}

function facts(node: NodeView, now: number): string[] {
  const { status, attempts, maxRetries, reason, warnings = [], progress } = node;
  const of = `${attempts}/${maxRetries + 1}`;
  switch (status) {
    case 'PENDING':
      return [waitText(node)].filter((text) => text !== '');
    case 'SCHEDULED':
      return [reason === 'start_time' ? `starts ${due(node, now)}` : 'waits for a worker'];
    case 'PREPARING':
    case 'RUNNING':
      return [
        ...(node.approval ? [approvalText(node.approval)] : []),
        ...(attempts > 1 ? [`attempt ${of}`] : []),
        ...(progress ? [progressText(progress)] : []),
      ];
    case 'RETRYING': {
      const unbegun = unbegunAttempt(node);
      const failed =
        unbegun === undefined
          ? `attempt ${of} failed`
          : `attempt ${unbegun}/${maxRetries + 1} could not be begun`;
      return [failed, `next ${due(node, now)}`];
    }
    case 'PAUSED':
      return [...(reason ? [REASON[reason] ?? reason] : []), ...saidText(node)];
    case 'COMPLETED':
    case 'FAILED':
    case 'TIMEOUT':
    case 'CANCELLED':
    case 'REJECTED':
    case 'SKIPPED':
      return [
        ...(node.reused ? [`kept from ${node.reused.executionId}`] : []),
        ...(attempts > 1 ? [`${attempts} attempts`] : []),
        ...(reason ? [REASON[reason] ?? reason] : []),
        ...(reason === 'operator' ? saidText(node) : []),
        ...warningText(warnings),
      ];
  }
}

function approvalText({ by, message }: NonNullable<NodeView['approval']>): string {
  return `asks ${by ? by.join(', ') : 'anybody'}: ${short(message)}`;
}

/** Who asked for it last, and why. */
function saidText({ marks = [] }: NodeView): string[] {
  const { by, note } = marks.at(-1) ?? {};
  const said = [...(by === undefined ? [] : [`by ${by}`]), ...(note === undefined ? [] : [note])];
  return said.length === 0 ? [] : [short(said.join(': '))];
}

function waitText({ reason, dependencies, limit, task, circuit }: NodeView): string {
  if (reason === 'dependencies' && dependencies) {
    const { done, total } = dependencies;
    return total === 1 ? 'waits for its dependency' : `waits for ${total - done} of ${total}`;
  }
  if (reason === 'no_handler') return `no worker that was asked knows the task ${task}`;
  if (reason === 'limit' && limit) return `waits for a place in the limit ${limit.key}`;
  if (reason === 'circuit' && circuit) return `the circuit ${circuit} is open`;
  return reason ? (REASON[reason] ?? reason) : '';
}

/** Reasons in plain words; one without is shown as it is. */
const REASON: Partial<Record<StatusReason, string>> = {
  dependencies: 'waits for its dependencies',
  window: 'waits for a place',
  limit: 'waits for a place in its limit',
  circuit: 'its circuit is open',
  coalesced: 'another one does the same work',
  upstream_failed: 'a dependency failed',
  condition: 'its condition said no',
  rule: 'its trigger rule said no',
  fail_fast: 'another task failed first',
  deadline: 'past the deadline',
  no_worker: 'no worker took it',
  worker_lost: 'its worker was lost',
  total_timeout: 'no time left',
};

function warningText(warnings: readonly string[]): string[] {
  const [first] = warnings;
  if (first === undefined) return [];
  return warnings.length === 1
    ? [`warning: ${short(first)}`]
    : [`${warnings.length} warnings: ${short(first)}`];
}

function errorText({ error, status }: NodeView): string[] {
  if (!error || status === 'COMPLETED' || status === 'RUNNING' || status === 'PREPARING') return [];
  return [short(formatError(error))];
}

function short(text: string): string {
  const line = oneLine(text);
  return line.length > ERROR_LENGTH ? `${line.slice(0, ERROR_LENGTH)}…` : line;
}

/** `in 4 s`, or `now` when the time has come. */
function due({ nextRetryAt }: NodeView, now: number): string {
  if (nextRetryAt === undefined) return 'soon';
  const leftMs = Date.parse(nextRetryAt) - now;
  return leftMs <= 0
    ? 'now'
    : `in ${formatDuration(leftMs < 10_000 ? leftMs : Math.round(leftMs / 1_000) * 1_000)}`;
}
