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
  /** How long its result is made once its work is done, beside what follows; 0: within that. */
  makeMs: number;
  /** Ends CANCELLED when asked to stop; else with its outcome, as when it had just finished. */
  obeysCancel: boolean;
}

/** What a person asks of the graph while it runs. */
export type Verb =
  | { kind: 'end'; node: number; status: 'COMPLETED' | 'FAILED' | 'SKIPPED' }
  | { kind: 'hurry'; node: number }
  | { kind: 'priority'; node: number; to: number }
  | { kind: 'concurrency'; to: number }
  | { kind: 'pause' | 'resume'; node: number | 'all' }
  /** A node that is new, or takes the place of another; what it depends on comes before it in the list. */
  | { kind: 'edit'; replaced: number | null; node: SchedulerNode; script: Script };

export interface World {
  nodes: SchedulerNode[];
  scripts: Script[];
  options: SchedulerOptions;
  /** Nodes that are taken in one go. */
  batch: number;
  cancels: { at: number; node: number | 'all' }[];
  verbs: { at: number; verb: Verb }[];
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
  runsOnCancel: fc.option(fc.constant(true as const), { freq: 1, nil: undefined }),
  reads: fc.array(fc.nat({ max: 199 }), { maxLength: 2 }),
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
  makeMs: fc.oneof({ weight: 2, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: shortMs }),
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

const anyNode = fc.nat({ max: 199 });
const verb: fc.Arbitrary<Verb> = fc.oneof(
  fc.record({
    kind: fc.constant('end' as const),
    node: anyNode,
    status: fc.constantFrom('COMPLETED' as const, 'FAILED' as const, 'SKIPPED' as const),
  }),
  fc.record({ kind: fc.constant('hurry' as const), node: anyNode }),
  fc.record({
    kind: fc.constant('priority' as const),
    node: anyNode,
    to: fc.integer({ min: 1, max: 5 }),
  }),
  fc.record({ kind: fc.constant('concurrency' as const), to: fc.integer({ min: 1, max: 8 }) }),
  fc.record({
    kind: fc.constantFrom('pause' as const, 'resume' as const),
    node: fc.oneof(
      { weight: 4, arbitrary: anyNode },
      { weight: 1, arbitrary: fc.constant<'all'>('all') },
    ),
  }),
  fc
    .record({
      replaced: fc.option(anyNode),
      dependsOn: fc.array(anyNode, { maxLength: 4 }),
      node,
      script,
    })
    .map(({ replaced, dependsOn, node: made, script: its }) => ({
      ...{ kind: 'edit' as const, replaced, script: its },
      node: { ...given(made), dependsOn },
    })),
);
const verbs = fc.array(fc.record({ at: fc.nat({ max: 60 }), verb }), { maxLength: 8 });

/** Of nodes before it, those whose results are made apart. */
const readsOf = (reads: readonly number[], index: number, scripts: readonly Script[]): number[] =>
  index === 0
    ? []
    : [...new Set(reads.map((read) => read % index))].filter(
        (read) => (scripts[read]?.makeMs ?? 0) > 0,
      );

/** Without the fields that are not there. */
function given({
  startDelayMs,
  notBefore,
  runsOnCancel,
  reads: _reads,
  ...rest
}: Made): Omit<SchedulerNode, 'dependsOn'> {
  return {
    ...rest,
    ...(runsOnCancel ? { runsOnCancel } : {}),
    ...(startDelayMs === undefined ? {} : { startDelayMs }),
    ...(notBefore === undefined ? {} : { notBefore }),
  };
}
type Made = typeof node extends fc.Arbitrary<infer T> ? T : never;

/**
 * Worlds as {@link worldsOf} makes them, in which people ask for things too.
 */
export const operatedWorldsOf = (max: number): fc.Arbitrary<World> =>
  fc.tuple(worldsOf(max), verbs).map(([world, asked]) => {
    const operated = { ...world, verbs: asked };
    const said = (): string =>
      `${draw(operated)}${asked.map((one) => `    ${JSON.stringify(one)}\n`).join('')}`;
    return Object.assign(operated, { [fc.toStringMethod]: said });
  });

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
        nodes: made.map(({ dependsOn, part: [its] }, index) => ({
          ...{ dependsOn, ...given(its) },
          readsResults: readsOf(
            its.reads,
            index,
            made.map(({ part: [, one] }) => one),
          ),
        })),
        scripts: made.map(({ part: [, its] }) => its),
        options: { concurrency, onFailure },
        batch,
        cancels: planned,
        verbs: [],
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
      one.runsOnCancel ? 'runsOnCancel' : '',
      one.startDelayMs === undefined ? '' : `delay ${one.startDelayMs}`,
      one.notBefore === undefined ? '' : `notBefore ${one.notBefore}`,
      one.readsResults?.length ? `reads ${one.readsResults.join(', ')}` : '',
      `runs ${its?.runMs}`,
      its?.makeMs ? `makes ${its.makeMs}` : '',
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
