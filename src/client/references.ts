/** Reads values that travel by reference: from the data folder, else by asking a worker. */
import { randomUUID } from 'node:crypto';
import type { Client } from '@temporalio/client';
import { TaskError } from '../domain/errors.js';
import type { Json } from '../domain/json.js';
import type { Value } from '../domain/outcome.js';
import type { BlobStore } from '../store/blob-store.js';
import { WORKFLOW } from '../workflows/messages.js';
import type {
  AskAnswer,
  AskRequest,
  CheckAnswer,
  CheckRequest,
  ReadAnswer,
  ReadRequest,
  WorkerAnswer,
} from '../workflows/asks.js';

export class References {
  constructor(
    private readonly client: Client,
    private readonly taskQueue: string,
    private readonly blobs: BlobStore,
  ) {}

  async value(value: Value): Promise<Json> {
    return 'json' in value ? value.json : await this.json(value.ref);
  }

  async json(ref: string): Promise<Json> {
    return JSON.parse(await this.text(ref)) as Json;
  }

  /** @throws TaskError NO_WORKER when nothing polls the task queue */
  async ask(request: CheckRequest): Promise<CheckAnswer>;
  async ask(request: ReadRequest): Promise<ReadAnswer>;
  async ask(request: { kind: 'worker' }): Promise<WorkerAnswer>;
  async ask(request: AskRequest): Promise<AskAnswer> {
    try {
      return (await this.client.workflow.execute(WORKFLOW.ask, {
        workflowId: `tempograph-ask-${randomUUID()}`,
        taskQueue: this.taskQueue,
        args: [request],
        workflowExecutionTimeout: request.kind === 'worker' ? '4s' : '15s',
      })) as AskAnswer;
    } catch (error) {
      throw new TaskError(
        'NO_WORKER',
        `no worker on task queue ${JSON.stringify(this.taskQueue)} answered within 15 s; start one with "tempograph worker"`,
        { cause: error },
      );
    }
  }

  private async text(ref: string): Promise<string> {
    try {
      return await this.blobs.get(ref);
    } catch (error) {
      if (!(error instanceof TaskError) || error.code !== 'NOT_FOUND') throw error;
    }
    let text = '';
    for (;;) {
      const slice = await this.ask({ kind: 'read', ref, offset: text.length });
      text += slice.text;
      if (text.length >= slice.total || slice.text === '') return text;
    }
  }
}
