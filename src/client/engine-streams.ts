/** What an engine tells as it comes: events of executions, and what their tasks log. */
import { TaskError } from '../domain/errors.js';
import type { EventName } from '../domain/event.js';
import { preview } from '../domain/json.js';
import type { LogLine } from '../domain/log-line.js';
import type { ExecutionEvent } from '../store/execution-events.js';
import type { LogPage } from '../store/log-lines.js';
import { EngineQuestions } from './engine-questions.js';
import { assertId, assertOptions } from './expected.js';
import type { EventHandler, IterateOptions, Publisher, SubscribeOptions } from './event-feed.js';
import type { FollowLogsOptions, ReadLogsQuery } from './log-feed.js';

export abstract class EngineStreams extends EngineQuestions {
  private readonly detachers = new Set<() => void>();

  /**
   * Calls a handler for each event of executions, at least once each (`event.id` tells repeats), in order; one that
   * throws is reported as a warning of the process. Needs the store.
   *
   * @returns ends it; `shutdown` does too
   */
  on(event: EventName | '*', handler: EventHandler, options?: SubscribeOptions): () => void {
    this.assertOpen();
    if (typeof handler !== 'function')
      throw new TaskError(
        'CONFIGURATION',
        `on: expected a function that is called with each event, got ${preview(handler)}`,
      );
    return this.parts.feed.on(event, handler, options);
  }

  /** The events of executions as they come; of one execution, from its beginning to its end. Needs the store. */
  events(options: IterateOptions = {}): AsyncGenerator<ExecutionEvent, void> {
    this.assertOpen();
    return this.parts.feed.iterate(options);
  }

  /**
   * Attaches a publisher: it gets every event from now on, and what its `subscribe` brings goes to {@link handleItem}.
   *
   * @returns detaches it
   * @throws TaskError CONFIGURATION for a publisher that publishes nothing
   */
  start(given: SubscribeOptions & { publisher?: Publisher } = {}): () => void {
    this.assertOpen();
    assertOptions('start', given);
    const { publisher, ...options } = given;
    if (publisher === undefined) return () => undefined;
    assertPublisher(publisher);
    const stop = this.parts.feed.on('*', (event) => publisher.publish(event), options);
    const leave = publisher.subscribe?.(async (item) => void (await this.handleItem(item)));
    const detach = (): void => {
      this.detachers.delete(detach);
      leave?.();
      stop();
    };
    this.detachers.add(detach);
    return detach;
  }

  /**
   * What the tasks of an execution log, as it comes, from the first line to its end: of `<execution>/<node>` that node's,
   * of a graph all below it. Go on after `position` to miss nothing and see nothing twice. Needs the store.
   *
   * @throws TaskError NOT_FOUND, CONFIGURATION without a store
   */
  logs(executionId: string, options: FollowLogsOptions = {}): AsyncGenerator<LogLine, void> {
    this.assertOpen();
    assertId('logs', executionId);
    return this.parts.logFeed.lines(executionId, options);
  }

  /**
   * A page of what {@link logs} gives, oldest first; `next` is where to go on.
   *
   * @throws TaskError NOT_FOUND, CONFIGURATION without a store
   */
  async readLogs(executionId: string, query: ReadLogsQuery = {}): Promise<LogPage> {
    this.assertOpen();
    assertId('readLogs', executionId);
    return await this.parts.logFeed.read(executionId, query);
  }

  protected closeStreams(): void {
    for (const detach of this.detachers) detach();
    this.parts.feed.close();
    this.parts.logFeed.close();
  }
}

function assertPublisher(publisher: unknown): void {
  const { publish, subscribe } = (publisher ?? {}) as Record<string, unknown>;
  const subscribes = subscribe === undefined || typeof subscribe === 'function';
  if (typeof publish === 'function' && subscribes) return;
  throw new TaskError(
    'CONFIGURATION',
    `start: expected a publisher with a function ${subscribes ? 'publish' : 'subscribe'}, got ${preview(publisher)}`,
  );
}
