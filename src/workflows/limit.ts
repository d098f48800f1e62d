/**
 * `tempographLimit`: keeps one limit for all graphs and workers. It decides nothing itself: `domain/limiter.ts` does.
 * Started by the first graph that needs it; it ends when no graph that does is left.
 */
import {
  allHandlersFinished,
  ApplicationFailure,
  CancellationScope,
  condition,
  continueAsNew,
  defineQuery,
  defineUpdate,
  getExternalWorkflowHandle,
  setCurrentDetails,
  setHandler,
  upsertMemo,
  workflowInfo,
} from '@temporalio/workflow';
import type {
  LimitArgs,
  LimitAsk,
  LimitGrant,
  LimitMemo,
  LimitStatus,
} from '../domain/limit-messages.js';
import { LIMIT_MOST } from '../domain/limit.js';
import { Limiter, type Told } from '../domain/limiter.js';
import { Alarm } from './alarm.js';
import { ACTIVITY, MEMO, QUERY, SIGNAL, UPDATE, type Answer } from './messages.js';
import { isLimitArgs, isLimitAsk, isMax } from './limit-shapes.js';
import { onSignal } from './shielded.js';
import { LOOK, work } from './work.js';

/** History events after which it continues as new. */
const EVENTS = 2_000;
/** Places in line that are told. */
const LINE_SHOWN = 1_000;
/** Whoever starts it signals it at once; if nobody does, it ends. */
const FIRST_ASK = '1m';

/** @returns the key, when no graph is left */
export async function tempographLimit(args: LimitArgs): Promise<{ key: string }> {
  if (!isLimitArgs(args)) {
    throw ApplicationFailure.nonRetryable(
      'tempographLimit is started by graphs with a limit; give a task "limit" instead',
      'CONFIGURATION',
    );
  }
  // Shielded: graphs rely on it as long as there are any, so a cancel changes nothing.
  return await CancellationScope.nonCancellable(() => new Keeper(args).run());
}

class Keeper {
  private readonly limiter: Limiter;
  private readonly alarm = new Alarm(() => this.version++);
  private version = 0;
  private sending = 0;
  private looking = false;
  private defined: number;

  constructor(private readonly args: LimitArgs) {
    this.defined = args.defined;
    this.limiter = args.memory ? Limiter.restore(args.memory) : new Limiter(args.max);
    onSignal(SIGNAL.limitAsk, (ask) => {
      if (!isLimitAsk(ask)) return;
      this.define(ask);
      this.limiter.hear(ask, Date.now());
      this.version++;
    });
    setHandler(defineQuery<LimitStatus>(QUERY.limit), () => this.status(), {
      description: 'who has places, and who waits',
    });
    setHandler(
      defineUpdate<Answer, [{ max: number }]>(UPDATE.setMax),
      ({ max }) => this.setMax(max),
      {
        description: 'change the limit until it ends: { "max": <n> }',
        validator: (request: unknown) => {
          if (!isMax(request))
            throw ApplicationFailure.nonRetryable(
              `expected { "max": <whole number from 1 to ${LIMIT_MOST}> }`,
              'CONFIGURATION',
            );
        },
      },
    );
  }

  async run(): Promise<{ key: string }> {
    if (!this.args.memory) await condition(() => this.version > 0, FIRST_ASK);
    for (;;) {
      const seen = this.version;
      if (!this.isLong()) {
        for (const told of this.limiter.decide(Date.now())) void this.tell(told);
        void this.lookAfter();
      }
      if (this.isIdle()) {
        if (this.limiter.isEmpty) break;
        if (this.isLong()) await this.continueAsNew();
      }
      this.alarm.set(this.limiter.nextDue(this.looking));
      setCurrentDetails(detailsOf(this.status(0)));
      // The handler that brought the last message may still count as unfinished here: that it has is news, too.
      await condition(() => this.version !== seen || (this.isIdle() && this.mayLeave()));
    }
    this.alarm.clear();
    return { key: this.args.key };
  }

