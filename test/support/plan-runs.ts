/** Real graphs with their real run times: planned, then run on a server that skips time. */
import type { ExecutionResult } from '../../src/client.js';
import { planGraph, type GraphForecast } from '../../src/domain/forecast.js';
import type { GraphSpec } from '../../src/index.js';
import { startTestEngine, type TestEngine } from '../../src/testing.js';
import type { RealGraph } from './real-graphs.js';
import { shared } from './shared.js';

export async function startPlanRuns(): Promise<TestEngine> {
  const { timeSkipping, bundle } = shared();
  return await startTestEngine({
    serverPath: timeSkipping,
    temporal: { workflowBundle: { codePath: bundle }, maxConcurrentActivityTaskExecutions: 200 },
  });
}

/** Whole milliseconds; some recorded run times are below zero. */
const lastsMs = (runtimeMs: number): number => Math.max(0, Math.round(runtimeMs));

/** Each task as a `sleep` of its run time. */
function specOf(graph: RealGraph, concurrency: number): GraphSpec {
  return {
    name: `${graph.source} ${graph.file}`,
    concurrency,
    defaults: { timeout: '30d', heartbeatTimeout: '30d', queueTimeout: null },
    tasks: graph.tasks.map(({ id, dependsOn, runtimeMs }) => ({
      ...{ id, task: 'sleep', dependsOn, input: { ms: lastsMs(runtimeMs) } },
    })),
  };
}

/** The plan of a graph, and how it went. */
export async function planAndRun(
  { engine }: TestEngine,
  graph: RealGraph,
  concurrency: number,
): Promise<{ plan: GraphForecast; result: ExecutionResult; boundMs: number; allowedMs: number }> {
  const spec = specOf(graph, concurrency);
  const durations = Object.fromEntries(
    graph.tasks.map(({ id, runtimeMs }) => [id, lastsMs(runtimeMs)]),
  );
  // A server that skips time takes as long as it takes: that is not of the time that is planned.
  const { plan, faults } = planGraph(spec, { durations, overhead: { stepMs: 0, perNodeMs: 0 } });
  if (!plan) throw new Error(JSON.stringify(faults));
  const begin = performance.now();
  const result = await (await engine.scheduleTaskGraph(spec)).result();
  const tookMs = performance.now() - begin;
  // What a server and its workers add: DESIGN's bound for a run under time skipping. The time that passes for real, while
  // nothing is skipped, counts too: on a slow machine that is more.
  const boundMs = 1_000 + 500 * plan.levels.length;
  return { plan, result, boundMs, allowedMs: Math.max(boundMs, tookMs) };
}
