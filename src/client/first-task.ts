/**
 * A query that comes with the first workflow task of an execution, while its local activity is under way, makes the run
 * differ from its replay (docs/decisions/0013, 0022): an execution is asked only once that task is done.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client, WorkflowHandle } from '@temporalio/client';
import { MEMO, WAKE, type ExecutionMemo } from '../workflows/messages.js';

/** Executions that are known to be past it, the last ones. */
const KNOWN_MOST = 10_000;
/** Looks, and the wait between two of them: a first task of 5 s at most. Then a worker is not there, or does not end. */
const LOOKS = 200;
const WAIT_MS = 30;
/** How long a worker has to take an update, in milliseconds. */
const WAKE_MS = 4_000;
/** Events of a history whose first workflow task is scheduled, or has started. */
const UNDER_WAY: readonly number[] = [2, 3];

const past = new WeakMap<Client, Set<string>>();

/**
 * Waits until an execution can be asked; one that has not begun since its time has not come is woken, which does not start
 * it (`workflows/start.ts`). Never fails: what is wrong with it, the question itself finds out.
 */
export async function firstTaskDone(client: Client, workflowId: string): Promise<void> {
  const known = past.get(client) ?? new Set();
  past.set(client, known);
  if (known.has(workflowId)) return;
  const handle = client.workflow.getHandle(workflowId);
  for (let nth = 0; nth < LOOKS; nth++) {
    const described = await handle.describe().catch(() => undefined);
    if (!described) return;
    const { historyLength, status, memo } = described;
    const isPutOff = (memo?.[MEMO.kind] as ExecutionMemo | undefined)?.putOff === true;
    if (isPutOff && historyLength === 1) {
      if (!(await woken(client, handle))) break;
    } else if (status.name !== 'RUNNING' || !UNDER_WAY.includes(historyLength)) {
      known.add(workflowId);
      break;
    }
    await sleep(WAIT_MS);
  }
  const [oldest] = known;
  if (known.size > KNOWN_MOST && oldest !== undefined) known.delete(oldest);
}

/** False where no worker took it. A signal would not do: the server keeps it until the time has come. */
async function woken(client: Client, handle: WorkflowHandle): Promise<boolean> {
  const wake = (): Promise<boolean> => handle.executeUpdate(WAKE).then(() => true);
  return await client.withDeadline(Date.now() + WAKE_MS, wake).catch(() => false);
}
