/** Hands nodes over that may start, as far as their executor has room for them, and ends or holds those that are not worth it. */
import type { Scheduler } from '../domain/scheduler.js';
import type { ShutCircuits } from '../domain/shut-circuits.js';
import type { Bursts } from './bursts.js';
import type { Deadline } from './deadline.js';
import type { GraphState } from './graph-state.js';
import type { Hearing } from './hearing.js';
import type { Lending } from './lending.js';
import type { NodeExecutor } from './node-executor.js';
import type { NodeOrder } from './requests.js';
import { logTransition } from './transition.js';

/** Nodes that are handed over between two looks at the executor's room. */
const BATCH = 50;

export interface HandingOverParts {
  scheduler: Scheduler;
  state: GraphState;
  order: (index: number) => NodeOrder;
  bursts: Bursts;
  lending: Lending;
  deadline: Deadline;
  shutCircuits: ShutCircuits;
  hearing: Pick<Hearing, 'end'>;
  executor: () => NodeExecutor;
  /** There is more to hand over, in the next workflow task. */
  more: () => void;
}

export class HandingOver {
  constructor(private readonly parts: HandingOverParts) {}

  /** Hands over what may start now. */
  dispatch(): void {
    const { scheduler, state, order, lending, executor, more } = this.parts;
    while (executor().hasRoom()) {
      const next = scheduler.take(BATCH);
      if (next.length === 0) return;
      const now = Date.now();
      const taken = next.filter((index) => this.mayBegin(index, now));
      const light = taken.filter((index) => this.parts.bursts.isLight(index));
      const { bursts, alone } = this.parts.bursts.gather(light, now);
      for (const burst of bursts) executor().beginBurst(burst);
      const others = taken.filter((index) => !light.includes(index));
      const orders = others.map(order);
      orders.push(...alone);
      for (const { index } of orders) {
        state.scheduled(index, now);
        logTransition(state, index, 'PENDING', 'SCHEDULED', 'queue');
      }
      if (orders.length > 0) executor().begin(orders);
      lending.handedOver(orders.map(({ index }) => index));
    }
    if (scheduler.hasStartable || lending.lacksPlaces) more();
  }

  /** False for a node that is held back, or ends here, since the deadline leaves it no time. */
  private mayBegin(index: number, now: number): boolean {
    if (this.holdBack(index, now)) return false;
    const { state, deadline, hearing } = this.parts;
    const { expectedMs = 0 } = state.classOf(index);
    const tooLate = deadline.forStart(index, expectedMs, { now, round: state.round(index) });
    if (tooLate) hearing.end(index, tooLate, now);
    return !tooLate;
  }

  /** @returns true for a node that would only find out what its graph knows: that its circuit is open */
  private holdBack(index: number, now: number): boolean {
    const { scheduler, state, shutCircuits } = this.parts;
    const until = shutCircuits.holds(state.circuitOf(index), index, now);
    if (until === undefined) return false;
    state.shut(index);
    scheduler.hold(index, until);
    return true;
  }
}
