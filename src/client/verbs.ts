/** What is asked of a running execution or node by its id: cancel, pause, resume. */
import { TaskError } from '../domain/errors.js';
import { splitExecutionId } from '../domain/execution-id.js';
import { isTerminal } from '../domain/status.js';
import { LONE_NODE, type Answer, type ApproveRequest } from '../workflows/messages.js';
import type { Asking } from './asking.js';
import { NodeHandle, type ExecutionHandle, type PauseOptions } from './handle.js';

/** Answers for every state; throws only when Temporal is unreachable. */
export class Verbs {
  constructor(private readonly asking: Asking) {}

  async cancel(executionId: string): Promise<Answer> {
    return await this.asked(executionId, (target) => target.cancel());
  }

  async pause(executionId: string, options: PauseOptions): Promise<Answer> {
    return await this.asked(executionId, (target) => target.pause(options));
  }

  async resume(executionId: string, options: Omit<PauseOptions, 'mode'>): Promise<Answer> {
    return await this.asked(executionId, (target) => target.resume(options));
  }

  /** Answers an approval, `<execution>/<node>`. */
  async answer(
    executionId: string,
    { approved, ...answer }: Omit<ApproveRequest, 'nodeId'>,
  ): Promise<Answer> {
    return await this.asked(executionId, async (target) => {
      if (!(target instanceof NodeHandle))
        return { success: false, message: `${executionId} is no node; an answer is to one` };
      return await (approved ? target.approve(answer) : target.deny(answer));
    });
  }

  /** A lone task is its only node. */
  private async asked(
    executionId: string,
    verb: (target: ExecutionHandle | NodeHandle) => Promise<Answer>,
  ): Promise<Answer> {
    const { graphId, nodeId } = splitExecutionId(executionId);
    try {
      const record = await this.asking.describe(graphId);
      const handle = this.asking.handleOf(record);
      const whole = nodeId === undefined || (record.kind === 'task' && nodeId === LONE_NODE);
      if (record.endedAt !== null)
        return { success: false, message: `${executionId} has already ended (${record.status})` };
      // What is done may take a moment to close: a cancel that comes then changes nothing.
      const { status } = whole ? await this.asking.execution(graphId) : record;
      if (isTerminal(status))
        return { success: false, message: `${executionId} has already ended (${status})` };
      return await verb(whole ? handle : handle.node(nodeId));
    } catch (error) {
      if (!(error instanceof TaskError) || error.code !== 'NOT_FOUND') throw error;
      return { success: false, message: error.message };
    }
  }
}
