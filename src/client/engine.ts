/** The engine: schedules tasks and graphs, and answers questions about executions. */
import {
  WorkflowExecutionAlreadyStartedError,
  type Client,
  type Connection,
} from '@temporalio/client';
import type { GraphBuilder } from '../builder.js';
import {
  connectOptions,
  resolveSettings,
  type ConnectOptions,
  type ResolvedSettings,
  type Settings,
} from '../config.js';
import type { Adjacency } from '../domain/adjacency.js';
import type { ErrorKind, ErrorKindPlace, ErrorListVerbs } from '../domain/error-kinds.js';
import { TaskError, TaskStateError } from '../domain/errors.js';
import type { EventName } from '../domain/event.js';
import { splitExecutionId } from '../domain/execution-id.js';
import type { Fault } from '../domain/fault.js';
import type { Json } from '../domain/json.js';
import type { GraphSpec } from '../domain/spec.js';
import { validateGraph } from '../domain/validate.js';
import type { AnyTask } from '../registry.js';
import { FileBlobStore } from '../store/blob-store.js';
import { flushTraces, type TracingOption } from '../telemetry/tracing.js';
import type { Reconciled } from '../observe/reconcile.js';
import type { ExecutionEvent } from '../store/execution-events.js';
import type { ExecutionStats } from '../store/stats.js';
import { LONE_NODE, WORKFLOW, type Answer } from '../workflows/messages.js';
import { Asking, type ExecutionStatsQuery } from './asking.js';
import {
  scheduleBatch,
  type BatchAnswer,
  type BatchItem,
  type BatchOfTasks,
  type BatchOptions,
  type KeyedExecution,
} from './batch.js';
import { Catalogue } from './catalogue.js';
import { schedulable, type CatalogueSubmission } from './catalogue-submission.js';
import { Cache } from './cache.js';
import { Circuits } from './circuits.js';
import { errorListVerbs } from './error-lists.js';
import { connectClient, knownSearchAttributes, reaching } from './connect.js';
import { DeadLetters } from './dead-letters.js';
import {
  EventFeed,
  type EventHandler,
  type IterateOptions,
  type Publisher,
  type SubscribeOptions,
} from './event-feed.js';
import { ExecutionHandle, type NodeHandle, type PauseOptions } from './handle.js';
import { Limits } from './limits.js';
import type { ExecutionList, ListQuery } from './listing.js';
import type { ExecutionRecord } from './record.js';
import {
  executeOperation,
  executeWithRetry,
  type OperationOptions,
  type RetryingOptions,
} from './operation-retry.js';
import {
  executeOperations,
  type Operation,
  type OperationResult,
  type OperationResults,
  type OperationsOptions,
} from './operations.js';
import { References } from './references.js';
import { submittedRow } from './row-record.js';
import { Schedules } from './schedules.js';
import { refuseUnknown } from './refuse-unknown.js';
import { systemDetail, type SystemDetail } from './system-detail.js';
import { StoreAccess } from './store-access.js';
import { graphSpec, startRequest, taskSpec, type Known } from './start-request.js';
import { type GraphSubmitOptions, type SubmitOptions, type TaskSubmission } from './submission.js';

export interface EngineOptions extends ConnectOptions, Settings {
  /** A client of your own, for example a test environment's. It is not closed by `shutdown`. */
  client?: Client;
  /**
   * OpenTelemetry traces. Default: where OTEL_* in the environment ask for them, or where this process has registered a
   * tracer provider. A client of your own brings its own interceptors.
   */
  tracing?: TracingOption;
}

export class TaskEngine implements ErrorListVerbs {
  /** What runs at set times: create, list, get, pause, resume, trigger, backfill, update, delete. */
  readonly schedules: Schedules;
  /** Projects and the tasks that people define in them; kept in the store. */
  readonly catalogue: Catalogue;
  /** Keyed limits in use: list, get, setMax. */
  readonly limits: Limits;
  /** Circuit breakers: list, get, open, close. */
  readonly circuits: Circuits;
  /** Results that are kept: invalidate. */
  readonly cache: Cache;
  /** Events that a sink did not take: list, retry, remove. */
  readonly deadLetters: DeadLetters;
  private readonly errorLists: ErrorListVerbs;
  private attributes: Promise<ReadonlySet<string>> | undefined;
  private readonly references: References;
  private readonly stores: StoreAccess;
  private readonly asking: Asking;
  private readonly feed: EventFeed;
  private closed = false;

