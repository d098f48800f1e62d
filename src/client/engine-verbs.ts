/** The engine's verbs for people who look after what runs: by the ids of executions and nodes, and the lists of errors. */
import type { ErrorKind, ErrorKindPlace, ErrorListVerbs } from '../domain/error-kinds.js';
import type { Priority } from '../domain/priority.js';
import type { Answer } from '../workflows/messages.js';
import type { EditAnswer } from '../workflows/operator-messages.js';
import type { ApprovalAnswer, CancelOptions, PauseOptions } from './handle.js';
import type { GraphEdit, VerbOptions } from './operator.js';
import type { Verbs } from './verbs.js';

/** Each verb of an execution answers for every state, and throws only when Temporal is unreachable, or for what makes no sense in any. */
export abstract class EngineVerbs implements ErrorListVerbs {
  protected abstract readonly verbs: Verbs;
  protected abstract readonly errorLists: ErrorListVerbs;

  /** @throws TaskStateError after a shutdown */
  protected abstract assertOpen(): void;

  /** Cancels an execution or, with `<execution>/<node>`, one node. Answers for every state; throws only when unreachable. */
  async cancelExecution(executionId: string, options: CancelOptions = {}): Promise<Answer> {
    this.assertOpen();
    return await this.verbs.cancel(executionId, options);
  }

  /** Pauses an execution or, with `<execution>/<node>`, one node. Answers for every state; throws only when unreachable. */
  async pauseExecution(executionId: string, options: PauseOptions = {}): Promise<Answer> {
    this.assertOpen();
    return await this.verbs.pause(executionId, options);
  }

  /** Lets a paused execution or node go on. Answers for every state; throws only when unreachable. */
  async resumeExecution(
    executionId: string,
    options: Omit<PauseOptions, 'mode'> = {},
  ): Promise<Answer> {
    this.assertOpen();
    return await this.verbs.resume(executionId, options);
  }

  /** Says yes to an approval, `<execution>/<node>`. Answers for every state; throws only when unreachable. */
  async approve(executionId: string, answer: ApprovalAnswer = {}): Promise<Answer> {
    this.assertOpen();
    return await this.verbs.answer(executionId, { ...answer, approved: true });
  }

  /** Says no to an approval, as {@link approve} says yes. */
  async deny(executionId: string, answer: Omit<ApprovalAnswer, 'payload'> = {}): Promise<Answer> {
    this.assertOpen();
    return await this.verbs.answer(executionId, { ...answer, approved: false });
  }

  /** Tries a node at once that waits for a time, as `handle.node(id).retryNow` does; of a lone task, by its id. */
  async retryNow(executionId: string, options: VerbOptions): Promise<Answer> {
    this.assertOpen();
    return await this.verbs.ofNode(executionId, options, (node) => node.retryNow(options));
  }

  /** Ends a node SKIPPED that has not begun. */
  async skipNode(executionId: string, options: VerbOptions): Promise<Answer> {
    this.assertOpen();
    return await this.verbs.ofNode(executionId, options, (node) => node.skip(options));
  }

  /** Ends a node COMPLETED with an output; an attempt is stopped first. */
  async completeNode(executionId: string, value: unknown, options: VerbOptions): Promise<Answer> {
    this.assertOpen();
    return await this.verbs.ofNode(executionId, options, (node) => node.complete(value, options));
  }

  /** Ends a node FAILED with code OPERATOR; an attempt is stopped first. */
  async failNode(executionId: string, message: string, options: VerbOptions): Promise<Answer> {
    this.assertOpen();
    return await this.verbs.ofNode(executionId, options, (node) => node.fail(message, options));
  }

  /** Changes the priority of a node, or of all nodes of a graph that have not begun. */
  async setPriority(id: string, priority: Priority, options: VerbOptions): Promise<Answer> {
    this.assertOpen();
    return await this.verbs.setPriority(id, priority, options);
  }

  /** Changes how many nodes of a graph run at once. */
  async setConcurrency(id: string, concurrency: number, options: VerbOptions): Promise<Answer> {
    this.assertOpen();
    return await this.verbs.ofGraph(id, options, (graph) =>
      graph.setConcurrency(concurrency, options),
    );
  }

  /** Adds nodes to a running graph, and replaces nodes that have not begun; all of it or nothing. */
  async editGraph(executionId: string, edit: GraphEdit): Promise<EditAnswer> {
    this.assertOpen();
    return await this.verbs.ofGraph(executionId, edit, (graph) => graph.edit(edit));
  }

  /** Has errors of this kind retried, on every worker. @returns false when it was on the list already */
  async addRetriableError(kind: ErrorKind, place?: ErrorKindPlace): Promise<boolean> {
    return await this.errorLists.addRetriableError(kind, place);
  }

  async removeRetriableError(kind: ErrorKind, place?: ErrorKindPlace): Promise<boolean> {
    return await this.errorLists.removeRetriableError(kind, place);
  }

  /** Has errors of this kind never retried, on every worker. @returns false when it was on the list already */
  async addNeverRetryError(kind: ErrorKind, place?: ErrorKindPlace): Promise<boolean> {
    return await this.errorLists.addNeverRetryError(kind, place);
  }

  async removeNeverRetryError(kind: ErrorKind, place?: ErrorKindPlace): Promise<boolean> {
    return await this.errorLists.removeNeverRetryError(kind, place);
  }

  /** Whether an error would be retried under the default policy and what was added to the lists. */
  async isRetriableError(error: unknown, place?: ErrorKindPlace): Promise<boolean> {
    return await this.errorLists.isRetriableError(error, place);
  }
}
