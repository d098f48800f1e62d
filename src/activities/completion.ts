/**
 * Ends attempts that were handed over, with what is reported from elsewhere: the same checks, retries, circuits, kept
 * results and rows as where a handler ends. Post hooks are left to `settle`: only once the server has taken the end is it one.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { getClient } from '@temporalio/activity';
import { ActivityNotFoundError } from '@temporalio/client';
import type { ApplicationFailure } from '@temporalio/common';
import type { ErrorRecord } from '../domain/errors.js';
import { messageOf, TaskError } from '../domain/errors.js';
import type { ReportedError } from '../domain/handover.js';
import type { Json } from '../domain/json.js';
import type { HeldOutcome, NodeOutcome } from '../domain/outcome.js';
import { pendingAttempt, type PendingAttempt } from '../observe/handed-over.js';
import type { RegisteredTask } from '../registry.js';
import type { EndAnswer, EndRequest } from '../workflows/asks.js';
import type { NodeRequest } from '../workflows/requests.js';
import { Artifacts, listMore } from './artifacts.js';
import { readArtifact } from './input-artifacts.js';
import { measureAttempt } from './attempt-metrics.js';
import { AttemptRows, inlineText } from './attempt-rows.js';
import { keepReported } from './cached.js';
import { reportElsewhere } from './circuits.js';
import { makeContext } from './context.js';
import type { Deps } from './deps.js';
import { checked, held, outcomeOf, tellOfRetry } from './ends.js';
import type { Facts } from './facts.js';
import { finalFailure, retryFailure } from './failure.js';
import { AttemptElsewhere, isAskedToStop, isInterrupted, type HandedWork } from './handover.js';
import { nodeLogger, type NodeLogger } from './node-log.js';
import { leaveUnmade, type Made } from './make-result.js';
import { makeOutput } from './output.js';
import { NO_REDACTION } from './redaction.js';
import { resolveInput } from './resolve.js';
import { loadValue } from './values.js';
import { attemptOutcome, judge } from './verdict.js';

/** For a handover that was there: looks, and the wait between them. */
const LOOKS = 8;
const LOOK_WAIT_MS = 250;

/** An attempt that was handed over. */
export interface Handed {
  request: NodeRequest;
  attempt: AttemptElsewhere;
  facts: Facts;
  log: NodeLogger;
}

/** With all that its end needs. */
interface Elsewhere extends Handed {
  task: RegisteredTask;
  /** What `processResult` keeps. */
  artifacts: Artifacts;
}

/**
 * Ends an attempt. That it is over already is an answer.
 *
 * @throws TaskError UNKNOWN_TASK where this worker does not know the task; STORE. The attempt then goes on.
 */
export async function endElsewhere(
  deps: Deps,
  { workflowId, nodeId, attempt, end }: EndRequest,
): Promise<EndAnswer> {
  const pending = await underWay(workflowId, nodeId, attempt);
  const handed = pending && (await takeUp(deps, pending));
  const late = 'the attempt is over, or another has begun';
  if (handed?.attempt.number !== attempt) return { refused: late };
  const found = await withTask(deps, handed);
  try {
    if ('error' in end) return await fail(deps, found, thrownOf(end.error));
    const done = await outputOf(deps, found, end.result);
    return 'refused' in done
      ? await fail(deps, found, done.refused)
      : await complete(deps, found, done);
  } catch (error) {
    if (error instanceof ActivityNotFoundError) return { refused: late };
    if (isAskedToStop(error)) return { refused: 'it is asked to stop' };
    throw error;
  }
}

/** Waits where its handover is gone for the moment, by an older beat: whoever asks has seen it, and it is said again. */
async function underWay(
  workflowId: string,
  nodeId: string,
  attempt: number,
): Promise<PendingAttempt | undefined> {
  for (let look = 1; ; look++) {
    const pending = await pendingAttempt(getClient(), workflowId, nodeId);
    const { started = false, details } = pending ?? {};
    const gone = started && details?.attempt === attempt && !details.handover;
    if (!gone || look === LOOKS) return pending;
    await sleep(LOOK_WAIT_MS);
  }
}

/** An attempt with all that was left behind to end it; undefined where it was not handed over. */
export async function takeUp(
  deps: Deps,
  { started, details }: PendingAttempt,
): Promise<Handed | undefined> {
  if (!started || !details?.handover) return undefined;
  const { handover } = details;
  const work = (await loadValue(deps.blobs, handover.work)) as unknown as HandedWork;
  const { request, input, warnings, metrics, inputHash, artifacts } = work;
  const attempt = new AttemptElsewhere(request, details, handover);
  const log = nodeLogger(deps, request, attempt.number);
  const task = deps.registry.get(request.node.task);
  const facts: Facts = {
    input,
    inputText: inlineText(input),
    metadata: {},
    redaction: NO_REDACTION,
    collected: { warnings: [...warnings], metrics: { ...metrics } },
    ...(task ? { task } : {}),
    ...(inputHash === undefined ? {} : { inputHash }),
    ...(artifacts ? { listed: artifacts } : {}),
  };
  return { request, attempt, facts, log };
}

/** @throws TaskError UNKNOWN_TASK */
async function withTask(deps: Deps, handed: Handed): Promise<Elsewhere> {
  const { request, attempt, facts, log } = handed;
  const { task, collected } = facts;
  if (!task) {
    const name = JSON.stringify(request.node.task);
    throw new TaskError('UNKNOWN_TASK', `the worker that was asked does not know the task ${name}`);
  }
  const resolved = await resolveInput(deps, request);
  facts.metadata = resolved.metadata;
  const { redaction } = await deps.late.values(resolved.late, request);
  facts.redaction = redaction;
  log.redact(redaction);
  const artifacts = new Artifacts(deps.blobs, deps.settings.maxArtifactBytes, redaction);
  facts.context = makeContext(request, attempt, {
    ...{ metadata: resolved.metadata, outputs: resolved.outputs, redaction },
    ...{ collected, log, artifacts },
    readArtifact: (one) => readArtifact(deps.blobs, one, attempt.signal),
    tellProgress: () => undefined,
  });
  return { ...handed, task, artifacts };
}

