/** So many places, handed out in the order of asking. */
export class Slots {
  private free: number;
  private readonly waiting: { take: () => void; refuse: (error: Error) => void }[] = [];

  constructor(readonly size: number) {
    this.free = size;
  }

  /**
   * Waits for a place.
   *
   * @returns gives the place back; a second call does nothing
   * @throws what `refusal` gives, when the signal is aborted before a place is free
   */
  async take(signal: AbortSignal, refusal: () => Error): Promise<() => void> {
    if (signal.aborted) throw refusal();
    if (this.free > 0) this.free--;
    else await this.wait(signal, refusal);
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      const next = this.waiting.shift();
      if (next) next.take();
      else this.free++;
    };
  }

  /** Refuses everyone who waits. */
  refuseAll(error: Error): void {
    for (const { refuse } of this.waiting.splice(0)) refuse(error);
  }

  private async wait(signal: AbortSignal, refusal: () => Error): Promise<void> {
    let onAbort: (() => void) | undefined;
    try {
      await new Promise<void>((resolve, reject) => {
        const entry = { take: resolve, refuse: reject };
        this.waiting.push(entry);
        onAbort = () => {
          const at = this.waiting.indexOf(entry);
          if (at < 0) return; // it has its place already
          this.waiting.splice(at, 1);
          reject(refusal());
        };
        signal.addEventListener('abort', onAbort);
      });
    } finally {
      if (onAbort) signal.removeEventListener('abort', onAbort);
    }
  }
}
