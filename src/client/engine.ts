/** The engine: schedules tasks and graphs, and answers questions about executions. */
import type { Client } from '@temporalio/client';
import type { GraphBuilder } from '../builder.js';
import {
  connectOptions,
  resolveSettings,
  type ConnectOptions,
  type ResolvedSettings,
  type Settings,
} from '../config.js';
import type { Adjacency } from '../domain/adjacency.js';
import type { ErrorListVerbs } from '../domain/error-kinds.js';
import { TaskStateError } from '../domain/errors.js';
import type { Explanation } from '../domain/explain.js';
import type { Fault } from '../domain/fault.js';
import type { GraphForecast } from '../domain/forecast.js';
import type { Json } from '../domain/json.js';
import type { GraphSpec } from '../domain/spec.js';
import type { TaskReport } from '../domain/task-report.js';
import { validateGraph } from '../domain/validate.js';
import type { WhatIf, WhatIfChanges } from '../domain/what-if.js';
import type { AnyTask, PostHook, PreHook } from '../registry.js';
import { FileBlobStore } from '../store/blob-store.js';
import {
  describeTemplate,
  listTemplates,
  loadTemplate,
  type TemplateDetail,
  type TemplateInfo,
} from '../templates/load-template.js';
import { flushTraces, type TracingOption } from '../telemetry/tracing.js';
import { startedGraph } from '../observe/before.js';
import type { Reconciled } from '../observe/reconcile.js';
import type { ExecutionStats } from '../store/stats.js';
import { AuditLog } from './audit-log.js';
import { Asking, type ExecutionStatsQuery, type RebuildQuery } from './asking.js';
import type { BatchAnswer, BatchItem, BatchOfTasks, BatchOptions, CatalogueItem } from './batch.js';
import { Catalogue } from './catalogue.js';
import { handleItem, type HandledItem, type ItemAnswer } from './completion.js';
import type { CatalogueGraph } from './catalogue-nodes.js';
import type { CatalogueSubmission } from './catalogue-submission.js';
import { Cache } from './cache.js';
import { Circuits } from './circuits.js';
import { errorListVerbs } from './error-lists.js';
import { closeClient, connectClient, knownSearchAttributes, reaching } from './connect.js';
import { DeadLetters } from './dead-letters.js';
import { EngineStreams } from './engine-streams.js';
import { EngineHooks, type AddedHook } from './engine-hooks.js';
import { EventFeed } from './event-feed.js';
import { explain, type ExplainOptions } from './explain.js';
import { ExecutionHandle } from './handle.js';
import { Keys } from './keys.js';
import { Limits } from './limits.js';
import type { ExecutionList, ListQuery } from './listing.js';
import { LogFeed } from './log-feed.js';
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
import { Planning, type PlanOptions } from './planning.js';
import { healthOf, type Health } from './health.js';
import { References } from './references.js';
import type { RerunOptions, RerunPlan } from './rerun.js';
import { taskReport } from './report.js';
import { Schedules } from './schedules.js';
import { Starting } from './starting.js';
import {
  queueFigures,
  systemDetail,
  type QueueFigures,
  type SystemDetail,
} from './system-detail.js';
import type { ProbeAnswer } from '../workflows/asks.js';
import { StoreAccess } from './store-access.js';
import type { GraphSubmitOptions, TaskSubmission } from './submission.js';
import { Verbs } from './verbs.js';

export interface EngineOptions extends ConnectOptions, Settings {
  /** A client of your own, for example a test environment's. It is not closed by `shutdown`. */
  client?: Client;
  /**
   * OpenTelemetry traces. Default: where OTEL_* in the environment ask for them, or where this process has registered a
   * tracer provider. A client of your own brings its own interceptors.
   */
  tracing?: TracingOption;
}

