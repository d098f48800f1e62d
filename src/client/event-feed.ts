/**
 * The events of executions, out of the store's outbox: to handlers, to loops and to a publisher. One poller for all
 * subscriptions of an engine; those that have read as far as others share its reads.
 */
import { messageOf, TaskError, TaskStateError } from '../domain/errors.js';
import { EVENT_NAMES, type EventName } from '../domain/event.js';
import type { ExecutionEvent } from '../store/execution-events.js';
import { someOf } from '../store/paging.js';
import type { Store } from '../store/store.js';
import type { HandledItem } from './completion.js';
import type { StoreAccess } from './store-access.js';
import { StorePoller, type Found } from './store-poller.js';

const PAGE = 200;
/** A subscription that has so many events to work on gets no more until it has fewer. */
const BUSY = 500;

/** Called with each event, one after another; what it throws is a warning of the process. */
export type EventHandler = (event: ExecutionEvent) => void | Promise<void>;

/** Which events a handler gets, and from where on. */
export interface SubscribeOptions {
  project?: string;
  /** An execution and its nodes. */
  executionId?: string;
  /** After this position; 0 for all that the store keeps. Default: what happens from now on. */
  from?: number;
}

/** Which events a loop gets, and whether it goes on. */
export interface IterateOptions {
  /** An execution and its nodes; the loop ends when the execution has ended. */
  executionId?: string;
  project?: string;
  /** After this position. Default: of an execution all, else what happens from now on. */
  after?: number;
  /** False: ends with what has happened until now. Default true. */
  follow?: boolean;
  /** Ends the loop. */
  signal?: AbortSignal;
}

/** Where messages go, for example a broker. A publisher that throws is reported and gets the next event. */
export interface Publisher {
  publish(event: ExecutionEvent): void | Promise<void>;
  /**
   * Messages the other way: calls the handler with each, and gives what ends it. The handler throws for what is no item,
   * or cannot be done: a broker keeps the message then, or lays it aside.
   */
  subscribe?(handler: (item: HandledItem) => Promise<void>): () => void;
}

interface Subscription extends Pick<SubscribeOptions, 'project' | 'executionId'> {
  events?: readonly EventName[];
  /** Undefined until the store has told where it begins. */
  position: number | undefined;
  /** Has read all that there was at some time. */
  upToDate: boolean;
  take(event: ExecutionEvent): void;
  busy(): boolean;
  /** Something has changed that is no event. */
  nudge(): void;
}

export class EventFeed {
  private readonly subscriptions = new Set<Subscription>();
  private readonly beginnings = new Set<Promise<void>>();
  private readonly poller: StorePoller;
  private closed = false;

  /** @param wanted false where the settings want no store: then there are no events */
  constructor(
    private readonly stores: StoreAccess,
    private readonly wanted: boolean,
  ) {
    this.poller = new StorePoller({
      ...{ stores, what: 'events' },
      isFollowed: () => this.subscriptions.size > 0,
      look: (store) => this.round(store),
    });
  }

  /**
   * Calls a handler for each event, one after another. One that throws is reported as a process warning and gets the
   * next event.
   *
   * @returns ends the subscription
   * @throws TaskError CONFIGURATION for an event that is none
   */
  on(name: EventName | '*', handler: EventHandler, options: SubscribeOptions = {}): () => void {
    const { from, ...filter } = options;
    const events = name === '*' ? {} : { events: someOf('event', name, EVENT_NAMES) };
    let waiting = 0;
    let last = Promise.resolve();
    const subscription: Subscription = {
      ...filter,
      ...events,
      position: from,
      upToDate: false,
      busy: () => waiting >= BUSY,
      nudge: () => undefined,
      take: (event) => {
        waiting++;
        last = last.then(async () => {
          try {
            if (this.subscriptions.has(subscription)) await handler(event);
          } catch (error) {
            warn(
              `a handler of ${name} failed at ${event.event} of ${event.executionId}: ${messageOf(error)}`,
            );
          }
          waiting--;
        });
      },
    };
    return this.subscribe(subscription);
  }

