/**
 * Results that are made apart (`result.async`): the pipeline leaves what the task gave, and the steps that follow the output
 * check run as an activity of their own, which any worker of the node's queue may take.
 */
import { Context } from '@temporalio/activity';
import { TaskError } from '../domain/errors.js';
import type { NodeOutcome } from '../domain/outcome.js';
import type { RegisteredTask } from '../registry.js';
import type { NodeRequest, ResultRequest } from '../workflows/requests.js';
import { Artifacts, listMore } from './artifacts.js';
import type { Attempt } from './attempt.js';
import { inlineText } from './attempt-rows.js';
import { takeUpClaim, type Kept } from './cached.js';
import { finish } from './conclude.js';
import { makeContext } from './context.js';
import type { Deps } from './deps.js';
import { outcomeOf } from './ends.js';
import type { Facts } from './facts.js';
import { nodeLogger } from './node-log.js';
import { makeOutput } from './output.js';
import { programTask } from './program-task.js';
import { resolveInput } from './resolve.js';
import { loadValue, storeOutput, storeValue } from './values.js';

/** What a task gave, and what is left of its result where that is made apart. */
export type Made = Kept & Pick<NodeOutcome, 'unmade'>;

/** True where a result is to be made, and nobody is to wait for it. */
export function makesApart({ result = {} }: NodeRequest, { task }: Pick<Facts, 'task'>): boolean {
  const { async: apart, select, transform, merge } = result;
  const makes = select ?? transform ?? merge;
  return apart === true && (makes !== undefined || task?.definition.processResult !== undefined);
}

/** What the task gave, as it is, with what is needed to make the result of it. @throws TaskError OUTPUT_INVALID, TOO_LARGE, STORE */
export async function leaveUnmade(
  deps: Deps,
  request: NodeRequest,
  attempt: Pick<Attempt, 'scheduledAt' | 'firstScheduledAt'>,
  facts: Facts,
  given: unknown,
): Promise<Made> {
  const { blobs, settings } = deps;
  const inline = request.inlineLimit;
  const { scheduledAt, firstScheduledAt } = attempt;
  facts.claim?.leave();
  const artifacts = await facts.artifacts?.listed(inline);
  return {
    ...(await storeOutput(blobs, given, { inline, maxBytes: settings.maxOutputBytes })),
    ...(artifacts ? { artifacts } : {}),
    unmade: {
      input: await storeValue(blobs, facts.input, { inline, maxBytes: Infinity }),
      ...{ scheduledAt, firstScheduledAt },
    },
  };
}

/**
 * Makes the result of a node that has done its work, keeps it, and ends the node as its pipeline would have: with post hooks
 * and its row.
 *
 * @throws TaskError RESULT_FAILED, OUTPUT_INVALID, TOO_LARGE, STORE; UNKNOWN_TASK where this worker does not know the task
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
    const kept = { ...made, ...(facts.listed ? { artifacts: facts.listed } : {}) };
    await claim?.keep(request, task.version, kept);
  } finally {
    await claim?.release();
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
    tellProgress: () => undefined,
  });
  return { facts, artifacts };
}

/** The attempt that did the work, as what follows it sees it. */
function attemptOf(request: NodeRequest, { unmade, ...outcome }: NodeOutcome) {
  const { attempts, attemptCount: number, executionTimeMs } = outcome;
  const last = attempts.at(-1);
  const startedAt = last ? Date.parse(last.startedAt) : Date.now();
  return {
    ...{ number, attempts, executionTimeMs, startedAt },
    enteredAt: last?.enteredAt === undefined ? startedAt : Date.parse(last.enteredAt),
    scheduledAt: unmade?.scheduledAt ?? startedAt,
    firstScheduledAt: unmade?.firstScheduledAt ?? startedAt,
    deadline: Date.now() + request.timeoutMs,
    signal: Context.current().cancellationSignal,
    ...{ abortReason: undefined, progress: undefined, checkpoint: undefined },
    beat: () => undefined,
    tellProgress: () => undefined,
  };
}

function unknownTask({ node }: NodeRequest): TaskError {
  const name = JSON.stringify(node.task);
  return new TaskError('UNKNOWN_TASK', `the worker that was asked does not know the task ${name}`);
}
