/** Which tasks were quick of late, as the store has counted it, for nodes that say `light: auto`. */
import { messageOf } from '../domain/errors.js';
import { isQuick, QUICK_SPAN_MS } from '../domain/quick-rule.js';
import type { Stats } from '../store/stats.js';
import type { Logger } from '../telemetry.js';

const FRESH_MS = 60_000;
/** Tasks that are known, the most used first. */
const MOST = 1_000;

export class QuickTasks {
  private quick: ReadonlySet<string> = new Set();
  private lookedAt = -Infinity;

  /** @param now epoch milliseconds */
  constructor(
    private readonly stats: Stats,
    private readonly log: Logger,
    private readonly now: () => number = Date.now,
  ) {}

  /** By the last look. One that is older than a minute is made anew in the background: whoever asks first gets no. */
  has(task: string): boolean {
    const now = this.now();
    if (now - this.lookedAt >= FRESH_MS) {
      this.lookedAt = now;
      void this.look(now);
    }
    return this.quick.has(task);
  }

  private async look(now: number): Promise<void> {
    try {
      const { groups = [] } = await this.stats.getExecutionStats({
        ...{ kind: ['node', 'task'], by: 'task', since: now - QUICK_SPAN_MS },
        ...{ order: 'total', limit: MOST },
      });
      const quick = groups.filter(isQuick).map(({ key }) => key.task);
      this.quick = new Set(quick.filter((task) => typeof task === 'string'));
    } catch (error) {
      this.log.warn(`which tasks are quick is not known: ${messageOf(error)}`);
    }
  }
}
