/** A handle to one node of an execution. */
import type { Client } from '@temporalio/client';
import type { Explanation } from '../domain/explain.js';
import { isTerminal } from '../domain/status.js';
import {
  QUERY,
  UPDATE,
  type Answer,
  type ApproveRequest,
  type GraphStatus,
  type NodeView,
  type PauseRequest,
} from '../workflows/messages.js';
import { askRunning } from './ask-running.js';
import type { ExplainOptions } from './explain.js';
import { pendingAttempts, untilPrepared, wholeView, withPending } from './live.js';
import { query } from './query.js';
import { notFound } from './not-found.js';
import { NodeOperator } from './operator.js';
import type { References } from './references.js';

/** Who asks for a cancel, and why: that stands in the status history. */
export type CancelOptions = Pick<PauseRequest, 'by' | 'reason'>;

/** How to pause, and who asks: that stands in the status history. */
export type PauseOptions = Pick<PauseRequest, 'mode' | 'by' | 'note' | 'reason'>;

export interface NodeHandleParts {
  client: Client;
  references: References;
  explain: (executionId: string, options?: ExplainOptions) => Promise<Explanation>;
}

/** A handle to one node of an execution: how it stands, and every verb on it. */
export class NodeHandle extends NodeOperator {
  constructor(
    graphId: string,
    nodeId: string,
    private readonly parts: NodeHandleParts,
  ) {
    super(parts.client, graphId, nodeId);
  }

  /** @throws TaskError NOT_FOUND */
  async status(): Promise<NodeView> {
    const { client, references } = this.parts;
    let [view, status] = await this.look();
    if (!view) {
      // Also where the status says that it is prepared: it was asked beside the view, and may have been answered later.
      await untilPrepared(client, this.graphId);
      [view, status] = await this.look();
    }
    if (!view) throw notFound(`${this.graphId}/${this.nodeId}`);
    if (isTerminal(view.status)) {
      const { priority, dependsOn } = view; // what is written away knows the one, and a rerun's is of before
      const whole = await wholeView({ client, references }, this.graphId, view);
      return { ...whole, ...(priority ? { priority } : {}), ...(dependsOn ? { dependsOn } : {}) };
    }
    const pending = await pendingAttempts(client, status);
    return withPending(view, pending.get(this.nodeId), Date.now());
  }

  private async look(): Promise<[NodeView | null, GraphStatus]> {
    const { client } = this.parts;
    return await Promise.all([
      query<NodeView | null>(client, this.graphId, QUERY.node, this.nodeId),
      query<GraphStatus>(client, this.graphId, QUERY.status),
    ]);
  }

  /** Why it stands where it stands. @throws TaskError NOT_FOUND */
  async explain(): Promise<Explanation> {
    return await this.parts.explain(this.graphId, { node: this.nodeId });
  }

  /** Cancels this node; what depends on it follows its trigger rule. */
  async cancel({ by, reason }: CancelOptions = {}): Promise<Answer> {
    const request = { nodeId: this.nodeId, by, reason };
    return await askRunning(this.parts.client, this.graphId, UPDATE.cancelNode, request);
  }

  /** Says yes to an approval. */
  async approve(answer: ApprovalAnswer = {}): Promise<Answer> {
    return await this.answer({ ...answer, approved: true });
  }

  /** Says no to an approval. */
  async deny(answer: Omit<ApprovalAnswer, 'payload'> = {}): Promise<Answer> {
    return await this.answer({ ...answer, approved: false });
  }

  private async answer(answer: Omit<ApproveRequest, 'nodeId'>): Promise<Answer> {
    const { nodeId } = this;
    return await askRunning(this.parts.client, this.graphId, UPDATE.approve, { ...answer, nodeId });
  }

  /** It does not start (again) until `resume`; `hard` also asks a running attempt to stop at its last checkpoint. */
  async pause(options: PauseOptions = {}): Promise<Answer> {
    const { nodeId } = this;
    return await askRunning(this.parts.client, this.graphId, UPDATE.pause, { ...options, nodeId });
  }

  /** Goes on after a pause of its own. */
  async resume(options: Omit<PauseOptions, 'mode'> = {}): Promise<Answer> {
    const { nodeId } = this;
    return await askRunning(this.parts.client, this.graphId, UPDATE.resume, { ...options, nodeId });
  }
}

/** An answer to an approval, and who gives it: that stands in the status history. */
export type ApprovalAnswer = Omit<ApproveRequest, 'nodeId' | 'approved'>;
