/** Executions as rows of their table, and back. */
import { CompiledQuery, type Selectable } from 'kysely';
import type { ErrorRecord } from '../domain/errors.js';
import type { Json } from '../domain/json.js';
import { isTerminal, type Status } from '../domain/status.js';
import { isOneOf, listParameter } from './bulk.js';
import { chunksOf, type Connection, type Dialect } from './database.js';
import type { ExecutionRow } from './execution-row.js';
import { spacedWords, wordsOfExecution } from './execution-words.js';
import type { Merged, ShownEnd, Stamps } from './merge-execution.js';
import type { ExecutionTable } from './tables.js';

type Column = Exclude<keyof ExecutionTable, 'ord' | 'open' | 'stamps' | 'words'>;

/** Which column holds which field. TypeScript refuses a field without one. */
const PLAIN = {
  executionId: 'execution_id',
  kind: 'kind',
  status: 'status',
  project: 'project',
  taskId: 'task_id',
  parentId: 'parent_id',
  sessionId: 'session_id',
  requestId: 'request_id',
  rerunOf: 'rerun_of',
  catalogueTaskId: 'catalogue_task_id',
  catalogueTaskVersion: 'catalogue_task_version',
  taskVersion: 'task_version',
  priority: 'priority',
  reason: 'reason',
  workflowId: 'workflow_id',
  runId: 'run_id',
  runStartedAt: 'run_started_at',
  sequence: 'sequence',
  createdAt: 'created_at',
  scheduledTime: 'scheduled_time',
  startedAt: 'started_at',
  endedAt: 'ended_at',
  durationMs: 'duration_ms',
  executionTimeMs: 'execution_time_ms',
  waitMs: 'wait_ms',
  attempts: 'attempts',
  maxRetries: 'max_retries',
  nextRetryAt: 'next_retry_at',
  updatedAt: 'updated_at',
  manifestRef: 'manifest_ref',
  deadlineMs: 'deadline_ms',
} as const satisfies Partial<Record<keyof ExecutionRow, Column>>;
const AS_JSON = {
  nodeCounts: 'node_counts',
  tags: 'tags',
  metadata: 'metadata',
  dependencies: 'dependencies',
  progress: 'progress',
  error: 'error',
  warnings: 'warnings',
  metrics: 'metrics',
  statusHistory: 'status_history',
  artifacts: 'artifacts',
  deadlineRisk: 'deadline_risk',
  input: 'input',
  output: 'output',
} as const satisfies Record<Exclude<keyof ExecutionRow, keyof typeof PLAIN>, Column>;

const PLAIN_FIELDS = Object.entries(PLAIN) as [keyof typeof PLAIN, Column][];
const JSON_FIELDS = Object.entries(AS_JSON) as [keyof typeof AS_JSON, Column][];

/** What a field that is never null is when its column is. */
const ABSENT: Partial<Record<keyof ExecutionRow, () => Json>> = {
  tags: () => [],
  warnings: () => [],
  dependencies: () => [],
  statusHistory: () => [],
  metadata: () => ({}),
};

const ABSENT_TEXTS: Partial<Record<keyof ExecutionRow, string>> = Object.fromEntries(
  Object.entries(ABSENT).map(([field, make]) => [field, JSON.stringify(make())]),
);

/** All columns, in the order of {@link valuesOf}: input and output come last. */
export const EXECUTION_COLUMNS: readonly string[] = [
  'ord',
  'open',
  'words',
  'stamps',
  ...PLAIN_FIELDS.map(([, column]) => column),
  ...JSON_FIELDS.map(([, column]) => column),
];

/** The values of a row's columns. */
export function valuesOf({ row, stamps }: Merged, ord: bigint): unknown[] {
  return [
    ord,
    isTerminal(row.status) ? 0 : 1,
    spacedWords(wordsOfExecution(row)),
    encodeStamps(stamps),
    ...PLAIN_FIELDS.map(([field]) => row[field]),
    ...JSON_FIELDS.map(([field]) => jsonOf(row[field] as Json, ABSENT_TEXTS[field])),
  ];
}

