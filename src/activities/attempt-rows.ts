/** What an attempt tells the store while it goes on. */
import { splitMark } from '../domain/catalogue-mark.js';
import { shortJson, type Json, type JsonObject } from '../domain/json.js';
import { INLINE_LIMIT, type NodeOutcome } from '../domain/outcome.js';
import { PRIORITY_KEY } from '../domain/priority.js';
import type { Progress } from '../domain/progress.js';
import { retriesOfLost } from '../domain/status-history.js';
import { END, nodeIdentity, nodeRow, taskIdOf } from '../observe/projection.js';
import type { ExecutionWrite, StatusEntry } from '../store/execution-row.js';
import type { NodeRequest } from '../workflows/requests.js';
import type { NodeView } from '../workflows/messages.js';
import type { Attempt } from './attempt.js';
import type { Deps } from './deps.js';
import type { Facts } from './facts.js';

export type RowAttempt = Pick<
  Attempt,
  | 'number'
  | 'startedAt'
  | 'enteredAt'
  | 'scheduledAt'
  | 'firstScheduledAt'
  | 'attempts'
  | 'progress'
>;

/** A value as JSON where it is small enough to stand in the store. */
export const inlineText = (value: Json): string | undefined => shortJson(value, INLINE_LIMIT);

export class AttemptRows {
  constructor(
    private readonly deps: Deps,
    private readonly request: NodeRequest,
    private readonly attempt: RowAttempt,
    private readonly facts: Facts,
  ) {}

  /** Its handler is entered. */
  running(): void {
    const { recorder } = this.deps;
    if (!recorder) return;
    const sequence = recorder.next();
    this.facts.begun = recorder.draft(() => this.write(this.begun(), sequence));
  }

  private begun(): Partial<ExecutionWrite> {
    const { attempt } = this;
    return {
      status: 'RUNNING',
      reason: null,
      attempts: attempt.number,
      nextRetryAt: null,
      progress: null,
      ...this.inputs(),
      ...(attempt.number === 1
        ? {
            startedAt: attempt.startedAt,
            waitMs: Math.max(0, attempt.startedAt - attempt.scheduledAt),
          }
        : {}),
      statusHistory: [
        ...(attempt.number === 1
          ? [{ status: 'SCHEDULED' as const, at: attempt.scheduledAt, reason: 'queue' }]
          : []),
        ...this.lost(),
        { status: 'PREPARING', at: attempt.startedAt, attempt: attempt.number },
        { status: 'RUNNING', at: attempt.enteredAt ?? attempt.startedAt, attempt: attempt.number },
      ],
    };
  }

  /** The lost attempts before it: nobody told of their ends. */
  private lost(): StatusEntry[] {
    const { attempts, number } = this.attempt;
    const lost = retriesOfLost(attempts.filter(({ attempt }) => attempt < number));
    return lost.map((one) => ({ ...one, at: Date.parse(one.at) }));
  }

  /** How far its handler is. */
  progress(progress: Progress): void {
    this.record({ progress: { ...progress } });
  }

  /** It failed, and another follows. */
  retrying(waitMs: number, error: NodeOutcome['error']): void {
    const { endedAt } = this.attempt.attempts.at(-1) ?? {};
    const now = endedAt === undefined ? Date.now() : Date.parse(endedAt);
    this.record({
      status: 'RETRYING',
      reason: 'retry',
      attempts: this.attempt.number,
      nextRetryAt: now + waitMs,
      error: error ?? null,
      statusHistory: [
        { status: 'RETRYING', at: now, attempt: this.attempt.number, reason: 'retry' },
      ],
    });
  }

  /** Its handler was not entered: it is looked at again later. */
  held(reason: 'circuit' | 'coalesced', waitMs: number): void {
    const now = Date.now();
    this.record({
      status: 'PENDING',
      reason,
      nextRetryAt: now + waitMs,
      statusHistory: [{ status: 'PENDING', at: now, reason }],
    });
  }

  /** It was the last. @returns true when it is on its way into the store */
  ended(outcome: NodeOutcome): boolean {
    const { deps, request, attempt } = this;
    if (!deps.recorder) return false;
    this.facts.begun?.withdraw();
    const { attempts, attemptCount, ...rest } = outcome;
    const endedAt = Date.now();
    const first = attempts[0] ? Date.parse(attempts[0].startedAt) : attempt.startedAt;
    const iso = (time: number): string => new Date(time).toISOString();
    const view: NodeView = {
      ...rest,
      id: request.node.id,
      task: request.node.task,
      attempts: attemptCount,
      maxRetries: request.retry.maxRetries,
      ...(request.priority ? { priority: request.priority } : {}),
      attemptHistory: attempts,
      scheduledAt: iso(Math.min(attempt.firstScheduledAt, first)),
      startedAt: iso(first),
      endedAt: iso(endedAt),
      durationMs: endedAt - first,
    };
    const { run } = request.execution;
    deps.recorder.record({
      ...nodeRow(request.execution, view, iso(run.startedAt), END.attempt(attempt.number)),
      progress: attempt.progress ? { ...attempt.progress } : null,
      ...this.inputs(),
    });
    return true;
  }

  /** The input after hooks, where it is small, and what was said of the node. */
  private inputs(): Partial<ExecutionWrite> {
    const { inputText, metadata } = this.facts;
    const { mark, rest } = splitMark(metadata as JsonObject & { tags?: unknown });
    const { tags, ...own } = rest;
    return {
      ...(inputText === undefined ? {} : { input: { json: JSON.parse(inputText) as Json } }),
      ...(Object.keys(own).length > 0 ? { metadata: own } : {}),
      ...(mark ? { catalogueTaskId: mark.id, catalogueTaskVersion: mark.version } : {}),
      ...(Array.isArray(tags) ? { tags: tags as string[] } : {}),
    };
  }

  private record(write: Partial<ExecutionWrite>): void {
    const { recorder } = this.deps;
    recorder?.record(this.write(write, recorder.next()));
  }

  private write(said: Partial<ExecutionWrite>, sequence: number): ExecutionWrite {
    const { execution, node, retry, priority = 'MEDIUM' } = this.request;
    return {
      ...nodeIdentity(execution, node.id),
      taskId: taskIdOf(execution, node.task),
      taskVersion: node.taskVersion,
      maxRetries: retry.maxRetries,
      priority: PRIORITY_KEY[priority],
      ...said,
      sequence,
    };
  }
}
