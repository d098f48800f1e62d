/** What is measured, once as hand-written Temporal code and once as ours: from the first call to the last result. */
import type { Client } from '@temporalio/client';
import pMap from 'p-map';
import type { TaskEngine } from '../../src/index.js';
import { chain, fan, layered, specOf, type Shape } from './shapes.js';

/** One side: what it needs to run a workload. */
export interface Raw {
  client: Client;
  taskQueue: string;
}

export interface Workload {
  name: string;
  /** Tasks that do nothing. */
  tasks: number;
  /** Workflow ids that it made, in the order of their starts. */
  raw(side: Raw, id: string): Promise<string[]>;
  /** @param said of every task */
  ours(engine: TaskEngine, id: string, said?: { light?: boolean }): Promise<string[]>;
}

function ofShape(name: string, shape: Shape, rawType: string, rawArgs: unknown[]): Workload {
  return {
    name: `${name} ${shape.name}`,
    tasks: shape.dependsOn.length,
    raw: async ({ client, taskQueue }, workflowId) => {
      await client.workflow.execute(rawType, { taskQueue, workflowId, args: rawArgs });
      return [workflowId];
    },
    ours: async (engine, executionId, said) => {
      const graph = { ...specOf(shape), ...(said ? { defaults: said } : {}) };
      const handle = await engine.scheduleTaskGraph(graph, { executionId });
      await handle.resultOrThrow();
      return [executionId];
    },
  };
}

function singles(name: string, count: number, concurrency: number): Workload {
  const ids = (id: string) => Array.from({ length: count }, (_, nth) => `${id}-${nth}`);
  const flight = concurrency === 1 ? 'one after the other' : `${concurrency} in flight`;
  return {
    name: `${name} ${count} single executions, ${flight}`,
    tasks: count,
    raw: async ({ client, taskQueue }, id) => {
      const run = (workflowId: string) =>
        client.workflow.execute('rawSingle', { taskQueue, workflowId });
      await pMap(ids(id), run, { concurrency });
      return ids(id);
    },
    ours: async (engine, id, said = {}) => {
      const run = async (executionId: string) => {
        const handle = await engine.scheduleTask({ task: 'noop', executionId, ...said });
        await handle.resultOrThrow();
      };
      await pMap(ids(id), run, { concurrency });
      return ids(id);
    },
  };
}

const w3 = layered(10, 100);
const w5 = layered(100, 100);

export const WORKLOADS: Readonly<Record<string, Workload>> = {
  W1: ofShape('W1', chain(100), 'rawChain', [100]),
  W2: ofShape('W2', fan(500), 'rawFan', [500]),
  W3: ofShape('W3', w3, 'rawLayered', [w3.dependsOn, w3.window]),
  W4: singles('W4', 1_000, 100),
  W5: ofShape('W5', w5, 'rawLayered', [w5.dependsOn, w5.window]),
  W7: singles('W7', 100, 1),
};

/** The named ones; where none is named, those by default. @throws Error for a name that is none */
export function chosenWorkloads(
  names: readonly string[],
  byDefault: readonly string[],
): [string, Workload][] {
  return (names.length > 0 ? names : byDefault).map((key) => {
    const workload = WORKLOADS[key];
    if (!workload) throw new Error(`${key}: expected one of ${Object.keys(WORKLOADS).join(', ')}`);
    return [key, workload];
  });
}
