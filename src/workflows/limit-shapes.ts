/** What any client may send to a limit's keeper, or in its name to a graph: checked before it is used (see `shapes.ts`). */
import { isObject } from '../domain/json.js';
import type { LimitArgs, LimitAsk, LimitGrant } from '../domain/limit-messages.js';
import { LIMIT_MOST } from '../domain/limit.js';

/** Weights that one message may name. */
const WEIGHTS = 100;
/** No graph ever asks for as many places. */
const MOST_TOTAL = 1e9;

const isPlaces = (value: unknown): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= LIMIT_MOST;
const isTotal = (value: unknown): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= MOST_TOTAL;

function isTotals(value: unknown): value is Record<string, number> {
  if (!isObject(value)) return false;
  const entries = Object.entries(value);
  return (
    entries.length <= WEIGHTS &&
    entries.every(([weight, total]) => /^[1-9]\d{0,4}$/.test(weight) && isTotal(total))
  );
}

export function isMax(value: unknown): value is { max: number } {
  return isObject(value) && isPlaces(value['max']);
}

export function isLimitArgs(value: unknown): value is LimitArgs {
  if (!isObject(value)) return false;
  const { key, project, max, defined, memory } = value;
  return (
    typeof key === 'string' &&
    (project === undefined || typeof project === 'string') &&
    isPlaces(max) &&
    isPlaces(defined) &&
    (memory === undefined || (isObject(memory) && Array.isArray(memory['holders'])))
  );
}

export function isLimitAsk(value: unknown): value is LimitAsk {
  if (!isObject(value)) return false;
  const { graph, run, sequence, priority, fairnessKey, asked, granted, released, max } = value;
  return (
    [graph, run, fairnessKey].every((text) => typeof text === 'string') &&
    graph !== '' &&
    isTotal(sequence) &&
    typeof priority === 'number' &&
    (max === undefined || isPlaces(max)) &&
    [asked, granted, released].every(isTotals) &&
    isPlausible(granted as LimitAsk['granted'], released as LimitAsk['released'])
  );
}

/** Places that are out have to be remembered one by one. */
function isPlausible(granted: LimitAsk['granted'], released: LimitAsk['released']): boolean {
  return Object.entries(granted).every(
    ([weight, total]) => total - (released[weight] ?? 0) <= LIMIT_MOST,
  );
}

export function isLimitGrant(value: unknown): value is LimitGrant {
  return (
    isObject(value) &&
    typeof value['limit'] === 'string' &&
    typeof value['run'] === 'string' &&
    isTotals(value['granted']) &&
    isTotals(value['giveBack']) &&
    isPlaces(value['max'])
  );
}
