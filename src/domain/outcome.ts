/**
 * How a node ended, or why it gave its place back: what the pipeline hands to the workflow. An envelope, never a large
 * value: outputs over the inline limit travel by reference.
 */
import type { Isolation } from './choose-runner.js';
import type { ErrorRecord } from './errors.js';
import type { Handover } from './handover.js';
import { isObject, type Json } from './json.js';
import type { Progress } from './progress.js';
import type { Status, StatusReason, TerminalStatus } from './status.js';

/** A JSON value, either here or in the blob store. */
export type Value = { json: Json } | { ref: string; bytes: number };

/** The largest output that stays in the envelope, in bytes of JSON. Larger ones go by reference. */
export const INLINE_LIMIT = 4_096;
/** The same where the coordinator of a big graph has to carry every envelope. */
export const INLINE_LIMIT_SEGMENT = 128;

/** One try of a node. */
export interface AttemptRecord {
  /** From 1, over all of the node's activities. */
  attempt: number;
  /** ISO times of the worker's clock. */
  startedAt: string;
  /** When its handler was entered, after pre hooks and input check. */
  enteredAt?: string;
  endedAt?: string;
  outcome:
    'COMPLETED' | 'FAILED' | 'TIMEOUT' | 'WORKER_LOST' | 'CANCELLED' | 'REJECTED' | 'RUNNING';
  error?: { code: string; message: string };
  worker?: string;
  /** The wait that followed, in milliseconds. */
  waitMs?: number;
}

/** Attempts that are kept in full; older ones are only counted. */
export const KEPT_ATTEMPTS = 20;

/** A node's end. */
export interface NodeOutcome {
  status: TerminalStatus;
  reason?: StatusReason;
  output?: Value;
  error?: ErrorRecord;
  warnings?: string[];
  /** SHA-256 of the canonical JSON of the input after hooks, and of the output. */
  inputHash?: string;
  outputHash?: string;
  taskVersion?: string;
  /** The last {@link KEPT_ATTEMPTS} attempts, oldest first. */
  attempts: AttemptRecord[];
  /** How many attempts there were in all. */
  attemptCount: number;
  /** The sum of the attempts' run times. */
  executionTimeMs: number;
  metrics?: Record<string, number>;
  /** Where it ran, where that was not in the worker itself. */
  environment?: RunEnvironment;
  /** The list of what the last attempt kept beside its output. */
  artifacts?: Value;
  /** The pipeline has run the post hooks; the workflow need not. */
  hooksDone?: true;
  /** Its end is on its way into the store. */
  recorded?: true;
  /** The output is one that was kept; its handler was not entered. */
  cached?: true;
  /** Of a look whether a lost attempt did its work: that it did. */
  verified?: boolean;
  /** Its output is what it gave in an earlier execution; its handler was not entered. */
  reused?: Reused;
  /** Of a sub-graph or a map: how its nodes, or items, ended. */
  below?: BelowEnd;
  /** Its work is done: `output` is what its task gave, and the result is still to be made of that. */
  unmade?: UnmadeResult;
  /** CANCELLED: the last value that the attempt saved, to go on from after a pause. */
  checkpoint?: Json;
}

/** What is needed to make a result of what a task gave, beside its outcome. */
export interface UnmadeResult {
  /** The input after hooks. */
  input: Value;
  /** When its attempt was scheduled, and the first of all, epoch milliseconds on the server's clock. */
  scheduledAt: number;
  firstScheduledAt: number;
}

/** Where an attempt ran: document 004's `executionMetadata`. */
export interface RunEnvironment {
  /** The process, container or function. */
  id: string;
  runner: Isolation;
  /** ISO times of the worker's clock. */
  startTime: string;
  endTime: string;
  durationMs: number;
  /** What was really in force, by aspect: `{ memory: 'cgroup1', network: 'none' }`. */
  enforced: Readonly<Record<string, string>>;
}

/** How an execution below a node ended. */
export interface BelowEnd {
  counts: Partial<Record<Status, number>>;
  /** Where its manifest lies, and the spec that it ran. */
  manifest?: string;
  spec?: string;
}

/** What was kept of an earlier execution. */
export interface Reused {
  /** The execution that did the work. */
  executionId: string;
  /** It came to nothing and left this done: to undo it is for the execution that keeps it. */
  owed?: true;
}

/** Why an activity ended without an end of its node. */
export type HoldReason =
  'retry' | 'no_handler' | 'paused' | 'circuit' | 'coalesced' | 'looked' | 'unknown';

/** A node gives its place back until a time. No failure: the attempts so far are counted, nothing is lost. */
export interface HeldOutcome {
  held: HoldReason;
  /** How long to wait: relative, since the worker's clock is not the server's. */
  waitMs: number;
  /** Attempts whose handler was entered. */
  attemptsUsed: number;
  attempts: AttemptRecord[];
  executionTimeMs: number;
  checkpoint?: Json;
  error?: ErrorRecord;
  /** How often its environment could not be prepared, in a row. */
  setups?: number;
}

export type ActivityOutcome = NodeOutcome | HeldOutcome;

/**
 * What a stopped attempt means for a node that is only paused: it goes on later, and the attempt is not counted.
 *
 * @param how `end`: the node ends as a person said, and the attempt stays in its history
 */
