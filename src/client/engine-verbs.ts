/** The engine's verbs for people who look after what runs: by the ids of executions and nodes, and the lists of errors. */
import type {
  ErrorKind,
  ErrorKindPlace,
  ErrorListVerbs,
  ErrorQuestion,
} from '../domain/error-kinds.js';
import type { Priority } from '../domain/priority.js';
import type { Answer } from '../workflows/messages.js';
import type { EditAnswer } from '../workflows/operator-messages.js';
import { cancelSession } from './cancel-session.js';
import { handleItem, type HandledItem, type ItemAnswer } from './completion.js';
import type { EngineParts } from './engine-parts.js';
import { assertId } from './expected.js';
import type { ApprovalAnswer, CancelOptions, PauseOptions } from './node-handle.js';
import type { GraphEdit, VerbOptions } from './operator.js';

/** Each verb of an execution answers for every state, and throws only when Temporal is unreachable, or for what makes no sense in any. */
export abstract class EngineVerbs implements ErrorListVerbs {
  protected constructor(protected readonly parts: EngineParts) {}

  /** @throws TaskStateError after a shutdown */
  protected assertOpen(): void {
    this.parts.assertOpen();
  }

  /** Cancels an execution or, with `<execution>/<node>`, one node. Answers for every state; throws only when unreachable. */
  async cancelExecution(executionId: string, options: CancelOptions = {}): Promise<Answer> {
    this.assertOpen();
    assertId('cancelExecution', executionId);
    return await this.parts.verbs.cancel(executionId, options);
  }

  /**
   * Cancels every execution of a session that is listed and has not ended: graphs, lone tasks and batches; without a store
   * at most 1,000. One that ends meanwhile is none.
   *
   * @returns the ids of those that were asked to stop
   */
  async cancelSession(sessionId: string, options: CancelOptions = {}): Promise<string[]> {
    this.assertOpen();
    assertId('cancelSession', sessionId);
    return await cancelSession(
      {
        listExecutions: (query) => this.parts.asking.list(query),
        cancelExecution: (id, why) => this.parts.verbs.cancel(id, why),
      },
      sessionId,
      options,
    );
  }

  /** Pauses an execution or, with `<execution>/<node>`, one node. Answers for every state; throws only when unreachable. */
  async pauseExecution(executionId: string, options: PauseOptions = {}): Promise<Answer> {
    this.assertOpen();
    assertId('pauseExecution', executionId);
    return await this.parts.verbs.pause(executionId, options);
  }

  /** Lets a paused execution or node go on. Answers for every state; throws only when unreachable. */
  async resumeExecution(
    executionId: string,
    options: Omit<PauseOptions, 'mode'> = {},
  ): Promise<Answer> {
    this.assertOpen();
    assertId('resumeExecution', executionId);
    return await this.parts.verbs.resume(executionId, options);
  }

  /** Says yes to an approval, `<execution>/<node>`. Answers for every state; throws only when unreachable. */
  async approve(executionId: string, answer: ApprovalAnswer = {}): Promise<Answer> {
    this.assertOpen();
    assertId('approve', executionId);
    return await this.parts.verbs.answer(executionId, { ...answer, approved: true });
  }

  /** Says no to an approval, as {@link approve} says yes. */
  async deny(executionId: string, answer: Omit<ApprovalAnswer, 'payload'> = {}): Promise<Answer> {
    this.assertOpen();
    assertId('deny', executionId);
    return await this.parts.verbs.answer(executionId, { ...answer, approved: false });
  }

  /** Tries a node at once that waits for a time, as `handle.node(id).retryNow` does; of a lone task, by its id. */
  async retryNow(executionId: string, options: Partial<VerbOptions> = {}): Promise<Answer> {
    this.assertOpen();
    assertId('retryNow', executionId);
    return await this.parts.verbs.ofNode(executionId, options, (node) => node.retryNow(options));
  }

