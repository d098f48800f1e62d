/** A schedule's state and policies in Temporal's terms, and what an update leaves of the times. */
import type { ScheduleDescription, ScheduleOptions as TemporalOptions } from '@temporalio/client';
import { TIME_FIELDS, type ScheduleTimes } from '../domain/schedule-times.js';
import { OVERLAP, OVERLAPS, type ParsedPolicies } from './schedule-options.js';

/** Any way to say when replaces all of them. */
export function mergedTimes(before: ScheduleTimes, changes: ScheduleTimes): ScheduleTimes {
  const anew = TIME_FIELDS.some((field) => field in changes);
  const kept = Object.entries(before).filter(
    ([field]) => !anew || !(TIME_FIELDS as readonly string[]).includes(field),
  );
  return { ...Object.fromEntries(kept), ...changes };
}

/** The policies that an update's are checked with. */
export function policiesOf({ policies }: ScheduleDescription) {
  const overlap = OVERLAPS.find((name) => OVERLAP[name] === policies.overlap);
  return { ...(overlap ? { overlap } : {}), pauseOnFailure: policies.pauseOnFailure };
}

export function stateOf({
  remainingActions,
  ...rest
}: Pick<ParsedPolicies, 'remainingActions' | 'paused' | 'note'>): NonNullable<
  TemporalOptions['state']
> {
  if (remainingActions === undefined) return rest;
  // The SDK takes undefined for no limit.
  return { ...rest, remainingActions: remainingActions ?? (undefined as unknown as number) };
}

/** Without the fields that are undefined. */
export function defined<T extends object>(fields: T): { [K in keyof T]?: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: NonNullable<T[K]>;
  };
}
