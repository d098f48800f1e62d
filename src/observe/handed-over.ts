/** Attempts that end elsewhere, as the server knows them. */
import {
  WorkflowNotFoundError,
  type Client,
  type WorkflowExecutionDescription,
} from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import type { HeartbeatDetails } from '../domain/outcome.js';

/** PENDING_ACTIVITY_STATE_STARTED, and CANCEL_REQUESTED. */
const STARTED = 2;
const CANCEL_REQUESTED = 3;

/** An attempt under way, and what its heartbeat says where it was handed over. */
export interface PendingAttempt {
  workflowId: string;
  task: string;
  /** A worker has it, or had it and handed it over. */
  started: boolean;
  stopping: boolean;
  /** With a handover only where it is this attempt's. */
  details: HeartbeatDetails | undefined;
  /** Changes with each heartbeat and each attempt. */
  lastHeard: string;
}

/** A node's attempt in one workflow; undefined where there is none. */
export async function pendingAttempt(
  client: Client,
  workflowId: string,
  nodeId: string,
): Promise<PendingAttempt | undefined> {
  return (await pendingAttempts(client, workflowId, [nodeId])).get(nodeId);
}

/** Those of these nodes that have an attempt in one workflow, by id. One question to the server. */
export async function pendingAttempts(
  client: Client,
  workflowId: string,
  nodeIds: readonly string[],
): Promise<Map<string, PendingAttempt>> {
  const asked = new Set(nodeIds);
  const found = new Map<string, PendingAttempt>();
  try {
    const { raw } = await client.workflow.getHandle(workflowId).describe();
    for (const activity of raw.pendingActivities ?? []) {
      const { activityId } = activity;
      if (activityId && asked.has(activityId))
        found.set(activityId, attemptOf(workflowId, activity));
    }
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
  }
  return found;
}

type PendingActivity = NonNullable<
  WorkflowExecutionDescription['raw']['pendingActivities']
>[number];

function attemptOf(
  workflowId: string,
  { state, attempt, activityType, heartbeatDetails, lastHeartbeatTime: heard }: PendingActivity,
): PendingAttempt {
  const [payload] = heartbeatDetails?.payloads ?? [];
  return {
    workflowId,
    task: activityType?.name ?? '',
    started: Number(state) === STARTED || Number(state) === CANCEL_REQUESTED,
    stopping: Number(state) === CANCEL_REQUESTED,
    details: payload && ownHandover(defaultPayloadConverter.fromPayload(payload), attempt),
    lastHeard: `${attempt ?? 1} ${String(heard?.seconds ?? '')}.${heard?.nanos ?? 0}`,
  };
}

/** The next attempt finds what the last one left, its handover too: that one is over. */
function ownHandover(
  details: HeartbeatDetails,
  attempt: number | null | undefined,
): HeartbeatDetails {
  const { handover, ...rest } = details;
  return handover?.activityAttempt === attempt ? details : rest;
}
