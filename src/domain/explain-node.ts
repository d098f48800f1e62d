/** Finds the reason of a node out of what its workflow, the server and the keepers of limits and circuits know. Pure. */
import { unbegunAttempt, type ErrorRecord } from './errors.js';
import { ENGINE_CIRCUIT } from './own-circuit.js';
import type { Bound, OpenDependency, QueueFacts, Reason, ShortError } from './explain.js';
import { addTime, totalOf, type TimeKind, type Times } from './node-times.js';
import type { Progress } from './progress.js';
import {
  isTerminal,
  type Status,
  type StatusChange,
  type StatusReason,
  type TerminalStatus,
} from './status.js';
import type { TriggerRule } from './trigger.js';

/** A task that no worker knows is given up after this long. */
export const UNKNOWN_TASK_LIMIT_MS = 600_000;

/** What is known of a node. */
export interface NodeFacts {
  id: string;
  task: string;
  status: Status;
  reason?: StatusReason;
  kind?: 'graph' | 'map' | 'approval';
  attempts: number;
  maxRetries: number;
  error?: ShortError & Pick<ErrorRecord, 'attempt'>;
  marks?: readonly StatusChange[];
  startedAt?: string;
  after?: string;
  readyAt?: string;
  times?: Times;
  nextRetryAt?: string;
  dependencies?: { done: number; total: number };
  limit?: { key: string; weight: number };
  circuit?: string;
  approval?: {
    message: string;
    by?: string[];
    askedAt: string;
    dueAt?: string;
    /** What it comes to without an answer. */
    onTimeout: 'fail' | 'approve' | 'deny';
  };
  progress?: Progress;
  /** When its present wait began. */
  since?: string;
  open?: OpenDependency[];
  trigger: TriggerRule;
  /** Its place among the nodes of its graph that wait for the same, from 1. */
  place?: number;
  queue: string;
  timeoutMs: number;
  queueTimeoutMs: number | null;
  /** When the time for all of its attempts is over. */
  totalTimeoutAt?: string;
  /** The graph's deadline does not bind it. */
  noDeadline?: true;
  /** Since when no worker has known its task. */
  unknownSince?: string;
  /** RETRYING: who keeps the wait. */
  keptBy?: 'server' | 'workflow';
}

/** How a limit stands: places in use, and who gets the next ones. */
export interface LimitFacts {
  used: number;
  max: number;
  line: readonly { executionId: string; weight: number }[];
}

export interface CircuitFacts {
  mode: 'open' | 'half_open' | 'closed';
  forced: boolean;
  openUntil: string | null;
  probes: string[];
}

/** How the execution below a node stands. */
export interface BelowFacts {
  done: number;
  total: number;
  running: number;
}

/** What is known around the nodes; what did not answer is not in the maps. */
export interface Surroundings {
  /** Epoch milliseconds. */
  now: number;
  executionId: string;
  marks: readonly StatusChange[];
  deadlineAt?: string;
  concurrency: number;
  /** Nodes that take a place in the window. */
  inWindow: number;
  limits: ReadonlyMap<string, LimitFacts>;
  circuits: ReadonlyMap<string, CircuitFacts>;
  queues: ReadonlyMap<string, QueueFacts>;
  below: ReadonlyMap<string, BelowFacts>;
  /** Executions that the graph waits for before it starts, and until when. */
  awaits?: readonly { executionId: string; status: TerminalStatus | null }[];
  awaitsUntil?: string;
}

export function reasonOf(node: NodeFacts, around: Surroundings): Reason {
  const { status, since = null } = node;
  if (isTerminal(status)) {
    const { reason = null, after = null } = node;
    return { kind: 'ended', status, reason, error: shortOf(node.error), after };
  }
  switch (status) {
    case 'PENDING':
    case 'SCHEDULED':
      return waitReason(node, around);
    case 'PREPARING':
      return { kind: 'preparing', attempt: node.attempts, since: node.startedAt ?? since };
    case 'RUNNING':
      return runningReason(node, around);
    case 'RETRYING':
      return {
        kind: 'retry',
        ...attemptOf(node),
        ...{ of: node.maxRetries + 1, error: shortOf(node.error) },
        ...{ at: node.nextRetryAt ?? null, inMs: leftTo(node.nextRetryAt, around.now) },
        keptBy: node.keptBy ?? 'workflow',
      };
    case 'PAUSED':
      return pausedReason(node, around);
  }
}

