/** `engine.limits`: the keyed limits that are in use. A limit is there while a graph that uses it runs. */
import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import { TaskError } from '../domain/errors.js';
import { preview } from '../domain/json.js';
import { LIMIT_MOST, limiterId } from '../domain/limit.js';
import type { LimitMemo, LimitStatus } from '../domain/limit-messages.js';
import { MEMO, QUERY, UPDATE, WORKFLOW, type Answer } from '../workflows/messages.js';
import { reaching } from './connect.js';
import { isSilence } from './no-answer.js';

export type { LimitStatus } from '../domain/limit-messages.js';

/** A limit in a list. `get` says who has it and who waits. */
export interface LimitRecord {
  key: string;
  project: string | null;
  max: number;
  /** As graphs and settings define it; `max` may have been changed since. */
  defined: number;
  workflowId: string;
  startedAt: string;
}

/** Which project's limit is meant. */
export interface LimitPlace {
  /** The project whose limit it is. Default: that of executions without a project. */
  project?: string;
}

/** How long a worker has to answer for a limit. */
const ANSWERED_WITHIN_MS = 5_000;

/** What the engine lends. */
export interface LimitsParts {
  client: Client;
  address: string;
  /** @throws TaskStateError after shutdown */
  assertOpen: () => void;
}

/** Keyed limits in use. */
export class Limits {
  constructor(private readonly parts: LimitsParts) {}

  /** Limits in use, by key, from Temporal's visibility: new ones may be missing for a second. */
  async list({ project }: LimitPlace = {}): Promise<LimitRecord[]> {
    const { client, address } = this.open();
    const query = `WorkflowType = '${WORKFLOW.limit}' AND ExecutionStatus = 'Running'`;
    const records: LimitRecord[] = [];
    await reaching(address, async () => {
      for await (const { memo, workflowId, startTime } of client.workflow.list({ query })) {
        const kept = memo?.[MEMO.limit] as LimitMemo | undefined;
        if (!kept || (project !== undefined && kept.project !== project)) continue;
        const { key, max, defined } = kept;
        const startedAt = startTime.toISOString();
        records.push({
          ...{ key, max, defined, workflowId, startedAt },
          project: kept.project ?? null,
        });
      }
    });
    return records.sort(
      (a, b) => a.key.localeCompare(b.key) || (a.project ?? '').localeCompare(b.project ?? ''),
    );
  }

  /**
   * Who has places in a limit, and who waits.
   *
   * @throws TaskError NOT_FOUND for a limit that nothing uses, NO_WORKER
   */
  async get(key: string, place: LimitPlace = {}): Promise<LimitStatus> {
    return await this.on(key, place, (handle) => handle.query<LimitStatus>(QUERY.limit));
  }

  /**
   * Changes a limit for as long as it is in use; where it is defined says what it is the next time. Lowered, it is kept
   * to as nodes end: nothing that runs is stopped.
   *
   * @throws TaskError NOT_FOUND, CONFIGURATION for what is no limit, NO_WORKER
   */
  async setMax(key: string, max: number, place: LimitPlace = {}): Promise<Answer> {
    if (!Number.isInteger(max) || max < 1 || max > LIMIT_MOST)
      throw new TaskError(
        'CONFIGURATION',
        `max: expected a whole number from 1 to ${LIMIT_MOST}, got ${preview(max)}`,
      );
    return await this.on(key, place, (handle) =>
      handle.executeUpdate<Answer, [{ max: number }]>(UPDATE.setMax, { args: [{ max }] }),
    );
  }

  private async on<T>(
    key: string,
    { project }: LimitPlace,
    ask: (handle: ReturnType<Client['workflow']['getHandle']>) => Promise<T>,
  ): Promise<T> {
    const { client, address } = this.open();
    const handle = client.workflow.getHandle(limiterId(key, project));
    const missing = (cause?: unknown): TaskError =>
      new TaskError(
        'NOT_FOUND',
        `no running execution ${project === undefined ? 'without a project' : `of project ${preview(project)}`} uses the limit ${preview(key)}`,
        { cause },
      );
    return await reaching(address, async () => {
      try {
        // A query would still be answered by one that has ended.
        if ((await handle.describe()).status.name !== 'RUNNING') throw missing();
        return await client.withDeadline(Date.now() + ANSWERED_WITHIN_MS, () => ask(handle));
      } catch (error) {
        if (error instanceof WorkflowNotFoundError) throw missing(error);
        if (isSilence(error))
          throw new TaskError(
            'NO_WORKER',
            `no worker answered for the limit ${preview(key)} within ${ANSWERED_WITHIN_MS / 1_000} s; start one on the queue of the graphs that use it`,
            { cause: error },
          );
        throw error;
      }
    });
  }

  private open(): LimitsParts {
    this.parts.assertOpen();
    return this.parts;
  }
}