  private constructor(
    private readonly client: Client,
    private readonly settings: ResolvedSettings,
    private readonly address: string,
    private readonly ownsClient: boolean,
  ) {
    this.references = new References(
      client,
      settings.taskQueue,
      new FileBlobStore(`${settings.dataDir}/blobs`),
    );
    this.stores = new StoreAccess(settings, client);
    this.feed = new EventFeed(this.stores, settings.storeUrl !== null);
    this.catalogue = new Catalogue(() => {
      this.assertOpen();
      return this.stores.need('the catalogue', { create: true });
    });
    this.asking = new Asking({
      ...{ client, address, references: this.references, stores: this.stores },
      attributes: () => this.knownAttributes(),
    });
    const assertOpen = (): void => this.assertOpen();
    this.circuits = new Circuits({ stores: this.stores, assertOpen });
    this.deadLetters = new DeadLetters({ stores: this.stores, assertOpen });
    this.cache = new Cache({ stores: this.stores, assertOpen });
    this.errorLists = errorListVerbs({ stores: this.stores, assertOpen });
    this.limits = new Limits({ client, address, assertOpen: () => this.assertOpen() });
    this.schedules = new Schedules({
      client,
      address,
      taskQueue: settings.taskQueue,
      attributes: () => this.knownAttributes(),
      assertOpen: () => this.assertOpen(),
    });
  }

  /**
   * Connects to Temporal: TEMPORAL_* in the environment, or a profile, or options.
   *
   * @throws TaskError UNREACHABLE | CONFIGURATION
   */
  static async connect(options: EngineOptions = {}): Promise<TaskEngine> {
    const settings = resolveSettings(options);
    const { address } = connectOptions(options);
    const client = options.client ?? (await connectClient(options));
    return new TaskEngine(client, settings, address, options.client === undefined);
  }

  /** True once {@link shutdown} was called. */
  get isShutDown(): boolean {
    return this.closed;
  }

  /** `connect` has done it; may be called again. @throws TaskStateError after a shutdown */
  async initialize(): Promise<this> {
    this.assertOpen();
    await this.knownAttributes();
    return this;
  }

  /**
   * Schedules one task: an execution whose status and output are the task's.
   *
   * @throws SpecInvalidError, TaskStateError for an id that already ran
   */
  async scheduleTask(submission: TaskSubmission | CatalogueSubmission): Promise<ExecutionHandle> {
    if ('taskId' in submission) return await this.scheduleFromCatalogue(submission);
    const { task, input, ...options } = submission;
    const { spec, known } = taskSpec(task, input);
    return await this.startExecution(spec, options, known);
  }

  /**
   * Schedules a graph: a builder's, a spec, or the adjacency form `{ b: ['a'] }`.
   *
   * @throws SpecInvalidError with every fault, TaskStateError for an id that already ran
   */
  async scheduleTaskGraph(
    graph: GraphBuilder | GraphSpec | Adjacency,
    options: GraphSubmitOptions = {},
  ): Promise<ExecutionHandle> {
    const { inputs, name, ...rest } = options;
    const { spec, known } = graphSpec(graph, name, inputs);
    return await this.startExecution(spec, rest, known);
  }

  /** Runs named operations one after another, or `maxWorkers` at once, and gives their results by name. */
  async executeOperations(
    operations: readonly Operation[],
    options?: OperationsOptions,
  ): Promise<OperationResults> {
    return await executeOperations(this, operations, options);
  }

  /** Runs a task once, without retries; a failure is a result. */
  async executeOperation(
    task: string | AnyTask,
    params?: unknown,
    options?: OperationOptions,
  ): Promise<OperationResult> {
    return await executeOperation(this, task, params, options);
  }

  /**
   * Runs a task with exponential backoff: 3 retries after 1 s, 2 s and 4 s, ± 25 %.
   *
   * @throws MaxRetriesExceededError, NonRetriableError
   */
  async executeWithRetry(
    task: string | AnyTask,
    params?: unknown,
    options?: RetryingOptions,
  ): Promise<OperationResult> {
    return await executeWithRetry(this, task, params, options);
  }