export class TaskEngine extends EngineStreams {
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
  /** Keys of the HTTP API: create, list, get, rotate, revoke, verify. */
  readonly keys: Keys;
  /** Who changed what, and why: append, list. */
  readonly audit: AuditLog;
  protected readonly errorLists: ErrorListVerbs;
  private attributes: Promise<ReadonlySet<string>> | undefined;
  private readonly references: References;
  private readonly stores: StoreAccess;
  private readonly asking: Asking;
  protected readonly feed: EventFeed;
  protected readonly logFeed: LogFeed;
  private readonly starting: Starting;
  private readonly planning: Planning;
  protected readonly verbs: Verbs;
  private readonly hooks: EngineHooks;
  private closed = false;

  private constructor(
    private readonly client: Client,
    private readonly settings: ResolvedSettings,
    private readonly address: string,
    private readonly ownsClient: boolean,
  ) {
    super();
    this.references = new References(
      client,
      settings.taskQueue,
      new FileBlobStore(`${settings.dataDir}/blobs`),
    );
    this.stores = new StoreAccess(settings, client);
    this.feed = new EventFeed(this.stores, settings.storeUrl !== null);
    this.catalogue = new Catalogue({
      made: () => {
        this.assertOpen();
        return this.stores.need('the catalogue', 'made');
      },
      there: () => {
        this.assertOpen();
        return this.stores.ifThere('the catalogue');
      },
    });
    const explain = async (id: string, options?: ExplainOptions): Promise<Explanation> =>
      await this.explain(id, options);
    this.asking = new Asking({
      explain,
      ...{ client, address, references: this.references, stores: this.stores },
      attributes: () => this.knownAttributes(),
      rerun: (id, options) => this.rerun(id, options),
    });
    this.logFeed = new LogFeed({
      ...{ stores: this.stores, wanted: settings.storeUrl !== null },
      describe: (id) => this.asking.describe(id),
    });
    this.verbs = new Verbs(this.asking);
    const { namespace } = client.options;
    this.hooks = new EngineHooks({ namespace, taskQueue: settings.taskQueue });
    this.starting = new Starting({
      explain,
      ...{ client, address, taskQueue: settings.taskQueue, references: this.references },
      ...{ stores: this.stores, asking: this.asking, feed: this.feed, catalogue: this.catalogue },
      hooks: this.hooks,
      attributes: () => this.knownAttributes(),
      rerun: (id, options) => this.rerun(id, options),
    });
    this.planning = new Planning({
      ...{ client, address, settings, references: this.references },
      ...{ stores: this.stores, starting: this.starting },
    });
    const assertOpen = (): void => this.assertOpen();
    this.circuits = new Circuits({ stores: this.stores, assertOpen });
    this.deadLetters = new DeadLetters({ stores: this.stores, assertOpen });
    this.keys = new Keys({ stores: this.stores, assertOpen });
    this.audit = new AuditLog({ stores: this.stores, assertOpen });
    this.cache = new Cache({ stores: this.stores, assertOpen });
    this.errorLists = errorListVerbs({ stores: this.stores, assertOpen });
    this.limits = new Limits({ client, address, assertOpen: () => this.assertOpen() });
    this.schedules = new Schedules({
      client,
      address,
      taskQueue: settings.taskQueue,
      attributes: () => this.knownAttributes(),
      assertOpen: () => this.assertOpen(),
      named: (name) => loadTemplate(settings.templatesDir, name),
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
    this.assertOpen();
    return await this.starting.task(submission);
  }

  /**
   * Schedules a graph: a builder's, a spec, the adjacency form `{ b: ['a'] }`, or the name of a template. Nodes that say `taskId`, and ids of the
   * adjacency form that the catalogue has, run what the catalogue says of them.
   *
   * @throws SpecInvalidError with every fault, TaskStateError for an id that already ran, or a catalogue task that is
   *   archived; TaskError NOT_FOUND for a name that no template has
   */
  async scheduleTaskGraph(
    graph: string | GraphBuilder | GraphSpec | CatalogueGraph | Adjacency,
    options: GraphSubmitOptions = {},
  ): Promise<ExecutionHandle> {
    this.assertOpen();
    const pipeline = typeof graph === 'string' ? graph : undefined;
    return await this.starting.graph(this.named(graph), options, pipeline);
  }

  /** The pipelines that can be run by name: those of `templatesDir`, and those that come with this package. */
  templates(): TemplateInfo[] {
    return listTemplates(this.settings.templatesDir);
  }

  /**
   * One of them: its parameters, each with its JSON Schema, and its graph; or what is wrong with it.
   *
   * @throws TaskError NOT_FOUND
   */
  template(name: string): TemplateDetail {
    return describeTemplate(this.settings.templatesDir, name);
  }

  private named<T>(graph: string | T): T | GraphSpec {
    return typeof graph === 'string' ? loadTemplate(this.settings.templatesDir, graph) : graph;
  }

  /**
   * Runs an execution that has ended once more, as a new one that is linked to it and keeps its results where they still
   * hold. What did not complete runs; `from`, an edited `graph` and other `params` say what else.
   *
   * @returns a handle to the new execution; with `dryRun` what would run, what may, and what is kept
   * @throws TaskStateError where it has not ended (one that is closing is waited for), or was refused; TaskError NOT_FOUND;
   *   SpecInvalidError
   */
  async rerun(
    executionId: string,
    options?: RerunOptions & { dryRun?: false },
  ): Promise<ExecutionHandle>;
  async rerun(executionId: string, options: RerunOptions & { dryRun: true }): Promise<RerunPlan>;
  async rerun(
    executionId: string,
    { dryRun = false, ...options }: RerunOptions & { dryRun?: boolean } = {},
  ): Promise<ExecutionHandle | RerunPlan> {
    this.assertOpen();
    const { reruns } = this.starting;
    return await (dryRun ? reruns.plan(executionId, options) : reruns.start(executionId, options));
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
    items: readonly (BatchItem | CatalogueItem)[] | BatchOfTasks,
    common: BatchOptions = {},
  ): Promise<BatchAnswer> {
    this.assertOpen();
    return await this.starting.batch(items, common);
  }

  /**
   * What a run of a graph would be like: order, critical path, makespan under its window, the worst that its retries
   * allow, what it costs in Temporal, and each node's options with their origin. Nothing is started.
   *
   * @param graph as in {@link scheduleTaskGraph}, also the name of a template
   * @throws SpecInvalidError with everything that is wrong with the graph or with what is assumed of it; TaskError
   *   NOT_FOUND for a name that no template has
   */
  async plan(
    graph: string | GraphBuilder | GraphSpec | CatalogueGraph | Adjacency,
    options: PlanOptions = {},
  ): Promise<GraphForecast> {
    this.assertOpen();
    return await this.planning.plan(this.named(graph), options);
  }

  /**
   * How long an execution that has ended would have taken under another window, limit, priority or duration.
   *
   * @throws TaskError NOT_FOUND, TaskStateError while it runs, SpecInvalidError for a change that names nothing
   */
  async whatIf(executionId: string, changes: WhatIfChanges = {}): Promise<WhatIf> {
    this.assertOpen();
    return await this.planning.whatIf(executionId, changes);
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
          spec: await this.references.placed(spec as Json),
          submission: submission as Json,
        })
      ).faults;
    } catch (error) {
      if (faults.length > 0) return faults; // what is known without a worker
      throw error;
    }
  }

  /**
   * Adds a hook before each attempt of whatever is begun from now on: a function to the workers that this process has
   * now, behind theirs; the name of one of a worker's `namedHooks` to what this engine schedules.
   *
   * @returns takes it off again
   * @throws TaskError CONFIGURATION for a function where no worker runs in this process
   */
  addPreExecutionHook(hook: AddedHook<PreHook>): () => void {
    this.assertOpen();
    return this.hooks.add('pre', hook);
  }

  /** Adds a hook after the end of a node, as {@link addPreExecutionHook} does before. */
  addPostExecutionHook(hook: AddedHook<PostHook>): () => void {
    this.assertOpen();
    return this.hooks.add('post', hook);
  }

  /** A handle to an execution that was started earlier; it need not exist. A lone task is taken for a graph of one node. */
  handle(executionId: string): ExecutionHandle {
    return new ExecutionHandle(executionId, {
      client: this.client,
      references: this.references,
      explain: (id, options) => this.explain(id, options),
      lone: false,
      rerun: (id, options) => this.rerun(id, options),
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
   * The graph that an execution was started with, and its parameters; edits that were made while it ran are not in it.
   *
   * @throws TaskError NOT_FOUND, TaskStateError for what was not started with a graph
   */
  async graphOf(
    executionId: string,
  ): Promise<{ graph: GraphSpec; params: Record<string, unknown> }> {
    this.assertOpen();
    const { client, references, address } = this;
    return await reaching(address, () =>
      startedGraph(client, executionId, (ref) => references.json(ref)),
    );
  }

  /**
   * Why an execution is not done, and what each of its nodes that neither runs nor has ended waits for: a closed union
   * of reasons with their numbers, and a sentence each. Of one that has ended, where its wall time went.
   *
   * @param executionId also `<execution>/<node>`, for that node alone
   * @throws TaskError NOT_FOUND
   */
  async explain(executionId: string, options: ExplainOptions = {}): Promise<Explanation> {
    this.assertOpen();
    const { client, address, references, stores, limits, circuits } = this;
    return await explain(
      { client, address, references, stores, limits, circuits },
      executionId,
      options,
    );
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

  /**
   * Fills the store again from Temporal, as far back as the namespace keeps closed executions.
   *
   * @throws TaskError CONFIGURATION without a store, VALIDATION for a `since` that is no time
   */
  async rebuildStore(query: RebuildQuery = {}): Promise<Reconciled> {
    this.assertOpen();
    return await this.asking.rebuild(query);
  }

  /** How everything stands: server, workers and what they can do, queue, limits, circuits. What fails is a warning. */
  async systemDetail(): Promise<SystemDetail> {
    this.assertOpen();
    const { client, address, references, stores, limits } = this;
    const { taskQueue } = this.settings;
    return await systemDetail({ client, address, taskQueue, references, stores, limits });
  }

  /** Backlog and workers of its task queue and of those for programs. Quicker than {@link systemDetail}: asks no worker. */
  async queues(): Promise<QueueFigures[]> {
    this.assertOpen();
    return await queueFigures(this.client, this.settings.taskQueue);
  }

  /** Whether it can do its work: Temporal answers, and the store does where one is wanted. Never throws. */
  async health(): Promise<Health> {
    this.assertOpen();
    const { client, stores } = this;
    return await healthOf(client, stores, this.settings.storeUrl !== null);
  }

  /** How quick the server is, measured now on a worker of the task queue. @throws TaskError NO_WORKER */
  async probe(): Promise<ProbeAnswer> {
    this.assertOpen();
    return await this.references.ask({ kind: 'probe' });
  }

  /**
   * The task report: every operation of an execution, or of `<execution>/<node>`, with status, attempts, times, error,
   * warnings, metrics and artifacts; of one that runs, how far it is. `htmlReport` and `markdownReport` make pages of it.
   *
   * @throws TaskError NOT_FOUND where Temporal does not know it (any more)
   */
  async report(executionId: string): Promise<TaskReport> {
    this.assertOpen();
    const { client, references, address } = this;
    return await reaching(address, () => taskReport({ client, references }, executionId));
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
    const { client, asking, references } = this;
    return await handleItem({ client, asking, references }, item);
  }

  /** A handle that knows whether its execution is a lone task. @throws TaskError NOT_FOUND */
  async open(executionId: string): Promise<ExecutionHandle> {
    this.assertOpen();
    return this.asking.handleOf(await this.asking.describe(executionId));
  }

  /** Closes the connection. Executions go on. A second call does nothing; any other call after it throws. */
  async shutdown(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    this.closeStreams();
    await this.stores.close();
    if (this.ownsClient) await closeClient(this.client);
    await flushTraces();
  }

  private async knownAttributes(): Promise<ReadonlySet<string>> {
    return await (this.attributes ??= knownSearchAttributes(this.client));
  }

  protected assertOpen(): void {
    if (this.closed) throw new TaskStateError('the engine was shut down; connect a new one');
  }
}
