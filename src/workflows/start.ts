/**
 * What an execution waits for before its first node: its time, then others that have to end first, then a place among
 * those that run.
 *
 * Its time is the server's to wait for (a start delay), but whoever asks the workflow something wakes it before: then it
 * waits itself.
 */
import { condition } from '@temporalio/workflow';
import type { AwaitDecision } from '../domain/awaited.js';
import type { ErrorRecord } from '../domain/errors.js';
import { PRIORITY_KEY } from '../domain/priority.js';
import type { HeldPlan } from '../domain/plan.js';
import type { Awaiting } from './awaiting.js';
import type { ExecutionPlace } from './execution-place.js';
import type { GraphState } from './graph-state.js';
import { showStatus } from './finish.js';

export interface StartParts {
  /** It does not start before, in epoch milliseconds. */
  startsAt: number | undefined;
  awaiting: Awaiting | undefined;
  place: ExecutionPlace | undefined;
  plan: HeldPlan;
  state: GraphState;
  /** It was cancelled, or somebody has ended all of its nodes. */
  stopped: () => boolean;
}

/** @returns what follows; undefined where nothing is left to start */
export async function waitToStart(parts: StartParts): Promise<AwaitDecision | undefined> {
  const { startsAt, awaiting, place, plan, state, stopped } = parts;
  if (startsAt !== undefined) {
    state.waitBefore({ reason: 'start_time', at: startsAt });
    const leftMs = startsAt - Date.now(); // reading the plan of a large graph may have taken it
    if (leftMs > 0) await condition(stopped, leftMs);
    state.waitBefore(undefined);
    if (stopped()) return undefined;
    if (awaiting || place) showStatus('PENDING');
  }
  const decision: AwaitDecision | undefined = awaiting
    ? await awaiting.wait(stopped)
    : { kind: 'run' };
  if (!decision || stopped()) return undefined;
  if (decision.kind === 'end') state.firstError = dependencyError(decision.message);
  if (decision.kind === 'end' || !place) return decision;
  const limit = place.awaited;
  state.waitBefore(limit && { reason: 'limit', limit });
  const urgent = plan.classes.map(({ priority }) => PRIORITY_KEY[priority]);
  await place.take(Math.min(...urgent), stopped);
  state.waitBefore(undefined);
  return stopped() ? undefined : decision;
}

function dependencyError(message: string): ErrorRecord {
  return { code: 'DEPENDENCY', message, origin: 'engine', retriable: false };
}
