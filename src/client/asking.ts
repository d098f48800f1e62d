/** What people ask about executions: one, many, figures. Temporal has the truth of what runs; the store has the rest. */
import type { Client, WorkflowExecutionDescription } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/client';
import { TaskError } from '../domain/errors.js';
import { splitExecutionId } from '../domain/execution-id.js';
import type { Value } from '../domain/outcome.js';
import type { Status } from '../domain/status.js';
import { MEMO, type ExecutionMemo, type NodeView } from '../workflows/messages.js';
import { reconcileVisible, type Reconciled } from '../observe/reconcile.js';
import type { ExecutionRow } from '../store/execution-row.js';
import type { ExecutionStats, StatsQuery } from '../store/stats.js';
import { listOf, listOfAll } from './artifacts.js';
import { reaching } from './connect.js';
import { ExecutionHandle, type ExecutionUpdate, type HandleParts } from './handle.js';
import { notFound } from './not-found.js';
import { listExecutions, time, type ExecutionList, type ListQuery } from './listing.js';
import { isSilence, isUnreachable } from './no-answer.js';
import { nodeRecord } from './node-record.js';
import { recordOf, type ExecutionRecord } from './record.js';
import type { References } from './references.js';
import { recordAsOf, recordOfRow, withRow } from './row-record.js';
import type { StoreAccess } from './store-access.js';

/** Which executions to count, and by what. */
export interface ExecutionStatsQuery extends Omit<StatsQuery, 'since' | 'until'> {
  /** Ended at or after, taken down to the hour; and before, taken up to it. */
  since?: Date | string;
  until?: Date | string;
}

/** How far back to read. */
export interface RebuildQuery {
  /** Only executions that started or closed at or after; every one that Temporal keeps without. */
  since?: Date | string;
}

export interface AskingParts {
  client: Client;
  address: string;
  references: References;
  stores: StoreAccess;
  attributes: () => Promise<ReadonlySet<string>>;
  explain: HandleParts['explain'];
  /** For the handles. */
  rerun: HandleParts['rerun'];
}

/** How long a query may wait for a worker, in milliseconds. */
const QUERY_DEADLINE_MS = 4_000;

export class Asking {
  constructor(private readonly parts: AskingParts) {}

  /**
   * Of a node that no worker answers of, and of anything while Temporal cannot be reached, as the store last had it: `asOf`
   * says of when.
   *
   * @throws TaskError NOT_FOUND when neither Temporal nor the store knows it, UNREACHABLE where there is only Temporal to ask
   */
  async execution(executionId: string): Promise<ExecutionRecord> {
    const row = await (await this.parts.stores.get())?.executions.get(executionId);
    try {
      return withRow(await this.fromTemporal(executionId), row);
    } catch (error) {
      if (row && isSilence(error) && (await this.isOfThisRun(row))) return recordAsOf(row);
      if (row && isUnreachable(error))
        return { ...recordAsOf(row), ...(await this.largeOf(row).catch(() => ({}))) };
      if (!row || !(error instanceof TaskError) || error.code !== 'NOT_FOUND') throw error;
      // Temporal keeps closed executions for its retention only.
      return { ...recordOfRow(row), ...(await this.largeOf(row)) };
    }
  }

  /** What of a row may lie elsewhere. */
  private async largeOf(row: ExecutionRow): Promise<Partial<ExecutionRecord>> {
    const { references } = this.parts;
    const value = row.output as Value | null;
    const artifacts = row.artifacts as Value | null;
    return {
      output: value ? await references.value(value) : null,
      ...(artifacts ? { artifacts: await listOf(artifacts, references) } : {}),
    };
  }

  /** False when neither Temporal nor the store knows it; where nobody can be asked it may be there. */
  async isThere(executionId: string): Promise<boolean> {
    const store = await this.parts.stores.get().catch(() => undefined);
    if (await store?.executions.get(executionId).catch(() => undefined)) return true;
    try {
      await this.fromTemporal(executionId);
      return true;
    } catch (error) {
      return !(error instanceof TaskError && error.code === 'NOT_FOUND');
    }
  }

  async list(query: ListQuery): Promise<ExecutionList> {
    const { client, address, stores, attributes } = this.parts;
    return await listExecutions({ client, address, attributes, store: await stores.get() }, query);
  }

  async stats({ since, until, ...query }: ExecutionStatsQuery): Promise<ExecutionStats> {
    const store = await this.parts.stores.need('getExecutionStats');
    return await store.stats.getExecutionStats({
      ...query,
      ...(since === undefined ? {} : { since: time('since', since) }),
      ...(until === undefined ? {} : { until: time('until', until) }),
    });
  }