  async *iterate(options: IterateOptions): AsyncGenerator<ExecutionEvent, void> {
    const { executionId, signal, after, follow = true, ...filter } = options;
    if (!follow) await this.stores.need('events'); // else a worker may make it meanwhile
    const row = executionId === undefined ? undefined : await this.row(executionId);
    const overAlready = !follow || row?.endedAt != null;
    const queue: ExecutionEvent[] = [];
    let nudged: (() => void) | undefined;
    const subscription: Subscription = {
      ...filter,
      ...(executionId === undefined ? {} : { executionId }),
      position: after ?? (executionId === undefined ? undefined : 0),
      upToDate: false,
      busy: () => queue.length >= BUSY,
      nudge: () => nudged?.(),
      take: (event) => {
        queue.push(event);
        nudged?.();
      },
    };
    const unsubscribe = this.subscribe(subscription);
    const nudge = (): void => nudged?.();
    signal?.addEventListener('abort', nudge);
    try {
      while (!signal?.aborted && !this.closed) {
        const event = queue.shift();
        if (event) {
          yield event;
          if (executionId !== undefined && (await this.isLast(event, executionId))) return;
        } else if (overAlready && subscription.upToDate) {
          return; // its end was forgotten, or comes before `after`
        } else {
          await new Promise<void>((resolve) => (nudged = resolve));
        }
      }
    } finally {
      signal?.removeEventListener('abort', nudge);
      unsubscribe();
    }
  }

  /** Waits until every subscription knows where it begins, so that it misses nothing of what is started now. */
  async ready(): Promise<void> {
    await Promise.all(this.beginnings);
  }

  /** Ends all subscriptions. Handlers that run are not waited for. */
  close(): void {
    this.closed = true;
    for (const subscription of this.subscriptions) subscription.nudge();
    this.subscriptions.clear();
    this.poller.close();
  }

  private subscribe(subscription: Subscription): () => void {
    if (this.closed) throw new TaskStateError('the engine was shut down; connect a new one');
    if (!this.wanted)
      throw new TaskError(
        'CONFIGURATION',
        'events come from the store, and storeUrl is "none"; set storeUrl (TEMPOGRAPH_STORE_URL)',
      );
    this.subscriptions.add(subscription);
    if (subscription.position === undefined) {
      const beginning = this.begin(subscription).finally(() => this.beginnings.delete(beginning));
      this.beginnings.add(beginning);
    }
    this.poller.wake();
    return () => {
      this.subscriptions.delete(subscription);
      if (this.subscriptions.size === 0) this.poller.wake();
    };
  }

  /** A store that no worker has made yet has no events: it begins with the first. */
  private async begin(subscription: Subscription): Promise<void> {
    try {
      subscription.position ??= (await (await this.stores.get())?.events.head()) ?? 0;
    } catch (error) {
      this.poller.report(error);
    }
  }

  /** One read for each position that subscriptions have come to. */
  private async round(store: Store): Promise<Found> {
    const groups = new Map<number, Subscription[]>();
    for (const subscription of this.subscriptions) {
      if (subscription.position === undefined) await this.begin(subscription);
      const { position } = subscription;
      if (position === undefined || subscription.busy()) continue;
      groups.set(position, [...(groups.get(position) ?? []), subscription]);
    }
    let found: Found = 'none';
    for (const [after, group] of groups) {
      const { events, next, more } = await store.events.read({
        ...{ after, limit: PAGE },
        ...(group.length === 1 ? queryOf(group[0]) : {}),
      });
      if (more) found = 'more';
      else if (events.length > 0 && found === 'none') found = 'some';
      for (const subscription of group) {
        for (const event of events) if (wants(subscription, event)) subscription.take(event);
        subscription.position = next;
        subscription.upToDate ||= !more;
        if (!more) subscription.nudge();
      }
    }
    return found;
  }

  private async row(executionId: string) {
    return await (await this.stores.get())?.executions.get(executionId);
  }

  /** An earlier run's end is not the end where another has followed. */
  private async isLast(event: ExecutionEvent, executionId: string): Promise<boolean> {
    const ends = event.kind === 'graph' ? event.event === 'graphCompleted' : 'attempts' in event;
    if (!ends || event.executionId !== executionId) return false;
    const row = await this.row(executionId);
    return !row || (row.runId === event.runId && row.endedAt !== null);
  }
}

function queryOf(subscription: Subscription | undefined) {
  const { project, executionId, events } = subscription ?? {};
  return {
    ...(project === undefined ? {} : { project }),
    ...(executionId === undefined ? {} : { executionId }),
    ...(events === undefined ? {} : { kinds: events }),
  };
}

function wants({ project, executionId, events }: Subscription, event: ExecutionEvent): boolean {
  return (
    (project === undefined || event.project === project) &&
    (executionId === undefined ||
      event.executionId === executionId ||
      event.parentId === executionId) &&
    (events === undefined || events.includes(event.event))
  );
}

function warn(message: string): void {
  process.emitWarning(message, 'TempographWarning');
}
