import { expect, it } from '@jest/globals';
import type { Status } from '../../src/domain/status.js';
import type { ExecutionWrite } from '../../src/store/execution-row.js';
import type { Executions } from '../../src/store/executions.js';
import { describeDatabases } from '../support/databases.js';

const T = Date.UTC(2026, 2, 14);

const graph = (executionId: string, createdAt: number, nodeCounts: object): ExecutionWrite => ({
  ...{ executionId, kind: 'graph', sequence: createdAt, status: 'RUNNING', createdAt },
  nodeCounts: { ...nodeCounts },
});
const node = (parentId: string, id: string, createdAt: number, status: Status): ExecutionWrite => ({
  ...{ executionId: `${parentId}/${id}`, parentId, kind: 'node', sequence: createdAt, status },
  createdAt,
});

async function countsOf(executions: Executions, ...ids: string[]): Promise<unknown[]> {
  const counts = await executions.nodeCounts(await executions.getMany(ids));
  return ids.map((id) => counts.get(id));
}

describeDatabases('nodeCounts', (database) => {
  it('counts the rows of nodes by status; what has none stands as it began', async () => {
    const { executions } = await database.fresh();
    await executions.record(
      [
        graph('g', T, { COMPLETED: 1, PENDING: 5 }),
        node('g', 'a', T, 'COMPLETED'),
        node('g', 'b', T, 'RUNNING'),
        node('g', 'c', T, 'PENDING'),
        graph('none', T, { PENDING: 2 }),
        graph('all', T, { PENDING: 1 }),
        node('all', 'a', T, 'RUNNING'),
        { ...graph('ended', T, { COMPLETED: 1 }), status: 'COMPLETED', endedAt: T },
      ],
      T,
    );
    expect(await countsOf(executions, 'g', 'none', 'all', 'ended')).toEqual([
      { COMPLETED: 2, RUNNING: 1, PENDING: 3 },
      { PENDING: 2 },
      { RUNNING: 1 },
      undefined,
    ]);
  });

  it('leaves out what an earlier run of the same id left, and graphs beyond 200,000 nodes', async () => {
    const { executions } = await database.fresh();
    await executions.record(
      [
        graph('again', T + 10, { PENDING: 2 }),
        node('again', 'a', T, 'FAILED'),
        node('again', 'b', T + 10, 'RUNNING'),
        graph('huge', T, { PENDING: 199_999 }),
      ],
      T,
    );
    expect(await countsOf(executions, 'again', 'huge')).toEqual([
      { RUNNING: 1, PENDING: 1 },
      undefined,
    ]);
  });
});
