/**
 * Results that are made apart (`result.async`): the pipeline leaves what the task gave, and the steps that follow the output
 * check run as an activity of their own, which any worker of the node's queue may take.
 */
import { Context } from '@temporalio/activity';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { TaskError } from '../domain/errors.js';
import type { NodeOutcome } from '../domain/outcome.js';
import type { RegisteredTask } from '../registry.js';
import { RESULT_TRIES, type NodeRequest, type ResultRequest } from '../workflows/requests.js';
import { Artifacts, listMore } from './artifacts.js';
import { readArtifact } from './input-artifacts.js';
import type { Attempt } from './attempt.js';
import { inlineText } from './attempt-rows.js';
import { takeUpClaim, type Claim, type Kept } from './cached.js';
import { finish } from './conclude.js';
import { makeContext } from './context.js';
import type { Deps } from './deps.js';
import { outcomeOf } from './ends.js';
import type { Facts } from './facts.js';
import { recordError } from './failure.js';
import { nodeLogger } from './node-log.js';
import { makeOutput } from './output.js';
import { programTask } from './program-task.js';
import { resolveInput } from './resolve.js';
import { loadValue, storeOutput, storeValue } from './values.js';

/** What a task gave, and what is left of its result where that is made apart. */
export type Made = Kept & Pick<NodeOutcome, 'unmade'>;

/** True where a result is to be made, and nobody is to wait for it. */
function isApart({ result = {} }: NodeRequest, { task }: Pick<Facts, 'task'>): boolean {
  const { async: apart, select, transform, merge } = result;
  const makes = select ?? transform ?? merge;
  return apart === true && (makes !== undefined || task?.definition.processResult !== undefined);
}

/**
 * What the task gave, as it is, with what is needed to make the result of it.
 *
 * @returns undefined where the result is made within the attempt: nobody asks for more, or what the task gave cannot be left
 *   as it is: it is no JSON, or too large, or holds a secret that the result may take away
 * @throws TaskError STORE
 */
export async function leaveUnmade(
  { blobs, settings }: Deps,
  request: NodeRequest,
  attempt: Pick<Attempt, 'scheduledAt' | 'firstScheduledAt'>,
  facts: Facts,
  given: unknown,
): Promise<Made | undefined> {
  if (!isApart(request, facts)) return undefined;
  const inline = request.inlineLimit;
  const { scheduledAt, firstScheduledAt } = attempt;
  try {
    if (facts.redaction.namesIn(given).length > 0) return undefined;
    const output = await storeOutput(blobs, given, { inline, maxBytes: settings.maxOutputBytes });
    const input = await storeValue(blobs, facts.input, { inline, maxBytes: Infinity });
    const artifacts = await facts.artifacts?.listed(inline);
    facts.claim?.leave();
    return {
      ...output,
      ...(artifacts ? { artifacts } : {}),
      unmade: { input, scheduledAt, firstScheduledAt },
    };
  } catch (error) {
    if (error instanceof TaskError && error.code === 'STORE') throw error;
    return undefined;
  }
}

/**
 * Makes the result of a node that has done its work, keeps it, and ends the node as its pipeline would have: with post hooks
 * and its row.
 *
 * @throws ApplicationFailure with the code of what went wrong, without secrets; UNKNOWN_TASK where this worker does not know
 *   the task; CancelledFailure
 */
export async function makeResult(
  deps: Deps,
  { request, outcome }: ResultRequest,
): Promise<NodeOutcome> {
  const task = request.run?.limits
    ? await programTask(deps, request)
    : deps.registry.get(request.node.task);
  if (!task || !outcome.unmade || !outcome.output) throw unknownTask(request);
  const attempt = attemptOf(request, outcome);
  const log = nodeLogger(deps, request, attempt.number);
  const { facts, artifacts } = await factsOf(deps, request, outcome, { task, attempt, log });
  const claim = takeUpClaim(deps, request, task.version, facts.inputHash, log);
  let made: Kept;
  try {
    const given = await loadValue(deps.blobs, outcome.output);
    made = await makeOutput(deps, request, facts, given);
    await listMore(deps.blobs, facts, artifacts, request.inlineLimit);
    // One that is over must not write what another has taken the place of.
    attempt.signal.throwIfAborted();
    const kept = { ...made, ...(facts.listed ? { artifacts: facts.listed } : {}) };
    await claim?.keep(request, task.version, kept);
  } catch (thrown) {
    throw await failureOf(thrown, { request, attempt, facts, log, claim });
  }
  const end = outcomeOf(request, attempt, facts, { status: 'COMPLETED', ...made });
  log.transition('RUNNING', 'COMPLETED');
  return await finish(deps, request, attempt, facts, log, end);
}

