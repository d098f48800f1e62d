/**
 * Waits for other executions before a graph starts: told by them, else checked.
 *
 * W1. It subscribes at each by a signal and sleeps. One that is gone, or ended before, is looked up once.
 * W2. A terminated one tells nobody: what is still open is looked up after 1, 2, 4 … 60 minutes.
 * W3. An id that nobody knows yet is asked for again a second later, then each time after a quarter of the time waited so
 *     far, at most an hour: it is found soon, and a week of waiting costs some hundred looks.
 * W4. In every cycle somebody waits for one that started later. The later one, when it is subscribed at, sends a probe
 *     along what it waits for itself, and so on; a probe that comes back to the subscriber has found a cycle.
 */
import {
  CancellationScope,
  condition,
  getExternalWorkflowHandle,
  isCancellation,
  log,
  workflowInfo,
} from '@temporalio/workflow';
import { AwaitedExecutions, type AwaitDecision, type AwaitSpec } from '../domain/awaited.js';
import { splitExecutionId } from '../domain/execution-id.js';
import { ACTIVITY, SIGNAL } from './messages.js';
import type { EndedSignal, ExecutionLook, ProbeSignal, SubscribeSignal } from './between.js';
import { LOOK, work } from './work.js';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
/** Executions in a row that a probe follows. */
const PROBE_STEPS = 100;

export class Awaiting {
  private readonly awaited: AwaitedExecutions;
  /** Ids that will not tell: nobody knew them when they were last asked for, or they came just after. */
  private readonly untold = new Set<string>();
  /** When waiting is given up, in epoch milliseconds; known once it waits. */
  deadline: number | undefined;
  private decision: AwaitDecision | undefined;
  private readonly self = workflowInfo().workflowId;

  constructor(private readonly spec: AwaitSpec) {
    this.awaited = new AwaitedExecutions(spec);
  }

  /** How each awaited execution stands; null while it has not ended. */
  get states(): AwaitedExecutions['states'] {
    return this.awaited.states;
  }

  /**
   * Waits until it is clear what follows.
   *
   * @param stopped true once waiting is pointless: nothing is left to start
   */
  async wait(stopped: () => boolean): Promise<AwaitDecision | undefined> {
    const deadline = Date.now() + this.spec.timeoutMs;
    this.deadline = deadline;
    const done = (): boolean => stopped() || this.decided() !== undefined;
    await CancellationScope.cancellable(() => this.subscribe(this.awaited.open));
    const began = Date.now();
    const looks = { after: MINUTE, next: began + MINUTE };
    while (!done()) {
      const now = Date.now();
      if (now >= deadline) return timedOut(this.spec, this.awaited.open);
      const asked = now + Math.min(HOUR, Math.max(SECOND, (now - began) / 4));
      const until = Math.min(deadline, looks.next, this.untold.size > 0 ? asked : Infinity);
      await condition(done, until - now);
      if (done()) break;
      const due = Date.now() >= looks.next;
      await this.check(due);
      if (due) {
        looks.after = Math.min(looks.after * 2, HOUR);
        looks.next = Date.now() + looks.after;
      }
    }
    return this.decided();
  }

  /** An awaited execution tells how it ended. */
  told({ executionId, status, reason }: EndedSignal): void {
    if (reason === 'unknown_node') this.decision ??= unknownDependency(executionId);
    else this.awaited.end(executionId, { status, reason });
  }

  /** A probe for a cycle: it is one when the probe began here, else it goes on to what this one waits for. */
  probed({ path }: ProbeSignal): void {
    if (path[0] === this.self) {
      this.decision = {
        kind: 'end',
        status: 'FAILED',
        reason: 'dependency_cycle',
        message: `executions wait for each other: ${[...path, this.self].join(' → ')}`,
      };
    } else if (!path.includes(this.self) && path.length < PROBE_STEPS)
      for (const id of this.awaited.open) void this.probe(id, [...path, this.self]);
  }

  private decided(): AwaitDecision | undefined {
    return (this.decision ??= this.awaited.decide());
  }

  private async subscribe(ids: readonly string[]): Promise<void> {
    await Promise.all(ids.map((id) => this.subscribeAt(id)));
  }

  private async subscribeAt(id: string): Promise<void> {
    const { graphId, nodeId } = splitExecutionId(id);
    const request: SubscribeSignal = {
      subscriber: this.self,
      startedAt: workflowInfo().startTime.getTime(),
      ...(nodeId === undefined ? {} : { nodeId }),
    };
    try {
      await getExternalWorkflowHandle(graphId).signal(SIGNAL.subscribe, request);
      this.untold.delete(id);
    } catch (error) {
      if (isCancellation(error)) throw error;
      // Also where it is open: then it came between the two, and has to be asked again.
      if ((await this.lookUp(id)) !== 'closed') this.untold.add(id);
    }
  }

  private async probe(id: string, path: string[]): Promise<void> {
    const request: ProbeSignal = { path };
    try {
      await getExternalWorkflowHandle(splitExecutionId(id).graphId).signal(SIGNAL.probe, request);
    } catch (error) {
      log.debug(`${id} takes no probe: ${String(error)}`); // it has ended meanwhile: no cycle
    }
  }

  /** Those that nobody knew are asked again; the others may have been terminated, which tells nobody. */
  private async check(lookAtAll: boolean): Promise<void> {
    await Promise.all(
      this.awaited.open.map(async (id) => {
        if (this.untold.has(id)) await this.subscribeAt(id);
        else if (lookAtAll) await this.lookUp(id);
      }),
    );
  }

  private async lookUp(id: string): Promise<ExecutionLook['state'] | undefined> {
    let look: ExecutionLook;
    try {
      look = await work<ExecutionLook>(ACTIVITY.lookAt, [id], LOOK);
    } catch (error) {
      if (isCancellation(error)) throw error;
      log.warn(`${id} could not be looked up; it is asked for again: ${String(error)}`);
      return undefined;
    }
    if (look.state === 'closed') this.awaited.end(id, look);
    if (look.state === 'unknown') {
      this.untold.add(id);
      if (!this.spec.awaitUnknown) this.decision ??= unknownDependency(id);
    }
    return look.state;
  }
}

function unknownDependency(id: string): AwaitDecision {
  return {
    kind: 'end',
    status: 'REJECTED',
    reason: 'unknown_dependency',
    message: `dependencies: there is no execution ${JSON.stringify(id)}; start it first, or set awaitUnknown`,
  };
}

function timedOut({ timeoutMs }: AwaitSpec, open: readonly string[]): AwaitDecision {
  const named = open.slice(0, 3).join(', ');
  return {
    kind: 'end',
    status: 'TIMEOUT',
    reason: 'dependency_timeout',
    message: `dependencyTimeout: ${named}${open.length > 3 ? ` and ${open.length - 3} more` : ''} had not ended after ${timeoutMs} ms`,
  };
}
