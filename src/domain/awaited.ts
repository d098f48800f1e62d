/**
 * Dependencies on other executions: which have ended and how, and what that means for the one that waits. Pure.
 */
import type { StatusReason, TerminalStatus } from './status.js';
import {
  decideTrigger,
  dependencyState,
  type DependencyCounts,
  type TriggerRule,
} from './trigger.js';

/** What a submission says about the executions it waits for, settled. */
export interface AwaitSpec {
  /** Execution ids, or `<execution>/<node>`; each once. */
  ids: string[];
  trigger: TriggerRule;
  /** An id that nobody knows is waited for; else it is refused. */
  awaitUnknown: boolean;
  timeoutMs: number;
}

/** What follows: it runs, or ends without having run. */
export type AwaitDecision =
  { kind: 'run' } | { kind: 'end'; status: TerminalStatus; reason: StatusReason; message: string };

/** How an awaited execution ended. */
export interface AwaitedEnd {
  status: TerminalStatus;
  reason?: string | undefined;
}

export class AwaitedExecutions {
  private readonly ended = new Map<string, AwaitedEnd>();

  constructor(private readonly spec: AwaitSpec) {}

  /** @returns false for an id that is not waited for, or had ended already */
  end(id: string, how: AwaitedEnd): boolean {
    if (!this.spec.ids.includes(id) || this.ended.has(id)) return false;
    this.ended.set(id, how);
    return true;
  }

  /** Those that have not ended. */
  get open(): string[] {
    return this.spec.ids.filter((id) => !this.ended.has(id));
  }

  /** How each stands, in the order they were given. */
  get states(): { executionId: string; status: TerminalStatus | null }[] {
    return this.spec.ids.map((executionId) => ({
      executionId,
      status: this.ended.get(executionId)?.status ?? null,
    }));
  }

  /** What follows from those that have ended so far; undefined while more have to. */
  decide(): AwaitDecision | undefined {
    const decision = decideTrigger(this.spec.trigger, this.counts());
    if (decision === 'wait') return undefined;
    if (decision === 'run') return { kind: 'run' };
    const reason = decision === 'skipped' ? 'rule' : 'upstream_failed';
    const ends = [...this.ended].filter(([, { status }]) => status !== 'COMPLETED');
    const named = ends.slice(0, 3).map(([id, { status }]) => `${id} ended ${status}`);
    const message = `trigger ${this.spec.trigger}: ${named.join(', ') || 'all ended COMPLETED'}`;
    return { kind: 'end', status: 'SKIPPED', reason, message };
  }

  private counts(): DependencyCounts {
    const counts = {
      total: this.spec.ids.length,
      success: 0,
      failed: 0,
      upstreamFailed: 0,
      skipped: 0,
    };
    for (const { status, reason } of this.ended.values()) {
      const state = dependencyState(status, {
        allowFailure: false,
        ...(reason === undefined ? {} : { reason }),
      });
      if (state === 'upstream_failed') counts.upstreamFailed++;
      else if (state !== 'running') counts[state]++;
    }
    return counts;
  }
}
