/** The seam of an attempt that ends elsewhere: handing it over, and taking it up again to end it. */
import { Context, getClient } from '@temporalio/activity';
import { TaskError } from '../domain/errors.js';
import type { Handover } from '../domain/handover.js';
import type { Json } from '../domain/json.js';
import {
  INLINE_LIMIT,
  withAttempt,
  type AttemptRecord,
  type HeartbeatDetails,
} from '../domain/outcome.js';
import type { NodeRequest } from '../workflows/requests.js';
import { attemptRecord, type Attempt } from './attempt.js';
import type { Deps } from './deps.js';
import type { Facts } from './facts.js';
import { storeValue } from './values.js';

/** What the pipeline gives of an attempt that goes on without its handler. */
export interface HandedOver {
  handedOver: true;
}

/**
 * Leaves behind what is needed to end the attempt, and waits until the server has it: whoever reports the end finds it.
 */
export async function handOver(
  deps: Deps,
  request: NodeRequest,
  attempt: Attempt,
  facts: Facts,
): Promise<HandedOver> {
  const { blobs } = deps;
  const small = { inline: INLINE_LIMIT, maxBytes: Infinity };
  const totalLeftMs = attempt.totalLeftMs();
  const { info } = Context.current();
  const artifacts = await facts.artifacts?.listed(request.inlineLimit);
  const handover: Handover = {
    request: await storeValue(blobs, request, small),
    input: await storeValue(blobs, facts.input, small),
    queue: info.taskQueue,
    at: Date.now(),
    enteredAt: attempt.enteredAt ?? attempt.startedAt,
    deadline: attempt.deadline,
    scheduledAt: attempt.scheduledAt,
    firstScheduledAt: attempt.firstScheduledAt,
    totalLeftMs: Number.isFinite(totalLeftMs) ? totalLeftMs : null,
    ...facts.collected,
    ...(facts.inputHash === undefined ? {} : { inputHash: facts.inputHash }),
    ...(artifacts ? { artifacts } : {}),
  };
  attempt.close(); // a later beat of its own would take the handover back
  attempt.handover = handover;
  // A beat that still waits in the SDK leaves when the activity is done, after ours: it has to say the same.
  attempt.beat();
  const { workflowExecution, activityId } = info;
  if (!workflowExecution) throw new TaskError('ENGINE', 'the activity belongs to no workflow');
  const { workflowId, runId } = workflowExecution;
  await getClient().activity.heartbeat({ workflowId, runId, activityId }, attempt.details());
  return { handedOver: true };
}

/** An attempt that was handed over, as the steps that end it see it. */
export class AttemptElsewhere {
  readonly number: number;
  readonly startedAt: number;
  readonly enteredAt: number;
  readonly deadline: number;
  readonly scheduledAt: number;
  readonly firstScheduledAt: number;
  readonly found: AttemptRecord[] = [];
  readonly signal: AbortSignal = new AbortController().signal;
  readonly progress: HeartbeatDetails['progress'];
  attempts: AttemptRecord[];
  executionTimeMs: number;
  checkpoint: Json | undefined;

  constructor(
    readonly request: NodeRequest,
    private readonly before: HeartbeatDetails,
    private readonly handover: Handover,
  ) {
    this.number = before.attempt;
    this.startedAt = Date.parse(before.startedAt);
    this.enteredAt = handover.enteredAt;
    this.deadline = handover.deadline;
    this.scheduledAt = handover.scheduledAt;
    this.firstScheduledAt = handover.firstScheduledAt;
    this.attempts = before.attempts;
    this.executionTimeMs = before.executionTimeMs;
    this.checkpoint = before.checkpoint;
    this.progress = before.progress;
  }

  /** What is left of `totalTimeout`, by the clocks of two workers. */
  totalLeftMs(): number {
    const { totalLeftMs, at } = this.handover;
    return (totalLeftMs ?? Infinity) - (Date.now() - at);
  }

  /** Writes its end into the history; its time counts until now. */
  record(
    outcome: AttemptRecord['outcome'],
    rest: Pick<AttemptRecord, 'error' | 'waitMs'> = {},
  ): void {
    const endedAt = Date.now();
    this.executionTimeMs += Math.max(0, endedAt - this.startedAt);
    this.attempts = withAttempt(this.attempts, attemptRecord(this, endedAt, outcome, rest));
  }

  /** What the next attempt finds: this one is over. */
  details(): HeartbeatDetails {
    const { handover: _handover, progress: _progress, ...rest } = this.before;
    const { attempts, executionTimeMs } = this;
    return { ...rest, attempts, executionTimeMs };
  }

  /** Nobody hears it: the handler has returned. */
  beat(): void {}

  tellProgress(): void {}
}