  /** Writes into the store what Temporal knows of every execution, ended ones included. */
  async rebuild({ since }: RebuildQuery): Promise<Reconciled> {
    const { client, references, stores } = this.parts;
    const store = await stores.keep('rebuildStore');
    const parts = { client, store, readJson: (ref: string) => references.json(ref) };
    return await reconcileVisible(parts, {
      all: true,
      ...(since === undefined ? {} : { since: new Date(time('since', since)) }),
    });
  }

  /** What Temporal's visibility says of a whole execution. @throws TaskError NOT_FOUND */
  async describe(executionId: string): Promise<ExecutionRecord> {
    return recordOf(await this.described(executionId));
  }

  /** What a whole execution was started as. @throws TaskError NOT_FOUND */
  async memoOf(executionId: string): Promise<ExecutionMemo> {
    const { memo } = await this.described(executionId);
    const kept = memo?.[MEMO.kind] as ExecutionMemo | undefined;
    return kept ?? { kind: 'graph', name: executionId };
  }

  private async described(executionId: string): Promise<WorkflowExecutionDescription> {
    if (executionId === '') throw notFound(executionId); // of `/node`: the server would say it in its own words
    const { client, address } = this.parts;
    try {
      return await reaching(address, () => client.workflow.getHandle(executionId).describe());
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) throw notFound(executionId);
      throw error;
    }
  }

  /** A handle that knows what its execution is: a workflow, also where that runs below a node. */
  handleOf({ executionId, kind }: ExecutionRecord): ExecutionHandle {
    const { client, references, explain, rerun } = this.parts;
    const parts = {
      client,
      references,
      explain,
      rerun,
      lone: kind === 'task',
      below: true as const,
    };
    return new ExecutionHandle(executionId, parts);
  }

  private async fromTemporal(executionId: string): Promise<ExecutionRecord> {
    const { client, references } = this.parts;
    const { graphId, nodeId } = splitExecutionId(executionId);
    const described = await this.described(graphId);
    const record = recordOf(described);
    const handle = this.handleOf(record);
    if (nodeId !== undefined) {
      const look = () => this.soon(() => handle.node(nodeId).status());
      return await nodeRecord({ client, references }, record, nodeId, look);
    }
    // Nobody has asked it anything yet, and its time has not come: there is no more to know.
    if (record.reason === 'start_time' && described.historyLength === 1) return record;
    if (record.endedAt === null) {
      const live = await this.soon(() => handle.status()).catch(() => undefined);
      if (!live) return record;
      const only = record.kind === 'task' ? live.changed[0] : undefined;
      return {
        ...record,
        status: only && live.status === 'RUNNING' ? only.status : live.status,
        reason: live.reason ?? (live.status === 'PENDING' && live.awaits ? 'dependencies' : null),
        startedAt: beganAt(live, only),
        counts: live.counts,
        artifacts: await listOfAll(live.changed, references),
        ...(only
          ? {
              reason: only.reason ?? null,
              attempts: only.attempts,
              nextRetryAt: only.nextRetryAt ?? null,
              error: only.error ?? null,
              ...(only.progress ? { progress: { ...only.progress } } : {}),
            }
          : {}),
      };
    }
    const { nodes, metrics, artifacts, ...result } = await handle.result();
    const { status, output, error, warnings, counts, statusHistory } = result;
    const [only] = record.kind === 'task' ? Object.keys(nodes) : [];
    const { workflowMs: _workflow, ...known } = record;
    // A lone task that never began has no duration, where its result has 0.
    const times = only === undefined ? result : (nodes[only] ?? result);
    return {
      ...{ ...known, startedAt: times.startedAt, durationMs: times.durationMs },
      endedAt: times.endedAt ?? result.endedAt,
      ...{ status, output, error, warnings, counts, statusHistory, artifacts },
      metrics: only === undefined ? metrics : (metrics[only] ?? {}),
    };
  }

  /** False for the row of a node that an earlier execution of the same id left. */
  private async isOfThisRun({ parentId, runId }: ExecutionRow): Promise<boolean> {
    const store = await this.parts.stores.get();
    const parent = parentId === null ? undefined : await store?.executions.get(parentId);
    return parent?.runId === runId;
  }

  /** No worker may be there to ask: the server would wait for one. */
  private async soon<T>(ask: () => Promise<T>): Promise<T> {
    return await this.parts.client.withDeadline(Date.now() + QUERY_DEADLINE_MS, ask);
  }
}

const WAITS: ReadonlySet<Status> = new Set(['PENDING', 'SCHEDULED', 'PAUSED']);

/** When a running execution began; null while it waits before its first node, or its first attempt. */
function beganAt({ status, changed, startedAt }: ExecutionUpdate, only?: NodeView): string | null {
  if (only) return only.startedAt ?? null;
  const waits = WAITS.has(status) && changed.every((node) => WAITS.has(node.status));
  return waits ? null : startedAt;
}
