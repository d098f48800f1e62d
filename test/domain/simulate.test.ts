import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Course } from '../../src/domain/course.js';
import type { SchedulerNode } from '../../src/domain/scheduler.js';
import { simulate, type Simulation, type SimulationInput } from '../../src/domain/simulate.js';
import { loadRealGraphs, realDataFolder } from '../support/real-graphs.js';
import { worldsOf } from './support/worlds.js';

const node = (more: Partial<SchedulerNode> = {}): SchedulerNode => ({
  ...{ dependsOn: [], trigger: 'all_success', allowFailure: false, priorityKey: 3 },
  ...more,
});
const course = (runMs: number, more: Partial<Course> = {}): Course => ({
  ...{ attempts: [{ runMs }], status: 'COMPLETED' },
  ...more,
});
const run = (
  nodes: SchedulerNode[],
  courses: Course[],
  more: Partial<SimulationInput> = {},
): Simulation =>
  simulate({ nodes, courses, options: { concurrency: 10, onFailure: 'continue' }, ...more });
const spans = ({ nodes }: Simulation): string[] =>
  nodes.map(({ startMs, endMs, status }) => `${startMs}-${endMs} ${status}`);
const window = (concurrency: number, onFailure: 'continue' | 'failFast' = 'continue') => ({
  options: { concurrency, onFailure },
});