/** The attempt that failed, or that could not be begun: it is not counted among those that were made. */
function attemptOf({ attempts, error }: NodeFacts): { attempt: number; begun?: false } {
  const unbegun = unbegunAttempt({ attempts, error });
  return unbegun === undefined ? { attempt: attempts } : { attempt: unbegun, begun: false };
}

function waitReason(node: NodeFacts, around: Surroundings): Reason {
  const { since = null, nextRetryAt = null } = node;
  switch (node.reason) {
    case 'dependencies': {
      if (around.awaits) {
        const executions = [...around.awaits];
        const ended = executions.filter((one) => one.status !== null).length;
        return { kind: 'awaits', executions, done: ended, total: executions.length };
      }
      const { done, total } = node.dependencies ?? { done: 0, total: 0 };
      return {
        kind: 'dependencies',
        done,
        total,
        trigger: node.trigger,
        open: node.open ?? [],
        since,
      };
    }
    case 'limit':
      return limitReason(node, around);
    case 'window': {
      const { inWindow: running, concurrency } = around;
      return { kind: 'window', running, concurrency, place: node.place ?? null, since };
    }
    case 'circuit': {
      const name = node.circuit ?? ENGINE_CIRCUIT;
      const known = around.circuits.get(name);
      return {
        kind: 'circuit',
        ...{ name, mode: known?.mode ?? null, forced: known?.forced ?? false },
        ...{ openUntil: known?.openUntil ?? null, probes: known?.probes ?? [] },
        ...{ looksAgainAt: nextRetryAt, since },
      };
    }
    case 'start_time': {
      const at = nextRetryAt ?? new Date(around.now).toISOString();
      return { kind: 'start_time', at, inMs: leftTo(at, around.now) ?? 0 };
    }
    case 'no_handler': {
      const { task, queue } = node;
      return {
        kind: 'no_handler',
        task,
        queue,
        since: node.unknownSince ?? since,
        looksAgainAt: nextRetryAt,
      };
    }
    case 'coalesced':
      return { kind: 'coalesced', since, looksAgainAt: nextRetryAt };
    case 'outcome_unknown':
      return { kind: 'outcome_unknown', attempt: node.attempts, error: shortOf(node.error), since };
    case 'approval':
      return approvalReason(node);
    default: {
      const { queue } = node;
      const facts = around.queues.get(queue);
      const { pollers = null, lastPollAt = null, backlog = null } = facts ?? {};
      const waitedMs = since === null ? null : Math.max(0, around.now - Date.parse(since));
      return { kind: 'queue', queue, since, waitedMs, pollers, lastPollAt, backlog };
    }
  }
}

/** Its place: of the places in line that its graph has asked for, the one that its node will get. */
function limitReason(node: NodeFacts, { limits, executionId }: Surroundings): Reason {
  const { key, weight } = node.limit ?? { key: '', weight: 1 };
  const known = limits.get(key);
  const since = node.since ?? null;
  const common = { kind: 'limit', key, weight, since } as const;
  if (!known) return { ...common, inUse: null, max: null, place: null };
  const { used: inUse, max, line } = known;
  const nth = node.place ?? 1;
  const own = line.flatMap((one, index) =>
    one.executionId === executionId && one.weight === weight ? [index + 1] : [],
  );
  // A graph asks for no more places than it has room for: who is behind those has not asked yet.
  const place = own[nth - 1] ?? line.length + nth - own.length;
  return { ...common, inUse, max, place };
}

function pausedReason(node: NodeFacts, { marks }: Surroundings): Reason {
  // Another verb's mark only says how the node stood then.
  const own = node.marks?.findLast(({ verb }) => verb === undefined);
  const scope = own?.status === 'PAUSED' ? 'node' : 'graph';
  const mark = scope === 'node' ? own : marks.findLast(({ status }) => status === 'PAUSED');
  const { at: since = null, by = null, note = null } = mark ?? {};
  return { kind: 'paused', scope, since, by, note };
}

function approvalReason({ approval, since }: NodeFacts): Reason {
  const message = approval?.message ?? '';
  const from = approval?.by ?? null;
  return { kind: 'approval', message, from, since: approval?.askedAt ?? since ?? null };
}

