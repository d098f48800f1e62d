/**
 * Starting one execution of a schedule at once, and telling which.
 *
 * Temporal makes the id of the time, to the second, and says nothing when an id is taken: of two triggers within a
 * second one is lost without a word. So the time is ours: the first second that has no execution.
 */
import { randomInt, randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import {
  encodeScheduleOverlapPolicy,
  type Client,
  type ScheduleDescription,
  type ScheduleOverlapPolicy,
} from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time.js';

/** What became of a trigger. */
export type TriggerAnswer =
  /** It was started. */
  | { outcome: 'started'; executionId: string }
  /** It starts when one that runs has ended: overlap bufferOne, bufferAll and cancelOther. */
  | { outcome: 'waiting'; executionId: string }
  /** Nothing was started: one runs, and overlap says skip, or bufferOne and one waits already. */
  | { outcome: 'skipped'; executionId: null };

interface Trigger {
  client: Client;
  scheduleId: string;
  /** The last second given to each schedule, in epoch milliseconds: one that waits is in no description. */
  given: Map<string, number>;
  /** Default the schedule's own. */
  overlap?: ScheduleOverlapPolicy | undefined;
}

/** How long the server may take to say what became of it, in milliseconds. */
const DEADLINE_MS = 5_000;
const LOOK_MS = 50;
/** Times that a taken id is answered with the next second. */
const TRIES = 10;

/** @throws ScheduleNotFoundError */
export async function trigger({
  client,
  scheduleId,
  given,
  overlap,
}: Trigger): Promise<TriggerAnswer> {
  const handle = client.schedule.getHandle(scheduleId);
  let before = await handle.describe();
  for (let tries = 1; ; tries++) {
    const second = freeSecond(before, Math.max(Date.now(), (given.get(scheduleId) ?? 0) + 1_000));
    given.set(scheduleId, second);
    const time = new Date(second + randomInt(1, 1_000)); // a part by which it is known again
    const executionId = `${before.action.workflowId}-${time.toISOString().slice(0, 19)}Z`;
    await client.workflowService.patchSchedule({
      namespace: client.options.namespace,
      scheduleId,
      identity: client.options.identity,
      requestId: randomUUID(),
      patch: {
        triggerImmediately: {
          overlapPolicy: overlap ? (encodeScheduleOverlapPolicy(overlap) ?? 0) : 0,
          scheduledTime: msToTs(time.getTime()),
        },
      },
    });
    const seen = await outcomeOf(() => handle.describe(), before, time, executionId);
    if (seen !== 'taken') return seen;
    if (tries === TRIES) return { outcome: 'skipped', executionId: null };
    before = await handle.describe();
  }
}

/** The first second, in epoch milliseconds, that neither an execution nor a coming start has. */
function freeSecond({ info }: ScheduleDescription, earliest: number): number {
  const second = (date: Date): number => Math.floor(date.getTime() / 1_000);
  const taken = new Set([
    ...info.recentActions.map(({ scheduledAt }) => second(scheduledAt)),
    ...info.nextActionTimes.map(second),
  ]);
  let free = Math.floor(earliest / 1_000);
  while (taken.has(free)) free++;
  return free * 1_000;
}

async function outcomeOf(
  describe: () => Promise<ScheduleDescription>,
  before: ScheduleDescription,
  time: Date,
  executionId: string,
): Promise<TriggerAnswer | 'taken'> {
  const giveUpAt = Date.now() + DEADLINE_MS;
  for (;;) {
    const now = await describe();
    const same = now.info.recentActions.filter(
      ({ action }) => action.workflow.workflowId === executionId,
    );
    if (same.some(({ scheduledAt }) => scheduledAt.getTime() === time.getTime()))
      return { outcome: 'started', executionId };
    if (same.length > 0) return 'taken';
    if (now.info.numActionsSkippedOverlap > before.info.numActionsSkippedOverlap)
      return { outcome: 'skipped', executionId: null };
    if (bufferOf(now) > bufferOf(before) || Date.now() > giveUpAt)
      return { outcome: 'waiting', executionId };
    await delay(LOOK_MS);
  }
}

const bufferOf = ({ raw }: ScheduleDescription): number => Number(raw.info?.bufferSize ?? 0);
