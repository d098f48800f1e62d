/**
 * What a discrete-event simulation stands on: a clock, cores and lanes.
 *
 * Q1. Time is virtual, in milliseconds; of two things at one time the one that was asked for first comes first.
 * Q2. Nothing here is random.
 */
export class Clock {
  now = 0;
  private readonly times: number[] = [];
  private readonly turns: number[] = [];
  private readonly steps: (() => void)[] = [];
  private turn = 0;

  after(ms: number, step: () => void): void {
    const { times, turns, steps } = this;
    const [time, turn] = [this.now + ms, this.turn++];
    let at = times.length;
    for (; at > 0;) {
      const above = (at - 1) >> 1;
      const other = times[above] as number;
      if (other < time || (other === time && (turns[above] as number) < turn)) break;
      times[at] = other;
      turns[at] = turns[above] as number;
      steps[at] = steps[above] as () => void;
      at = above;
    }
    times[at] = time;
    turns[at] = turn;
    steps[at] = step;
  }

  /** Runs until nothing is left to happen. */
  run(): void {
    while (this.times.length > 0) {
      this.now = this.times[0] as number;
      const step = this.steps[0] as () => void;
      this.dropFirst();
      step();
    }
  }

  private dropFirst(): void {
    const { times, turns, steps } = this;
    const [time, turn, step] = [times.pop(), turns.pop(), steps.pop()];
    if (times.length === 0 || time === undefined || turn === undefined || !step) return;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      if (below >= times.length) break;
      const right = below + 1;
      const isRight =
        right < times.length &&
        ((times[right] as number) < (times[below] as number) ||
          (times[right] === times[below] && (turns[right] as number) < (turns[below] as number)));
      if (isRight) below = right;
      const other = times[below] as number;
      if (time < other || (time === other && turn < (turns[below] as number))) break;
      times[at] = other;
      turns[at] = turns[below] as number;
      steps[at] = steps[below] as () => void;
      at = below;
    }
    times[at] = time;
    turns[at] = turn;
    steps[at] = step;
  }
}

interface Job {
  ms: number;
  done: (() => void) | undefined;
}

/**
 * Cores. What workflow tasks wait for goes before the rest: a real machine shares its time, so that a short piece of work
 * does not wait for all that came before it.
 */
export class Cores {
  private readonly urgent = new Queue<Job>();
  private readonly rest = new Queue<Job>();

  constructor(
    private readonly clock: Clock,
    private free: number,
    /** What others on the same machine take of it while all cores are busy, 0 to 1. */
    private readonly others = 0,
  ) {}

  run(ms: number, done?: () => void, isUrgent = false): void {
    const job = { ms, done };
    if (this.free > 0) return this.start(job);
    (isUrgent ? this.urgent : this.rest).push(job);
  }

  private start({ ms, done }: Job): void {
    this.free--;
    this.clock.after(this.free === 0 ? ms / (1 - this.others) : ms, () => {
      this.free++;
      const next = this.urgent.shift() ?? this.rest.shift();
      if (next) this.start(next);
      done?.();
    });
  }
}

class Queue<T> {
  private items: T[] = [];
  private next = 0;

  push(item: T): void {
    this.items.push(item);
  }

  shift(): T | undefined {
    const item = this.items[this.next];
    if (item === undefined) return undefined;
    this.next++;
    // What was taken is let go: it may hold a whole graph.
    if (
      this.next === this.items.length ||
      (this.next > 1_000 && this.next * 2 > this.items.length)
    ) {
      this.items = this.items.slice(this.next);
      this.next = 0;
    }
    return item;
  }
}

/** What one at a time may have: a lock, or a thread. First come, first served. */
export class Lane {
  private isTaken = false;
  private readonly waiting = new Queue<() => void>();

  /** Calls back once it is had; whoever has it calls {@link leave}. */
  enter(step: () => void): void {
    if (this.isTaken) return this.waiting.push(step);
    this.isTaken = true;
    step();
  }

  leave(): void {
    const step = this.waiting.shift();
    if (step) step();
    else this.isTaken = false;
  }
}