function runningReason(node: NodeFacts, { executionId, below }: Surroundings): Reason {
  const { kind, id, attempts, maxRetries, startedAt, since, progress = null } = node;
  if (kind === 'approval') return approvalReason(node);
  if (node.reason === 'result') return { kind: 'result', since: since ?? null };
  if (kind) {
    const known = below.get(id);
    const { done = null, total = null, running = null } = known ?? {};
    return {
      kind: 'children',
      what: kind,
      executionId: `${executionId}/${id}`,
      done,
      total,
      running,
    };
  }
  const from = startedAt ?? since ?? null;
  return { kind: 'running', attempt: attempts, of: maxRetries + 1, since: from, progress };
}

/** What kind of time a reason is; TypeScript refuses a reason without a row. */
const TIME_OF: Record<Reason['kind'], TimeKind | undefined> = {
  dependencies: 'dependency',
  limit: 'limit',
  window: 'window',
  circuit: 'circuit',
  start_time: 'start_time',
  retry: 'backoff',
  paused: 'pause',
  no_handler: 'no_handler',
  coalesced: 'coalesced',
  queue: 'queue',
  preparing: 'prepare',
  running: 'run',
  result: 'overhead',
  approval: 'approval',
  children: 'children',
  outcome_unknown: 'approval',
  ended: undefined,
  nodes: undefined,
  awaits: undefined,
  start_delay: undefined,
  planning: undefined,
  no_worker: undefined,
  stopping: undefined,
  undoing: undefined,
  closing: undefined,
};

/** What a node's time has gone into until now: the workflow's clock stands still while nothing happens there. */
export function timesUntil(
  now: number,
  { times, readyAt, since }: Pick<NodeFacts, 'times' | 'readyAt' | 'since'>,
  reason: Reason,
): Times | null {
  if (!times || readyAt === undefined) return null;
  const all = { ...times };
  const kind = TIME_OF[reason.kind];
  if (kind === undefined) return all;
  let left = now - Date.parse(readyAt) - totalOf(all);
  if (reason.kind === 'running' && reason.since !== null && since !== undefined) {
    // Of what is under way, the wait for a worker came before.
    const queued = Math.min(left, Date.parse(reason.since) - Date.parse(since));
    addTime(all, 'queue', queued);
    left -= Math.max(0, queued);
  }
  addTime(all, kind, left);
  return all;
}

/** What ends a node's wait at the latest; null where nothing does. */
export function boundOf(node: NodeFacts, reason: Reason, around: Surroundings): Bound | null {
  const { now, deadlineAt } = around;
  const bounds: (Bound | undefined)[] = [
    bound('deadline', node.noDeadline ? undefined : deadlineAt, 'TIMEOUT', now),
    bound('totalTimeout', node.totalTimeoutAt, 'TIMEOUT', now),
  ];
  const after = (from: string | null, ms: number | null): string | undefined =>
    from === null || ms === null ? undefined : iso(Date.parse(from) + ms);
  switch (reason.kind) {
    case 'ended':
      return null;
    case 'queue':
      bounds.push(bound('queueTimeout', after(reason.since, node.queueTimeoutMs), 'TIMEOUT', now));
      break;
    case 'running':
    case 'preparing':
      bounds.push(bound('timeout', after(reason.since, node.timeoutMs), 'retry', now));
      break;
    case 'no_handler':
      bounds.push(bound('unknownTask', after(reason.since, UNKNOWN_TASK_LIMIT_MS), 'FAILED', now));
      break;
    case 'awaits':
      return nearest([bound('dependencyTimeout', around.awaitsUntil, 'TIMEOUT', now)]);
    case 'approval': {
      const { onTimeout = 'fail' } = node.approval ?? {};
      const then = onTimeout === 'fail' ? 'TIMEOUT' : onTimeout;
      bounds.push(bound('approvalTimeout', node.approval?.dueAt, then, now));
      break;
    }
    default:
  }
  return nearest(bounds);
}

export function bound(
  by: Bound['by'],
  at: string | undefined,
  then: Bound['then'],
  now: number,
): Bound | undefined {
  return at === undefined ? undefined : { by, at, leftMs: leftTo(at, now) ?? 0, then };
}

export function nearest(bounds: readonly (Bound | undefined)[]): Bound | null {
  const known = bounds.flatMap((one) => one ?? []);
  return known.reduce<Bound | null>(
    (best, one) => (best && best.leftMs <= one.leftMs ? best : one),
    null,
  );
}

function shortOf(error: ShortError | undefined): ShortError | null {
  return error ? { code: error.code, message: error.message } : null;
}

function leftTo(at: string | undefined, now: number): number | null {
  return at === undefined ? null : Math.max(0, Date.parse(at) - now);
}

const iso = (time: number): string => new Date(time).toISOString();
