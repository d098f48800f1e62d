import { describe, expect, it } from '@jest/globals';
import type { StartGate } from '../../src/domain/limit-gate.js';
import { Scheduler, type SchedulerNode } from '../../src/domain/scheduler.js';

/** Places by lane, handed out by the test. */
class Places implements StartGate {
  readonly inUse: number[] = [];
  constructor(readonly has: number[]) {}
  free(lane: number): number {
    return (this.has[lane] ?? 0) - (this.inUse[lane] ?? 0);
  }
  use(lane: number): void {
    this.inUse[lane] = (this.inUse[lane] ?? 0) + 1;
  }
  leave(lane: number): void {
    this.inUse[lane] = (this.inUse[lane] ?? 0) - 1;
  }
  freedBy(lane: number): number[] {
    return [lane];
  }
  /** The test hands them out whenever it likes. */
  get version(): number {
    return ++this.asked;
  }
  private asked = 0;
}

const node = (more: Partial<SchedulerNode> = {}): SchedulerNode => ({
  ...{ dependsOn: [], trigger: 'all_success', allowFailure: false, priorityKey: 3 },
  ...more,
});

function setup(nodes: SchedulerNode[], has: number[], concurrency = 10) {
  const places = new Places(has);
  const options = { concurrency, onFailure: 'continue' } as const;
  const scheduler = new Scheduler(nodes, options, places);
  scheduler.start(0);
  return { places, scheduler, options };
}

describe('Scheduler with limits', () => {
  it('passes limited nodes over that have no place, and takes no room in the window for them', () => {
    const { scheduler } = setup([node({ lane: 0 }), node({ lane: 0 }), node(), node()], [0], 2);
    expect(scheduler.take()).toEqual([2, 3]);
    expect(scheduler.running).toBe(2);
    expect(scheduler.waitsForLimit(0)).toBe(true);
    expect(scheduler.waitingIn(0)).toEqual({ ready: 2, priority: 3 });
  });

  it('takes limited nodes as places come, in order with the others', () => {
    const { scheduler, places } = setup(
      [node({ lane: 0, priorityKey: 4 }), node(), node({ lane: 0 }), node({ lane: 1 })],
      [1, 0],
    );
    expect(scheduler.take()).toEqual([1, 2]);
    places.has[0] = 2;
    expect(scheduler.hasStartable).toBe(true);
    expect(scheduler.take()).toEqual([0]);
    expect(scheduler.hasStartable).toBe(false);
  });

  it.each<[string, (scheduler: Scheduler) => unknown]>([
    ['ends', (scheduler) => scheduler.settle(0, 'COMPLETED', 0)],
    ['fails', (scheduler) => scheduler.settle(0, 'FAILED', 0)],
    ['is held', (scheduler) => scheduler.hold(0, 50)],
  ])('gives the place back when a node %s', (_how, end) => {
    const { scheduler, places } = setup([node({ lane: 0 }), node({ lane: 0 })], [1]);
    expect(scheduler.take()).toEqual([0]);
    expect(places.inUse[0]).toBe(1);
    end(scheduler);
    expect(places.inUse[0]).toBe(0);
    expect(scheduler.take()).toEqual([1]);
  });

  it('counts nobody as waiting who is paused, cancelled, or has not its turn yet', () => {
    const { scheduler } = setup(
      [node({ lane: 0 }), node({ lane: 0 }), node({ lane: 0 }), node({ lane: 0, dependsOn: [0] })],
      [0],
    );
    scheduler.pauseNode(0);
    scheduler.cancelNode(1, 0);
    expect(scheduler.waitingIn(0).ready).toBe(1);
    scheduler.pause();
    expect(scheduler.waitingIn(0).ready).toBe(0);
    scheduler.resume();
    scheduler.resumeNode(0);
    expect(scheduler.waitingIn(0).ready).toBe(2);
  });

  it('takes no second place for what ran when a snapshot was made', () => {
    const nodes = [node({ lane: 0 }), node({ lane: 0 })];
    const { scheduler, options } = setup(nodes, [1]);
    scheduler.take();
    const places = new Places([1]);
    places.inUse[0] = 1; // as the gate's own snapshot says
    const restored = Scheduler.restore(nodes, options, scheduler.snapshot(), places);
    expect(places.inUse[0]).toBe(1);
    expect(restored.take()).toEqual([]);
    restored.settle(0, 'COMPLETED', 0);
    expect(restored.take()).toEqual([1]);
  });
});
