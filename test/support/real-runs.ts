/** Runs real graphs with `sleep` at a thousandth of their run times, and checks how they ran. */
import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';
import type { ExecutionResult } from '../../src/client.js';
import type { GraphSpec } from '../../src/index.js';
import { defineTask } from '../../src/registry.js';
import { startHarness, type Harness } from './engine.js';
import { violations, type Span } from './order.js';
import type { RealGraph } from './real-graphs.js';

export interface RealRuns {
  harness: Harness;
  run(graph: RealGraph, concurrency: number): Promise<{ result: ExecutionResult; wrong: string[] }>;
}

export async function startRealRuns(): Promise<RealRuns> {
  const spans = new Map<string, Span[]>();
  const sleep = defineTask({
    name: 'sleep',
    input: z.strictObject({ ms: z.number().min(0) }),
    run: async ({ ms }, { graphId, nodeId }) => {
      const from = performance.now();
      await wait(ms);
      spans.set(graphId, [
        ...(spans.get(graphId) ?? []),
        { id: nodeId, from, to: performance.now() },
      ]);
    },
  });
  const harness = await startHarness({ tasks: [sleep], maxConcurrentActivities: 200 });
  return {
    harness,
    run: async (graph, concurrency) => {
      const spec = specOf(graph, concurrency);
      const handle = await harness.engine.scheduleTaskGraph(spec);
      const result = await handle.result();
      const ran = spans.get(handle.executionId) ?? [];
      const wrong = violations(spec, result, ran);
      if (ran.length !== spec.tasks.length)
        wrong.push(`${ran.length} handlers ran for ${spec.tasks.length} nodes`);
      return { result, wrong };
    },
  };
}

/** A thousandth of a second is a millisecond: run times in seconds become milliseconds. */
export function specOf(graph: RealGraph, concurrency: number): GraphSpec {
  return {
    name: `${graph.source} ${graph.file}`,
    concurrency,
    tasks: graph.tasks.map(({ id, dependsOn, runtimeMs }) => ({
      id,
      task: 'sleep',
      dependsOn,
      input: { ms: Math.max(0, runtimeMs / 1_000) }, // some recorded run times are below zero
    })),
  };
}
