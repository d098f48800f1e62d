/** Whether to wait for somebody who does not answer: at first yes, for it may be a restart; then no, until they are back. */
export class Outage {
  private sinceMs: number | undefined;

  /** @param patienceMs for so long after the first call that found nobody, calls are tried again */
  constructor(private readonly patienceMs: number) {}

  /** Somebody answered, whatever it was. */
  answered(): void {
    this.sinceMs = undefined;
  }

  /** A call found nobody. @returns whether to try it again */
  missed(nowMs: number): boolean {
    this.sinceMs ??= nowMs;
    return nowMs - this.sinceMs < this.patienceMs;
  }
}
