/** The executions that have not ended, oldest first. */
import { sql } from 'kysely';
import type { Status } from '../domain/status.js';
import type { Database } from './database.js';
import { cursorOf, ordOfCursor, startOf } from './execution-order.js';
import { EXECUTION_KINDS, type ExecutionKind } from './execution-row.js';
import type { OpenPage, OpenQuery } from './executions.js';
import { limitOf, someOf } from './paging.js';

/** See `Executions.openIds`. */
export async function openExecutions(database: Database, query: OpenQuery): Promise<OpenPage> {
  const limit = limitOf(query.limit, 1_000);
  const kinds = query.kinds && someOf('kinds', query.kinds, EXECUTION_KINDS);
  if (kinds?.length === 0) return { executions: [] };
  const { olderThan, cursor } = query;
  const rows = await database.sql
    .selectFrom('executions')
    .select(['execution_id', 'kind', 'status', 'workflow_id', 'run_id', 'created_at', 'updated_at'])
    .select(sql<string>`cast(ord as text)`.as('place'))
    // Written out, not a parameter: only then does the partial index fit.
    .where(sql<boolean>`open = 1`)
    .$if(kinds !== undefined, (q) => q.where('kind', 'in', [...(kinds ?? [])]))
    .$if(olderThan !== undefined, (q) =>
      q.where(sql<boolean>`ord < ${startOf(Math.ceil(olderThan ?? 0))}`),
    )
    .$if(cursor !== undefined, (q) => q.where(sql<boolean>`ord > ${ordOfCursor(cursor ?? '')}`))
    .orderBy('ord')
    .limit(limit + 1)
    .execute();
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  return {
    executions: page.map((row) => ({
      executionId: row.execution_id,
      kind: row.kind as ExecutionKind,
      status: row.status as Status,
      workflowId: row.workflow_id,
      runId: row.run_id,
      createdAt: row.created_at,
      updatedAt: row.updated_at,
    })),
    ...(rows.length > limit && last ? { nextCursor: cursorOf(BigInt(last.place)) } : {}),
  };
}
