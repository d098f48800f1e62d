/**
 * Sends the store's events to a sink: one worker at a time, which has a lease.
 *
 * S1. In the order of the events. The cursor moves after an event is delivered, so a worker that dies sends one twice,
 *     never none.
 * S2. An event that the sink does not take is tried again with growing waits; then it becomes a dead letter and the next
 *     is sent.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf, TaskError } from '../domain/errors.js';
import { waitTime, type RetryPolicy } from '../domain/retry.js';
import { isOnLevel, type Sink } from '../domain/sink.js';
import type { ExecutionEvent } from '../store/execution-events.js';
import type { Store } from '../store/store.js';
import type { Logger } from '../telemetry.js';
import { DeliveryError } from './delivery-error.js';
import { failedNodes } from './failed-nodes.js';
import type { AskedQuestion } from './notice.js';
import { senderOf, type Sender } from './sender.js';

const LEASE_MS = 30_000;
const MIN_IDLE_MS = 200;
const MAX_IDLE_MS = 2_000;
const PAGE = 100;
const LONGEST_WAIT_MS = 5 * 60_000;
/** What a message under way gets when the worker stops. */
const STOP_MS = 2_000;

export interface SinkDeliveryOptions {
  sink: Sink;
  store: Store;
  log: Logger;
  /** Who it is, for the lease. */
  holder: string;
  /** Where the page is; undefined where nobody said. */
  publicUrl?: string | undefined;
  /** What an approval asks, by its execution id; undefined where nobody can say. Never throws. */
  question?: (executionId: string) => Promise<AskedQuestion | undefined>;
}

export class SinkDelivery {
  private readonly stopping = new AbortController();
  /** Ends with the lease, or a little after a stop. */
  private sending = new AbortController();
  private readonly sender: Sender;
  private readonly policy: RetryPolicy;
  private running: Promise<void> = Promise.resolve();
  private renewal: NodeJS.Timeout | undefined;
  private leads = false;
  private failing = false;

  constructor(private readonly options: SinkDeliveryOptions) {
    const { sink } = options;
    this.sender = senderOf(sink);
    this.policy = {
      strategy: 'EXPONENTIAL_BACKOFF',
      maxRetries: sink.maxTries - 1,
      delayMs: sink.retryDelay,
      ...{ factor: 2, maxDelayMs: LONGEST_WAIT_MS, jitter: 0.25 },
      ...{ neverRetryOn: [], unknownErrors: 'retry', maxRetryAfterMs: LONGEST_WAIT_MS },
    };
  }

  /** A sink that is new hears of what happens from now on. */
  async start(): Promise<void> {
    const { store, log, sink } = this.options;
    await store.events.begin(this.consumer, Date.now()).catch((error: unknown) => {
      log.warn(`sink ${sink.name}: cannot begin now, will try again: ${messageOf(error)}`);
    });
    this.running = this.run();
  }

  /** Ends after the message that is under way; the next worker goes on from there. */
  async stop(): Promise<void> {
    this.stopping.abort();
    const timer = setTimeout(() => this.sending.abort(), STOP_MS);
    await this.running;
    clearTimeout(timer);
    await this.follow();
    await this.sender.close();
  }

  private get consumer(): string {
    return `sink:${this.options.sink.name}`;
  }

  private async run(): Promise<void> {
    const { log, sink } = this.options;
    let idleMs = MIN_IDLE_MS;
    while (!this.stopping.signal.aborted) {
      try {
        const busy = (await this.lead()) && (await this.round());
        this.failing = false;
        idleMs = busy ? 0 : Math.min(Math.max(idleMs * 1.5, MIN_IDLE_MS), MAX_IDLE_MS);
      } catch (error) {
        if (!this.stopping.signal.aborted && !this.failing)
          log.warn(`sink ${sink.name}: cannot go on now, will try again: ${messageOf(error)}`);
        this.failing = true;
        idleMs = MAX_IDLE_MS;
      }
      if (idleMs > 0) await this.pause(idleMs);
    }
  }

  /** True while this worker has the lease. */
  private async lead(): Promise<boolean> {
    if (this.leads) return true;
    const { store, holder } = this.options;
    this.leads = await store.leases.acquire(this.consumer, holder, LEASE_MS, Date.now());
    if (!this.leads) return false;
    this.sending = new AbortController();
    this.renewal = setInterval(() => void this.renew(), LEASE_MS / 3);
    this.renewal.unref();
    return true;
  }

  private async renew(): Promise<void> {
    const { store, holder } = this.options;
    const renewed = await store.leases
      .renew(this.consumer, holder, LEASE_MS, Date.now())
      .catch(() => false);
    if (renewed) return;
    await this.follow();
  }

