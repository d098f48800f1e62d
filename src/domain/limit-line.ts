/** The places of one weight that one graph has asked for, has, and should give back. */
import type { LimitAsk } from './limit-messages.js';

export interface LineSnapshot {
  asked: number;
  granted: number;
  released: number;
  wished: number;
  since: number[];
  turn: number;
  waitingSince?: number;
}

export class LimitLine {
  private asked = 0;
  private granted = 0;
  private released = 0;
  /** Total that should have been given back. */
  private wished = 0;
  /** When each place that is out was granted, the oldest first; which node has which place makes no difference. */
  private since: number[] = [];
  /** Its place in the queue: counts up with each grant, and with each beginning of a wait. */
  turn = 0;
  waitingSince: number | undefined;

  constructor(readonly weight: number) {}

  get want(): number {
    return Math.max(0, this.asked - this.granted);
  }

  /** Places that are out. */
  get out(): number {
    return this.since.length;
  }

  /** Places that are out and were asked back. */
  get askedBack(): number {
    return Math.min(this.out, Math.max(0, this.wished - this.released));
  }

  get totals(): { granted: number; wished: number } {
    return { granted: this.granted, wished: this.wished };
  }

  /** When the oldest place that was not asked back was granted. */
  oldest(ahead = 0): number | undefined {
    return this.since[this.askedBack + ahead];
  }

  get firstGrant(): number | undefined {
    return this.since[0];
  }

  /**
   * Hears what the graph says; numbers that cannot be are taken for the nearest that can.
   *
   * @param fresh false for a message that is older than one heard before
   * @returns places that came back
   */
  hear(ask: LimitAsk, fresh: boolean, now: number): number {
    const of = (totals: LimitAsk['asked']): number => totals[this.weight] ?? 0;
    const before = this.released;
    this.granted = Math.max(this.granted, of(ask.granted)); // more than we know of: before this keeper's time
    this.released = Math.min(Math.max(this.released, of(ask.released)), this.granted);
    const out = this.granted - this.released;
    this.since.splice(0, Math.max(0, this.since.length - out));
    while (this.since.length < out) this.since.push(now);
    const back = this.released - before;
    if (fresh) this.asked = of(ask.asked);
    return back;
  }

  grant(now: number): void {
    this.granted++;
    this.since.push(now);
  }

  askBack(): void {
    this.wished = this.released + this.askedBack + 1;
  }

  /** @param nextTurn called where a wait begins */
  noteWait(now: number, nextTurn: () => number): void {
    if (this.want === 0) this.waitingSince = undefined;
    else if (this.waitingSince === undefined) {
      this.waitingSince = now;
      this.turn = nextTurn();
    }
  }

  snapshot(): LineSnapshot {
    const { asked, granted, released, wished, since, turn, waitingSince } = this;
    return {
      ...{ asked, granted, released, wished, since: [...since], turn },
      ...(waitingSince === undefined ? {} : { waitingSince }),
    };
  }

  static restore(weight: number, { since, ...rest }: LineSnapshot): LimitLine {
    return Object.assign(new LimitLine(weight), rest, { since: [...since] });
  }
}
