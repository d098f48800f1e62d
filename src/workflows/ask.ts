/** `tempographAsk`: a question to whichever worker is there, for clients that cannot answer it themselves. */
import { ApplicationFailure, scheduleLocalActivity } from '@temporalio/workflow';
import { ACTIVITY } from './messages.js';
import type { AskAnswer, AskRequest } from './asks.js';
import { isAsk } from './shapes.js';

const ANSWERED_BY: Record<AskRequest['kind'], string> = {
  read: ACTIVITY.readBlob,
  find: ACTIVITY.findBlob,
  keep: ACTIVITY.keepText,
  check: ACTIVITY.check,
  plan: ACTIVITY.planFacts,
  rerun: ACTIVITY.rerun,
  worker: ACTIVITY.worker,
  end: ACTIVITY.endElsewhere,
};

export async function tempographAsk(request: AskRequest): Promise<AskAnswer> {
  if (!isAsk(request))
    throw ApplicationFailure.nonRetryable(
      'tempographAsk is for Tempograph clients',
      'CONFIGURATION',
    );
  return await scheduleLocalActivity<AskAnswer>(ANSWERED_BY[request.kind], [request], {
    startToCloseTimeout: '30s',
    scheduleToCloseTimeout: '1m',
    retry: { maximumAttempts: 3 },
  });
}