interface Known {
  task: RegisteredTask;
  attempt: ReturnType<typeof attemptOf>;
  log: ReturnType<typeof nodeLogger>;
}

/** What its pipeline had found out, found out anew or as it was left. */
async function factsOf(
  deps: Deps,
  request: NodeRequest,
  { unmade, warnings = [], metrics = {}, ...outcome }: NodeOutcome,
  { task, attempt, log }: Known,
): Promise<{ facts: Facts; artifacts: Artifacts }> {
  const { metadata, outputs, late } = await resolveInput(deps, request);
  const { redaction } = await deps.late.values(late, request);
  log.redact(redaction);
  const input = unmade ? await loadValue(deps.blobs, unmade.input) : null;
  const artifacts = new Artifacts(deps.blobs, deps.settings.maxArtifactBytes, redaction);
  const collected = { warnings: [...warnings], metrics: { ...metrics } };
  const facts: Facts = {
    ...{ input, inputText: inlineText(input), metadata, redaction, task, collected, artifacts },
    ...(outcome.inputHash === undefined ? {} : { inputHash: outcome.inputHash }),
    ...(outcome.environment ? { environment: outcome.environment } : {}),
    ...(outcome.artifacts ? { listed: outcome.artifacts } : {}),
  };
  facts.context = makeContext(request, attempt, {
    ...{ metadata, outputs, redaction, collected, log, artifacts },
    readArtifact: (one) => readArtifact(deps.blobs, one, attempt.signal),
    tellProgress: () => undefined,
  });
  return { facts, artifacts };
}

/** The attempt that did the work, as what follows it sees it. */
function attemptOf(request: NodeRequest, { unmade, ...outcome }: NodeOutcome) {
  const { attempts, attemptCount: number, executionTimeMs } = outcome;
  const last = attempts.at(-1);
  const startedAt = last ? Date.parse(last.startedAt) : Date.now();
  const { timeoutMs } = request;
  const late = AbortSignal.timeout(Math.min(timeoutMs, 2 ** 31 - 1));
  return {
    ...{ number, attempts, executionTimeMs, startedAt },
    enteredAt: last?.enteredAt === undefined ? startedAt : Date.parse(last.enteredAt),
    scheduledAt: unmade?.scheduledAt ?? startedAt,
    firstScheduledAt: unmade?.firstScheduledAt ?? startedAt,
    deadline: Date.now() + timeoutMs,
    signal: AbortSignal.any([Context.current().cancellationSignal, late]),
    ...{ abortReason: undefined, progress: undefined, checkpoint: undefined },
    beat: () => undefined,
    tellProgress: () => undefined,
  };
}

interface Failed extends Omit<Known, 'task'> {
  request: NodeRequest;
  facts: Facts;
  claim: Claim | undefined;
}

/** What a try that failed says, and who may do the work now. */
async function failureOf(
  thrown: unknown,
  { attempt, facts, log, claim }: Failed,
): Promise<CancelledFailure | ApplicationFailure> {
  const nth = Context.current().info.attempt;
  const isCancelled = thrown instanceof CancelledFailure;
  const retriable = !isCancelled && (!(thrown instanceof TaskError) || thrown.retriable);
  if (retriable && nth < RESULT_TRIES) claim?.leave();
  else await claim?.release();
  if (isCancelled) return thrown;
  const { code, message } = recordError(thrown, retriable, attempt.number, facts.redaction);
  log.warn(`the result was not made, try ${nth}: ${message}`);
  return ApplicationFailure.create({ message, type: code, nonRetryable: !retriable });
}

function unknownTask({ node }: NodeRequest): ApplicationFailure {
  const name = JSON.stringify(node.task);
  const message = `the worker that was asked does not know the task ${name}`;
  return ApplicationFailure.nonRetryable(message, 'UNKNOWN_TASK');
}
