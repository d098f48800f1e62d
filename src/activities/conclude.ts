/** How an attempt ends: what was thrown becomes another attempt or an outcome, and an outcome gets its post hooks and its row. */
import { CancelledFailure } from '@temporalio/common';
import { messageOf, TaskError } from '../domain/errors.js';
import type { ActivityOutcome, NodeOutcome } from '../domain/outcome.js';
import { StoppedError } from '../runners/runner.js';
import type { NodeRequest } from '../workflows/requests.js';
import type { Attempt } from './attempt.js';
import { AttemptRows, type RowAttempt } from './attempt-rows.js';
import type { Deps } from './deps.js';
import { held, outcomeOf, tellOfRetry } from './ends.js';
import type { Facts } from './facts.js';
import { finalFailure, recordError, retryFailure } from './failure.js';
import { hasPostHooks, runPostHooks, type HookSubject } from './hooks.js';
import type { NodeLogger } from './node-log.js';
import { attemptOutcome, judge } from './verdict.js';

/** Decides what a failed attempt means: another one (the server's, or ours after a hold), or the end. */
export async function conclude(
  deps: Deps,
  request: NodeRequest,
  attempt: Attempt,
  facts: Facts,
  log: NodeLogger,
  thrown: unknown,
): Promise<ActivityOutcome> {
  await listLeft(facts, request, log);
  const reason = attempt.abortReason;
  if (reason === 'workerShutdown' || reason === 'slow') return toRunElsewhere(attempt, log, reason);
  if (reason === 'interrupted') return interrupted(attempt);
  if (reason === 'cancelled') return cancelled(request, attempt, facts, log);
  const cause = reason === 'timeout' ? timedOut(attempt, thrown) : thrown;
  const added = await deps.errorLists.of(request.execution.project);
  const verdict = judge(request, attempt, facts, log, cause, added, deps.classifyError);
  const { error } = verdict;
  if (verdict.retry && verdict.setups !== undefined) {
    await facts.passage?.notPrepared(error, cause);
    log.notPrepared(error, verdict.waitMs, verdict.setups);
    return {
      ...held(attempt, 'retry', verdict.waitMs, { counted: false, error }),
      setups: verdict.setups,
    };
  }
  await facts.passage?.failed(error, cause);
  attempt.record(verdict.retry ? attemptOutcome(error) : verdict.status, {
    error: { code: error.code, message: error.message.slice(0, 200) },
    ...(verdict.retry ? { waitMs: verdict.waitMs } : {}),
  });
  // Nobody knows how far it came: the workflow has somebody say.
  if (request.holdUnknown && error.code === 'TIMEOUT')
    return held(attempt, 'unknown', 0, { counted: true, error });
  if (!verdict.retry) {
    const outcome = outcomeOf(request, attempt, facts, { status: verdict.status, error });
    log.failed(outcome.status, error);
    throw finalFailure(await finish(deps, request, attempt, facts, log, outcome));
  }
  await tellOfRetry(facts.task, cause, attempt.number, verdict.waitMs, log);
  log.retrying(error, verdict.waitMs, verdict.maxRetries);
  new AttemptRows(deps, request, attempt, facts).retrying(verdict.waitMs, error);
  if (verdict.waitMs > request.serverWaitsMs)
    return held(attempt, 'retry', verdict.waitMs, { counted: true, error });
  attempt.beat(); // the history travels to the next attempt
  throw retryFailure(error, verdict.waitMs);
}

/** It was stopped for what is no fault of its own: the attempt does not count. */
function toRunElsewhere(
  attempt: Attempt,
  log: NodeLogger,
  reason: 'workerShutdown' | 'slow',
): ActivityOutcome {
  attempt.record('CANCELLED', {
    error:
      reason === 'slow'
        ? { code: 'SLOW', message: 'it takes too long to run with others' }
        : { code: 'WORKER_SHUTDOWN', message: 'the worker shut down' },
  });
  log.transition('RUNNING', 'PENDING', reason === 'slow' ? 'queue' : 'worker_lost');
  return held(attempt, 'retry', 0, { counted: false });
}

/** What an attempt that failed had kept until then. A store that does not answer must not hide why it failed. */
async function listLeft(facts: Facts, request: NodeRequest, log: NodeLogger): Promise<void> {
  try {
    const listed = await facts.artifacts?.listed(request.inlineLimit);
    if (listed) facts.listed = listed;
  } catch (error) {
    log.warn(`its artifacts are not listed: ${messageOf(error)}`);
  }
}

