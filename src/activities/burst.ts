/**
 * Runs light nodes together, each through the same pipeline as in an activity of its own.
 *
 * R1. What has ended travels in the heartbeat: where the worker is lost, the next attempt runs the rest.
 * R2. After half a second nothing more begins, after 1.5 s what runs is asked to stop: it goes on as an activity of its
 *     own. Code that does not listen is waited for.
 * R3. A failed attempt gives its place back with the wait before the next one, which is an activity of its own too.
 */
import { setMaxListeners } from 'node:events';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Context } from '@temporalio/activity';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { BURST_BEGINS_MS, BURST_BYTES, BURST_RUNS_MS, BurstSchedule } from '../domain/burst.js';
import { jsonBytes, setOwn } from '../domain/json.js';
import {
  again,
  isHeld,
  isOutcome,
  leftBy,
  type ActivityOutcome,
  type NodeOutcome,
} from '../domain/outcome.js';
import { nodeRequest } from '../workflows/node-request.js';
import type {
  BurstNode,
  BurstRequest,
  BurstResult,
  NodeRequest,
  Upstream,
} from '../workflows/requests.js';
import { ownActivity, type AbortReason, type AttemptHost } from './attempt.js';
import type { Deps } from './deps.js';
import { runNode } from './pipeline.js';

const BEAT_MS = 1_000;
/** Bytes of all that a burst gives: a payload has at most 2 MB. */
const RESULT_BYTES = 1_500_000;
/** Nodes that never wait would keep the event loop for themselves. */
const TURN_MS = 20;

export async function runBurst(deps: Deps, request: BurstRequest): Promise<BurstResult> {
  return await new BurstRun(deps, request, ownActivity()).run();
}

class BurstRun {
  private readonly results: BurstResult;
  private readonly schedule: BurstSchedule;
  private readonly stopping = new AbortController();
  private stopReason: AbortReason = 'cancelled';
  /** When each node that has ended did, and what it gives to those that read it. */
  private readonly endedAt = new Map<number, number>();
  private readonly gave = new Map<string, Upstream>();
  private readonly begunAt = performance.now();
  private readonly beginsUntil = this.begunAt + BURST_BEGINS_MS;
  private turnUntil = performance.now() + TURN_MS;
  private bytes = 0;
  private isOver = false;
  private finished = (): void => undefined;

  constructor(
    private readonly deps: Deps,
    private readonly request: BurstRequest,
    private readonly host: AttemptHost,
  ) {
    setMaxListeners(0, this.stopping.signal); // each of its attempts listens
    const { heartbeatDetails: before } = host;
    this.results = Array.isArray(before) ? [...(before as BurstResult)] : [];
    for (const [position, outcome] of this.results)
      this.note(position, outcome, jsonBytes(outcome));
    const waitsFor = request.nodes.map((node) => node.waitsFor);
    this.schedule = new BurstSchedule(waitsFor, request.places, this.results);
  }

  async run(): Promise<BurstResult> {
    const { host } = this;
    const context = Context.current();
    const beat = setInterval(() => context.heartbeat(this.results), BEAT_MS);
    const slow = setTimeout(() => this.stop('slow'), BURST_RUNS_MS);
    const onStop = (): void => this.stop(host.stopReason());
    host.stopping.addEventListener('abort', onStop, { once: true });
    if (host.stopping.aborted) onStop();
    try {
      await new Promise<void>((resolve) => {
        this.finished = resolve;
        this.pump();
      });
      return this.results;
    } finally {
      clearInterval(beat);
      clearTimeout(slow);
      host.stopping.removeEventListener('abort', onStop);
    }
  }

  private stop(reason: AbortReason): void {
    if (this.stopping.signal.aborted) return;
    this.stopReason = reason;
    this.stopping.abort();
  }

  private get mayBegin(): boolean {
    return (
      !this.isOver &&
      !this.stopping.signal.aborted &&
      this.bytes < BURST_BYTES &&
      performance.now() < this.beginsUntil
    );
  }

