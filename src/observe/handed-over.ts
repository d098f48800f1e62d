/** Attempts that end elsewhere, as the server knows them. */
import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import type { HeartbeatDetails } from '../domain/outcome.js';

/** PENDING_ACTIVITY_STATE_STARTED, and CANCEL_REQUESTED. */
const STARTED = 2;
const CANCEL_REQUESTED = 3;

/** An attempt under way, and what its heartbeat says where it was handed over. */
export interface PendingAttempt {
  workflowId: string;
  /** A worker has it, or had it and handed it over. */
  started: boolean;
  stopping: boolean;
  /** With a handover only where it is this attempt's. */
  details: HeartbeatDetails | undefined;
}

/** A node's attempt in one workflow; undefined where there is none. */
export async function pendingAttempt(
  client: Client,
  workflowId: string,
  nodeId: string,
): Promise<PendingAttempt | undefined> {
  try {
    const { raw } = await client.workflow.getHandle(workflowId).describe();
    const found = raw.pendingActivities?.find(({ activityId }) => activityId === nodeId);
    if (!found) return undefined;
    const [payload] = found.heartbeatDetails?.payloads ?? [];
    const state = Number(found.state);
    return {
      workflowId,
      started: state === STARTED || state === CANCEL_REQUESTED,
      stopping: state === CANCEL_REQUESTED,
      details: payload && ownHandover(defaultPayloadConverter.fromPayload(payload), found.attempt),
    };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}

/** The next attempt finds what the last one left, its handover too: that one is over. */
function ownHandover(
  details: HeartbeatDetails,
  attempt: number | null | undefined,
): HeartbeatDetails {
  const { handover, ...rest } = details;
  return handover?.activityAttempt === attempt ? details : rest;
}