  /**
   * Schedules many tasks, never all or nothing: an entry for each item. Items share runs where they can; each has an
   * execution id of its own. A task that no worker knows ends REJECTED.
   *
   * @throws TaskError CONFIGURATION when there is no list, UNREACHABLE
   */
  async scheduleTaskBatch(
    items: readonly BatchItem[] | BatchOfTasks,
    common: BatchOptions = {},
  ): Promise<BatchAnswer> {
    this.assertOpen();
    const door = {
      scheduleTask: (item: TaskSubmission) => this.scheduleTask(item),
      claim: async (project: string, keys: readonly KeyedExecution[]) => {
        const store = await this.stores.get();
        const owners = await store?.batchKeys.claim(project, keys, Date.now());
        return (owners ?? keys).map(({ executionId }) => executionId);
      },
      release: async (project: string, ids: readonly string[]) => {
        await (await this.stores.get())?.batchKeys.release(project, ids);
      },
      startShared: async (spec: GraphSpec, options: SubmitOptions) => {
        try {
          await this.startExecution(spec, options, { kind: 'batch', name: spec.name });
        } catch (error) {
          if (!(error instanceof TaskStateError)) throw error; // it is there: the same request came before
        }
      },
    };
    return await scheduleBatch(door, items, common);
  }

  /** Everything that is wrong with a graph; with `askWorker`, task names and their inputs too. */
  async validate(
    spec: unknown,
    options: { params?: Record<string, unknown>; askWorker?: boolean } = {},
  ): Promise<Fault[]> {
    const submission = options.params ? { params: options.params } : {};
    const { faults } = validateGraph(spec, submission);
    if (!options.askWorker) return faults;
    try {
      return (
        await this.references.ask({
          kind: 'check',
          spec: spec as Json,
          submission: submission as Json,
        })
      ).faults;
    } catch (error) {
      if (faults.length > 0) return faults; // what is known without a worker
      throw error;
    }
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

  /** A handle to an execution that was started earlier; it need not exist. */
  handle(executionId: string): ExecutionHandle {
    return new ExecutionHandle(executionId, {
      client: this.client,
      references: this.references,
      lone: false,
    });
  }

  /**
   * One execution, or with `<execution>/<node>` one node of it.
   *
   * @throws TaskError NOT_FOUND
   */
  async getExecution(executionId: string): Promise<ExecutionRecord> {
    this.assertOpen();
    return await this.asking.execution(executionId);
  }

  /**
   * Executions, newest first: from the store, else from Temporal's visibility, where new ones may be missing for a
   * second and fewer filters are known.
   */
  async listExecutions(query: ListQuery = {}): Promise<ExecutionList> {
    this.assertOpen();
    return await this.asking.list(query);
  }

  /**
   * Counts and percentiles of executions, from counters: never by reading them.
   *
   * @throws TaskError CONFIGURATION without a store
   */
  async getExecutionStats(query: ExecutionStatsQuery = {}): Promise<ExecutionStats> {
    this.assertOpen();
    return await this.asking.stats(query);
  }

  /** Fills the store again from Temporal, as far back as the namespace keeps closed executions. */
  async rebuildStore(): Promise<Reconciled> {
    this.assertOpen();
    return await this.asking.rebuild();
  }

  /** How everything stands: server, workers and what they can do, queue, limits, circuits. What fails is a warning. */
  async systemDetail(): Promise<SystemDetail> {
    this.assertOpen();
    const { client, address, references, stores, limits } = this;
    const { taskQueue } = this.settings;
    return await systemDetail({ client, address, taskQueue, references, stores, limits });
  }

  /** Cancels an execution or, with `<execution>/<node>`, one node. Answers for every state; throws only when unreachable. */
  async cancelExecution(executionId: string): Promise<Answer> {
    return await this.asked(executionId, (target) => target.cancel());
  }

  /** Pauses an execution or, with `<execution>/<node>`, one node. Answers for every state; throws only when unreachable. */
  async pauseExecution(executionId: string, options: PauseOptions = {}): Promise<Answer> {
    return await this.asked(executionId, (target) => target.pause(options));
  }

  /** Lets a paused execution or node go on. Answers for every state; throws only when unreachable. */
  async resumeExecution(
    executionId: string,
    options: Omit<PauseOptions, 'mode'> = {},
  ): Promise<Answer> {
    return await this.asked(executionId, (target) => target.resume(options));
  }

  /** A handle that knows whether its execution is a lone task. @throws TaskError NOT_FOUND */
  async open(executionId: string): Promise<ExecutionHandle> {
    this.assertOpen();
    return this.asking.handleOf(await this.asking.describe(executionId));
  }

  /**
   * Calls a handler for each event of executions, at least once each (`event.id` tells repeats), in order; one that
   * throws is reported as a warning of the process. Needs the store.
   *
   * @returns ends it; `shutdown` does too
   */
  on(event: EventName | '*', handler: EventHandler, options?: SubscribeOptions): () => void {
    this.assertOpen();
    return this.feed.on(event, handler, options);
  }

  /** The events of executions as they come; of one execution, from its beginning to its end. Needs the store. */
  events(options: IterateOptions = {}): AsyncGenerator<ExecutionEvent, void> {
    this.assertOpen();
    return this.feed.iterate(options);
  }

  /** Attaches a publisher, which gets every event from now on. @returns detaches it */
  start({ publisher, ...options }: SubscribeOptions & { publisher?: Publisher } = {}): () => void {
    this.assertOpen();
    if (!publisher) return () => undefined;
    return this.feed.on('*', (event) => publisher.publish(event), options);
  }

  /** Closes the connection. Executions go on. A second call does nothing; any other call after it throws. */
  async shutdown(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    this.feed.close();
    await this.stores.close();
    if (this.ownsClient) await (this.client.connection as Connection).close();
    await flushTraces();
  }

  private async scheduleFromCatalogue(submission: CatalogueSubmission): Promise<ExecutionHandle> {
    const { task, project } = await this.catalogue.schedulable(submission.taskId);
    const what = schedulable(submission, task, project);
    const { id, version } = task;
    if (what.kind === 'task') {
      const { task: name, input, ...options } = what.submission;
      const { spec, known } = taskSpec(name, input);
      return await this.startExecution(spec, options, { ...known, catalogue: { id, version } });
    }
    const { spec, known } = graphSpec(what.graph);
    return await this.startExecution(spec, what.options, { ...known, catalogue: { id, version } });
  }

  private async startExecution(
    spec: GraphSpec,
    options: SubmitOptions & { params?: Record<string, unknown> },
    known: Known,
  ): Promise<ExecutionHandle> {
    this.assertOpen();
    const request = startRequest(spec, options, known, await this.knownAttributes());
    if (!options.awaitUnknown) await refuseUnknown(this.asking, options.dependencies, known.kind);
    await this.feed.ready();
    const id = request.workflowId;
    let runId: string;
    try {
      const started = await reaching(this.address, () =>
        this.client.workflow.start(WORKFLOW.graph, {
          ...request,
          taskQueue: this.settings.taskQueue,
        }),
      );
      runId = started.firstExecutionRunId;
    } catch (error) {
      if (error instanceof WorkflowExecutionAlreadyStartedError) {
        throw new TaskStateError(
          `execution ${JSON.stringify(id)} already exists; choose another executionId, or say how it may be reused`,
          { cause: error },
        );
      }
      throw error;
    }
    const { kind, name, catalogue } = known;
    const startDelayMs = Number(request.startDelay ?? 0);
    if (kind !== 'batch')
      this.stores.note(
        submittedRow(id, runId, kind, { ...options, name, startDelayMs, catalogue }, Date.now()),
      );
    const executions = spec.tasks.map((node) => ({
      taskId: node.id,
      executionId: `${id}/${node.id}`,
    }));
    return new ExecutionHandle(
      id,
      { client: this.client, references: this.references, lone: known.kind === 'task' },
      executions,
    );
  }

  private async knownAttributes(): Promise<ReadonlySet<string>> {
    return await (this.attributes ??= knownSearchAttributes(this.client));
  }

  /** Asks something of an execution or a node; a lone task is its only node. */
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
      return await verb(whole ? handle : handle.node(nodeId));
    } catch (error) {
      if (!(error instanceof TaskError) || error.code !== 'NOT_FOUND') throw error;
      return { success: false, message: error.message };
    }
  }

  private assertOpen(): void {
    if (this.closed) throw new TaskStateError('the engine was shut down; connect a new one');
  }
}
