/** `tempographAsk`: a question to whichever worker is there, for clients that cannot answer it themselves. */
import { scheduleLocalActivity } from '@temporalio/workflow';
import { ACTIVITY, type AskAnswer, type AskRequest } from './messages.js';

export async function tempographAsk(request: AskRequest): Promise<AskAnswer> {
  const activity = request.kind === 'read' ? ACTIVITY.readBlob : ACTIVITY.check;
  return await scheduleLocalActivity<AskAnswer>(activity, [request], {
    startToCloseTimeout: '30s',
    scheduleToCloseTimeout: '1m',
    retry: { maximumAttempts: 3 },
  });
}
