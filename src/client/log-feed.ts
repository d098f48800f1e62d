/**
 * What the tasks of executions log, out of the store: page by page, or followed to the end. One poller for all followers
 * of an engine: while nothing is logged anywhere, it asks for one number; those that follow the same share their reads.
 */
import { TaskError, TaskStateError } from '../domain/errors.js';
import { plainExecutionId, rootExecutionId, splitExecutionId } from '../domain/execution-id.js';
import type { LineLevel, LineSource, LogLine } from '../domain/log-line.js';
import type { ExecutionRow } from '../store/execution-row.js';
import type { LogFilter, LogPage } from '../store/log-lines.js';
import { wholeNumber } from '../store/paging.js';
import type { Store } from '../store/store.js';
import { LONE_NODE } from '../workflows/messages.js';
import { time } from './listing.js';
import type { ExecutionRecord } from './record.js';
import type { StoreAccess } from './store-access.js';
import { StorePoller, type Found } from './store-poller.js';

const PAGE = 500;
/** A follower that has so many lines to work on gets no more until it has fewer. */
const BUSY = 1_000;
/** A worker writes the last lines of an attempt when that may have ended already: they are waited for this long. */
const SETTLE_MS = 1_000;
/** What ended this long ago has nothing left to write. */
const LONG_AGO_MS = 10_000;
/**
 * An id may have run before. When a run started is at first what its client's clock said, so what started so shortly
 * before counts as the same: better lines too many than too few.
 */
const SAME_RUN_MS = 300_000;
/** Of what the store has no row of, Temporal is asked this often whether it has ended. */
const ASK_MS = 2_000;

/** Which lines. */
export interface LogQuery {
  /** A node of it: `load`, `each[3]`, `sub/inner`. Default: all that is below it. */
  node?: string;
  attempt?: number;
  /** This level and worse. */
  level?: LineLevel;
  source?: LineSource | readonly LineSource[];
  /** Said at or after. */
  since?: Date | string;
  /** Only those after this position. Default 0: from the first. */
  after?: number;
}

/** Which log lines are read. */
export interface ReadLogsQuery extends LogQuery {
  /** The newest lines instead of the oldest; then `more` says whether there are older ones. */
  newest?: boolean;
  /** Of these, those before this position. */
  before?: number;
  /** From 1 to 1,000; 100 by default. */
  limit?: number;
}

/** Which log lines are followed. */
export interface FollowLogsOptions extends LogQuery {
  /** False: ends with what has been logged until now. Default true: ends when the execution has. */
  follow?: boolean;
  /** Ends after so many lines. */
  limit?: number;
  /** Ends the loop. */
  signal?: AbortSignal;
}

interface Follower {
  readonly filter: LogFilter;
  /** The ids of it and of what it is a node of. */
  readonly ids: readonly string[];
  readonly queue: LogLine[];
  position: number;
  /** When its execution was first seen to have ended, or a line came after that. */
  quietSince: number | undefined;
  askedAt: number;
  /** Nothing more will come. */
  over: boolean;
  nudge: () => void;
}

export interface LogFeedParts {
  stores: StoreAccess;
  /** False where the settings want no store. */
  wanted: boolean;
  /** @throws TaskError NOT_FOUND */
  describe(executionId: string): Promise<Pick<ExecutionRecord, 'endedAt'>>;
}

export class LogFeed {
  private readonly followers = new Set<Follower>();
  private readonly poller: StorePoller;
  private closed = false;

  constructor(private readonly parts: LogFeedParts) {
    this.poller = new StorePoller({
      ...{ stores: parts.stores, what: 'log lines' },
      isFollowed: () => this.followers.size > 0,
      look: (store) => this.round(store),
    });
  }

  /** @throws TaskError NOT_FOUND, CONFIGURATION */
  async read(executionId: string, query: ReadLogsQuery): Promise<LogPage> {
    const store = await this.parts.stores.need('logs');
    const { newest = query.before !== undefined, before = Infinity, after, limit } = query;
    return await store.logs.read({
      ...(await this.filterOf(store, executionId, query)),
      ...(after === undefined ? {} : { after }),
      ...(limit === undefined ? {} : { limit }),
      ...(newest ? { before } : {}),
    });
  }

  async *lines(
    executionId: string,
    { follow = true, limit, signal, ...query }: FollowLogsOptions,
  ): AsyncGenerator<LogLine, void> {
    if (limit !== undefined) wholeNumber('limit', limit, 1, Number.MAX_SAFE_INTEGER);
    let left = limit ?? Infinity;
    const lines = follow
      ? this.follow(executionId, query, signal)
      : this.untilNow(executionId, query, signal);
    for await (const line of lines) {
      yield line;
      if (--left <= 0) return;
    }
  }

  /** Ends all loops. */
  close(): void {
    this.closed = true;
    for (const follower of this.followers) follower.nudge();
    this.followers.clear();
    this.poller.close();
  }