/** A reported result as the node's output, or why it cannot be one: that ends the attempt as an error does. */
async function outputOf(
  deps: Deps,
  elsewhere: Elsewhere,
  result: Json,
): Promise<Made | { refused: TaskError }> {
  const { request, attempt, facts, task } = elsewhere;
  const name = JSON.stringify(request.node.task);
  const message = `task ${name} was reported to have an output that its schema refuses`;
  try {
    const shaped = await checked(task.definition.output, result, 'OUTPUT_INVALID', message);
    const unmade = await leaveUnmade(deps, request, attempt, facts, shaped);
    if (unmade) return unmade;
    const made = await makeOutput(deps, request, facts, shaped);
    await listMore(deps.blobs, facts, elsewhere.artifacts, request.inlineLimit);
    return made;
  } catch (error) {
    if (error instanceof TaskError && error.code !== 'STORE') return { refused: error };
    throw error;
  }
}

async function complete(deps: Deps, elsewhere: Elsewhere, done: Made): Promise<EndAnswer> {
  const { request, attempt, facts, task, log } = elsewhere;
  attempt.record('COMPLETED');
  const outcome = outcomeOf(request, attempt, facts, { status: 'COMPLETED', ...done });
  await getClient().activity.complete(attempt.token, outcome);
  if (outcome.unmade) {
    await measured(deps, elsewhere, undefined);
    return { status: 'COMPLETED', attempt: attempt.number };
  }
  log.transition('RUNNING', 'COMPLETED');
  const kept = { ...done, ...(facts.listed ? { artifacts: facts.listed } : {}) };
  await keepReported(deps, request, task.version, facts.inputHash, kept, log);
  await ended(deps, elsewhere, outcome);
  return { status: 'COMPLETED', attempt: attempt.number };
}

/** As where a handler throws: another attempt, the server's or ours after a hold, or the end. */
async function fail(deps: Deps, elsewhere: Elsewhere, thrown: unknown): Promise<EndAnswer> {
  const { request, attempt, facts, log } = elsewhere;
  const added = await deps.errorLists.of(request.execution.project);
  const verdict = judge(request, attempt, facts, log, thrown, added, deps.classifyError);
  const { error } = verdict;
  attempt.record(attemptOutcome(error), {
    error: { code: error.code, message: error.message.slice(0, 200) },
    ...(verdict.retry ? { waitMs: verdict.waitMs } : {}),
  });
  const { activity } = getClient();
  if (!verdict.retry) {
    const { status } = verdict;
    const outcome = outcomeOf(request, attempt, facts, { status, error });
    await activity.fail(attempt.token, finalFailure(outcome));
    log.failed(status, error);
    await ended(deps, elsewhere, outcome);
    return { status, attempt: attempt.number, error };
  }
  const { waitMs } = verdict;
  if (waitMs > request.serverWaitsMs) {
    const outcome: HeldOutcome = held(attempt, 'retry', waitMs, { counted: true, error });
    await activity.complete(attempt.token, outcome);
  } else {
    await failForNow(attempt, retryFailure(error, waitMs));
  }
  await tellOfRetry(facts.task, thrown, attempt.number, waitMs, log);
  log.retrying(error, waitMs, verdict.maxRetries);
  new AttemptRows(deps, request, attempt, facts).retrying(waitMs, error);
  await measured(deps, elsewhere, error);
  return { status: 'RETRYING', attempt: attempt.number, waitMs, error };
}

/** Has the server try it again, and the history travel to the next attempt. */
async function failForNow(attempt: AttemptElsewhere, failure: ApplicationFailure): Promise<void> {
  const { activity, options, workflowService } = getClient();
  const { token } = attempt;
  const details = attempt.details();
  try {
    await activity.heartbeat(token, details); // says whether it is asked to stop
  } catch (error) {
    if (!isInterrupted(error)) throw error;
  }
  // Once more with the failure: a handover that is said again just now must not take the history back.
  const { payloadConverter, failureConverter } = options.loadedDataConverter;
  await workflowService.respondActivityTaskFailed({
    namespace: options.namespace,
    identity: options.identity,
    taskToken: token,
    failure: failureConverter.errorToFailure(failure, payloadConverter),
    lastHeartbeatDetails: { payloads: [payloadConverter.toPayload(details)] },
  });
}

/** What follows an end that the server has taken. */
async function ended(deps: Deps, elsewhere: Elsewhere, outcome: NodeOutcome): Promise<void> {
  const { request, attempt, facts } = elsewhere;
  new AttemptRows(deps, request, attempt, facts).ended(outcome);
  await measured(deps, elsewhere, outcome.error);
}

async function measured(
  deps: Deps,
  { request, attempt, facts, log }: Elsewhere,
  error: ErrorRecord | undefined,
): Promise<void> {
  measureAttempt(deps.metrics, attempt, facts);
  await reportElsewhere(deps, request, attempt.number, error).catch((failure: unknown) =>
    log.warn(`its circuit was not told: ${messageOf(failure)}`),
  );
}

/** A reported error as if it had been thrown: policies match its name and its code. */
function thrownOf({ message, ...fields }: ReportedError): Error {
  return Object.assign(new Error(message), { stack: undefined, ...fields });
}