export function heldByPause(stopped: NodeOutcome, how: 'pause' | 'end' = 'pause'): HeldOutcome {
  const { attempts, attemptCount, executionTimeMs, checkpoint } = stopped;
  const last = attempts.at(-1);
  const counts = how === 'end' || last?.outcome !== 'CANCELLED' || last.attempt !== attemptCount;
  return {
    held: 'paused',
    waitMs: 0,
    attemptsUsed: counts ? attemptCount : attemptCount - 1,
    attempts: counts ? attempts : attempts.slice(0, -1),
    executionTimeMs,
    ...(checkpoint === undefined ? {} : { checkpoint }),
  };
}

/** What a node has behind it, as far as the server and its last heartbeat say. */
export interface Spent {
  /** Attempts of this activity. */
  attempts: number;
  history: AttemptRecord[];
  executionTimeMs: number;
  checkpoint?: Json;
}

/**
 * An activity that is cancelled while it waits for its next attempt brings nothing of those before.
 *
 * @param before attempts that earlier activities of the node have used
 */
export function withSpent(outcome: NodeOutcome, spent: Spent, before: number): NodeOutcome {
  if (outcome.attempts.length > 0) return outcome; // it has started meanwhile, and says so itself
  const { attempts, history, executionTimeMs, checkpoint } = spent;
  return {
    ...{ ...outcome, attempts: history, attemptCount: before + attempts, executionTimeMs },
    ...(checkpoint === undefined ? {} : { checkpoint }),
  };
}

/** What a node has behind it that was given back. */
type Behind = Pick<HeldOutcome, 'attempts' | 'attemptsUsed' | 'executionTimeMs'>;

/** The end of a node of which no more runs: what is behind it stays. */
export function unrun(
  { attempts, attemptsUsed, executionTimeMs }: Behind = NOTHING,
  status: TerminalStatus,
  reason?: StatusReason,
): NodeOutcome {
  return {
    ...{ status, attempts, attemptCount: attemptsUsed, executionTimeMs },
    ...(reason ? { reason } : {}),
  };
}

const NOTHING: Behind = { attempts: [], attemptsUsed: 0, executionTimeMs: 0 };

/** The end of a node that was refused before anything of it ran. */
export function refusal(message: string): NodeOutcome {
  const error = { code: 'SPEC_INVALID', message, origin: 'engine', retriable: false } as const;
  return { status: 'REJECTED', attempts: [], attemptCount: 0, executionTimeMs: 0, error };
}

/** A node that was handed over with others, and has not begun: nothing has changed for it. */
export interface Left {
  left: true;
}

/** A node that was lent begins now: its turn came where what it waited for had ended, and it had a place. */
export interface Begun {
  begun: true;
  /** When, epoch milliseconds; absent where it was when the last of those ended that it waited for. */
  at?: number;
}

/** A node has done its work, and its result is made meanwhile. */
export interface Passed {
  passed: NodeOutcome;
}

/** The end of a node that has done its work and whose result was not made: its output is what its task gave. */
export function withoutResult(done: NodeOutcome, why: string): NodeOutcome {
  const message = `the result was not made, and the output is what the task gave: ${why}`;
  return { ...done, warnings: [...(done.warnings ?? []), message.slice(0, 500)] };
}

/** What a node that others read has left for them, and nothing more. */
export function leftBy<S extends Status>(
  status: S,
  { output, artifacts }: Pick<NodeOutcome, 'output' | 'artifacts'> = {},
): { status: S; output?: Value; artifacts?: Value } {
  return { status, ...(output ? { output } : {}), ...(artifacts ? { artifacts } : {}) };
}

/** True for what has the shape of an outcome: whoever answers for an activity may be anybody. */
export function isOutcome(value: unknown): value is ActivityOutcome {
  if (!isObject(value) || !Array.isArray(value['attempts'])) return false;
  return typeof value['status'] === 'string' || typeof value['held'] === 'string';
}

/** A node begins once more, at once, with what is behind it: no attempt is spent. */
export const again = (behind: Behind = NOTHING): HeldOutcome => ({
  ...{ held: 'retry', waitMs: 0 },
  attemptsUsed: behind.attemptsUsed,
  attempts: behind.attempts,
  executionTimeMs: behind.executionTimeMs,
});

/** True for an outcome that is no end. */
export function isHeld(outcome: ActivityOutcome): outcome is HeldOutcome {
  return 'held' in outcome;
}

/** The attempts with one more, the oldest dropped where there are too many. */
export function withAttempt(
  attempts: readonly AttemptRecord[],
  next: AttemptRecord,
): AttemptRecord[] {
  const others = attempts.filter((other) => other.attempt !== next.attempt);
  return [...others, next].slice(-KEPT_ATTEMPTS);
}

/** What travels in an activity's heartbeat: the next attempt, and whoever asks, finds it there. */
export interface HeartbeatDetails {
  phase: 'PREPARING' | 'RUNNING';
  attempt: number;
  startedAt: string;
  attempts: AttemptRecord[];
  executionTimeMs: number;
  lostWorkers: number;
  checkpoint?: Json;
  /** What this attempt last said of how far it is. */
  progress?: Progress;
  /** Its handler has returned, and its end is reported from elsewhere. */
  handover?: Handover;
}
