/** The executions that have a deadline ahead of which nobody was told. */
import { sql } from 'kysely';
import type { Database } from './database.js';

/** More than that the next looks find: those whose deadline comes first are first. */
const MOST = 1_000;

export interface OpenDeadline {
  executionId: string;
  runId: string | null;
  runStartedAt: number | null;
  /** Since when its time runs: of one that had to wait before its start, when its first node began. */
  beganAt: number;
  deadlineMs: number;
}

/** See `Executions.openDeadlines`. */
export async function openDeadlines(database: Database): Promise<OpenDeadline[]> {
  const began = sql<number | null>`coalesce(executions.started_at, (select min(below.started_at)
    from executions as below where below.parent_id = executions.execution_id))`;
  const rows = await database.sql
    .selectFrom('executions')
    .select(['execution_id', 'run_id', 'run_started_at', 'deadline_ms'])
    .select(began.as('began_at'))
    // Written out, not parameters: only then does the partial index fit.
    .where(sql<boolean>`open = 1 and deadline_ms is not null and deadline_risk is null`)
    .where('kind', '=', 'graph')
    .orderBy(sql`executions.created_at + deadline_ms`)
    .limit(MOST)
    .execute();
  return rows.flatMap(({ began_at: beganAt, deadline_ms: deadlineMs, ...row }) =>
    beganAt === null || deadlineMs === null
      ? []
      : [
          {
            executionId: row.execution_id,
            runId: row.run_id,
            runStartedAt: row.run_started_at,
            beganAt: Number(beganAt),
            deadlineMs,
          },
        ],
  );
}
