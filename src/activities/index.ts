/** The activities of a worker: one handler for every task, and our own. */
import { Context } from '@temporalio/activity';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { messageOf, TaskError } from '../domain/errors.js';
import type { Json } from '../domain/json.js';
import type { TellLimits } from '../domain/limit-messages.js';
import { wellFormed } from '../domain/well-formed.js';
import { getJson } from '../store/blob-store.js';
import { ACTIVITY } from '../workflows/messages.js';
import type {
  CheckRequest,
  EndRequest,
  FindRequest,
  KeepRequest,
  LookUpRequest,
  PlanRequest,
  ReadRequest,
  RerunQuestion,
} from '../workflows/asks.js';
import type {
  CheckValueRequest,
  LookAtAttempts,
  PlanEditRequest,
  ReadKept,
} from '../workflows/operator-messages.js';
import type {
  AnswerRequest,
  BelowRequest,
  BurstRequest,
  CollectEndedRequest,
  CollectRequest,
  LetGoRequest,
  NodeRequest,
  PrepareRequest,
  RecordRequest,
  ResultRequest,
  SettleRequest,
} from '../workflows/requests.js';
import { collect, collectEnded } from './collect.js';
import { endElsewhere } from './completion.js';
import { beating } from './beating.js';
import { runBurst } from './burst.js';
import type { Deps } from './deps.js';
import { checkValue, lookAtAttempts, planEdit } from './operate.js';
import { runNode } from './pipeline.js';
import { planFacts } from './plan-facts.js';
import { check, forecast, prepare } from './prepare.js';
import { prepareBelow } from './prepare-below.js';
import { makeResult } from './make-result.js';
import { answer, question } from './question.js';
import { letGo } from './letting-go.js';
import { tellLimits } from './limits.js';
import { lookAt } from './look.js';
import { lookUp } from './look-up.js';
import { describe, findBlob, joinBlobs, keepText, readBlob, writeBlob } from './references.js';
import { recordClose } from './record-close.js';
import { readKept } from './seed.js';
import { settle } from './settle.js';
import { describeWorker } from './worker-state.js';

export type { Deps } from './deps.js';
export { knownTasks, planSpec } from './prepare.js';

/**
 * The functions to register with a Temporal worker. `default` is the SDK's catch-all: it gets every activity type that
 * has no function of its own, and the type is the task's name.
 */
