/** Random graphs with rules and conditions, run through Temporal and held against a model of the rules. */
import fc from 'fast-check';
import type { ExecutionResult } from '../../src/client.js';
import type { GraphSpec } from '../../src/index.js';
import {
  TRIGGER_RULES,
  type DependencyState,
  type TriggerDecision,
  type TriggerRule,
} from '../../src/domain/trigger.js';
import { expectedDecision } from '../domain/support/airflow.js';
import { startHarness, type Harness } from './engine.js';
import { holdsForMany } from './many.js';

type Task = GraphSpec['tasks'][number];

/** Rules under which nothing that runs has a dependency that still does. */
const PATIENT: ReadonlySet<TriggerRule> = new Set<TriggerRule>([
  ...(['all_done', 'all_done_min_one_success', 'none_skipped', 'none_failed'] as const),
]);

const graphs = fc
  .array(
    fc.record({
      fails: fc.oneof({ weight: 3, arbitrary: fc.constant(false) }, fc.constant(true)),
      parents: fc.array(fc.nat(), { maxLength: 4 }),
      trigger: fc.oneof(fc.constant('all_success' as const), {
        weight: 3,
        arbitrary: fc.constantFrom(...TRIGGER_RULES),
      }),
      allowFailure: fc.boolean(),
      light: fc.boolean(),
      when: fc.constantFrom(undefined, undefined, 'true', 'false', 'status' as const),
    }),
    { minLength: 2, maxLength: 9 },
  )
  .map((nodes): Task[] =>
    nodes.map(({ fails, parents, trigger, allowFailure, light, when }, index) => {
      const all = index === 0 ? [] : parents.map((parent) => `n${parent % index}`);
      const dependsOn = [...new Set(all)];
      const asks = dependsOn.length > 0 && PATIENT.has(trigger);
      const status = asks ? `tasks.${dependsOn[0]}.status == "COMPLETED"` : undefined;
      const condition = when === 'status' ? status : when;
      return {
        ...{ id: `n${index}`, task: fails ? 'fail' : 'noop', dependsOn, trigger, allowFailure },
        light,
        retry: { strategy: 'NONE' as const },
        ...(condition === undefined ? {} : { when: condition }),
      };
    }),
  );

/** Every end that a node can have: among a few random graphs one may be missing. */
const EVERY_END: readonly Task[] = [
  { id: 'works', task: 'noop' },
  { id: 'fails', task: 'fail', retry: { strategy: 'NONE' } },
  { id: 'passed', task: 'noop', when: 'false' },
  { id: 'ruled', task: 'noop', dependsOn: ['works'], trigger: 'all_failed' },
  { id: 'without', task: 'noop', dependsOn: ['fails'] },
];

/** How an ended node stands for the nodes after it. */
function standing(task: Task, node: ExecutionResult['nodes'][string] | undefined): DependencyState {
  if (node?.status === 'SKIPPED')
    return node.reason === 'upstream_failed' ? 'upstream_failed' : 'skipped';
  return node?.status === 'COMPLETED' || task.allowFailure ? 'success' : 'failed';
}

/** What a rule may decide as dependencies end one after the other, whichever is first. */
function decisions(rule: TriggerRule, states: readonly DependencyState[]): Set<TriggerDecision> {
  const found = new Set<TriggerDecision>();
  for (let ended = 0; ended < 2 ** states.length; ended++) {
    const seen = states.map((state, place) => ((ended >> place) & 1 ? state : 'running'));
    const decision = expectedDecision(rule, seen);
    if (decision !== 'wait') found.add(decision);
  }
  return found;
}

/** Every node that did not end as the model says. */
function surprises(tasks: readonly Task[], { nodes }: ExecutionResult): string[] {
  const byId = new Map(tasks.map((task) => [task.id, task]));
  return tasks.flatMap((task) => {
    const { id, dependsOn = [], trigger = 'all_success', when = 'true' } = task;
    const node = nodes[id];
    const states = dependsOn.map((other) => standing(byId.get(other) as Task, nodes[other]));
    const [, asked] = /^tasks\.(\w+)\.status/.exec(when) ?? [];
    const holds = asked ? nodes[asked]?.status === 'COMPLETED' : when === 'true';
    const ran = holds ? (task.task === 'fail' ? 'FAILED' : 'COMPLETED') : 'SKIPPED condition';
    const ways: Record<TriggerDecision, string> = {
      ...{ run: ran, skipped: 'SKIPPED rule', upstream_failed: 'SKIPPED upstream_failed' },
      wait: '',
    };
    const expected = [...decisions(trigger, states)].map((decision) => ways[decision]);
    const ended = [node?.status, node?.reason].filter(Boolean).join(' ');
    return expected.includes(ended)
      ? []
      : [`${id} (${trigger} of ${states.join()}) ended ${ended}, not ${expected.join(' or ')}`];
  });
}

export interface RulesSize {
  /** Graphs that are run in one piece. */
  whole: number;
  /** Graphs that are split into segments of two nodes. */
  split: number;
}

export function describeRules({ whole, split }: RulesSize): void {
  describe('random graphs with rules and conditions through Temporal', () => {
    let harness: Harness;
    afterEach(() => harness.stop());

    it.each([
      ['in one run', {}, whole],
      ['in segments', { maxNodesPerRun: 2 }, split],
    ])(
      'end every node as a model of the rules says, %s',
      async (_how, settings, times) => {
        harness = await startHarness(settings);
        const seen = new Set<string>();
        const check = async (tasks: readonly Task[]): Promise<void> => {
          const spec = { name: 'rules', tasks: [...tasks] };
          const handle = await harness.engine.scheduleTaskGraph(spec);
          const result = await handle.result();
          expect(surprises(tasks, result)).toEqual([]);
          for (const { status, reason } of Object.values(result.nodes))
            seen.add([status, reason].filter(Boolean).join(' '));
        };
        await check(EVERY_END);
        await holdsForMany(graphs, times, check);
        expect([...seen].sort()).toEqual([
          ...['COMPLETED', 'FAILED'],
          ...['SKIPPED condition', 'SKIPPED rule', 'SKIPPED upstream_failed'],
        ]);
      },
      900_000,
    );
  });
}
