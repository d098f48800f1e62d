/** Executions that wait for this one, or for one of its nodes: each is told once, before this one closes. */
import { condition, getExternalWorkflowHandle, log, workflowInfo } from '@temporalio/workflow';
import type { TerminalStatus } from '../domain/status.js';
import { SIGNAL } from './messages.js';
import type { EndedSignal, SubscribeSignal } from './between.js';

/** How the whole execution, or one of its nodes, has ended; undefined while it has not. */
export type EndOf = (
  nodeId: string | undefined,
) => { status: TerminalStatus; reason?: string | undefined } | 'unknown' | undefined;

export class Subscribers {
  private waiting: SubscribeSignal[] = [];
  private underWay = 0;

  constructor(carried: readonly SubscribeSignal[] = []) {
    this.waiting.push(...carried);
  }

  add(request: SubscribeSignal): void {
    const same = this.waiting.some(
      (other) => other.subscriber === request.subscriber && other.nodeId === request.nodeId,
    );
    if (!same) this.waiting.push(request);
  }

  /** Tells those whose target has ended. Not waited for: see {@link sending}. */
  tell(endOf: EndOf): void {
    if (this.waiting.length === 0) return;
    const open: SubscribeSignal[] = [];
    for (const request of this.waiting) {
      const end = endOf(request.nodeId);
      if (end === undefined) open.push(request);
      else void this.send(request, end);
    }
    this.waiting = open;
  }

  /** Tells all of them, also those that subscribe while they are told: a signal is served before what follows here. */
  async tellAll(endOf: EndOf): Promise<void> {
    while (this.waiting.length > 0 || this.underWay > 0) {
      this.tell(endOf);
      await condition(() => this.underWay === 0);
    }
  }

  /** True while a message is under way. */
  get sending(): boolean {
    return this.underWay > 0;
  }

  carry(): SubscribeSignal[] {
    return this.waiting;
  }

  private async send(
    { subscriber, nodeId }: SubscribeSignal,
    end: Exclude<ReturnType<EndOf>, undefined>,
  ): Promise<void> {
    const { workflowId } = workflowInfo();
    const message: EndedSignal = {
      executionId: nodeId === undefined ? workflowId : `${workflowId}/${nodeId}`,
      ...(end === 'unknown' ? { status: 'REJECTED', reason: 'unknown_node' } : end),
    };
    this.underWay++;
    try {
      await getExternalWorkflowHandle(subscriber).signal(SIGNAL.ended, message);
    } catch (error) {
      log.debug(`${subscriber} no longer waits: ${String(error)}`);
    } finally {
      this.underWay--;
    }
  }
}
