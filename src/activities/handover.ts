/** The seam of an attempt that ends elsewhere: handing it over, and taking it up again to end it. */
import { Context, getClient } from '@temporalio/activity';
import {
  ActivityCancelledError,
  ActivityNotFoundError,
  ActivityPausedError,
  ActivityResetError,
  type Client,
} from '@temporalio/client';
import type { Handover } from '../domain/handover.js';
import type { Json } from '../domain/json.js';
import {
  withAttempt,
  type AttemptRecord,
  type HeartbeatDetails,
  type Value,
} from '../domain/outcome.js';
import type { NodeRequest } from '../workflows/requests.js';
import { attemptRecord, type Attempt } from './attempt.js';
import type { Deps } from './deps.js';
import type { Facts } from './facts.js';
import { storeValue } from './values.js';

/** What an end needs of an attempt, and nobody else looks at. */
export interface HandedWork {
  /** The node's request, as its worker got it. */
  request: NodeRequest;
  /** The input after pre hooks. */
  input: Json;
  inputHash?: string;
  warnings: string[];
  metrics: Record<string, number>;
  /** The list of what the handler kept beside its output. */
  artifacts?: Value;
}

/** The largest work that lies in the heartbeat itself, in bytes of JSON. */
const WORK_INLINE = 1_024;
/** When the handover is said again after the first time, in milliseconds. */
const SAY_AGAIN_MS = [200, 1_000, 3_000, 8_000];

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
  const totalLeftMs = attempt.totalLeftMs();
  const { info } = Context.current();
  const artifacts = await facts.artifacts?.listed(request.inlineLimit);
  const work: HandedWork = {
    request,
    input: facts.input,
    ...facts.collected,
    ...(facts.inputHash === undefined ? {} : { inputHash: facts.inputHash }),
    ...(artifacts ? { artifacts } : {}),
  };
  const handover: Handover = {
    work: await storeValue(blobs, work, { inline: WORK_INLINE, maxBytes: Infinity }),
    token: Buffer.from(info.taskToken).toString('base64'),
    activityAttempt: info.attempt,
    queue: info.taskQueue,
    at: Date.now(),
    enteredAt: attempt.enteredAt ?? attempt.startedAt,
    deadline: attempt.deadline,
    scheduledAt: attempt.scheduledAt,
    firstScheduledAt: attempt.firstScheduledAt,
    totalLeftMs: Number.isFinite(totalLeftMs) ? totalLeftMs : null,
  };
  attempt.close(); // a later beat of its own would take the handover back
  attempt.handover = handover;
  // A beat that still waits in the SDK leaves when the activity is done, after ours: it has to say the same.
  attempt.beat();
  const client = getClient();
  const details = attempt.details();
  try {
    await client.activity.heartbeat(tokenOf(handover), details);
  } catch (error) {
    // Over: what is said of it now, nobody takes. Asked to stop: the handover is stored, and its end answers.
    if (error instanceof ActivityNotFoundError) return { handedOver: true };
    if (!isAskedToStop(error) && !isInterrupted(error)) throw error;
  }
  sayAgain(client, handover, details);
  return { handedOver: true };
}

/**
 * An older beat may still be on its way and come after the handover, which would be lost: it is said again until none
 * can be. In the background; nothing waits for it, and no process lives on for it.
 */
function sayAgain(client: Client, handover: Handover, details: HeartbeatDetails): void {
  const timers = SAY_AGAIN_MS.map((afterMs) => setTimeout(() => void say(), afterMs).unref());
  const say = async (): Promise<void> => {
    try {
      await client.activity.heartbeat(tokenOf(handover), details);
    } catch (error) {
      // Asked to stop or paused, it has been stored; unreachable, the next one may get through.
      if (error instanceof ActivityNotFoundError) timers.forEach(clearTimeout);
    }
  };
}

/** By what the server knows an attempt that was handed over. */
export function tokenOf({ token }: Pick<Handover, 'token'>): Uint8Array {
  return Buffer.from(token, 'base64');
}

/** What a beat is answered that was stored: the node is cancelled, or paused hard. */
export function isAskedToStop(error: unknown): boolean {
  return error instanceof ActivityCancelledError;
}

/** The same where an operator has paused or reset the activity. */
export function isInterrupted(error: unknown): boolean {
  return error instanceof ActivityPausedError || error instanceof ActivityResetError;
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
    // An end that was written down and never came to be: it is told anew.
    const told = before.attempts.find((known) => known.attempt === this.number);
    const toldMs = told?.endedAt === undefined ? 0 : Date.parse(told.endedAt) - this.startedAt;
    this.attempts = before.attempts.filter((known) => known !== told);
    this.executionTimeMs = before.executionTimeMs - Math.max(0, toldMs);
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

  /** By what the server knows it. */
  get token(): Uint8Array {
    return tokenOf(this.handover);
  }

  /** What the next attempt finds. The handover stays, so that it can be ended until the server has taken the end. */
  details(): HeartbeatDetails {
    const { progress: _progress, ...rest } = this.before;
    const { attempts, executionTimeMs } = this;
    return { ...rest, attempts, executionTimeMs };
  }

  /** Nobody hears it: the handler has returned. */
  beat(): void {}

  tellProgress(): void {}
}
