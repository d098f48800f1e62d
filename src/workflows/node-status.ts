/** How a node stands, for all who ask: the scheduler's state in the words of a status. */
import type { NodeKind } from '../domain/node-kind.js';
import type { HoldReason } from '../domain/outcome.js';
import type { Scheduler } from '../domain/scheduler.js';
import type { Status, StatusReason } from '../domain/status.js';

/** What the graph knows of a node beside its scheduler. */
interface Known {
  kind: NodeKind | undefined;
  /** Held by a pipeline, and why. */
  held: HoldReason | undefined;
  /** Why it has ended so. */
  reason: StatusReason | undefined;
}

export function nodeStatus(
  scheduler: Scheduler,
  index: number,
  { kind = 'task', held, reason }: Known,
): { status: Status; reason?: StatusReason | undefined } {
  const ending = scheduler.ending(index);
  if (ending) return { status: ending.status, reason: reason ?? ending.reason };
  switch (scheduler.state(index)) {
    case 'running':
      return scheduler.hasPassed(index) ? MAKES_RESULT : WHILE_RUNNING[kind];
    case 'ready':
      if (scheduler.isPaused(index)) return PAUSED;
      return { status: 'PENDING', reason: scheduler.waitsForLimit(index) ? 'limit' : 'window' };
    case 'held':
      return scheduler.isNodePaused(index) ? PAUSED : WHILE_HELD[held ?? 'start_time'];
    case 'waiting':
    case 'settled':
      return scheduler.isNodePaused(index) ? PAUSED : { status: 'PENDING', reason: 'dependencies' };
  }
}

const MAKES_RESULT = { status: 'RUNNING', reason: 'result' } as const;
const PAUSED = { status: 'PAUSED', reason: 'paused' } as const;
export const WHILE_HELD: Record<
  HoldReason | 'start_time',
  { status: Status; reason: StatusReason }
> = {
  retry: { status: 'RETRYING', reason: 'retry' },
  no_handler: { status: 'PENDING', reason: 'no_handler' },
  paused: PAUSED,
  circuit: { status: 'PENDING', reason: 'circuit' },
  coalesced: { status: 'PENDING', reason: 'coalesced' },
  looked: { status: 'PENDING', reason: 'limit' },
  start_time: { status: 'SCHEDULED', reason: 'start_time' },
  unknown: { status: 'PENDING', reason: 'outcome_unknown' },
};
const WHILE_RUNNING: Record<NodeKind, { status: Status; reason?: StatusReason }> = {
  task: { status: 'SCHEDULED', reason: 'queue' },
  graph: { status: 'RUNNING' },
  map: { status: 'RUNNING' },
  approval: { status: 'RUNNING', reason: 'approval' },
};
