import fc from 'fast-check';
import { setTimeout as wait } from 'node:timers/promises';
import type { GraphSpec } from '../../src/index.js';
import { isTerminal } from '../../src/domain/status.js';
import { TRIGGER_RULES } from '../../src/domain/trigger.js';
import { defineTask } from '../../src/registry.js';
import { startHarness, type Harness } from '../support/engine.js';
import { holdsForMany } from '../support/many.js';
import { violations, type Span } from '../support/order.js';

interface Behaviour {
  /** Milliseconds that an attempt takes. */
  ms: number;
  /** What an attempt does after that. */
  does: 'succeed' | 'fail' | 'failOnce' | 'hang';
}

const behaviour = fc.record<Behaviour>({
  ms: fc.integer({ min: 0, max: 15 }),
  does: fc.oneof(
    { weight: 20, arbitrary: fc.constant('succeed' as const) },
    { weight: 4, arbitrary: fc.constantFrom('fail' as const, 'failOnce' as const) },
    { weight: 1, arbitrary: fc.constant('hang' as const) },
  ),
});

const graphs = fc
  .array(
    fc.record({
      behaviour,
      parents: fc.array(fc.nat(), { maxLength: 3 }),
      trigger: fc.oneof(
        { weight: 6, arbitrary: fc.constant('all_success' as const) },
        { weight: 3, arbitrary: fc.constantFrom(...TRIGGER_RULES) },
      ),
      allowFailure: fc.boolean(),
      priority: fc.constantFrom(
        'LOW' as const,
        'MEDIUM' as const,
        'HIGH' as const,
        'CRITICAL' as const,
      ),
    }),
    { minLength: 1, maxLength: 25 },
  )
  .chain((nodes) =>
    fc.record({
      nodes: fc.constant(nodes),
      concurrency: fc.integer({ min: 1, max: 8 }),
      onFailure: fc.constantFrom('continue' as const, 'failFast' as const),
      /** Which node to cancel while it runs, if any. */
      cancel: fc.option(fc.nat({ max: nodes.length - 1 }), { freq: 4 }),
    }),
  )
  .map(({ nodes, cancel, ...options }) => {
    const tasks = nodes.map(({ behaviour: input, parents, ...node }, index) => ({
      id: `n${index}`,
      task: 'behave',
      input,
      timeout: '2s',
      retry: { strategy: 'IMMEDIATE' as const, maxRetries: 1 },
      dependsOn: index === 0 ? [] : [...new Set(parents.map((parent) => `n${parent % index}`))],
      ...node,
    }));
    const spec: GraphSpec = { name: 'random', ...options, tasks };
    return { spec, cancel };
  });

describe('random graphs through Temporal', () => {
  let harness: Harness;
  const spans = new Map<string, Span[]>();
  const behave = defineTask<Behaviour, string>({
    name: 'behave',
    run: async ({ ms, does }, { graphId, nodeId, attempt, signal }) => {
      const span: Span = { id: nodeId, from: performance.now(), to: 0 };
      spans.set(graphId, [...(spans.get(graphId) ?? []), span]);
      try {
        await wait(does === 'hang' ? 60_000 : ms, undefined, { signal });
        if (does === 'fail' || (does === 'failOnce' && attempt === 1)) throw new Error('as asked');
        return nodeId;
      } finally {
        span.to = performance.now();
      }
    },
  });
  beforeAll(async () => void (harness = await startHarness({ tasks: [behave] })));
  afterAll(() => harness.stop());

  it('every node ends once, in order, within the window, and nothing runs on after the end', async () => {
    await holdsForMany(graphs, 60, async ({ spec, cancel }) => {
      const handle = await harness.engine.scheduleTaskGraph(spec);
      if (cancel !== null) await handle.node(`n${cancel}`).cancel();
      const result = await handle.result();
      const ran = spans.get(handle.executionId) ?? [];
      expect(violations(spec, result, lastOf(ran))).toEqual([]);
      expect(Object.keys(result.nodes)).toHaveLength(spec.tasks.length);
      expect(Object.values(result.nodes).every(({ status }) => isTerminal(status))).toBe(true);
      expect(ran.filter(({ to }) => to === 0)).toEqual([]);
      const failed = spec.tasks.some(
        ({ id, allowFailure }) =>
          !allowFailure &&
          ['FAILED', 'TIMEOUT', 'REJECTED', 'CANCELLED'].includes(result.nodes[id]?.status ?? ''),
      );
      if (spec.tasks.length > 1) expect(result.status).toBe(failed ? 'FAILED' : 'COMPLETED');
    });
  }, 240_000);
});

/** A node's last attempt: earlier ones end before it begins. */
function lastOf(ran: readonly Span[]): Span[] {
  return [...new Map(ran.map((span) => [span.id, span])).values()];
}