export function createActivities(deps: Deps) {
  const ours = <T extends Json | object | void>(run: () => Promise<T>): Promise<T> =>
    engineWork(deps, run);
  return {
    default: (request: NodeRequest) => runNode(deps, checkRequest(request)),
    [ACTIVITY.burst]: (request: BurstRequest) => runBurst(deps, checkBurst(request)),
    [ACTIVITY.prepare]: (request: PrepareRequest) =>
      ours(() => deps.spans.prepare(request, () => prepare(deps, request))),
    [ACTIVITY.prepareBelow]: (request: BelowRequest) => ours(() => prepareBelow(deps, request)),
    [ACTIVITY.collect]: (request: CollectRequest) => ours(() => collect(deps, request)),
    [ACTIVITY.collectEnded]: (request: CollectEndedRequest) =>
      ours(() => collectEnded(deps, request)),
    [ACTIVITY.question]: (request: NodeRequest) => ours(() => question(deps, request)),
    [ACTIVITY.answer]: (request: AnswerRequest) => ours(() => answer(deps, request)),
    [ACTIVITY.readPlan]: (ref: string) => ours(() => getJson(deps.blobs, ref)),
    [ACTIVITY.settle]: (request: SettleRequest) => ours(() => settle(deps, request)),
    [ACTIVITY.makeResult]: (request: ResultRequest) => beating(() => makeResult(deps, request)),
    [ACTIVITY.record]: (request: RecordRequest) => ours(() => recordClose(deps, request)),
    [ACTIVITY.writeBlob]: (value: Json) => ours(() => writeBlob(deps, value)),
    [ACTIVITY.joinBlobs]: (parts: string[]) => ours(() => joinBlobs(deps, parts)),
    [ACTIVITY.readBlob]: (request: ReadRequest) => ours(() => readBlob(deps, request)),
    [ACTIVITY.findBlob]: (request: FindRequest) => ours(() => findBlob(deps, request)),
    [ACTIVITY.keepText]: (request: KeepRequest) => ours(() => keepText(deps, request)),
    [ACTIVITY.check]: (request: CheckRequest) => ours(() => check(deps, request)),
    [ACTIVITY.planFacts]: (request: PlanRequest) => ours(() => planFacts(deps, request)),
    [ACTIVITY.lookUp]: (request: Omit<LookUpRequest, 'kind' | 'queue'>) =>
      ours(() => lookUp(deps, request)),
    [ACTIVITY.rerun]: (request: RerunQuestion) => ours(() => forecast(deps, request)),
    [ACTIVITY.worker]: () => ours(() => describeWorker(deps)),
    [ACTIVITY.lookAt]: (executionId: string) => ours(() => lookAt(deps, executionId)),
    [ACTIVITY.describe]: (workflowId: string, firstRun?: string) =>
      ours(() => describe(workflowId, firstRun)),
    [ACTIVITY.endElsewhere]: (request: EndRequest) => ours(() => endElsewhere(deps, request)),
    [ACTIVITY.letGo]: (request: LetGoRequest) => ours(() => letGo(deps, request)),
    [ACTIVITY.checkValue]: (request: CheckValueRequest) => ours(() => checkValue(deps, request)),
    [ACTIVITY.lookAtAttempts]: (request: LookAtAttempts) => ours(() => lookAtAttempts(request)),
    [ACTIVITY.planEdit]: (request: PlanEditRequest) => ours(() => planEdit(deps, request)),
    [ACTIVITY.readKept]: (request: ReadKept) => ours(() => readKept(deps, request)),
    [ACTIVITY.tellLimits]: (messages: TellLimits) => ours(() => tellLimits(deps, messages)),
  };
}

/** Any client can schedule an activity of any type: one that is not ours ends at once, with a reason. */
function checkRequest(request: NodeRequest | undefined): NodeRequest {
  if (request?.node?.id && request.execution?.id && request.retry) return request;
  throw notOurs();
}

function checkBurst(request: BurstRequest | undefined): BurstRequest {
  if (Array.isArray(request?.nodes) && request.context?.execution?.id) return request;
  throw notOurs();
}

function notOurs(): ApplicationFailure {
  const { activityType } = Context.current().info;
  return ApplicationFailure.nonRetryable(
    `activity ${JSON.stringify(activityType)} was not scheduled by taskGraph or taskSegment; start the workflow taskGraph instead`,
    'CONFIGURATION',
  );
}

/**
 * Work of the engine's own. An error of ours keeps its code; those that no retry can mend say so. Of all others the log
 * tells: most of this work is tried again until it succeeds.
 */
async function engineWork<T extends Json | object | void>(
  { log }: Pick<Deps, 'log'>,
  run: () => Promise<T>,
): Promise<T> {
  try {
    return await beating(run);
  } catch (error) {
    const { activityType, attempt, workflowExecution } = Context.current().info;
    const isOurs = error instanceof TaskError;
    if (!(isOurs && !error.retriable) && !(error instanceof CancelledFailure))
      log.warn(
        { executionId: workflowExecution?.workflowId, attempt, err: error },
        `${activityType} failed, attempt ${attempt}: ${messageOf(error)}`,
      );
    if (!isOurs) throw carriable(error);
    throw ApplicationFailure.create({
      message: wellFormed(error.message),
      type: error.code,
      nonRetryable: !error.retriable,
    });
  }
}

/** One with half a character in its message would end the worker. */
function carriable(error: unknown): unknown {
  const message = messageOf(error);
  const fit = wellFormed(message);
  return fit === message ? error : ApplicationFailure.create({ message: fit });
}