  /** Ends a node SKIPPED that has not begun. */
  async skipNode(executionId: string, options: VerbOptions): Promise<Answer> {
    this.assertOpen();
    assertId('skipNode', executionId);
    return await this.parts.verbs.ofNode(executionId, options, (node) => node.skip(options));
  }

  /** Ends a node COMPLETED with an output; an attempt is stopped first. */
  async completeNode(executionId: string, value: unknown, options: VerbOptions): Promise<Answer> {
    this.assertOpen();
    assertId('completeNode', executionId);
    return await this.parts.verbs.ofNode(executionId, options, (node) =>
      node.complete(value, options),
    );
  }

  /** Ends a node FAILED with code OPERATOR; an attempt is stopped first. */
  async failNode(executionId: string, message: string, options: VerbOptions): Promise<Answer> {
    this.assertOpen();
    assertId('failNode', executionId);
    return await this.parts.verbs.ofNode(executionId, options, (node) =>
      node.fail(message, options),
    );
  }

  /** Changes the priority of a node, or of all nodes of a graph that have not begun. */
  async setPriority(id: string, priority: Priority, options: VerbOptions): Promise<Answer> {
    this.assertOpen();
    assertId('setPriority', id);
    return await this.parts.verbs.setPriority(id, priority, options);
  }

  /** Changes how many nodes of a graph run at once. */
  async setConcurrency(id: string, concurrency: number, options: VerbOptions): Promise<Answer> {
    this.assertOpen();
    assertId('setConcurrency', id);
    return await this.parts.verbs.ofGraph(id, options, (graph) =>
      graph.setConcurrency(concurrency, options),
    );
  }

  /** Adds nodes to a running graph, and replaces nodes that have not begun; all of it or nothing. */
  async editGraph(executionId: string, edit: GraphEdit): Promise<EditAnswer> {
    this.assertOpen();
    assertId('editGraph', executionId);
    return await this.parts.verbs.ofGraph(executionId, edit, (graph) => graph.edit(edit));
  }

  /**
   * Ends a task that ends elsewhere (`completion: 'external'`): a result is checked against the task's output schema, an
   * error is retried or not, as if the handler had given it.
   *
   * @returns what became of it: a result that the schema refuses is FAILED, an error may be RETRYING
   * @throws TaskError NOT_FOUND for an execution or node that there is not, CONFIGURATION for what is no item, NO_WORKER;
   *   TaskStateError where the attempt has ended, or is none that ends elsewhere
   */
  async handleItem(item: HandledItem): Promise<ItemAnswer> {
    this.assertOpen();
    const { place, asking, references } = this.parts;
    const { client } = place;
    return await handleItem({ client, asking, references }, item);
  }

  /** Has errors of this kind retried, on every worker. @returns false when it was on the list already */
  async addRetriableError(kind: ErrorKind, place?: ErrorKindPlace): Promise<boolean> {
    return await this.parts.errorLists.addRetriableError(kind, place);
  }

  async removeRetriableError(kind: ErrorKind, place?: ErrorKindPlace): Promise<boolean> {
    return await this.parts.errorLists.removeRetriableError(kind, place);
  }

  /** Has errors of this kind never retried, on every worker. @returns false when it was on the list already */
  async addNeverRetryError(kind: ErrorKind, place?: ErrorKindPlace): Promise<boolean> {
    return await this.parts.errorLists.addNeverRetryError(kind, place);
  }

  async removeNeverRetryError(kind: ErrorKind, place?: ErrorKindPlace): Promise<boolean> {
    return await this.parts.errorLists.removeNeverRetryError(kind, place);
  }

  /** Whether an error would be retried under the default policy and the lists as they are; operations ask with `unknownErrors: 'fail'`. */
  async isRetriableError(error: unknown, asked?: ErrorQuestion): Promise<boolean> {
    return await this.parts.errorLists.isRetriableError(error, asked);
  }
}