  /** Gives the lease back, or stops because it is lost. */
  private async follow(): Promise<void> {
    clearInterval(this.renewal);
    if (!this.leads) return;
    this.leads = false;
    this.sending.abort();
    const { store, holder } = this.options;
    await store.leases.release(this.consumer, holder).catch(() => false);
  }

  /** @returns whether there was anything to send */
  private async round(): Promise<boolean> {
    const { store, sink } = this.options;
    await this.resendDue();
    const after = await store.events.begin(this.consumer, Date.now());
    const { events, next } = await store.events.read({
      ...{ after, limit: PAGE },
      ...(sink.events ? { kinds: sink.events } : {}),
      ...(sink.project === undefined ? {} : { project: sink.project }),
    });
    for (const event of events) {
      if (!isOnLevel(sink.level, event)) continue; // the cursor passes it with what follows
      await this.deliver(event);
      await store.events.advance(this.consumer, event.position, Date.now());
    }
    if (next > after) await store.events.advance(this.consumer, next, Date.now());
    return events.length > 0;
  }

  /** Dead letters that somebody wants sent again. */
  private async resendDue(): Promise<void> {
    const { store, sink } = this.options;
    for (const { event } of await store.deadLetters.list({ sink: sink.name, due: true }))
      if (await this.deliver(event)) await store.deadLetters.remove(sink.name, event.id);
  }

  /**
   * @returns false when it was given up
   * @throws when the worker stops or loses the lease
   */
  private async deliver(event: ExecutionEvent): Promise<boolean> {
    const { sink, log } = this.options;
    for (let tries = 1; ; tries++) {
      this.assertGoingOn();
      const error = await this.send(event);
      if (error === undefined) return true;
      this.assertGoingOn();
      if (isHopeless(error) || tries >= sink.maxTries) {
        await this.giveUp(event, tries, messageOf(error));
        return false;
      }
      const asked = error instanceof DeliveryError ? (error.retryAfterMs ?? 0) : 0;
      const wait = waitTime(this.policy, tries, Math.random);
      log.debug(
        { sink: sink.name, eventId: event.id, tries },
        `sink ${sink.name}: ${messageOf(error)}`,
      );
      const over = AbortSignal.any([this.stopping.signal, this.sending.signal]);
      await this.pause(Math.max(wait, Math.min(asked, LONGEST_WAIT_MS)), over);
    }
  }

  private async giveUp(event: ExecutionEvent, tries: number, error: string): Promise<void> {
    const { store, log } = this.options;
    const sink = this.options.sink.name;
    const { id, event: name, executionId } = event;
    log.warn(
      { sink, eventId: id, executionId, tries },
      `sink ${sink} did not take ${name} of ${executionId}, it is a dead letter now: ${error}`,
    );
    await store.deadLetters.put({ sink, event, tries, error, at: Date.now() });
  }

  /** @returns what went wrong */
  private async send(event: ExecutionEvent): Promise<unknown> {
    const { sink, store, log, publicUrl } = this.options;
    try {
      const nodes = sink.kind === 'http' ? [] : await failedNodes(store, event);
      const question = await this.questionOf(event);
      const facts = { publicUrl, failedNodes: nodes, question };
      const { refused } = await this.sender.send(event, facts, this.sending.signal);
      if (refused)
        log.warn(
          { sink: sink.name, eventId: event.id, executionId: event.executionId },
          `sink ${sink.name}: ${event.event} of ${event.executionId} did not get to all: ${refused.join('; ')}`,
        );
      return undefined;
    } catch (error) {
      return error ?? new Error('no reason given');
    }
  }

  /** Programs ask for it themselves, and what they are sent has a fixed shape. */
  private async questionOf({ event, executionId }: ExecutionEvent) {
    const { sink, question } = this.options;
    if (event !== 'approvalRequested' || sink.kind === 'http') return undefined;
    return await question?.(executionId);
  }

  private assertGoingOn(): void {
    if (this.stopping.signal.aborted) throw new Error('the worker stops');
    if (!this.leads) throw new Error('another worker has taken over');
  }

  private async pause(ms: number, signal = this.stopping.signal): Promise<void> {
    await sleep(ms, undefined, { signal }).catch(() => undefined);
  }
}

/** It would end the same way however often it is tried. */
const isHopeless = (error: unknown): boolean =>
  error instanceof DeliveryError
    ? error.isFinal
    : error instanceof TaskError && error.code === 'CONFIGURATION';
