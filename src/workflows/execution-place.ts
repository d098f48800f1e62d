/**
 * The place of a whole execution among those of its project that run at once (`maxConcurrentExecutions`): taken before
 * the first node starts, kept to the end, over continue-as-new too.
 */
import { condition } from '@temporalio/workflow';
import type { LimitGrant } from '../domain/limit-messages.js';
import { Alarm } from './alarm.js';
import type { Carry, LimitsCarry } from './between.js';
import { GraphLimits } from './limits.js';
import type { Prepared } from './requests.js';

/** Its one lane. */
const LANE = 0;

export class ExecutionPlace {
  private readonly limits: GraphLimits;
  private version = 0;
  /** It has its place, or needs none any more. */
  private served: boolean;

  /** Undefined for an execution that may start at once. */
  static of({ place, execution }: Prepared, carry: Carry | undefined): ExecutionPlace | undefined {
    return place && new ExecutionPlace(place, execution.project, carry);
  }

  private constructor(
    private readonly place: NonNullable<Prepared['place']>,
    project: string | undefined,
    carry: Carry | undefined,
  ) {
    const { limit, weight } = place;
    this.served = carry !== undefined;
    this.limits = new GraphLimits({
      ...{ limits: [limit], lanes: [{ limit: 0, weight }], project, carry: carry?.place },
      changed: () => this.version++,
    });
  }

  /** What it waits for; undefined once it has it. */
  get awaited(): { key: string; weight: number } | undefined {
    return this.served ? undefined : { key: this.place.limit.key, weight: this.place.weight };
  }

  /**
   * Waits for the place.
   *
   * @param priorityKey of its most urgent node
   * @param stopped true once waiting is pointless
   */
  async take(priorityKey: number, stopped: () => boolean): Promise<void> {
    const { gate } = this.limits;
    const alarm = new Alarm(() => this.version++);
    while (!stopped() && gate.free(LANE) < 1) {
      const seen = this.version;
      this.limits.flush({
        ...{ concurrency: 1, inWindow: 0, started: 0 },
        waitingIn: () => ({ ready: 1, priority: priorityKey }),
      });
      alarm.set(this.limits.nextDue());
      await condition(() => this.version !== seen || stopped());
    }
    alarm.clear();
    this.served = true;
    if (!stopped()) gate.use(LANE);
  }

  hear(grant: LimitGrant): void {
    this.limits.hear(grant);
  }

  pending(): number {
    return this.limits.pending();
  }

  carry(): LimitsCarry {
    return this.limits.carry();
  }

  /** The execution is done. */
  async close(): Promise<void> {
    await this.limits.close();
  }
}
