/** Parts of a node's view, out of what its graph knows of it. */
import type { ErrorRecord } from '../domain/errors.js';
import type { NodeOutcome } from '../domain/outcome.js';
import type { OpenQuestion } from './between.js';
import type { ApprovalView, NodeView } from './messages.js';

/** What is asked, of whom, since when and until when. */
export function approvalView({ question, askedAt, dueAt }: OpenQuestion): ApprovalView {
  const { message, by, payload, onTimeout } = question;
  return {
    ...{ message, askedAt: iso(askedAt), onTimeout },
    ...(by ? { by } : {}),
    ...(dueAt === undefined ? {} : { dueAt: iso(dueAt) }),
    ...(payload ? { payload } : {}),
  };
}

/** Times inside an attempt are the worker's clock: clamped between schedule and end, so that no duration is negative. */
export function timesOf(
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
export function ofOutcome(outcome: NodeOutcome): Partial<NodeView> {
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
