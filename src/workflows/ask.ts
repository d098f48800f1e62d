/** `tempographAsk`: a question to whichever worker is there, for clients that cannot answer it themselves. */
import {
  ApplicationFailure,
  scheduleActivity,
  scheduleLocalActivity,
  sleep,
} from '@temporalio/workflow';
import { ACTIVITY } from './messages.js';
import type { AskAnswer, AskRequest, LookUpAnswer, LookUpRequest, ProbeAnswer } from './asks.js';
import { isAsk } from './shapes.js';
import { work } from './work.js';

const ANSWERED_BY: Record<Exclude<AskRequest['kind'], 'probe' | 'programs'>, string> = {
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
  if (request.kind === 'probe') return await probe();
  if (request.kind === 'programs') return await lookUp(request);
  return await scheduleLocalActivity<AskAnswer>(ANSWERED_BY[request.kind], [request], {
    startToCloseTimeout: '30s',
    scheduleToCloseTimeout: '1m',
    retry: { maximumAttempts: 3 },
  });
}

/** By a worker of that queue: another one may have no engine. Its places may all be taken for hours, and then nobody tells. */
async function lookUp({ queue, ...asked }: LookUpRequest): Promise<LookUpAnswer> {
  return await scheduleActivity<LookUpAnswer>(ACTIVITY.lookUp, [asked], {
    taskQueue: queue,
    scheduleToStartTimeout: '5s',
    startToCloseTimeout: '12s',
    cancellationType: 'TRY_CANCEL',
    retry: { maximumAttempts: 1 },
  });
}

/** The server lets the first steps pass, also where it holds up the others. */
const [STEPS, FIRST] = [32, 16];
const TIMERS = 3;

async function probe(): Promise<ProbeAnswer> {
  const now = new Date().toISOString();
  const step = (): Promise<unknown> => work(ACTIVITY.worker, []);
  await usual(FIRST, step);
  const stepMs = await usual(STEPS - FIRST, step);
  const timerMs = await usual(TIMERS, () => sleep(1));
  return { now, stepMs, timerMs };
}

/** The lower quartile: what else the machine does adds to some, a setting that bounds the server to all. */
async function usual(times: number, run: () => Promise<unknown>): Promise<number> {
  const took: number[] = [];
  for (let nth = 0; nth < times; nth++) {
    const begin = Date.now();
    await run();
    took.push(Date.now() - begin);
  }
  return took.sort((a, b) => a - b)[Math.floor(times / 4)] ?? 0;
}
