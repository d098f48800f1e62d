/** Values that travel by reference: read from the data folder and written there, else by asking a worker. */
import { randomUUID } from 'node:crypto';
import { WorkflowFailedError, type Client } from '@temporalio/client';
import { ActivityFailure, ApplicationFailure } from '@temporalio/common';
import pMap from 'p-map';
import { ERROR_CODES, TaskError, type ErrorCode } from '../domain/errors.js';
import type { Json } from '../domain/json.js';
import type { GraphSpec } from '../domain/spec.js';
import { isLargeSpec, type SpecRef } from '../domain/spec-ref.js';
import type { Value } from '../domain/outcome.js';
import { refOf, sha256, type BlobStore } from '../store/blob-store.js';
import { WORKFLOW } from '../workflows/messages.js';
import type {
  AskAnswer,
  AskRequest,
  CheckAnswer,
  CheckRequest,
  EndAnswer,
  EndRequest,
  FindAnswer,
  FindRequest,
  KeepAnswer,
  KeepRequest,
  LookUpAnswer,
  LookUpRequest,
  PlanAnswer,
  PlanRequest,
  ProbeAnswer,
  ReadAnswer,
  ReadRequest,
  RerunAnswer,
  RerunQuestion,
  WorkerAnswer,
} from '../workflows/asks.js';

/** Characters that are handed over at once: with JSON's escapes still below a payload's 2 MB. */
const SLICE = 500_000;
const SLICES_AT_ONCE = 4;

/** How long an answer may take, where that is not 15 s. */
const PATIENCE: Partial<Record<AskRequest['kind'], `${number}s`>> = {
  worker: '4s',
  programs: '25s',
};

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

  /** @throws TaskError NO_WORKER when nothing polls the task queue, else with the code of what the worker says */
  async ask(request: CheckRequest): Promise<CheckAnswer>;
  async ask(request: PlanRequest): Promise<PlanAnswer>;
  async ask(request: RerunQuestion): Promise<RerunAnswer>;
  async ask(request: ReadRequest): Promise<ReadAnswer>;
  async ask(request: FindRequest): Promise<FindAnswer>;
  async ask(request: KeepRequest): Promise<KeepAnswer>;
  async ask(request: { kind: 'worker' }): Promise<WorkerAnswer>;
  async ask(request: { kind: 'probe' }): Promise<ProbeAnswer>;
  async ask(request: LookUpRequest): Promise<LookUpAnswer>;
  async ask(request: EndRequest, taskQueue: string): Promise<EndAnswer>;
  async ask(request: AskRequest, taskQueue = this.taskQueue): Promise<AskAnswer> {
    try {
      return (await this.client.workflow.execute(WORKFLOW.ask, {
        workflowId: `tempograph-ask-${randomUUID()}`,
        taskQueue,
        args: [request],
        workflowExecutionTimeout: PATIENCE[request.kind] ?? '15s',
      })) as AskAnswer;
    } catch (error) {
      throwAnswered(error);
      throw new TaskError(
        'NO_WORKER',
        `no worker on task queue ${JSON.stringify(taskQueue)} answered within 15 s; start one with "tempograph worker"`,
        { cause: error },
      );
    }
  }

  /**
   * A spec as the argument of a workflow: itself, or where the workers find it.
   *
   * @throws TaskError NO_WORKER where it has to be handed to one and none is there, STORE
   */
  async placed(spec: Json): Promise<Json | SpecRef> {
    if (!isLargeSpec(spec)) return spec;
    const { name, tasks } = spec as unknown as GraphSpec;
    return { specRef: await this.keep(JSON.stringify(spec)), name, nodes: tasks.length };
  }

  /** Stores a text where the workers find it: their folder may be another one, and their bucket not for us. */
  private async keep(text: string): Promise<string> {
    const handOver = (): Promise<string> => this.handOver(text);
    return await hereOrThere(async () => {
      const ref = await this.blobs.put(text);
      return (await this.ask({ kind: 'find', ref })).found ? ref : await handOver();
    }, handOver);
  }

  private async handOver(text: string): Promise<string> {
    const ref = refOf(sha256(text));
    const keep = async (slice: string): Promise<string> =>
      (await this.ask({ kind: 'keep', text: slice })).ref;
    const parts = await pMap(slicesOf(text), keep, { concurrency: SLICES_AT_ONCE });
    const kept = await this.ask({ kind: 'keep', parts });
    if (kept.ref === ref) return ref;
    throw new TaskError('STORE', `a worker keeps ${kept.ref} where ${ref} was handed over`);
  }

  /** The bytes of a reference. @throws TaskError STORE, NOT_FOUND, NO_WORKER */
  async bytes(ref: string): Promise<Uint8Array> {
    return await hereOrThere(
      async () => (await this.blobs.slice(ref, 0, Infinity)).bytes,
      async () => {
        const parts: Buffer[] = [];
        let offset = 0;
        for (;;) {
          const slice = await this.ask({ kind: 'read', ref, offset, as: 'bytes' });
          const bytes = Buffer.from(slice.text, 'base64');
          parts.push(bytes);
          offset += bytes.byteLength;
          if (offset >= slice.total || bytes.byteLength === 0) return Buffer.concat(parts);
        }
      },
    );
  }

  private async text(ref: string): Promise<string> {
    return await hereOrThere(
      () => this.blobs.get(ref),
      async () => {
        let text = '';
        for (;;) {
          const slice = await this.ask({ kind: 'read', ref, offset: text.length });
          text += slice.text;
          if (text.length >= slice.total || slice.text === '') return text;
        }
      },
    );
  }
}

/** What is not here, or cannot be had from here, a worker may have. */
const isElsewhere = (error: unknown): error is TaskError =>
  error instanceof TaskError && (error.code === 'NOT_FOUND' || error.code === 'STORE');

/**
 * What this client has itself, else what a worker has.
 *
 * @throws TaskError where neither has it: what is wrong here, where there was no worker to ask
 */
async function hereOrThere<T>(here: () => Promise<T>, there: () => Promise<T>): Promise<T> {
  try {
    return await here();
  } catch (own) {
    if (!isElsewhere(own)) throw own;
    return await there().catch((error: unknown) => {
      const isAlone = error instanceof TaskError && error.code === 'NO_WORKER';
      throw isAlone && own.code === 'STORE' ? own : error;
    });
  }
}

/** Pieces of a text, none of which ends between the two halves of a character. */
function slicesOf(text: string): string[] {
  const slices: string[] = [];
  for (let at = 0; at < text.length;) {
    const last = text.charCodeAt(at + SLICE - 1);
    const end = at + (last >= 0xd800 && last <= 0xdbff ? SLICE - 1 : SLICE);
    slices.push(text.slice(at, end));
    at = end;
  }
  return slices;
}

/** A worker was there, and says why not. */
function throwAnswered(error: unknown): void {
  let cause = error instanceof WorkflowFailedError ? error.cause : undefined;
  if (cause instanceof ActivityFailure) cause = cause.cause;
  if (!(cause instanceof ApplicationFailure)) return;
  const code = Object.keys(ERROR_CODES).find((one) => one === cause.type);
  if (code !== undefined) throw new TaskError(code as ErrorCode, cause.message, { cause: error });
}
