/** `tempographAsk`: a question to whichever worker is there, for clients that cannot answer it themselves. */
import { ApplicationFailure, scheduleLocalActivity } from '@temporalio/workflow';
import { ACTIVITY, type AskAnswer, type AskRequest } from './messages.js';
import { isAsk } from './shapes.js';

export async function tempographAsk(request: AskRequest): Promise<AskAnswer> {
  if (!isAsk(request))
    throw ApplicationFailure.nonRetryable(
      'tempographAsk is for Tempograph clients',
      'CONFIGURATION',
    );
  const activity = request.kind === 'read' ? ACTIVITY.readBlob : ACTIVITY.check;
  return await scheduleLocalActivity<AskAnswer>(activity, [request], {
    startToCloseTimeout: '30s',
    scheduleToCloseTimeout: '1m',
    retry: { maximumAttempts: 3 },
  });
}
