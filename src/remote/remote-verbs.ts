/** What is asked of executions and nodes behind a server. Who asks is who the key belongs to. */
import type { ExecutionRecord, GraphEdit, VerbOptions } from '../client.js';
import { cancelSession } from '../client/cancel-session.js';
import type { ExecutionList, ListQuery } from '../client/listing.js';
import type { ApprovalAnswer, CancelOptions, PauseOptions } from '../client/node-handle.js';
import { TaskError } from '../domain/errors.js';
import { splitExecutionId } from '../domain/execution-id.js';
import type { Priority } from '../domain/priority.js';
import { isTerminal } from '../domain/status.js';
import { LONE_NODE, type Answer } from '../workflows/messages.js';
import type { EditAnswer } from '../workflows/operator-messages.js';
import { path, type Api } from './api.js';

export abstract class RemoteVerbs {
  constructor(protected readonly api: Api) {}

  abstract getExecution(executionId: string): Promise<ExecutionRecord>;
  abstract listExecutions(query: ListQuery): Promise<ExecutionList>;

  async cancelExecution(id: string, { reason }: CancelOptions = {}): Promise<Answer> {
    return await this.ofAny(id, 'cancel', { reason });
  }

  async cancelSession(sessionId: string, options: CancelOptions = {}): Promise<string[]> {
    return await cancelSession(this, sessionId, options);
  }

  async pauseExecution(id: string, { mode, note, reason = note }: PauseOptions = {}) {
    return await this.ofAny(id, 'pause', { mode, reason });
  }

  async resumeExecution(
    id: string,
    { note, reason = note }: Omit<PauseOptions, 'mode'> = {},
  ): Promise<Answer> {
    return await this.ofAny(id, 'resume', { reason });
  }

  async approve(id: string, { note, payload }: ApprovalAnswer = {}): Promise<Answer> {
    return await this.answer(id, 'approve', { note, payload });
  }

  async deny(id: string, { note }: Omit<ApprovalAnswer, 'payload'> = {}): Promise<Answer> {
    return await this.answer(id, 'deny', { note });
  }

  async retryNow(id: string, options: VerbOptions): Promise<Answer> {
    return await this.ofNode(id, 'retry', {}, options);
  }

  async skipNode(id: string, options: VerbOptions): Promise<Answer> {
    return await this.ofNode(id, 'skip', {}, options);
  }

  async completeNode(id: string, value: unknown, options: VerbOptions): Promise<Answer> {
    return await this.ofNode(id, 'complete', { value: value ?? null }, options);
  }

  async failNode(id: string, message: string, options: VerbOptions): Promise<Answer> {
    return await this.ofNode(id, 'fail', { message }, options);
  }

  async setPriority(id: string, priority: Priority, options: VerbOptions): Promise<Answer> {
    const { reason, requestId } = options;
    return await this.ofAny(id, 'priority', { priority, reason }, requestId);
  }

  async setConcurrency(id: string, concurrency: number, options: VerbOptions): Promise<Answer> {
    const { reason, requestId } = options;
    return await this.ofGraph(id, 'concurrency', { concurrency, reason }, requestId);
  }

  async editGraph(id: string, { by: _by, requestId, ...edit }: GraphEdit): Promise<EditAnswer> {
    return await this.ofGraph<EditAnswer>(id, 'edit', edit, requestId);
  }

  /** Of an execution, or of a node of it. */
  private async ofAny(id: string, verb: string, body: object, key?: string): Promise<Answer> {
    const { graphId, nodeId } = splitExecutionId(id);
    const where =
      nodeId === undefined
        ? path`/executions/${graphId}/${verb}`
        : path`/executions/${graphId}/nodes/${nodeId}/${verb}`;
    return await this.asked(where, id, body, key);
  }

  /** Of a lone task it is its only node. */
  private async ofNode(
    id: string,
    verb: string,
    body: object,
    { reason, requestId }: VerbOptions,
  ): Promise<Answer> {
    const said = { ...body, reason };
    if (splitExecutionId(id).nodeId !== undefined)
      return await this.ofAny(id, verb, said, requestId);
    const record = await this.known(id);
    if ('success' in record) return record;
    if (record.kind === 'task')
      return await this.ofAny(`${id}/${LONE_NODE}`, verb, said, requestId);
    return no(`${id} is no node; name one of its nodes: ${id}/<node>`);
  }

  private async answer(id: string, verb: string, body: object): Promise<Answer> {
    if (splitExecutionId(id).nodeId !== undefined) return await this.ofAny(id, verb, body);
    const record = await this.known(id);
    return 'success' in record ? record : no(`${id} is no node; an answer is to one`);
  }

  private async ofGraph<A extends Answer>(
    id: string,
    verb: string,
    body: object,
    key: string | undefined,
  ): Promise<A> {
    if (splitExecutionId(id).nodeId === undefined)
      return (await this.asked(path`/executions/${id}/${verb}`, id, body, key)) as A;
    return no(`${id} is one node; name the execution alone`) as A;
  }

  /** Answers for every state, as the engine does: also of what there is not. */
  private async asked(where: string, id: string, body: object, key?: string): Promise<Answer> {
    try {
      return await this.api.post<Answer>(where, body, { key });
    } catch (error) {
      return notThere(error, id);
    }
  }

  /** The record of one that runs, or the answer for one that does not. */
  private async known(id: string): Promise<ExecutionRecord | Answer> {
    try {
      const record = await this.getExecution(id);
      const hasEnded = record.endedAt !== null || isTerminal(record.status);
      return hasEnded ? no(`${id} has already ended (${record.status})`) : record;
    } catch (error) {
      return notThere(error, id);
    }
  }
}

const no = (message: string): Answer => ({ success: false, message });

/** @throws what is no such answer */
function notThere(error: unknown, id: string): Answer {
  const isAbout = error instanceof TaskError && error.code === 'NOT_FOUND';
  if (!isAbout || !error.message.includes(splitExecutionId(id).graphId)) throw error;
  return { success: false, message: error.message, code: 'NOT_FOUND' };
}