  private pump(): void {
    while (this.mayBegin) {
      const next = this.schedule.take();
      if (next === undefined) break;
      void this.begin(next);
    }
    if (!this.schedule.isRunning) this.finished();
  }

  private async begin(position: number): Promise<void> {
    const { node, host } = this.of(position);
    // It was interrupted, or its pipeline failed: it runs as an activity of its own, where the server sees to that.
    const outcome = await this.outcomeOf(node, host).catch(() => again(node.order.round));
    this.ended(position, outcome);
    if (performance.now() > this.turnUntil) {
      await nextTurn();
      this.turnUntil = performance.now() + TURN_MS;
    }
    this.pump();
  }

  private ended(position: number, found: ActivityOutcome): void {
    // Checkpoints and warnings of many may come to more than a payload holds: then the node runs by itself, once more.
    const bytes = jsonBytes(found);
    const fits = this.bytes + bytes <= RESULT_BYTES;
    const outcome = fits ? found : again(this.request.nodes[position]?.order.round);
    this.results.push([position, outcome]);
    this.schedule.ended(position, outcome);
    this.note(position, outcome, fits ? bytes : jsonBytes(outcome));
  }

  private of(position: number): { node: BurstNode; host: AttemptHost } {
    const node = this.request.nodes[position] as BurstNode;
    // By the clock that its own start is told by; what waits for none was handed over by the server's.
    const since = node.waitsFor.map((other) => this.endedAt.get(other) ?? 0);
    const scheduledAt = since.length > 0 ? Math.max(...since) : this.host.scheduledAt;
    return {
      node,
      host: {
        ...{ attempt: 1, firstScheduledAt: scheduledAt, scheduledAt },
        ...{ heartbeatDetails: undefined, beat: undefined },
        stopping: this.stopping.signal,
        stopReason: () => this.stopReason,
      },
    };
  }

  private note(position: number, outcome: ActivityOutcome, bytes: number): void {
    this.bytes += bytes;
    if (this.request.failFast && !isGood(outcome)) this.isOver = true;
    this.endedAt.set(position, Date.now());
    const node = this.request.nodes[position];
    if (!node || !('status' in outcome)) return;
    this.gave.set(node.order.id, leftBy(outcome.status, outcome));
  }

  private async outcomeOf(node: BurstNode, host: AttemptHost): Promise<ActivityOutcome> {
    const request = this.requestOf(node);
    try {
      return await runNode(this.deps, request, host);
    } catch (error) {
      const outcome = envelopeOf(error);
      if (outcome) return outcome;
      throw error;
    }
  }

  private requestOf({ order, reads: inside = [] }: BurstNode): NodeRequest {
    const { context, classes, nodes } = this.request;
    const found = classes[order.class];
    if (!found) throw new RangeError(`node ${order.id} has no class`);
    const reads: Record<string, Upstream> = { ...order.reads };
    for (const other of inside) {
      const id = nodes[other]?.order.id ?? '';
      const upstream = this.gave.get(id);
      if (upstream) setOwn(reads, id, upstream);
    }
    const own = { ...order, ...(order.reads ? { reads } : {}) };
    return nodeRequest(context, found, own, this.now());
  }

  /** On the clock of what was handed over: this worker's may be another. */
  private now(): number {
    const { scheduledAt, firstScheduledAt } = this.host;
    const before = scheduledAt - firstScheduledAt;
    return Math.round(this.request.handedAt + before + performance.now() - this.begunAt);
  }
}

const isGood = (outcome: ActivityOutcome): boolean =>
  !('status' in outcome) || outcome.status === 'COMPLETED' || outcome.status === 'SKIPPED';

/** What the pipeline throws where the attempt of an activity is to fail. */
function envelopeOf(error: unknown): NodeOutcome | undefined {
  const thrown = error instanceof ApplicationFailure || error instanceof CancelledFailure;
  const details: unknown = thrown ? error.details?.[0] : undefined;
  return isOutcome(details) && !isHeld(details) ? details : undefined;
}
