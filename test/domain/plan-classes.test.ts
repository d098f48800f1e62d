import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { SpecInvalidError } from '../../src/domain/errors.js';
import { makePlan, type PlanContext } from '../../src/domain/make-plan.js';
import type { Plan } from '../../src/domain/plan.js';
import { TaskOptionsSchema } from '../../src/domain/spec.js';
import { validateGraph } from '../../src/domain/validate.js';

type Said = Record<string, unknown>;

const some = (options: Readonly<Record<string, readonly unknown[]>>): fc.Arbitrary<Said> =>
  fc.record(
    Object.fromEntries(
      Object.entries(options).map(([name, values]) => [name, fc.constantFrom(...values)]),
    ),
    { requiredKeys: [] },
  );

/** Nothing, more often than not: what is said twice may contradict itself. */
const few = (options: Parameters<typeof some>[0]): fc.Arbitrary<Said> =>
  fc.oneof({ weight: 2, arbitrary: fc.constant<Said>({}) }, some(options));

const OPTIONS = {
  priority: ['LOW', 'HIGH'],
  timeout: [1_000, '2h'],
  retry: ['NONE', { maxRetries: 2, delay: 50 }, { strategy: 'FIXED_DELAY', factor: 3 }],
  light: [true, false, 'auto'],
  queue: ['other'],
  circuit: ['bank', false],
  cache: [{ ttl: '1h' }],
  result: [{ store: 'reference' }],
  isolation: ['in-process', 'thread', 'process'],
  security: [{ level: 'LOW' }, { level: 'MEDIUM' }],
};
/** What stands beside the options of a node, and says nothing of how it is run. */
const BESIDE = {
  when: ['true'],
  trigger: ['all_done'],
  allowFailure: [true],
  onCancel: ['run'],
  input: [{ n: 1 }],
  scheduledTime: ['5s'],
  description: ['one of many'],
  metadata: [{ team: 'a' }, { team: 'b' }],
  tags: [['x']],
};
const one = fc.constantFrom<Said[]>(
  ...Object.entries(OPTIONS).flatMap(([name, values]) =>
    values.map((value) => ({ [name]: value })),
  ),
);
const nodes = fc.array(
  fc.record({
    task: fc.constantFrom('a', 'a', 'b', 'c'),
    own: fc.oneof(
      { weight: 3, arbitrary: fc.constant<Said>({}) },
      { weight: 2, arbitrary: one },
      some(OPTIONS),
    ),
    beside: some(BESIDE),
    limit: fc.constantFrom(undefined, undefined, undefined, { key: 'k', max: 2 }),
  }),
  { minLength: 2, maxLength: 12 },
);
const worlds = fc.record({
  nodes,
  defaults: few({ ...OPTIONS, compensate: [{ task: 'undo' }], metadata: [{ of: 'all' }] }),
  definitions: fc.record({ a: few(OPTIONS), b: few(OPTIONS), c: few(OPTIONS) }),
  compensation: fc.constantFrom('none', 'onFailure'),
  quick: fc.boolean(),
});

function planned(spec: Said, context: PlanContext): Plan | string {
  const { valid, faults } = validateGraph(spec, {});
  if (!valid) return JSON.stringify(faults);
  try {
    return makePlan(valid, context);
  } catch (error) {
    if (error instanceof SpecInvalidError) return error.message;
    throw error;
  }
}

describe('the classes of a plan', () => {
  it('are the same for nodes that say nothing and for those that say what they have anyway', () => {
    let [plans, refusals] = [0, 0];
    fc.assert(
      fc.property(worlds, (world) => {
        const context: PlanContext = {
          postHooks: false,
          postHooksOnSkipped: false,
          circuits: { bank: { failures: 3 } as never },
          task: (name) => ({
            ...{ version: name, postHooks: false, postHooksOnSkipped: false, inProcess: true },
            options: TaskOptionsSchema.parse(world.definitions[name as 'a'] ?? {}),
            quick: world.quick,
          }),
        };
        const { defaults, compensation } = world;
        const specOf = (more: (index: number) => Said): Said => ({
          ...{ name: 'g', compensation, defaults },
          tasks: world.nodes.map(({ task, own, beside, limit }, index) => ({
            ...{ id: `n${index}`, task, ...beside, ...more(index), ...own },
            ...(limit ? { limit } : {}),
          })),
        });
        const plan = planned(
          specOf(() => ({})),
          context,
        );
        const priorityOf = (index: number): Said =>
          typeof plan === 'string'
            ? { priority: world.nodes[index]?.own['priority'] ?? 'LOW' }
            : { priority: plan.classes[plan.nodes[index]?.class ?? 0]?.priority };
        const other = planned(specOf(priorityOf), context);
        expect(other).toEqual(plan);
        if (typeof plan === 'string') return void refusals++;
        plans++;
        world.nodes.forEach(({ own }, index) => {
          const said = own['priority'];
          if (said !== undefined) expect(priorityOf(index)).toEqual({ priority: said });
        });
      }),
      { numRuns: 300 },
    );
    expect(plans).toBeGreaterThan(10);
    expect(refusals).toBeGreaterThan(10);
  });
});
