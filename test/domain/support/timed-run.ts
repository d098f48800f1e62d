/** Runs a random world with clocks on its nodes, and gives what an execution's record would hold of their time. */
import { NodeClocks, type NodeTime } from '../../../src/domain/node-clocks.js';
import type { ActivityOutcome, AttemptRecord } from '../../../src/domain/outcome.js';
import { Scheduler } from '../../../src/domain/scheduler.js';
import type { TimedNode } from '../../../src/domain/wall-time.js';
import type { World } from './worlds.js';

const START = 1_800_000_000_000;

interface Running {
  index: number;
  handedAt: number;
  endsAt: number;
}

export interface TimedRun {
  startedAt: number;
  endedAt: number;
  nodes: TimedNode[];
}

/** When the graph is paused and goes on, and by how much the workers' clocks are wrong. */
export interface Weather {
  pausedFrom: number;
  pausedFor: number;
  skewMs: number;
  /** After so many moments everything is carried over into a new run. */
  carryAt: number;
}

export function timedRun(
  { nodes, scripts, options, cancels }: World,
  { pausedFrom, pausedFor, skewMs, carryAt }: Weather,
): TimedRun {
  let now = START;
  let scheduler = new Scheduler(nodes, options);
  let clocks = new NodeClocks(0, () => undefined);
  const ended = new Map<number, number>();
  const attempts = nodes.map((): AttemptRecord[] => []);
  const executionTimeMs = nodes.map(() => 0);
  const running = new Map<number, Running>();
  const asked = new Set<number>();
  const paged = new Map<number, NodeTime>();
  const watch = (): void => {
    scheduler.watch = (move) => {
      clocks.moved(move, now, {
        held: move.from === 'running' ? 'retry' : undefined,
        paused: false,
      });
      if (move.to === 'settled') ended.set(move.index, now);
    };
  };
  const stop = ({ cancel }: { cancel: { index: number }[] }): void => {
    for (const { index } of cancel) {
      const attempt = running.get(index);
      if (attempt) attempt.endsAt = Math.min(attempt.endsAt, now + 1);
      asked.add(index);
    }
  };
  watch();
  scheduler.start(now);
  for (let moment = 0; !scheduler.isDone; moment++, now++) {
    const at = now - START;
    if (at === pausedFrom) scheduler.pause();
    if (at === pausedFrom + pausedFor) scheduler.resume();
    for (const { at: when, node } of cancels)
      if (when === at && node === 'all') stop(scheduler.cancelAll(now));
      else if (when === at && node !== 'all') stop(scheduler.cancelNode(node % nodes.length, now));
    for (const { index, handedAt, endsAt } of [...running.values()]) {
      if (endsAt > now) continue;
      running.delete(index);
      const { holds = [], outcome: status = 'COMPLETED', runMs = 0 } = scripts[index] ?? {};
      const before = attempts[index] ?? [];
      const base = { attempts: before.length, executionTimeMs: executionTimeMs[index] ?? 0 };
      const holdMs = asked.has(index) ? undefined : holds[before.length];
      const queued = Math.min(2, endsAt - handedAt);
      const record: AttemptRecord = {
        attempt: before.length + 1,
        startedAt: new Date(handedAt + queued + skewMs).toISOString(),
        enteredAt: new Date(handedAt + queued + skewMs).toISOString(),
        endedAt: new Date(
          handedAt + queued + Math.min(runMs, endsAt - handedAt) + skewMs,
        ).toISOString(),
        outcome: holdMs === undefined ? 'COMPLETED' : 'FAILED',
      };
      attempts[index] = [...before, record];
      executionTimeMs[index] = base.executionTimeMs + runMs;
      const common = { attempts: attempts[index], executionTimeMs: executionTimeMs[index] };
      const outcome: ActivityOutcome =
        holdMs === undefined
          ? { ...common, status, attemptCount: before.length + 1 }
          : { ...common, held: 'retry', waitMs: holdMs, attemptsUsed: before.length + 1 };
      clocks.returned(index, outcome, now, base);
      if (holdMs === undefined) stop(scheduler.settle(index, status, now));
      else scheduler.hold(index, now + holdMs);
    }
    if (moment === carryAt) {
      const carried = clocks.carry(now, (index) => scheduler.state(index) !== 'settled');
      nodes.forEach((_, index) => {
        const time = scheduler.state(index) === 'settled' && clocks.of(index, now, false);
        if (time) paged.set(index, time);
      });
      scheduler = Scheduler.restore(nodes, options, scheduler.snapshot());
      clocks = new NodeClocks(0, () => undefined);
      clocks.restore(JSON.parse(JSON.stringify(carried)) as typeof carried, now);
      watch();
    }
    scheduler.release(now);
    for (const index of scheduler.take())
      running.set(index, { index, handedAt: now, endsAt: now + 3 + (scripts[index]?.runMs ?? 0) });
    clocks.waitFor([scheduler.isAllPaused ? 'pause' : 'window'], now);
  }
  const timed = nodes.map((_, index): TimedNode => {
    const time = paged.get(index) ?? clocks.of(index, now, false);
    const endedAt = ended.get(index);
    if (!time) return { id: String(index), endedAt };
    const { readyAt, after, times } = time;
    return {
      ...{ id: String(index), readyAt, endedAt, times },
      ...(after === undefined ? {} : { after: String(after) }),
    };
  });
  return { startedAt: START, endedAt: now - 1, nodes: timed };
}
