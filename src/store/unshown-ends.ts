/** Which ends the store does not show yet: when a graph ends, those of most of its nodes are there. */
import { CompiledQuery, type Selectable } from 'kysely';
import type { ErrorRecord } from '../domain/errors.js';
import type { Status } from '../domain/status.js';
import { isOneOf, listParameter } from './bulk.js';
import { cleanText } from './clean-write.js';
import { chunksOf, type Connection, type Database, type Dialect } from './database.js';
import { showsEnd, type End, type ShownEnd } from './merge-execution.js';
import type { ExecutionTable } from './tables.js';

/** See `Executions.unshown`. */
export async function unshownEnds<T extends End>(
  { sql, dialect }: Database,
  ends: readonly T[],
): Promise<T[]> {
  const idOf = ({ executionId }: T): string => cleanText(executionId);
  const shown = await readEnds(sql, dialect, ends.map(idOf));
  return ends.filter((end) => {
    const row = shown.get(idOf(end));
    return !row || !showsEnd(row, end);
  });
}

/** What the ended ones of these executions show of their ends, by id: a tenth of reading the rows. */
async function readEnds(
  connection: Connection,
  dialect: Dialect,
  ids: readonly string[],
): Promise<Map<string, ShownEnd>> {
  const text = `select execution_id, status, attempts, error, run_id, run_started_at from executions where ${isOneOf(dialect, 'execution_id')} and open = 0`;
  const found = new Map<string, ShownEnd>();
  for (const chunk of chunksOf(ids, 1_000)) {
    const query = CompiledQuery.raw(text, [listParameter(dialect, chunk)]);
    const { rows } = await connection.executeQuery<ReadEnd>(query);
    for (const { execution_id: id, status, attempts, error, run_id, run_started_at } of rows)
      found.set(id, {
        ...{ status: status as Status, attempts, runId: run_id, runStartedAt: run_started_at },
        error: error === null ? null : (JSON.parse(error) as ErrorRecord),
      });
  }
  return found;
}

type ReadEnd = Pick<
  Selectable<ExecutionTable>,
  'execution_id' | 'status' | 'attempts' | 'error' | 'run_id' | 'run_started_at'
>;
