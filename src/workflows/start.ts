/** What an execution waits for before its first node: others that have to end first, then a place among those that run. */
import type { AwaitDecision } from '../domain/awaited.js';
import type { ErrorRecord } from '../domain/errors.js';
import { PRIORITY_KEY } from '../domain/priority.js';
import type { Plan } from '../domain/plan.js';
import type { Awaiting } from './awaiting.js';
import type { ExecutionPlace } from './execution-place.js';
import type { GraphState } from './graph-state.js';

export interface StartParts {
  awaiting: Awaiting | undefined;
  place: ExecutionPlace | undefined;
  plan: Plan;
  state: GraphState;
  /** It was cancelled. */
  stopped: () => boolean;
}

/** @returns what follows; undefined where it was cancelled meanwhile */
export async function waitToStart(parts: StartParts): Promise<AwaitDecision | undefined> {
  const { awaiting, place, plan, state, stopped } = parts;
  const decision: AwaitDecision | undefined = awaiting
    ? await awaiting.wait(stopped)
    : { kind: 'run' };
  if (!decision || stopped()) return undefined;
  if (decision.kind === 'end') state.firstError = dependencyError(decision.message);
  if (decision.kind === 'end' || !place) return decision;
  state.waitBefore(place.awaited);
  const urgent = plan.classes.map(({ priority }) => PRIORITY_KEY[priority]);
  await place.take(Math.min(...urgent), stopped);
  state.waitBefore(undefined);
  return stopped() ? undefined : decision;
}

function dependencyError(message: string): ErrorRecord {
  return { code: 'DEPENDENCY', message, origin: 'engine', retriable: false };
}