describe('simulate', () => {
  it('starts a node when the last of its dependencies has ended, and says what that was', () => {
    const told = run(
      [node(), node(), node({ dependsOn: [0, 1] })],
      [course(5), course(20), course(7)],
    );
    expect(spans(told)).toEqual(['0-5 COMPLETED', '0-20 COMPLETED', '20-27 COMPLETED']);
    expect(told.nodes[2]).toMatchObject({
      waits: { dependencies: 20, window: 0 },
      cause: { why: 'dependencies', node: 1 },
    });
    expect(told).toMatchObject({ makespanMs: 27, peakParallelism: 2, criticalPath: [1, 2] });
  });

  it('keeps nodes waiting for the window, the more urgent ones less long', () => {
    const told = run(
      [node(), node(), node({ priorityKey: 1 })],
      [course(10), course(10), course(10)],
      window(1),
    );
    expect(spans(told)).toEqual(['10-20 COMPLETED', '20-30 COMPLETED', '0-10 COMPLETED']);
    expect(told.nodes[1]).toMatchObject({
      waits: { window: 20 },
      cause: { why: 'window', node: 0 },
    });
    expect(told.criticalPath).toEqual([2, 0, 1]);
  });

  it('lets the first of two nodes that end together start what follows it, before the second is heard of', () => {
    const followers = [
      node({ dependsOn: [1] }),
      node({ dependsOn: [1] }),
      node({ dependsOn: [0] }),
    ];
    const told = run(
      [node(), node(), ...followers],
      [10, 10, 1, 1, 5].map((ms) => course(ms)),
      window(2),
    );
    expect(spans(told).slice(2)).toEqual(['10-11 COMPLETED', '11-12 COMPLETED', '10-15 COMPLETED']);
  });

  it('takes the most urgent of those that may start when a place is free, also one that is due in that moment', () => {
    const told = run(
      [node(), node({ priorityKey: 5 }), node({ priorityKey: 1, notBefore: 1_010 })],
      [10, 10, 10].map((ms) => course(ms)),
      { ...window(1), startedAt: 1_000 },
    );
    expect(spans(told)).toEqual(['0-10 COMPLETED', '20-30 COMPLETED', '10-20 COMPLETED']);
  });

  it('does not count those together of which one begins when the other ends', () => {
    const pairs = [0, 1, 2].map(() => node());
    const followers = [0, 0, 0].map((dependsOn) => node({ dependsOn: [dependsOn] }));
    const told = run(
      [...pairs, ...followers],
      Array.from({ length: 6 }, () => course(10)),
    );
    expect(told.peakParallelism).toBe(3);
    const instant = run(
      [node(), node({ dependsOn: [0] }), node({ dependsOn: [0] })],
      [5, 0, 0].map((ms) => course(ms)),
    );
    expect(instant.peakParallelism).toBe(2);
  });

  it('lets no more nodes of a limit run than it has places, whatever the window', () => {
    const limited = node({ lane: 0 });
    const told = run(
      [limited, limited, limited, node()],
      [10, 10, 10, 10].map((ms) => course(ms)),
      {
        limits: { max: [2], lanes: [{ limit: 0, weight: 1 }] },
      },
    );
    expect(spans(told)).toEqual([
      ...['0-10 COMPLETED', '0-10 COMPLETED', '10-20 COMPLETED', '0-10 COMPLETED'],
    ]);
    expect(told.nodes[2]).toMatchObject({ waits: { limit: 10, window: 0 } });
    expect(told.nodes[2]?.cause.why).toBe('limit');
  });

  it('counts weights, and runs a node heavier than its limit alone', () => {
    const told = run([node({ lane: 0 }), node({ lane: 1 })], [course(10), course(10)], {
      limits: {
        max: [3],
        lanes: [
          { limit: 0, weight: 2 },
          { limit: 0, weight: 5 },
        ],
      },
    });
    expect(spans(told)).toEqual(['0-10 COMPLETED', '10-20 COMPLETED']);
  });

  it('waits for start times: delays, and dates counted from its start', () => {
    const told = run(
      [node(), node({ dependsOn: [0], startDelayMs: 50 }), node({ notBefore: 1_000_030 })],
      [course(10), course(1), course(1)],
      { startedAt: 1_000_000 },
    );
    expect(spans(told)).toEqual(['0-10 COMPLETED', '60-61 COMPLETED', '30-31 COMPLETED']);
    expect(told.nodes[1]).toMatchObject({
      waits: { dependencies: 10, startTime: 50 },
      cause: { why: 'start_time', node: 0 },
    });
  });

  it('keeps the place of a node through a short wait, and gives it away during one that releases', () => {
    const attempts = (releases: object) => [{ runMs: 10, waitMs: 30, ...releases }, { runMs: 10 }];
    const both = [node(), node()];
    const kept = run(both, [course(0, { attempts: attempts({}) }), course(15)], window(1));
    expect(spans(kept)).toEqual(['0-50 COMPLETED', '50-65 COMPLETED']);
    const given = run(
      both,
      [course(0, { attempts: attempts({ releases: true }) }), course(15)],
      window(1),
    );
    expect(spans(given)).toEqual(['0-50 COMPLETED', '10-25 COMPLETED']);
    expect(given.nodes[0]).toMatchObject({ attempts: 2, runMs: 20, waits: { backoff: 30 } });
  });

  it('ends by the trigger rules what does not run, and goes on from there', () => {
    const told = run(
      [
        node(),
        node({ dependsOn: [0] }),
        node({ dependsOn: [0], trigger: 'one_failed' }),
        node({ dependsOn: [1], trigger: 'all_done' }),
      ],
      [course(10, { status: 'FAILED' }), course(5), course(5), course(5)],
    );
    expect(spans(told)).toEqual([
      ...['0-10 FAILED', 'null-10 SKIPPED', '10-15 COMPLETED', '10-15 COMPLETED'],
    ]);
    expect(told.nodes[3]?.cause).toEqual({ why: 'dependencies', node: 1 });
  });

  it('cancels what runs when failFast ends the graph, and counts only what ran of it', () => {
    const told = run(
      [node(), node(), node()],
      [
        course(10, { status: 'FAILED' }),
        course(0, { attempts: [{ runMs: 4, waitMs: 2 }, { runMs: 90 }] }),
        course(5),
      ],
      window(2, 'failFast'),
    );
    expect(spans(told)).toEqual(['0-10 FAILED', '0-10 CANCELLED', 'null-10 CANCELLED']);
    expect(told.nodes[1]).toMatchObject({ attempts: 2, runMs: 8, waits: { backoff: 2 } });
    expect(told.makespanMs).toBe(10);
  });

  it('refuses a time that is none', () => {
    expect(() => run([node()], [course(NaN)])).toThrow(
      'courses[0]: expected times of 0 ms or more',
    );
    expect(() => run([node()], [])).toThrow('expected 1 courses, one a node, got 0');
  });

  it('hands one node over after the other, and stops one on its way that is cancelled', () => {
    const overheads = [0, 1, 2].map(() => ({ stepMs: 10, perNodeMs: 4 }));
    const told = run([node(), node(), node()], [course(5), course(5), course(5)], { overheads });
    expect(spans(told)).toEqual(['10-15 COMPLETED', '14-19 COMPLETED', '18-23 COMPLETED']);
    expect(told.nodes[2]).toMatchObject({ takenMs: 0, waits: { overhead: 18 } });
    const failed = run([node(), node()], [course(1, { status: 'FAILED' }), course(5)], {
      ...{ ...window(2, 'failFast'), overheads: [{ stepMs: 1, perNodeMs: 8 }, overheads[0]!] },
    });
    expect(failed.nodes[1]).toMatchObject({
      ...{ status: 'CANCELLED', takenMs: 0, startMs: null, endMs: 2, attempts: 0, runMs: 0 },
      waits: { overhead: 2 },
    });
  });

  it('in random worlds ends every node, and its waits and run times add up to its end', () => {
    fc.assert(
      fc.property(worldsOf(120), (world) => {
        const told = run(world.nodes, world.scripts.map(courseOfScript), {
          options: world.options,
          overheads: world.nodes.map((_, at) => ({ stepMs: at % 3, perNodeMs: at % 2 })),
        });
        expect(told.nodes).toHaveLength(world.nodes.length);
        for (const { waits, runMs, endMs } of told.nodes) {
          const { dependencies, startTime, window: room, limit, backoff, overhead } = waits;
          const sum = dependencies + startTime + room + limit + backoff + overhead + runMs;
          expect(sum).toBe(endMs);
        }
        expect(told.peakParallelism).toBeLessThanOrEqual(world.options.concurrency);
      }),
      { numRuns: 1_000 },
    );
  });

  const graphs = realDataFolder() ? loadRealGraphs().filter(({ bounds }) => bounds) : [];
  const cases = graphs.flatMap((graph) =>
    Object.entries(graph.bounds ?? {}).map(
      ([slots, bounds]) => [graph.source, graph.file, Number(slots), bounds, graph] as const,
    ),
  );
  it.each(cases)(
    'takes as long for %s %s in a window of %i as a greedy scheduler may',
    (_source, _file, concurrency, bounds, graph) => {
      const indexOf = new Map(graph.tasks.map(({ id }, index) => [id, index]));
      const told = run(
        graph.tasks.map(({ dependsOn }) =>
          node({ dependsOn: dependsOn.map((id) => indexOf.get(id) as number) }),
        ),
        graph.tasks.map(({ runtimeMs }) => course(Math.max(0, runtimeMs))),
        window(concurrency),
      );
      // The index rounds to thousandths of its unit, and counts some run times below zero.
      expect(told.makespanMs).toBeGreaterThanOrEqual(bounds.lowerMs - 1);
      expect(told.makespanMs).toBeLessThanOrEqual(bounds.upperMs + 1);
    },
  );
});

const courseOfScript = (script: {
  runMs: number;
  holds: number[];
  outcome: Course['status'];
}): Course =>
  script.outcome === 'SKIPPED'
    ? { attempts: [], status: 'SKIPPED', reason: 'condition' }
    : {
        attempts: [
          ...script.holds.map((waitMs) => ({
            runMs: script.runMs,
            waitMs,
            releases: true as const,
          })),
          { runMs: script.runMs },
        ],
        status: script.outcome,
      };
