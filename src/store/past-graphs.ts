/** Graphs that have completed, as far as they tell what nodes cost outside their handlers. */
import { sql } from 'kysely';
import { LEAST_NODES, type PastGraph } from '../domain/overhead.js';
import type { Database } from './database.js';
import { listExecutions } from './list-executions.js';

/** So many of the newest completed graphs are looked at, and of so many the nodes are summed up. */
const LOOKED_AT = 100;
const SUMMED_UP = 10;
/** The nodes of a larger graph are not: reading them takes longer than they tell more. */
const MOST_NODES = 5_000;

/** See `Executions.pastGraphs`. */
export async function pastGraphs(database: Database, since: number): Promise<PastGraph[]> {
  const { executions } = await listExecutions(database, {
    ...{ kind: 'graph', status: 'COMPLETED', since, limit: LOOKED_AT },
  });
  const tell = executions.filter(({ nodeCounts, durationMs }) => {
    const counts = Object.values((nodeCounts ?? {}) as Record<string, number>);
    const nodes = counts.reduce((sum, count) => sum + count, 0);
    return durationMs !== null && nodes >= LEAST_NODES && nodes <= MOST_NODES;
  });
  const found: PastGraph[] = [];
  for (const { executionId, durationMs } of tell.slice(0, SUMMED_UP)) {
    const sum = (column: string) => sql<number>`coalesce(sum(${sql.ref(column)}), 0)`;
    const { nodes, ran, waited, attempts } = await database.sql
      .selectFrom('executions')
      .select([sql<number>`count(*)`.as('nodes'), sum('duration_ms').as('ran')])
      .select([sum('wait_ms').as('waited'), sum('attempts').as('attempts')])
      .where('parent_id', '=', executionId)
      .where('status', '=', 'COMPLETED')
      .executeTakeFirstOrThrow();
    found.push({
      ...{ nodes: Number(nodes), durationMs: durationMs ?? 0, nodesMs: Number(ran) },
      ...{ queueMs: Number(waited), attempts: Number(attempts) },
    });
  }
  return found;
}
