import { CancellationScope, isCancellation, sleep } from '@temporalio/workflow';

/** One timer at a time, for the earliest of many times. Calls `ring` when it strikes. */
export class Alarm {
  private at: number | undefined;
  private scope: CancellationScope | undefined;

  constructor(private readonly ring: () => void) {}

  /** Strikes at this time, epoch milliseconds; an earlier setting is kept only where it is the earlier one. */
  set(at: number | undefined): void {
    if (at === undefined || (this.at !== undefined && this.at <= at)) return;
    this.scope?.cancel();
    this.at = at;
    const scope = new CancellationScope({ cancellable: true });
    this.scope = scope;
    void this.wait(scope, at);
  }

  /** No timer is left behind. */
  clear(): void {
    this.scope?.cancel();
    this.scope = undefined;
    this.at = undefined;
  }

  private async wait(scope: CancellationScope, at: number): Promise<void> {
    try {
      await scope.run(() => sleep(Math.max(1, at - Date.now())));
    } catch (error) {
      if (isCancellation(error)) return; // replaced by an earlier one
      throw error;
    }
    if (this.scope !== scope) return;
    this.scope = undefined;
    this.at = undefined;
    this.ring();
  }
}
