/** What an execution that does not end is waiting for, as text: for whoever has to find out why a test failed. */
import type { Client } from '@temporalio/client';

/** Events of a history that are printed: the last ones. */
const LAST = 25;

/** The workflow's status, its pending activities and workflow task, and the last events of its history. Never throws. */
export async function standing(client: Client, workflowId: string): Promise<string> {
  try {
    const handle = client.workflow.getHandle(workflowId);
    const { status, raw } = await handle.describe();
    const { events } = await handle.fetchHistory();
    const pending = (raw.pendingActivities ?? []).map(
      ({ activityId, activityType, attempt, lastStartedTime, lastHeartbeatTime, lastFailure }) =>
        `  pending ${activityId} (${activityType?.name}), attempt ${attempt}, started ${timeOf(lastStartedTime)}, heard of ${timeOf(lastHeartbeatTime)}${lastFailure ? `, last failure: ${lastFailure.message}` : ''}`,
    );
    const task = raw.pendingWorkflowTask;
    const last = (events ?? []).slice(-LAST).map((event) => {
      const [kind = '', attributes] =
        Object.entries(event).find(([key, value]) => key.endsWith('Attributes') && value) ?? [];
      const { activityId, activityType, startToCloseTimeout, heartbeatTimeout, scheduledEventId } =
        (attributes ?? {}) as Record<string, never> & { activityType?: { name?: string } };
      const more = JSON.stringify({
        activityId,
        type: activityType?.name,
        scheduledEventId,
        startToCloseTimeout,
        heartbeatTimeout,
      });
      return `  ${String(event.eventId)} ${timeOf(event.eventTime)} ${kind.replace('EventAttributes', '')} ${more}`;
    });
    const taskLine = task
      ? [`  workflow task, attempt ${task.attempt}, started ${timeOf(task.startedTime)}`]
      : [];
    return [
      `${workflowId} is ${status.name} at ${new Date().toISOString()}`,
      ...pending,
      ...taskLine,
      ...last,
    ].join('\n');
  } catch (error) {
    return `${workflowId}: ${String(error)}`;
  }
}

function timeOf(stamp: { seconds?: unknown; nanos?: number | null } | null | undefined): string {
  if (!stamp) return 'never';
  const ms = Number(stamp.seconds) * 1_000 + (stamp.nanos ?? 0) / 1_000_000;
  return new Date(ms).toISOString().slice(11, 23);
}