/** Null for null, and for what the field is anyway when its column is null. */
function jsonOf(value: Json, absent: string | undefined): string | null {
  if (value === null) return null;
  const text = JSON.stringify(value);
  return text === absent ? null : text;
}

type Read = Record<string, string | number | null>;

export interface Stored extends Merged {
  ord: bigint;
}

const SELECTED = [
  'cast(ord as text) as ord_text',
  ...EXECUTION_COLUMNS.filter((column) => column !== 'ord'),
].join(', ');

/** The rows whose `column` is one of these, in no order. */
export async function readExecutions(
  connection: Connection,
  dialect: Dialect,
  column: 'execution_id' | 'ord',
  values: readonly string[],
  forUpdate = false,
): Promise<Stored[]> {
  const lock = forUpdate && dialect === 'postgres' ? ' order by execution_id for update' : '';
  const text = `select ${SELECTED} from executions where ${isOneOf(dialect, column)}${lock}`;
  const found: Stored[] = [];
  for (const chunk of chunksOf(values, 1_000)) {
    const query = CompiledQuery.raw(text, [listParameter(dialect, chunk)]);
    const { rows } = await connection.executeQuery<Read>(query);
    for (const read of rows) found.push(storedOf(read));
  }
  return found;
}

/** What the ended ones of these executions show of their ends, by id: a tenth of reading the rows. */
export async function readEnds(
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

function storedOf(read: Read): Stored {
  const row: Record<string, unknown> = {};
  for (const [field, column] of PLAIN_FIELDS) row[field] = read[column];
  for (const [field, column] of JSON_FIELDS) {
    const text = read[column];
    row[field] = typeof text === 'string' ? JSON.parse(text) : (ABSENT[field]?.() ?? null);
  }
  return {
    row: row as unknown as ExecutionRow,
    stamps: decodeStamps(read.stamps as string),
    ord: BigInt(read.ord_text as string),
  };
}

/** The letter of each field in the stamps. Never change one: rows hold them. */
const LETTERS: Readonly<Record<keyof Required<Stamps>, string>> = {
  parentId: 'a',
  taskId: 'b',
  taskVersion: 'c',
  catalogueTaskId: 'd',
  catalogueTaskVersion: 'e',
  project: 'f',
  sessionId: 'g',
  priority: 'h',
  status: 'i',
  reason: 'j',
  requestId: 'k',
  workflowId: 'l',
  createdAt: 'm',
  scheduledTime: 'n',
  startedAt: 'o',
  endedAt: 'p',
  durationMs: 'q',
  executionTimeMs: 'r',
  waitMs: 's',
  attempts: 't',
  maxRetries: 'u',
  nextRetryAt: 'v',
  progress: 'w',
  input: 'x',
  output: 'y',
  error: 'z',
  warnings: 'A',
  metrics: 'B',
  artifacts: 'C',
  dependencies: 'D',
  metadata: 'E',
  tags: 'F',
  manifestRef: 'G',
  nodeCounts: 'H',
  rerunOf: 'I',
  deadlineMs: 'J',
  deadlineRisk: 'K',
};
const FIELD_OF = new Map(
  Object.entries(LETTERS).map(([field, letter]) => [letter, field as keyof Stamps]),
);

/** `17:iop,12:abf`: sequence and fields. */
export function encodeStamps(stamps: Stamps): string {
  const groups = new Map<number, string>();
  for (const [field, sequence] of Object.entries(stamps) as [keyof Stamps, number][])
    groups.set(sequence, (groups.get(sequence) ?? '') + LETTERS[field]);
  return [...groups].map(([sequence, letters]) => `${sequence}:${letters}`).join(',');
}

export function decodeStamps(text: string): Stamps {
  const stamps: Stamps = {};
  for (const group of text.split(',')) {
    const [sequence, letters = ''] = group.split(':');
    for (const letter of letters) {
      const field = FIELD_OF.get(letter);
      if (field) stamps[field] = Number(sequence);
    }
  }
  return stamps;
}
