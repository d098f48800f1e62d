/** What Temporal's history says of executions: read from its raw events, not with the code that is tested. */
import type { Client } from '@temporalio/client';

export interface Truth {
  status: string;
  /** Of the last attempt; undefined where the history does not say. */
  attempts?: number;
  reason?: 'terminated';
}

/** Id → truth, for the rows that the store has to have for a workflow. */
export async function truthOf(
  client: Client,
  workflowId: string,
  kind: 'graph' | 'task' | 'batch',
  nodeIds: readonly string[],
): Promise<Map<string, Truth>> {
  const { events } = await client.workflow.getHandle(workflowId).fetchHistory();
  const all = events ?? [];
  const last = all.at(-1);
  const terminated = Boolean(last?.workflowExecutionTerminatedEventAttributes);
  const nodes = new Map<string, Truth>();
  const scheduled = new Map<string, string>();
  const started = new Map<string, number>();
  for (const event of all) {
    const id = event.activityTaskScheduledEventAttributes?.activityId;
    if (id) scheduled.set(String(event.eventId), id);
    const began = event.activityTaskStartedEventAttributes;
    if (began) started.set(String(began.scheduledEventId), began.attempt ?? 1);
    const completed = event.activityTaskCompletedEventAttributes;
    const failed = event.activityTaskFailedEventAttributes;
    const timedOut = event.activityTaskTimedOutEventAttributes;
    const canceled = event.activityTaskCanceledEventAttributes;
    const ended = completed ?? failed ?? timedOut ?? canceled;
    if (!ended) continue;
    const of = String(ended.scheduledEventId);
    const status = completed ? 'COMPLETED' : failed ? 'FAILED' : timedOut ? 'TIMEOUT' : 'CANCELLED';
    nodes.set(scheduled.get(of) ?? '', { status, attempts: started.get(of) ?? 0 });
  }
  const cut: Truth = { status: 'CANCELLED', reason: 'terminated' };
  const nodeTruth = (id: string): Truth =>
    nodes.get(id) ?? (terminated ? cut : { status: 'SKIPPED', attempts: 0 });
  if (kind === 'task') return new Map([[workflowId, terminated ? cut : nodeTruth('task')]]);
  const truth = new Map(nodeIds.map((id) => [`${workflowId}/${id}`, nodeTruth(id)]));
  if (kind === 'batch') return truth;
  const whole = last?.workflowExecutionCompletedEventAttributes
    ? { status: 'COMPLETED' }
    : { status: 'FAILED' };
  return truth.set(workflowId, terminated ? cut : whole);
}
