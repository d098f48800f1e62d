/** What the judges of the scheduler's tests have in common. */
import type { SchedulerNode } from '../../../src/domain/scheduler.js';
import type { StatusReason } from '../../../src/domain/status.js';

const SURVIVES_FAILURE = new Set([
  ...['all_failed', 'all_done', 'one_failed', 'one_done', 'always', 'all_done_min_one_success'],
]);
/** What a stop leaves alone: after a failure what accepts one, after a cancel what says so. */
export function outlives(
  { trigger, runsOnCancel }: SchedulerNode,
  stopped: StatusReason | undefined,
): boolean {
  return stopped === 'fail_fast' ? SURVIVES_FAILURE.has(trigger) : runsOnCancel === true;
}

/** As `expect(…).toEqual(…)`, but quick: it is asked some millions of times. */
export function same(actual: unknown, expected: unknown, what: string): void {
  if (actual === expected) return;
  const [found, wanted] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (found !== wanted) throw new Error(`${what}: expected ${wanted}, got ${found}`);
}
export function must(holds: boolean, what: string): void {
  if (!holds) throw new Error(what);
}
