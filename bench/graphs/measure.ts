/** One run of a workload by one side, in numbers. */
import { performance } from 'node:perf_hooks';
import type { Client } from '@temporalio/client';
import { cpuMs } from './processes.js';

export interface Measured {
  wallMs: number;
  /** Processor time for each task. */
  serverCpuMs: number;
  workerCpuMs: number;
  /** Events of history, of all runs and of what runs below. */
  events: number;
}

export async function measure(
  {
    client,
    server,
    worker,
    tasks,
  }: { client: Client; server: number; worker: number; tasks: number },
  run: () => Promise<string[]>,
): Promise<Measured> {
  const [serverBefore, workerBefore] = [cpuMs(server), cpuMs(worker)];
  const begin = performance.now();
  const ids = await run();
  const wallMs = performance.now() - begin;
  const [serverAfter, workerAfter] = [cpuMs(server), cpuMs(worker)];
  // Of many executions that are alike, one stands for all.
  const [first = ''] = ids;
  const { raw } = await client.workflow.getHandle(first).describe();
  const firstRun = raw.workflowExecutionInfo?.firstRunId ?? undefined;
  const events = (await eventsOf(client, first, firstRun)) * ids.length;
  return {
    wallMs,
    serverCpuMs: (serverAfter - serverBefore) / tasks,
    workerCpuMs: (workerAfter - workerBefore) / tasks,
    events,
  };
}

async function eventsOf(client: Client, workflowId: string, runId?: string): Promise<number> {
  const { events } = await client.workflow.getHandle(workflowId, runId).fetchHistory();
  let count = events?.length ?? 0;
  for (const event of events ?? []) {
    const next = event.workflowExecutionContinuedAsNewEventAttributes?.newExecutionRunId;
    if (next) count += await eventsOf(client, workflowId, next);
    const child = event.childWorkflowExecutionStartedEventAttributes?.workflowExecution;
    if (child?.workflowId && child.runId)
      count += await eventsOf(client, child.workflowId, child.runId);
  }
  return count;
}
