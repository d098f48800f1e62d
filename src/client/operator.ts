/** Verbs for people who look after a running graph: how they are asked, whoever asks. */
import type { Client } from '@temporalio/client';
import { TaskError } from '../domain/errors.js';
import { preview, type Json } from '../domain/json.js';
import type { Priority } from '../domain/priority.js';
import type { OperatorVerb } from '../domain/status.js';
import { UPDATE, type Answer } from '../workflows/messages.js';
import type { EditAnswer, EditRequest, OperatorRequests } from '../workflows/operator-messages.js';
import { isOperatorRequest, TAKES } from '../workflows/operator-shapes.js';
import { askRunning } from './ask-running.js';
import { sendable } from './sendable.js';

/** Characters of a request's key: the server takes an id of at most 1,000, and the verb and the node stand in it. */
const REQUEST_ID_MOST = 500;

/** Who asks, and why: both stand in the status history. */
export interface VerbOptions {
  /** Why; 1 to 1,000 characters. */
  reason: string;
  by?: string;
  /** The caller's idempotency key: the same verb with the same key is asked once, and has one answer. */
  requestId?: string;
}

/** For callers in JavaScript: it is refused for the reason that it does not have. */
const UNSAID = {} as VerbOptions;

/** Nodes to add to a running graph, and nodes that take the place of those of the same ids. */
export type GraphEdit = EditRequest & Pick<VerbOptions, 'requestId'>;

/** Verbs of one node. */
export class NodeOperator {
  constructor(
    private readonly client: Client,
    protected readonly graphId: string,
    readonly nodeId: string,
  ) {}

  /** Tries it at once, where it waits for a time: a retry, a start time, a circuit, a worker that knows its task. It changes no result: a reason may be left out. */
  async retryNow(options: Partial<VerbOptions> = {}): Promise<Answer> {
    const { reason = 'no reason was given' } = options;
    return await this.ask('retryNow', {}, { ...options, reason });
  }

  /** Ends it SKIPPED, where it has not begun; what depends on it sees `skipped`. */
  async skip(options: VerbOptions): Promise<Answer> {
    return await this.ask('skip', {}, options);
  }

  /** Ends it COMPLETED with an output, which the task's output schema has to take; an attempt is stopped first. */
  async complete(value: unknown, options: VerbOptions): Promise<Answer> {
    return await this.ask('complete', { value: (value ?? null) as Json }, options);
  }

  /** Ends it FAILED with code OPERATOR; it is not retried, and an attempt is stopped first. */
  async fail(message: string, options: VerbOptions): Promise<Answer> {
    return await this.ask('fail', { message }, options);
  }

  /** Changes when it goes among those that are ready, where it has not begun. */
  async setPriority(priority: Priority, options: VerbOptions): Promise<Answer> {
    return await this.ask('setPriority', { priority }, options);
  }

  private async ask<V extends OperatorVerb>(
    verb: V,
    more: object,
    { requestId, ...asked }: VerbOptions = UNSAID,
  ): Promise<Answer> {
    const { client, graphId, nodeId } = this;
    const request = { ...asked, ...more, nodeId } as unknown as OperatorRequests[V];
    return await askVerb(client, graphId, verb, request, requestId);
  }
}

/** Changes how many nodes of a graph run at once. */
export async function setConcurrency(
  client: Client,
  executionId: string,
  concurrency: number,
  { requestId, ...asked }: VerbOptions = UNSAID,
): Promise<Answer> {
  const request = { ...asked, concurrency };
  return await askVerb(client, executionId, 'setConcurrency', request, requestId);
}

/** Changes the priority of all nodes that have not begun. */
export async function setGraphPriority(
  client: Client,
  executionId: string,
  priority: Priority,
  { requestId, ...asked }: VerbOptions = UNSAID,
): Promise<Answer> {
  return await askVerb(client, executionId, 'setPriority', { ...asked, priority }, requestId);
}

export async function editGraph(
  client: Client,
  executionId: string,
  { requestId, ...edit }: GraphEdit = UNSAID,
): Promise<EditAnswer> {
  return await askVerb<'edit', EditAnswer>(client, executionId, 'edit', edit, requestId);
}

/**
 * Asks a running execution; one that has ended, or never was, answers no.
 *
 * @throws TaskError CONFIGURATION for what makes no sense in any state, INPUT_INVALID for what is nested too deep, NO_WORKER
 *   where none answers
 */
async function askVerb<V extends OperatorVerb, A extends Answer = Answer>(
  client: Client,
  executionId: string,
  verb: V,
  request: OperatorRequests[V],
  requestId: string | undefined,
): Promise<A> {
  const asked = sendable(verb, request);
  if (!isOperatorRequest(verb, asked))
    throw new TaskError('CONFIGURATION', `${verb}: expected ${TAKES[verb]}, got ${preview(asked)}`);
  const id = requestId === undefined ? undefined : updateIdOf(verb, asked, requestId);
  return await askRunning<A>(client, executionId, UPDATE[verb], asked, id);
}

/** One key may be used for many nodes and verbs. */
function updateIdOf(verb: string, request: object, requestId: string): string {
  if (requestId === '' || requestId.length > REQUEST_ID_MOST)
    throw new TaskError(
      'CONFIGURATION',
      `requestId: expected 1 to ${REQUEST_ID_MOST} characters, got ${requestId.length}`,
    );
  const { nodeId = '' } = request as { nodeId?: string };
  return `${verb}/${nodeId}/${requestId}`;
}
