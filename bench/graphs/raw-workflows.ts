/** What somebody would write who has Temporal alone: no engine, no statuses, the shortest code that runs the shape. */
import { condition, continueAsNew, proxyActivities } from '@temporalio/workflow';

const { noop } = proxyActivities<{ noop(): Promise<null> }>({ startToCloseTimeout: '5m' });

export async function rawChain(length: number): Promise<void> {
  for (let nth = 0; nth < length; nth++) await noop();
}

export async function rawFan(width: number): Promise<void> {
  await noop();
  await Promise.all(Array.from({ length: width }, () => noop()));
  await noop();
}

/** Nodes of a run: a run's history has to stay below the server's limit. */
const NODES_PER_RUN = 4_000;

/** Starts each node once its own dependencies have ended. A new run begins where a layer has ended. */
export async function rawLayered(dependsOn: number[][], width: number, from = 0): Promise<void> {
  const to = Math.min(dependsOn.length, from + NODES_PER_RUN - (NODES_PER_RUN % width));
  const ends: Promise<unknown>[] = [];
  for (let index = from; index < to; index++) {
    const before = (dependsOn[index] ?? []).flatMap((id) => ends[id - from] ?? []);
    ends.push(before.length === 0 ? noop() : Promise.all(before).then(() => noop()));
  }
  await Promise.all(ends);
  if (to < dependsOn.length) await continueAsNew<typeof rawLayered>(dependsOn, width, to);
}

export async function rawSingle(): Promise<void> {
  await noop();
}

export async function rawWaits(): Promise<void> {
  await condition(() => false);
}