  private async *untilNow(
    executionId: string,
    query: LogQuery,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<LogLine, void> {
    const store = await this.parts.stores.need('logs');
    const filter = await this.filterOf(store, executionId, query);
    for (let after = query.after ?? 0; ;) {
      const page = await store.logs.read({ ...filter, after, limit: PAGE });
      for (const line of page.lines) {
        if (signal?.aborted) return;
        yield line;
      }
      if (!page.more) return;
      after = page.next;
    }
  }

  private async *follow(
    executionId: string,
    query: LogQuery,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<LogLine, void> {
    if (!this.parts.wanted) await this.parts.stores.need('logs'); // says that there is none
    const filter = await this.filterOf(await this.parts.stores.get(), executionId, query);
    if (this.closed) throw new TaskStateError('the engine was shut down; connect a new one');
    let nudged: (() => void) | undefined;
    const follower: Follower = {
      ...{ filter, ids: idsOf(filter.executionId), queue: [], position: query.after ?? 0 },
      ...{ quietSince: undefined, askedAt: 0, over: false },
      nudge: () => nudged?.(),
    };
    signal?.addEventListener('abort', follower.nudge);
    this.followers.add(follower);
    this.poller.wake();
    try {
      while (!signal?.aborted && !this.closed) {
        const line = follower.queue.shift();
        if (line) yield line;
        else if (follower.over) return;
        else await new Promise<void>((resolve) => (nudged = resolve));
      }
    } finally {
      signal?.removeEventListener('abort', follower.nudge);
      this.followers.delete(follower);
      this.poller.wake();
    }
  }

  /** What is asked for, as the store is. @throws TaskError NOT_FOUND where nobody knows the execution */
  private async filterOf(
    store: Store | undefined,
    executionId: string,
    { node, attempt, level, source, since }: LogQuery,
  ): Promise<LogFilter> {
    const asked = plainExecutionId(node === undefined ? executionId : `${executionId}/${node}`);
    const [row, above] = await rowsOf(store, idsOf(asked));
    // A lone task's node is its execution.
    const { graphId, nodeId } = splitExecutionId(asked);
    const id = nodeId === LONE_NODE && above?.kind === 'task' ? graphId : asked;
    const known = row ?? above;
    if (!known && (await store?.logs.read({ executionId: id, limit: 1 }))?.lines.length !== 1)
      await this.parts.describe(rootExecutionId(id));
    return {
      executionId: id,
      ...(known?.runStartedAt == null ? {} : { runsSince: known.runStartedAt - SAME_RUN_MS }),
      ...(attempt === undefined ? {} : { attempt }),
      ...(level === undefined ? {} : { level }),
      ...(source === undefined ? {} : { sources: [source].flat() }),
      ...(since === undefined ? {} : { since: time('since', since) }),
    };
  }

  private async round(store: Store): Promise<Found> {
    const startedAt = performance.now();
    const followers = [...this.followers].filter(({ queue }) => queue.length < BUSY);
    await this.lookForEnds(store, followers, startedAt);
    const head = await store.logs.head();
    const groups = new Map<string, Follower[]>();
    for (const follower of followers) {
      if (follower.position >= head) this.settle(follower, startedAt);
      else {
        const key = JSON.stringify([follower.filter, follower.position]);
        groups.set(key, [...(groups.get(key) ?? []), follower]);
      }
    }
    let found: Found = 'none';
    for (const group of groups.values()) {
      const more = await this.readFor(store, group, startedAt);
      found = more ? 'more' : found === 'none' ? 'some' : found;
    }
    const isSettling = followers.some(({ quietSince }) => quietSince !== undefined);
    return found === 'none' && isSettling ? 'some' : found;
  }

  /** One read for all that follow the same from the same place. @returns whether there is more */
  private async readFor(
    store: Store,
    group: readonly Follower[],
    startedAt: number,
  ): Promise<boolean> {
    const [{ filter, position }] = group as [Follower];
    const page = await store.logs.read({ ...filter, after: position, limit: PAGE });
    for (const follower of group) {
      follower.queue.push(...page.lines);
      follower.position = page.next;
      if (page.lines.length > 0 && follower.quietSince !== undefined)
        follower.quietSince = performance.now();
      if (!page.more) this.settle(follower, startedAt);
      follower.nudge();
    }
    return page.more;
  }

  /** All that had been written when the look began is read. */
  private settle(follower: Follower, lookedAt: number): void {
    const { quietSince } = follower;
    if (quietSince === undefined || lookedAt - quietSince < SETTLE_MS) return;
    follower.over = true;
    follower.nudge();
  }

  private async lookForEnds(
    store: Store,
    followers: readonly Follower[],
    now: number,
  ): Promise<void> {
    const open = followers.filter(({ quietSince }) => quietSince === undefined);
    const rows = await rowsOf(
      store,
      open.flatMap(({ ids }) => ids),
    );
    const byId = new Map(rows.flatMap((row) => (row ? [[row.executionId, row] as const] : [])));
    for (const follower of open) {
      const own = follower.ids.flatMap((id) => byId.get(id) ?? []);
      const ended = own.find(({ endedAt }) => endedAt !== null);
      if (ended) {
        const longAgo = Date.now() - ended.updatedAt > LONG_AGO_MS;
        follower.quietSince = longAgo ? now - SETTLE_MS : now;
      } else if (own.length === 0 && now - follower.askedAt > ASK_MS) {
        follower.askedAt = now;
        if (await this.hasEnded(follower)) follower.quietSince = now;
      }
    }
  }

  private async hasEnded({ filter }: Follower): Promise<boolean> {
    try {
      return (await this.parts.describe(rootExecutionId(filter.executionId))).endedAt !== null;
    } catch (error) {
      return error instanceof TaskError && error.code === 'NOT_FOUND';
    }
  }
}

/** Of an execution and of what it is a node of: a node may never begin, and ends with its graph then. */
function idsOf(executionId: string): string[] {
  const root = rootExecutionId(executionId);
  const { graphId } = splitExecutionId(executionId);
  return [...new Set([executionId, graphId, root])];
}

/** The rows of these ids, in their order. */
async function rowsOf(
  store: Store | undefined,
  ids: readonly string[],
): Promise<(ExecutionRow | undefined)[]> {
  if (!store || ids.length === 0) return [];
  const rows = await store.executions.getMany(ids);
  const byId = new Map(rows.map((row) => [row.executionId, row]));
  return ids.map((id) => byId.get(id));
}
