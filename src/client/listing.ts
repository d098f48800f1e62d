/** Lists executions: from the store where there is one, else from Temporal's visibility, which knows less. */
import type { Client } from '@temporalio/client';
import { TaskError } from '../domain/errors.js';
import { assertKnown } from '../domain/known-names.js';
import { STATUSES, type Status } from '../domain/status.js';
import type { ExecutionQuery } from '../store/executions.js';
import type { Store } from '../store/store.js';
import { SEARCH_ATTRIBUTE, WORKFLOW } from '../workflows/messages.js';
import { reaching } from './connect.js';
import { assertOptions } from './expected.js';
import { recordOf, type ExecutionRecord } from './record.js';
import { recordOfRow } from './row-record.js';

/** What to list. Everything but `status`, `project`, `sessionId` and `limit` needs the store. */
export interface ListQuery {
  status?: Status | readonly Status[];
  /** Why it has its status: `approval` lists what waits for an answer, RUNNING where no status is asked for. */
  reason?: NonNullable<ExecutionQuery['reason']>;
  /** Default: everything but nodes; with `parentId`, `executionId` or `reason`, everything. */
  kind?: NonNullable<ExecutionQuery['kind']>;
  /** The task's name, of a graph its name; or the id that the catalogue has it under. */
  taskId?: string;
  project?: string;
  sessionId?: string;
  /** This one alone, a node too. */
  executionId?: string;
  /** Nodes of this graph, items of this batch. */
  parentId?: string;
  /** Reruns of this execution. */
  rerunOf?: string;
  /** Of this task of the catalogue, by its id alone. */
  catalogueTaskId?: string;
  /** All of them. */
  tags?: readonly string[];
  /** Top-level metadata with these values. */
  metadata?: NonNullable<ExecutionQuery['metadata']>;
  /** Created at or after, and before. */
  since?: Date | string;
  until?: Date | string;
  /** Words, or their beginnings, of id, task and error message. */
  text?: string;
  /** Default 100, at most 1,000. */
  limit?: number;
  /** Not together with a cursor. */
  offset?: number;
  /** `nextCursor` of the page before. */
  cursor?: string;
  /** Counts all matches too, which may take long. */
  withTotal?: boolean;
}

/** A page of executions. */
export interface ExecutionList {
  /** Newest first. */
  executions: ExecutionRecord[];
  nextCursor?: string;
  total?: number;
}

const LIST_LIMIT = 1_000;
const FILTERS = Object.keys({
  ...{
    status: 1,
    reason: 1,
    kind: 1,
    taskId: 1,
    project: 1,
    sessionId: 1,
    executionId: 1,
    parentId: 1,
  },
  ...{ rerunOf: 1, catalogueTaskId: 1, tags: 1, metadata: 1, since: 1, until: 1, text: 1 },
  ...{ limit: 1, offset: 1, cursor: 1, withTotal: 1 },
} satisfies Record<keyof ListQuery, 1>);
const BY_VISIBILITY = new Set(['status', 'project', 'sessionId', 'limit']);

/** @throws TaskError CONFIGURATION for a filter that is none, or that needs a store where there is none */
export async function listExecutions(
  {
    client,
    address,
    store,
    attributes,
  }: {
    client: Client;
    address: string;
    store: Store | undefined;
    attributes: () => Promise<ReadonlySet<string>>;
  },
  query: ListQuery,
): Promise<ExecutionList> {
  assertOptions('listExecutions', query);
  assertKnown('listExecutions', query, FILTERS);
  const statuses = statusesOf(query.status);
  if (store) return await fromStore(store, query, statuses);
  const beyond = Object.keys(query).filter(
    (key) => !BY_VISIBILITY.has(key) && query[key as keyof ListQuery] !== undefined,
  );
  if (beyond.length > 0)
    throw new TaskError(
      'CONFIGURATION',
      `${beyond.join(', ')}: these need the store, and there is none; start a worker that shares it, or set storeUrl (TEMPOGRAPH_STORE_URL)`,
    );
  return await fromVisibility(client, address, query, statuses, await attributes());
}

function statusesOf(status: ListQuery['status']): readonly Status[] | undefined {
  if (status === undefined) return undefined;
  const list: readonly Status[] = Array.isArray(status) ? status : [status as Status];
  const wrong = list.find((one) => !STATUSES.includes(one));
  if (wrong === undefined) return list;
  throw new TaskError(
    'CONFIGURATION',
    `status: expected one of ${STATUSES.join(', ')}, got ${JSON.stringify(wrong)}`,
  );
}

async function fromStore(
  store: Store,
  { status: _status, since, until, ...rest }: ListQuery,
  statuses: readonly Status[] | undefined,
): Promise<ExecutionList> {
  const page = await store.executions.list({
    ...rest,
    ...(statuses ? { status: statuses } : {}),
    ...(since === undefined ? {} : { since: time('since', since) }),
    ...(until === undefined ? {} : { until: time('until', until) }),
  });
  const counts = await store.executions.nodeCounts(page.executions);
  const executions = page.executions.map((row) => {
    const record = recordOfRow(row);
    return { ...record, counts: counts.get(row.executionId) ?? record.counts };
  });
  return { ...page, executions };
}

/** New ones may be missing for a second. */
async function fromVisibility(
  client: Client,
  address: string,
  query: ListQuery,
  statuses: readonly Status[] | undefined,
  known: ReadonlySet<string>,
): Promise<ExecutionList> {
  const limit = Math.min(Math.max(1, query.limit ?? 100), LIST_LIMIT);
  const executions: ExecutionRecord[] = [];
  const filter = visibilityFilter(query, known);
  await reaching(address, async () => {
    for await (const info of client.workflow.list({ query: filter })) {
      const record = recordOf(info);
      if (!statuses || statuses.includes(record.status)) executions.push(record);
      if (executions.length >= LIST_LIMIT) break;
    }
  });
  // The server gives open executions before closed ones.
  executions.sort((a, b) => b.createdAt.localeCompare(a.createdAt));
  return { executions: executions.slice(0, limit) };
}

function visibilityFilter({ project, sessionId }: ListQuery, known: ReadonlySet<string>): string {
  const parts = [`WorkflowType = '${WORKFLOW.graph}'`, `ExecutionStatus != 'ContinuedAsNew'`];
  const filters: [string, string | undefined][] = [
    [SEARCH_ATTRIBUTE.project, project],
    [SEARCH_ATTRIBUTE.session, sessionId],
  ];
  for (const [attribute, value] of filters) {
    if (value === undefined) continue;
    if (!known.has(attribute))
      throw new TaskError(
        'CONFIGURATION',
        `the namespace has no search attribute ${attribute}, so it cannot be filtered by`,
      );
    parts.push(`${attribute} = '${value.replaceAll("'", "''")}'`);
  }
  return parts.join(' AND ');
}

/** @throws TaskError CONFIGURATION */
export function time(name: string, value: Date | string): number {
  const parsed = value instanceof Date ? value.getTime() : Date.parse(value);
  if (Number.isFinite(parsed)) return parsed;
  throw new TaskError('CONFIGURATION', `${name}: expected a time, got ${JSON.stringify(value)}`);
}
