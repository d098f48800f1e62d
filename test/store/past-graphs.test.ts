import { beforeAll, expect, it } from '@jest/globals';
import type { Status } from '../../src/domain/status.js';
import type { ExecutionWrite } from '../../src/store/execution-row.js';
import type { Executions } from '../../src/store/executions.js';
import { describeDatabases } from '../support/databases.js';

const T = Date.UTC(2026, 2, 14);

/** A graph of nodes that waited 5 ms for a worker and took 2 ms each. */
function graph(id: string, nodes: number, createdAt: number, status: Status): ExecutionWrite[] {
  const common = { sequence: 1, createdAt, startedAt: createdAt, status };
  const endedAt = createdAt + nodes * 10;
  return [
    ...Array.from({ length: nodes }, (_, at) => ({
      ...{ ...common, executionId: `${id}/n${at}`, kind: 'node' as const, parentId: id },
      ...{ endedAt, durationMs: 2, waitMs: 5, attempts: 1, taskId: 'echo' },
    })),
    {
      ...{ ...common, executionId: id, kind: 'graph' as const, taskId: 'g', attempts: 1, endedAt },
      ...{ durationMs: nodes * 10, nodeCounts: { [status]: nodes } },
    },
  ];
}

describeDatabases('pastGraphs', (database) => {
  let executions: Executions;
  beforeAll(async () => {
    ({ executions } = await database.fresh());
    const graphs = Array.from({ length: 11 }, (_, at) =>
      graph(`g${at}`, 20 + at, T + at, 'COMPLETED'),
    );
    const writes = [
      ...graph('old', 30, T - 1, 'COMPLETED'),
      ...graph('small', 19, T, 'COMPLETED'),
      ...graph('failed', 30, T, 'FAILED'),
      ...graphs.flat(),
    ];
    await executions.record(writes, T);
  });

  it('sums up the nodes of the ten newest completed graphs that are large enough', async () => {
    const found = await executions.pastGraphs(T);
    expect(found.map(({ nodes }) => nodes)).toEqual([30, 29, 28, 27, 26, 25, 24, 23, 22, 21]);
    expect(found[0]).toEqual({
      ...{ nodes: 30, durationMs: 300, nodesMs: 60, queueMs: 150, attempts: 30 },
    });
  });

  it('finds none where nothing has completed since', async () => {
    expect(await executions.pastGraphs(T + 100)).toEqual([]);
  });
});
