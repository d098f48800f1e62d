/** Schedule records: what `schedules.get` and `schedules.list` give. */
import type {
  ScheduleDescription,
  ScheduleExecutionResult,
  ScheduleOverlapPolicy,
  ScheduleSummary as TemporalSummary,
} from '@temporalio/client';
import { defineSearchAttributeKey } from '@temporalio/common';
import type { ScheduleTimes } from '../domain/schedule-times.js';
import { timePhrases } from '../domain/schedule-text.js';
import type { GraphSpec, Submission } from '../domain/spec.js';
import type { Status } from '../domain/status.js';
import { MEMO, SEARCH_ATTRIBUTE, type ExecutionMemo } from '../workflows/messages.js';
import { OVERLAP, OVERLAPS, type Overlap } from './schedule-options.js';
import { timesOf } from './schedule-spec.js';

/** An execution that a schedule started. */
export interface ScheduledExecution {
  executionId: string;
  /** The time that it was meant for; ISO. */
  scheduledFor: string;
  startedAt: string;
}

/** A schedule in a list, from Temporal's visibility: what changed within the last second may be missing. */
export interface ScheduleSummary {
  id: string;
  /** The task's or the graph's name. */
  taskId: string | null;
  project: string | null;
  paused: boolean;
  note: string | null;
  /** When, a phrase each: `cron 0 2 * * *`, `every 1 h`. */
  when: string[];
  timezone: string;
  /** The next start; ISO. Null when there is none, and while it is paused. */
  nextAt: string | null;
  /** The execution that it started last. */
  last: ScheduledExecution | null;
}

/** A schedule as it stands. */
export interface ScheduleRecord extends ScheduleSummary {
  kind: 'graph' | 'task';
  sessionId: string | null;
  /** The next starts, at most ten; none while it is paused. */
  next: string[];
  /** Newest first, at most ten. The status is null where the server has forgotten the execution. */
  recent: (ScheduledExecution & { status: Status | null })[];
  /** Ids of those that count for `overlap`; not those that allowAll started. */
  running: string[];
  /** Since it was created: started; missed (later than the catch-up window); skipped by overlap; waiting now; dropped from a full buffer. */
  counts: { started: number; missed: number; skipped: number; buffered: number; dropped: number };
  /** As `create` takes them, cron and `at` as they were written. */
  times: ScheduleTimes;
  overlap: Overlap;
  catchupWindowMs: number;
  pauseOnFailure: boolean;
  /** Starts that are left; null for no limit. */
  limitedActions: number | null;
  /** What is run. */
  spec: GraphSpec;
  submission: Submission;
  /** Beginning of the executions' ids. */
  executionIdPrefix: string;
  taskQueue: string;
  createdAt: string;
  updatedAt: string | null;
}

const key = (name: string) => defineSearchAttributeKey(name, 'KEYWORD');
const KEYS = { task: key(SEARCH_ATTRIBUTE.task), project: key(SEARCH_ATTRIBUTE.project) };

/** Where the namespace lacks our search attributes, the memo says what was run at first. */
export function summaryOf(summary: TemporalSummary): ScheduleSummary {
  const { scheduleId, spec = {}, state, info, memo, typedSearchAttributes } = summary;
  const kind = memo?.[MEMO.kind] as ExecutionMemo | undefined;
  const times = timesOf(spec);
  return {
    id: scheduleId,
    taskId: typedSearchAttributes?.get(KEYS.task) ?? kind?.name ?? null,
    project: typedSearchAttributes?.get(KEYS.project) ?? null,
    ...common(times, state, info),
  };
}

/** @param statusOf how each recent execution stands */
export async function scheduleRecordOf(
  description: ScheduleDescription,
  statusOf: (executionId: string) => Promise<Status | null>,
): Promise<ScheduleRecord> {
  const { scheduleId, spec, state, info, policies, action, raw } = description;
  const times = timesOf(spec);
  const kind = action.memo?.[MEMO.kind] as ExecutionMemo | undefined;
  const [graph, submission] = action.args as [GraphSpec, Submission | undefined];
  const recent = await Promise.all(
    info.recentActions.map(async (one) => ({
      ...executionOf(one),
      status: await statusOf(one.action.workflow.workflowId).catch(() => null),
    })),
  );
  return {
    id: scheduleId,
    kind: kind?.kind === 'task' ? 'task' : 'graph',
    taskId: kind?.name ?? null,
    project: submission?.project ?? null,
    sessionId: submission?.sessionId ?? null,
    ...common(times, state, info),
    // The server leaves those of a paused schedule as they were.
    next: state.paused ? [] : info.nextActionTimes.map(iso),
    recent: recent.reverse(),
    running: info.runningActions.map(({ workflow }) => workflow.workflowId),
    counts: {
      started: info.numActionsTaken,
      missed: info.numActionsMissedCatchupWindow,
      skipped: info.numActionsSkippedOverlap,
      buffered: Number(raw.info?.bufferSize ?? 0),
      dropped: Number(raw.info?.bufferDropped ?? 0),
    },
    times,
    overlap: overlapName(policies.overlap),
    catchupWindowMs: policies.catchupWindow,
    pauseOnFailure: policies.pauseOnFailure,
    limitedActions: state.remainingActions ?? null,
    spec: graph,
    submission: submission ?? {},
    executionIdPrefix: action.workflowId,
    taskQueue: action.taskQueue,
    createdAt: iso(info.createdAt),
    updatedAt: info.lastUpdatedAt ? iso(info.lastUpdatedAt) : null,
  };
}

function common(
  times: ScheduleTimes,
  { paused, note }: TemporalSummary['state'],
  { nextActionTimes, recentActions }: TemporalSummary['info'],
) {
  const [next] = nextActionTimes;
  const last = recentActions.at(-1);
  return {
    paused,
    note: note || null,
    when: timePhrases(times),
    timezone: times.timezone ?? 'UTC',
    nextAt: next && !paused ? iso(next) : null,
    last: last ? executionOf(last) : null,
  };
}

const executionOf = ({ scheduledAt, takenAt, action }: ScheduleExecutionResult) => ({
  executionId: action.workflow.workflowId,
  scheduledFor: iso(scheduledAt),
  startedAt: iso(takenAt),
});

const overlapName = (policy: ScheduleOverlapPolicy): Overlap =>
  OVERLAPS.find((name) => OVERLAP[name] === policy) ?? 'skip';

const iso = (date: Date): string => date.toISOString();
