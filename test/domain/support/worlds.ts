/** Random worlds for the scheduler: a graph, how long each node runs and how it ends, and who cancels what when. */
import fc from 'fast-check';
import type { SchedulerNode, SchedulerOptions } from '../../../src/domain/scheduler.js';
import type { TerminalStatus } from '../../../src/domain/status.js';
import { TRIGGER_RULES, type TriggerRule } from '../../../src/domain/trigger.js';
import { nodesOf } from './graphs.js';

/** What happens to a node once it runs. */
export interface Script {
  runMs: number;
  /** Waits before a retry: after each of these attempts the node gives its place back. */
  holds: number[];
  /** SKIPPED: its condition says no. */
  outcome: TerminalStatus;
  /** How long it takes to stop when asked to. */
  cancelMs: number;
  /** Ends CANCELLED when asked to stop; else with its outcome, as when it had just finished. */
  obeysCancel: boolean;
}

export interface World {
  nodes: SchedulerNode[];
  scripts: Script[];
  options: SchedulerOptions;
  /** Nodes that are taken in one go. */
  batch: number;
  cancels: { at: number; node: number | 'all' }[];
}

const shortMs = fc.nat({ max: 20 });
const node = fc.record({
  trigger: fc.oneof(
    { weight: 2, arbitrary: fc.constant<TriggerRule>('all_success') },
    { weight: 3, arbitrary: fc.constantFrom(...TRIGGER_RULES) },
  ),
  allowFailure: fc.boolean(),
  priorityKey: fc.integer({ min: 1, max: 5 }),
  startDelayMs: fc.option(shortMs, { freq: 3, nil: undefined }),
  notBefore: fc.option(shortMs, { freq: 4, nil: undefined }),
});
const script: fc.Arbitrary<Script> = fc.record({
  runMs: shortMs,
  holds: fc.oneof(
    { weight: 3, arbitrary: fc.constant<number[]>([]) },
    { weight: 1, arbitrary: fc.array(shortMs, { maxLength: 3 }) },
  ),
  outcome: fc.oneof(
    { weight: 3, arbitrary: fc.constant<TerminalStatus>('COMPLETED') },
    {
      weight: 1,
      arbitrary: fc.constantFrom<TerminalStatus>(
        ...(['FAILED', 'TIMEOUT', 'REJECTED', 'CANCELLED', 'SKIPPED'] as const),
      ),
    },
  ),
  cancelMs: fc.nat({ max: 3 }),
  obeysCancel: fc.boolean(),
});
const cancels = fc.array(
  fc.record({
    at: fc.nat({ max: 60 }),
    node: fc.oneof(
      { weight: 6, arbitrary: fc.nat({ max: 199 }) },
      { weight: 1, arbitrary: fc.constant<'all'>('all') },
    ),
  }),
  { maxLength: 3 },
);

/** Worlds of up to `max` nodes. A counterexample prints as a graph, one node a line. */
export const worldsOf = (max: number): fc.Arbitrary<World> =>
  fc
    .record({
      made: nodesOf(max, fc.tuple(node, script)),
      concurrency: fc.integer({ min: 1, max: 8 }),
      onFailure: fc.constantFrom<SchedulerOptions['onFailure']>('continue', 'failFast'),
      batch: fc.constantFrom(1, 3, Infinity),
      cancels,
    })
    .map(({ made, concurrency, onFailure, batch, cancels: planned }) => {
      const world: World = {
        nodes: made.map(({ dependsOn, part: [{ startDelayMs, notBefore, ...rest }] }) => ({
          dependsOn,
          ...rest,
          ...(startDelayMs === undefined ? {} : { startDelayMs }),
          ...(notBefore === undefined ? {} : { notBefore }),
        })),
        scripts: made.map(({ part: [, its] }) => its),
        options: { concurrency, onFailure },
        batch,
        cancels: planned,
      };
      return Object.assign(world, { [fc.toStringMethod]: () => draw(world) });
    });

/** A world as text: `2 ← 0, 1  one_failed prio 3 runs 4 FAILED`. */
function draw({ nodes, scripts, options, batch, cancels: planned }: World): string {
  const lines = nodes.map((one, index) => {
    const its = scripts[index];
    const parts = [
      one.dependsOn.length > 0 ? `${index} ← ${one.dependsOn.join(', ')} ` : `${index} `,
      one.trigger,
      `prio ${one.priorityKey}`,
      one.allowFailure ? 'allowFailure' : '',
      one.startDelayMs === undefined ? '' : `delay ${one.startDelayMs}`,
      one.notBefore === undefined ? '' : `notBefore ${one.notBefore}`,
      `runs ${its?.runMs}`,
      ...(its?.holds ?? []).map((holdMs) => `holds ${holdMs}`),
      its?.outcome ?? '',
      its?.obeysCancel === true ? `stops in ${its.cancelMs}` : 'ignores cancel',
    ];
    return parts.filter((part) => part !== '').join(' ');
  });
  const cancelled = planned.map(({ at, node: which }) => `cancel ${which} at ${at}`);
  const head = `${options.onFailure}, concurrency ${options.concurrency}, batch ${batch}`;
  return `\n${[head, ...lines, ...cancelled].map((line) => `    ${line}`).join('\n')}\n`;
}
