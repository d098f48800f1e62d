/**
 * The nodes of an execution that closed without a manifest, as its history has them: the workflow was terminated, or
 * timed out on the server, and could not write one.
 */
import type { Client, WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import {
  decodeArrayFromPayloads,
  decodeOptionalFailureToOptionalError,
} from '@temporalio/common/lib/internal-non-workflow/index.js';
import { messageOf } from '../domain/errors.js';
import { isObject, type Json, type JsonObject } from '../domain/json.js';
import { editedSpec } from './history-edits.js';
import { isHeld, type ActivityOutcome, type NodeOutcome } from '../domain/outcome.js';

type History = Awaited<ReturnType<WorkflowHandle['fetchHistory']>>;
type Event = NonNullable<History['events']>[number];
type Converter = Client['options']['loadedDataConverter'];

/** A node, and its end where the history has one. */
export interface HistoryNode {
  id: string;
  task: string;
  /** Undefined: it had not ended. */
  outcome?: NodeOutcome;
  /** ISO time of its end. */
  endedAt?: string;
}

/** Undefined where the history does not hold the nodes: a big graph's coordinator has none, its segments do. */
export async function nodesOfHistory(
  client: Client,
  workflowId: string,
  runId: string,
): Promise<HistoryNode[] | undefined> {
  const converter = client.options.loadedDataConverter;
  const history = await client.workflow.getHandle(workflowId, runId).fetchHistory();
  const events = history.events ?? [];
  const started = events[0]?.workflowExecutionStartedEventAttributes;
  const [spec, , carried] = await decodeArrayFromPayloads(converter, started?.input?.payloads);
  const whole =
    isObject(spec) && carried == null
      ? await editedSpec(client, history, spec as JsonObject)
      : undefined;
  const nodes = whole && nodesOfSpec(whole);
  if (!nodes) return undefined;
  const scheduled = new Map<string, string>();
  const attempts = new Map<string, number>();
  for (const event of events) {
    const id = event.activityTaskScheduledEventAttributes?.activityId;
    if (id) scheduled.set(String(event.eventId), id);
    const began = event.activityTaskStartedEventAttributes;
    if (began) attempts.set(String(began.scheduledEventId), began.attempt ?? 1);
    const of = endOf(event)?.scheduledEventId;
    const node = nodes.get(scheduled.get(String(of)) ?? '');
    if (!node) continue;
    const outcome = await outcomeOf(converter, event, attempts.get(String(of)) ?? 0);
    if (isHeld(outcome)) continue;
    node.outcome = outcome;
    node.endedAt = timeOf(event);
  }
  return [...nodes.values()];
}

function nodesOfSpec(spec: Json): Map<string, HistoryNode> | undefined {
  const tasks = isObject(spec) ? spec['tasks'] : undefined;
  if (!Array.isArray(tasks)) return undefined;
  const nodes = new Map<string, HistoryNode>();
  for (const node of tasks) {
    const { id, task } = isObject(node) ? node : ({} as JsonObject);
    if (typeof id !== 'string' || typeof task !== 'string') return undefined;
    nodes.set(id, { id, task });
  }
  return nodes;
}

const endOf = (event: Event) =>
  event.activityTaskCompletedEventAttributes ??
  event.activityTaskFailedEventAttributes ??
  event.activityTaskTimedOutEventAttributes ??
  event.activityTaskCanceledEventAttributes;

/** The envelope of the pipeline where it got that far, else what the server says. */
async function outcomeOf(
  converter: Converter,
  event: Event,
  attempt: number,
): Promise<ActivityOutcome> {
  const { activityTaskCompletedEventAttributes: completed } = event;
  const { activityTaskTimedOutEventAttributes: timedOut } = event;
  const failed = event.activityTaskFailedEventAttributes;
  const details = event.activityTaskCanceledEventAttributes?.details;
  const payloads = (completed?.result ?? details)?.payloads;
  const failure = await decodeOptionalFailureToOptionalError(
    converter,
    (failed ?? timedOut)?.failure,
  );
  const [said] =
    failure instanceof ApplicationFailure || failure instanceof CancelledFailure
      ? (failure.details ?? [])
      : await decodeArrayFromPayloads(converter, payloads);
  if (isEnvelope(said as Json)) return said as ActivityOutcome;
  const status = timedOut ? 'TIMEOUT' : completed || failed ? 'FAILED' : 'CANCELLED';
  return {
    ...{ status, attempts: [], attemptCount: attempt, executionTimeMs: 0 },
    ...(failure
      ? {
          error: {
            code: timedOut ? 'TIMEOUT' : 'ENGINE',
            message: messageOf(failure),
            ...{ origin: 'temporal' as const, retriable: false },
          },
        }
      : {}),
  };
}

const isEnvelope = (said: Json | undefined): boolean =>
  said !== undefined && isObject(said) && Array.isArray(said['attempts']);

const timeOf = ({ eventTime }: Event): string =>
  new Date(Number(eventTime?.seconds ?? 0) * 1_000 + (eventTime?.nanos ?? 0) / 1e6).toISOString();