/** An operator paused or reset the activity: no end of the node, so no hooks; the server says when it goes on. */
function interrupted(attempt: Attempt): never {
  const error = recordError(
    new TaskError('ENGINE', 'paused or reset by an operator'),
    true,
    attempt.number,
  );
  attempt.record('CANCELLED', { error: { code: 'INTERRUPTED', message: error.message } });
  attempt.beat();
  throw retryFailure({ ...error, code: 'INTERRUPTED' }, 1);
}

function timedOut({ bound, request }: Attempt, thrown: unknown): TaskError {
  const how = thrown instanceof StoppedError ? thrown.message : 'the handler stopped when asked';
  const when = {
    timeout: `within ${request.timeoutMs} ms`,
    totalTimeout: 'when totalTimeout had passed',
    deadline: 'at the deadline of its graph',
  };
  return new TaskError('TIMEOUT', `not done ${when[bound]}; ${how}`, { cause: thrown });
}

/** Perhaps only a pause: the workflow knows, and has `settle` run the post hooks where it is the end. */
function cancelled(request: NodeRequest, attempt: Attempt, facts: Facts, log: NodeLogger): never {
  attempt.record('CANCELLED');
  const error = recordError(
    new TaskError('CANCELLED', 'cancelled while running'),
    false,
    attempt.number,
  );
  const outcome = outcomeOf(request, attempt, facts, { status: 'CANCELLED', error });
  log.transition(attempt.phase, 'CANCELLED', 'cancelled');
  const { checkpoint } = attempt;
  throw new CancelledFailure('cancelled', [
    { ...outcome, ...(checkpoint === undefined ? {} : { checkpoint }) },
  ]);
}

/** An attempt that was the last, as what follows it sees it. */
type LastAttempt = RowAttempt & Pick<Attempt, 'signal' | 'deadline' | 'abortReason'>;

/** Post hooks, then the store: the last two steps of an attempt that was the last. */
export async function finish(
  deps: Deps,
  request: NodeRequest,
  attempt: LastAttempt,
  facts: Facts,
  log: NodeLogger,
  outcome: NodeOutcome,
): Promise<NodeOutcome> {
  const subject = subjectOf(facts, request, attempt, log);
  const final = await withPostHooks(deps, attempt, subject, outcome);
  const rows = new AttemptRows(deps, request, attempt, facts);
  // A lone task that is done although its execution is being cancelled: how that ends only the workflow knows.
  if (request.execution.kind === 'task' && attempt.abortReason === 'cancelled') return final;
  return final.hooksDone && rows.ended(final) ? { ...final, recorded: true } : final;
}

/** Time that is kept back from post hooks, so that the outcome still reaches the server. */
const HOOK_MARGIN_MS = 300;
/** With less than this none is begun: one that is cut off is called once more, by `settle`. */
const HOOK_LEAST_MS = 100;

/**
 * The outcome after its post hooks. Hooks that the attempt's time does not suffice for are left to `settle`: they must
 * not turn an outcome that is known into a time-out. None is begun where its time is as good as over: after a time-out
 * they were begun, cut off and called once more. Never throws.
 */
export async function withPostHooks(
  deps: Deps,
  attempt: LastAttempt,
  subject: HookSubject,
  outcome: NodeOutcome,
): Promise<NodeOutcome> {
  const neverStarted = outcome.status === 'SKIPPED';
  const leftMs = attempt.deadline - Date.now() - HOOK_MARGIN_MS;
  const isOver = leftMs < HOOK_LEAST_MS || attempt.abortReason === 'timeout';
  let timer: NodeJS.Timeout | undefined;
  try {
    if (!hasPostHooks(deps, subject, neverStarted)) return { ...outcome, hooksDone: true };
    if (isOver) return outcome;
    const left = new Promise<undefined>((resolve) => {
      timer = setTimeout(() => resolve(undefined), Math.min(leftMs, 2 ** 31 - 1));
    });
    const hooks = runPostHooks(deps, subject, outcome, neverStarted);
    const failures = await Promise.race([hooks, left]);
    if (!failures) return outcome;
    const warnings = [...(outcome.warnings ?? []), ...failures];
    return { ...outcome, hooksDone: true, ...(warnings.length > 0 ? { warnings } : {}) };
  } catch (error) {
    subject.log.warn(`post hooks are left to settle: ${messageOf(error)}`);
    return outcome;
  } finally {
    clearTimeout(timer);
  }
}

export function subjectOf(
  facts: Facts,
  request: NodeRequest,
  attempt: LastAttempt,
  log: NodeLogger,
): HookSubject {
  return {
    request,
    attempt: attempt.number,
    input: facts.input,
    metadata: facts.metadata,
    log,
    signal: attempt.signal,
  };
}
