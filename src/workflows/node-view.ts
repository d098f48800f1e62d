/** A node's view, out of what its graph knows of it. */
import type { ErrorRecord } from '../domain/errors.js';
import type { NodeOutcome } from '../domain/outcome.js';
import type { HeldNode, HeldPlan, NodeClass } from '../domain/plan.js';
import type { Scheduler } from '../domain/scheduler.js';
import type { OpenQuestion } from './between.js';
import type { ApprovalView, NodeView } from './messages.js';
import type { NodeRecord } from './node-records.js';
import { nodeStatus } from './node-status.js';

/** What a whole execution waits for before its first node: a limit, or a time in epoch milliseconds. */
export type Door =
  { reason: 'limit'; limit: NonNullable<NodeView['limit']> } | { reason: 'start_time'; at: number };

export interface ViewParts {
  plan: HeldPlan;
  scheduler: Scheduler;
  record: NodeRecord;
  door: Door | undefined;
  priority: NodeView['priority'];
  time: Pick<NodeView, 'readyAt' | 'after' | 'times'>;
  /** Of a node that a rerun keeps. */
  kept: Pick<NodeView, 'reused' | 'kept' | 'endedAt'> | undefined;
  isLeaf: boolean;
}

export function nodeView(index: number, parts: ViewParts): NodeView {
  const { plan, scheduler, record, priority } = parts;
  const node = plan.nodes[index] as HeldNode;
  const of = plan.classes[node.class] as NodeClass;
  const { task, retry, circuit, kind } = of;
  const { outcome, passed, round, held } = record;
  const known = { kind, held, reason: record.reason };
  const { status, reason } = nodeStatus(scheduler, index, known);
  const door = status === 'PENDING' ? parts.door : undefined;
  const done = outcome ?? passed;
  const attempts = done?.attempts ?? round?.attempts ?? [];
  const count = done?.attemptCount ?? round?.attemptsUsed ?? 0;
  const due =
    door?.reason === 'start_time'
      ? door.at
      : status === 'RETRYING' ||
          reason === 'start_time' ||
          reason === 'circuit' ||
          reason === 'coalesced'
        ? scheduler.heldUntilOf(index)
        : undefined;
  return {
    id: node.id,
    task,
    status,
    attempts: count,
    maxRetries: retry.maxRetries,
    ...(door ? { reason: door.reason } : reason ? { reason } : {}),
    ...(attempts.length > 0 ? { attemptHistory: attempts } : {}),
    ...(priority === undefined ? {} : { priority }),
    ...(record.marks ? { marks: record.marks } : {}),
    ...timesOf(record, attempts[0]?.startedAt, count > 0 || kind !== undefined),
    ...parts.time,
    ...parts.kept,
    ...(due === undefined ? {} : { nextRetryAt: new Date(due).toISOString() }),
    ...(outcome ? ofOutcome(outcome) : {}),
    ...(outcome || record.lastError === undefined ? {} : { error: record.lastError }),
    ...(status === 'PENDING' && reason === 'dependencies' && !door
      ? { dependencies: scheduler.dependencyProgress(index) }
      : {}),
    ...(door?.reason === 'limit' ? { limit: door.limit } : {}),
    ...(reason === 'limit' ? { limit: limitOf(plan, of) } : {}),
    ...(reason === 'circuit' && circuit ? { circuit: circuit.name } : {}),
    ...(kind === undefined ? {} : { kind }),
    ...(record.question && !outcome ? { approval: approvalView(record.question) } : {}),
    ...(parts.isLeaf ? { leaf: true as const } : {}),
  };
}

function limitOf(
  { lanes, limits }: HeldPlan,
  { lane = 0 }: NodeClass,
): { key: string; weight: number } {
  const { limit = 0, weight = 1 } = lanes?.[lane] ?? {};
  return { key: limits?.[limit]?.key ?? '', weight };
}

/** What is asked, of whom, since when and until when. */
function approvalView({ question, askedAt, dueAt }: OpenQuestion): ApprovalView {
  const { message, by, payload, onTimeout } = question;
  return {
    ...{ message, askedAt: iso(askedAt), onTimeout },
    ...(by ? { by } : {}),
    ...(dueAt === undefined ? {} : { dueAt: iso(dueAt) }),
    ...(payload ? { payload } : {}),
  };
}

/** Times inside an attempt are the worker's clock: clamped between schedule and end, so that no duration is negative. */
function timesOf(
  { scheduledAt, endedAt }: { scheduledAt?: number; endedAt?: number },
  firstStart: string | undefined,
  ran: boolean,
): Pick<NodeView, 'scheduledAt' | 'startedAt' | 'endedAt' | 'durationMs'> {
  const within = (time: number): number =>
    Math.min(Math.max(time, scheduledAt ?? time), endedAt ?? time);
  const started =
    firstStart === undefined ? (ran ? scheduledAt : undefined) : within(Date.parse(firstStart));
  return {
    ...(scheduledAt === undefined ? {} : { scheduledAt: iso(scheduledAt) }),
    ...(started === undefined ? {} : { startedAt: iso(started) }),
    ...(endedAt === undefined ? {} : { endedAt: iso(endedAt) }),
    ...(started === undefined || endedAt === undefined ? {} : { durationMs: endedAt - started }),
  };
}

/** What an outcome brings to its node's view. */
function ofOutcome(outcome: NodeOutcome): Partial<NodeView> {
  const { output, error, warnings, inputHash, outputHash, taskVersion, metrics, executionTimeMs } =
    outcome;
  return {
    executionTimeMs,
    ...(output ? { output } : {}),
    ...(error ? { error } : {}),
    ...(warnings ? { warnings } : {}),
    ...(inputHash ? { inputHash } : {}),
    ...(outputHash ? { outputHash } : {}),
    ...(taskVersion ? { taskVersion } : {}),
    ...(metrics ? { metrics } : {}),
    ...(outcome.environment ? { environment: outcome.environment } : {}),
    ...(outcome.artifacts ? { artifacts: outcome.artifacts } : {}),
    ...(outcome.below ? { below: outcome.below } : {}),
    ...(outcome.cached ? { cached: true as const } : {}),
    ...(outcome.reused ? { reused: outcome.reused } : {}),
  };
}

const iso = (time: number): string => new Date(time).toISOString();

/** Ten of them have to fit into a failure's details. */
export function briefly({ code, message, origin, retriable, attempt }: ErrorRecord): ErrorRecord {
  return {
    code,
    message: message.slice(0, 300),
    origin,
    retriable,
    ...(attempt === undefined ? {} : { attempt }),
  };
}
