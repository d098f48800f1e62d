/**
 * A graph's talk with the keepers of its limits. What it has and wants, `domain/limit-gate.ts` knows.
 *
 * T1. One message to a keeper is under way at a time; what changes meanwhile goes with the next.
 * T2. A message is a signal, so it goes out only once the workflow task that decided it is in the history: a place that
 *     is given back can never be used again by a task that is repeated. Only messages that were sent before, and the
 *     last one, when nothing runs any more, go by an activity.
 * T3. A keeper that is gone is started again with all that this graph knows. While places are waited for, the last message
 *     is repeated after 1, 2, 4 … 60 minutes: a keeper that was terminated tells nobody.
 */
import { condition, getExternalWorkflowHandle, log, workflowInfo } from '@temporalio/workflow';
import { messageOf } from '../domain/errors.js';
import { LimitGate, type GateLane } from '../domain/limit-gate.js';
import type {
  LimitArgs,
  LimitAsk,
  LimitGrant,
  PreparedLimit,
  TellLimits,
} from '../domain/limit-messages.js';
import type { HeldPlan } from '../domain/plan.js';
import type { Scheduler } from '../domain/scheduler.js';
import { ACTIVITY, SIGNAL } from './messages.js';
import type { Carry, LimitsCarry } from './between.js';
import type { Prepared } from './requests.js';
import { LOOK, work } from './work.js';

const MINUTE = 60_000;

interface Talk {
  /** The last message that was sent. */
  last: LimitAsk;
  sending: boolean;
  /** When the last message is repeated, unless the keeper is heard of. */
  remindAt: number;
  reminders: number;
}

interface LimitsParts {
  limits: readonly PreparedLimit[];
  lanes: readonly GateLane[];
  project: string | undefined;
  carry: LimitsCarry | undefined;
  /** Something may start, or has to be looked at. */
  changed(): void;
}

export class GraphLimits {
  readonly gate: LimitGate;
  private readonly talks: Talk[];

  /** Undefined for a graph without limits. */
  static of(
    {
      prepared,
      plan,
      carry,
    }: { prepared: Prepared; plan: Pick<HeldPlan, 'lanes'>; carry: Carry | undefined },
    changed: () => void,
  ): GraphLimits | undefined {
    const { limits, execution } = prepared;
    const { lanes } = plan;
    if (!limits || !lanes) return undefined;
    const { project } = execution;
    return new GraphLimits({ limits, lanes, project, carry: carry?.limits, changed });
  }

  constructor(private readonly parts: LimitsParts) {
    const { limits, lanes, carry } = parts;
    const opened = limits.map(({ max, opened: { asked, priority } }) => ({ max, asked, priority }));
    this.gate = new LimitGate(opened, lanes, carry?.gate);
    const now = Date.now();
    this.talks = limits.map(({ opened: first }, index) => ({
      last: carry?.last[index] ?? first,
      sending: false,
      remindAt: now + MINUTE,
      reminders: 0,
    }));
  }

  /** A keeper has granted places or asked for some. */
  hear({ limit, run, ...grant }: LimitGrant): void {
    const index = this.parts.limits.findIndex(({ id }) => id === limit);
    const talk = this.talks[index];
    if (!talk || talk.last.run !== run) return;
    Object.assign(talk, { remindAt: Date.now() + MINUTE, reminders: 0 });
    if (this.gate.hear(index, grant)) this.parts.changed();
  }

  /** Tells what has to be told, after everything that could start has started. */
  flush(scheduler: Pick<Scheduler, 'concurrency' | 'inWindow' | 'waitingIn' | 'started'>): void {
    // An operator may have made the window smaller than what runs in it.
    const room = Math.max(0, scheduler.concurrency - scheduler.inWindow);
    this.parts.lanes.forEach((_, lane) =>
      this.gate.settle(lane, { ...scheduler.waitingIn(lane), room, started: scheduler.started }),
    );
    this.talks.forEach((talk, index) => {
      if (talk.sending) return;
      const message = this.gate.message(index);
      if (message) void this.send(index, talk, { ...talk.last, ...message });
      else if (this.isLate(index, talk)) void this.remind(index, talk);
    });
  }

  /** When to `flush` again although nothing happens. */
  nextDue(): number | undefined {
    const waiting = this.talks.filter((_, index) => this.gate.isWaiting(index));
    return waiting.length === 0 ? undefined : Math.min(...waiting.map(({ remindAt }) => remindAt));
  }

  pending(): number {
    return this.talks.filter(({ sending }) => sending).length;
  }

  carry(): LimitsCarry {
    return { gate: this.gate.snapshot(), last: this.talks.map(({ last }) => last) };
  }

  /** The graph is done: all of its places are free. */
  async close(): Promise<void> {
    await condition(() => this.pending() === 0);
    await this.tell(
      this.talks.map((_, index) => index),
      (last) => ({ ...last, sequence: last.sequence + 1, closed: true }),
    );
  }

  private isLate(index: number, { remindAt }: Talk): boolean {
    return remindAt <= Date.now() && this.gate.isWaiting(index);
  }

  private async send(index: number, talk: Talk, ask: LimitAsk): Promise<void> {
    const id = this.parts.limits[index]?.id ?? '';
    const now = Date.now();
    Object.assign(talk, { last: ask, sending: true, remindAt: now + MINUTE, reminders: 0 });
    try {
      await getExternalWorkflowHandle(id).signal(SIGNAL.limitAsk, ask);
    } catch {
      await this.tell([index]); // its last graph left just before
    } finally {
      talk.sending = false;
      this.parts.changed();
    }
  }

  private async remind(index: number, talk: Talk): Promise<void> {
    talk.sending = true;
    talk.reminders++;
    await this.tell([index]);
    talk.remindAt = Date.now() + Math.min(MINUTE * 2 ** talk.reminders, 60 * MINUTE);
    talk.sending = false;
    this.parts.changed();
  }

  /** Says the last message again, to keepers that may have to be started for it. */
  private async tell(indexes: readonly number[], as = (last: LimitAsk) => last): Promise<void> {
    const messages: TellLimits = indexes.flatMap((index) => {
      const limit = this.parts.limits[index];
      const talk = this.talks[index];
      return limit && talk
        ? [{ id: limit.id, args: this.args(index, limit), ask: as(talk.last) }]
        : [];
    });
    try {
      await work<object>(ACTIVITY.tellLimits, [messages], LOOK);
    } catch (error) {
      log.warn(`${workflowInfo().workflowId} cannot reach its limits: ${messageOf(error)}`);
    }
  }

  private args(index: number, { key, max }: PreparedLimit): LimitArgs {
    const { project } = this.parts;
    return {
      ...{ key, max: this.gate.maxOf(index), defined: max },
      ...(project === undefined ? {} : { project }),
    };
  }
}
