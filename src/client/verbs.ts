/** What is asked of a running execution or node by its id: cancel, pause, resume. */
import { TaskError } from '../domain/errors.js';
import { splitExecutionId } from '../domain/execution-id.js';
import { isTerminal } from '../domain/status.js';
import { LONE_NODE, type Answer, type ApproveRequest } from '../workflows/messages.js';
import type { Asking } from './asking.js';
import type { Priority } from '../domain/priority.js';
import type { ExecutionHandle } from './handle.js';
import { NodeHandle, type CancelOptions, type PauseOptions } from './node-handle.js';
import type { VerbOptions } from './operator.js';
import type { ExecutionRecord } from './record.js';

type Verb<A extends Answer> = (
  target: ExecutionHandle | NodeHandle,
  kind: ExecutionRecord['kind'],
) => Promise<A>;

/** Answers for every state; throws only when Temporal is unreachable. */
export class Verbs {
  constructor(private readonly asking: Asking) {}

  async cancel(executionId: string, options: CancelOptions): Promise<Answer> {
    return await this.asked(executionId, (target) => target.cancel(options));
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

  /** Asks something of one node, `<execution>/<node>`; of a lone task it is its only one. */
  async ofNode(
    executionId: string,
    { requestId }: Pick<VerbOptions, 'requestId'> = {},
    ask: (node: NodeHandle) => Promise<Answer>,
  ): Promise<Answer> {
    const verb: Verb<Answer> = async (target, kind) => {
      if (target instanceof NodeHandle) return await ask(target);
      if (kind === 'task') return await ask(target.node(LONE_NODE));
      const message = `${executionId} is no node; name one of its nodes: ${executionId}/<node>`;
      return { success: false, message };
    };
    return await this.asked(executionId, verb, requestId);
  }

  /** Asks something of a whole execution. */
  async ofGraph<A extends Answer>(
    executionId: string,
    { requestId }: Pick<VerbOptions, 'requestId'> = {},
    ask: (graph: ExecutionHandle) => Promise<A>,
  ): Promise<A | Answer> {
    const verb: Verb<A | Answer> = async (target) => {
      if (!(target instanceof NodeHandle)) return await ask(target);
      return { success: false, message: `${executionId} is one node; name the execution alone` };
    };
    return await this.asked(executionId, verb, requestId);
  }

  /** Of one node, or of all of a graph that have not begun. */
  async setPriority(id: string, priority: Priority, options: VerbOptions): Promise<Answer> {
    return await this.asked(
      id,
      (target) => target.setPriority(priority, options),
      options?.requestId,
    );
  }

  /**
   * A lone task is its only node.
   *
   * @param requestId what was asked by it before has the same answer, also once the execution has ended
   */
  private async asked<A extends Answer = Answer>(
    executionId: string,
    verb: Verb<A>,
    requestId?: string,
  ): Promise<A | Answer> {
    const { graphId, nodeId } = splitExecutionId(executionId);
    try {
      const record = await this.asking.describe(graphId);
      const handle = this.asking.handleOf(record);
      const whole = nodeId === undefined || (record.kind === 'task' && nodeId === LONE_NODE);
      const ask = () => verb(whole ? handle : handle.node(nodeId), record.kind);
      // What is done may take a moment to close: a cancel that comes then changes nothing.
      const { status } =
        record.endedAt === null && whole ? await this.asking.execution(graphId) : record;
      const isOpen = record.endedAt === null && !isTerminal(status);
      const answer = isOpen || requestId !== undefined ? await ask() : undefined;
      if (answer?.success) return answer;
      if (!whole && !(await this.asking.isThere(executionId)))
        return {
          success: false,
          message: `there is no node ${JSON.stringify(nodeId)} in ${graphId}`,
          code: 'NOT_FOUND',
        };
      if (answer && (isOpen || answer.code !== 'NOT_RUNNING')) return answer;
      return { success: false, message: `${executionId} has already ended (${status})` };
    } catch (error) {
      if (!(error instanceof TaskError) || error.code !== 'NOT_FOUND') throw error;
      return { success: false, message: error.message, code: 'NOT_FOUND' };
    }
  }
}
