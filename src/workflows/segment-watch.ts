/** Finds segments that are gone without a message having told: those that say nothing are asked after, more and more seldom. */
import { CancellationScope, isCancellation, sleep } from '@temporalio/workflow';
import { ACTIVITY } from './messages.js';
import { LOOK, work } from './work.js';

const MINUTE = 60_000;

export interface Watched {
  readonly id: string;
  readonly inFlight: { readonly size: number };
  /** It has reported since it was last looked at. */
  heard: boolean;
}

export class SegmentWatch<S extends Watched> {
  private readonly scope = new CancellationScope({ cancellable: true });

  /** @param gone is told of each that is gone */
  constructor(
    private readonly segments: () => Iterable<S>,
    private readonly gone: (segment: S) => void,
  ) {
    void this.scope.run(() => this.watch()).catch(() => undefined); // cancelled when the graph is done
  }

  close(): void {
    this.scope.cancel();
  }

  private async watch(): Promise<never> {
    for (let wait = MINUTE; ; wait = Math.min(wait * 2, 60 * MINUTE)) {
      await sleep(wait);
      for (const segment of [...this.segments()]) {
        if (segment.heard || segment.inFlight.size === 0) {
          segment.heard = false;
          continue;
        }
        if ((await this.look(segment)) === 'gone') this.gone(segment);
      }
    }
  }

  /** Not knowing is no reason to give a segment up: it is looked at again next time. */
  private async look(segment: S): Promise<'there' | 'gone'> {
    try {
      const found = await work<string>(ACTIVITY.describe, [segment.id], LOOK);
      return found === 'running' ? 'there' : 'gone';
    } catch (error) {
      if (isCancellation(error)) throw error;
      return 'there';
    }
  }
}