  /** A graph that cannot be told has ended. */
  private async tell({ graph, grant }: Told): Promise<void> {
    const message: LimitGrant = { limit: workflowInfo().workflowId, ...grant };
    this.sending++;
    try {
      await getExternalWorkflowHandle(graph).signal(SIGNAL.limitGranted, message);
    } catch {
      this.limiter.forget(graph, grant.run);
    }
    this.sending--;
    this.version++;
  }

  /** Looks whether graphs that have been silent for long are still there. */
  private async lookAfter(): Promise<void> {
    const overdue = this.limiter.overdue(Date.now());
    if (this.looking || overdue.length === 0) return;
    this.looking = true;
    for (const { graph, run } of overdue) {
      if (await isThere(graph, run)) this.limiter.stillThere(graph, Date.now());
      else this.limiter.forget(graph, run);
    }
    this.looking = false;
    this.version++;
  }

  /** A setting has been changed since it was started. Only who begins says what is set now. */
  private define({ max, sequence }: LimitAsk): void {
    if (max === undefined || sequence > 0 || max === this.defined) return;
    this.defined = max;
    this.setMax(max);
  }

  private setMax(max: number): Answer {
    const before = this.limiter.max;
    this.limiter.setMax(max);
    const { key, project } = this.args;
    const { defined } = this;
    const memo: LimitMemo = { key, max, defined, ...(project === undefined ? {} : { project }) };
    upsertMemo({ [MEMO.limit]: memo });
    this.version++;
    return { success: true, message: `max of ${key} is ${max}, was ${before}` };
  }

  private status(lineShown = LINE_SHOWN): LimitStatus {
    const { key, project } = this.args;
    const { defined } = this;
    const { max, used, holders, waiters } = this.limiter.view();
    const shown = <T extends { graph: string; since: number; places: number; weight: number }>({
      graph,
      places,
      weight,
      since,
    }: T) => ({ executionId: graph, places, weight, since: new Date(since).toISOString() });
    return {
      ...{ key, max, defined, used },
      ...(project === undefined ? {} : { project }),
      holders: holders.map(shown),
      waiters: [...waiters].sort((a, b) => a.since - b.since).map(shown),
      line: this.limiter
        .line(Date.now(), lineShown)
        .map(({ graph, weight }) => ({ executionId: graph, weight })),
    };
  }

  private isIdle(): boolean {
    return this.sending === 0 && !this.looking && allHandlersFinished();
  }

  private mayLeave(): boolean {
    return this.limiter.isEmpty || this.isLong();
  }

  private isLong(): boolean {
    const { historyLength, continueAsNewSuggested } = workflowInfo();
    return historyLength >= EVENTS || continueAsNewSuggested;
  }

  private async continueAsNew(): Promise<never> {
    this.alarm.clear();
    const { max } = this.limiter;
    const { defined } = this;
    const next: LimitArgs = { ...this.args, max, defined, memory: this.limiter.snapshot() };
    return await continueAsNew<typeof tempographLimit>(next);
  }
}

/** Not knowing is no reason to take a graph's places away: it is looked at again later. */
async function isThere(graph: string, run: string): Promise<boolean> {
  try {
    const found = await work<string>(ACTIVITY.describe, [graph, run], LOOK);
    return found === 'running';
  } catch {
    return true;
  }
}

function detailsOf({ key, max, used, holders, waiters }: LimitStatus): string {
  const lines = [`**${key}**: ${used} of ${max} taken, ${waiters.length} graphs wait`];
  for (const { executionId, places } of holders.slice(0, 20))
    lines.push(`- \`${executionId}\` has ${places}`);
  for (const { executionId, places } of waiters.slice(0, 20))
    lines.push(`- \`${executionId}\` waits for ${places}`);
  return lines.join('\n');
}
