/** Attempts that end elsewhere, as the server knows them. */
import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import type { HeartbeatDetails } from '../domain/outcome.js';

/** PENDING_ACTIVITY_STATE_STARTED, and CANCEL_REQUESTED. */
const STARTED = 2;
const CANCEL_REQUESTED = 3;

/** An attempt under way, and what its heartbeat says where it was handed over. */
export interface PendingAttempt {
  /** Where its activity is. */
  place: { workflowId: string; runId: string; activityId: string };
  /** A worker has it, or had it and handed it over. */
  started: boolean;
  stopping: boolean;
  details: HeartbeatDetails | undefined;
}

/** A node's attempt in one workflow; undefined where there is none. */
export async function pendingAttempt(
  client: Client,
  workflowId: string,
  nodeId: string,
): Promise<PendingAttempt | undefined> {
  try {
    const { raw, runId } = await client.workflow.getHandle(workflowId).describe();
    const found = raw.pendingActivities?.find(({ activityId }) => activityId === nodeId);
    if (!found) return undefined;
    const [payload] = found.heartbeatDetails?.payloads ?? [];
    const state = Number(found.state);
    return {
      place: { workflowId, runId, activityId: nodeId },
      started: state === STARTED || state === CANCEL_REQUESTED,
      stopping: state === CANCEL_REQUESTED,
      details: payload && defaultPayloadConverter.fromPayload<HeartbeatDetails>(payload),
    };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}
