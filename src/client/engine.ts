/**
 * The engine: schedules tasks and graphs, and says before it does what would come of them. What else it can is said by
 * what it extends: its questions, its verbs, its streams; what it is made of by its parts.
 */
import type { Client } from '@temporalio/client';
import type { GraphBuilder } from '../builder.js';
import type { GivenParams } from '../builder/params.js';
import { resolveSettings, SETTING_NAMES, type Settings } from '../config.js';
import { connectOptions, type ConnectOptions } from '../connect-options.js';
import type { Adjacency } from '../domain/adjacency.js';
import type { Fault } from '../domain/fault.js';
import type { GraphForecast } from '../domain/forecast.js';
import { assertKnown } from '../domain/known-names.js';
import type { GraphSpec } from '../domain/spec.js';
import type { WhatIf, WhatIfChanges } from '../domain/what-if.js';
import type { GraphOutput, NamedTask, TaskInput, TaskOutput } from '../registry.js';
import type { ResultInput, ShapedJson } from '../domain/shaped-output.js';
import type { PostHook, PreHook } from '../task-hooks.js';
import type { TracingOption } from '../telemetry/tracing.js';
import {
  describeTemplate,
  listTemplates,
  loadTemplate,
  type TemplateDetail,
  type TemplateInfo,
} from '../templates/load-template.js';
import type { AuditLog } from './audit-log.js';
import type { BatchAnswer } from './batch-answer.js';
import type { BatchOfTasks, BatchOptions, TypedItems } from './batch-items.js';
import type { Cache } from './cache.js';
import type { CatalogueGraph } from './catalogue-nodes.js';
import type { Catalogue } from './catalogue.js';
import type { Circuits } from './circuits.js';
import { addressOf, connectClient } from './connect.js';
import type { DeadLetters } from './dead-letters.js';
import type { AddedHook } from './engine-hooks.js';
import { EngineParts } from './engine-parts.js';
import { EngineStreams } from './engine-streams.js';
import { assertId, assertOptions } from './expected.js';
import type { ExecutionHandle } from './handle.js';
import type { Keys } from './keys.js';
import type { Limits } from './limits.js';
import {
  executeOperation,
  executeWithRetry,
  type OperationOptions,
  type RetryingOptions,
} from './operation-retry.js';
import type { CompletedOperation, OperationResult, OperationResults } from './operation-result.js';
import { executeOperations, type Operation, type OperationsOptions } from './operations.js';
import type { LoneSubmission } from './lone-task.js';
import type { PlanOptions } from './planning.js';
import type { RerunOptions, RerunPlan } from './rerun.js';
import type { Schedules } from './schedules.js';
import type { GraphSubmitOptions, TypedGraphOptions } from './submission.js';

/** How to connect, and settings; what is not said comes from the environment. */
export interface EngineOptions extends ConnectOptions, Settings {
  /** A client of your own, for example a test environment's. It is not closed by `shutdown`. */
  client?: Client;
  /**
   * OpenTelemetry traces. Default: where OTEL_* in the environment ask for them, or where this process has registered a
   * tracer provider. A client of your own brings its own interceptors.
   */
  tracing?: TracingOption;
}

/** Options that are no settings. */
const OWN_OPTIONS = Object.keys({
  ...{ address: 1, namespace: 1, profile: 1, client: 1, tracing: 1 },
} satisfies Record<Exclude<keyof EngineOptions, keyof Settings>, 1>);

/** What is scheduled as a graph: its template's name, a builder, a spec, or its edges alone. */
type AnyGraph<Leaves = Record<string, unknown>, Params = unknown> =
  string | GraphBuilder<Leaves, Params> | GraphSpec | CatalogueGraph | Adjacency;

/** `options` may be left out where no parameter has to be given. */
type GraphArguments<Params> =
  object extends GivenParams<Params>
    ? [options?: TypedGraphOptions<Params>]
    : [options: TypedGraphOptions<Params>];

/**
 * The engine as programs have it: schedules tasks and graphs on Temporal, and asks, steers and follows them. Needs no worker in this process. Close it with {@link shutdown}.
 */
export class TaskEngine extends EngineStreams {
  /** What runs at set times: create, list, get, pause, resume, trigger, backfill, update, delete. */
  readonly schedules: Schedules = this.parts.schedules;
  /** Projects and the tasks that people define in them; kept in the store. */
  readonly catalogue: Catalogue = this.parts.catalogue;
  /** Keyed limits in use: list, get, setMax. */
  readonly limits: Limits = this.parts.limits;
  /** Circuit breakers: list, get, open, close. */
  readonly circuits: Circuits = this.parts.circuits;
  /** Results that are kept: invalidate. */
  readonly cache: Cache = this.parts.cache;
  /** Events that a sink did not take: list, retry, remove. */
  readonly deadLetters: DeadLetters = this.parts.deadLetters;
  /** Keys of the HTTP API: create, list, get, rotate, revoke, verify. */
  readonly keys: Keys = this.parts.keys;
  /** Who changed what, and why: append, list. */
  readonly audit: AuditLog = this.parts.audit;

  private constructor(parts: EngineParts) {
    super(parts);
  }

  /**
   * Connects to Temporal: TEMPORAL_* in the environment, or a profile, or options.
   *
   * @throws TaskError UNREACHABLE | CONFIGURATION
   */
  static async connect(options: EngineOptions = {}): Promise<TaskEngine> {
    assertOptions('connect', options);
    assertKnown('connect', options, [...SETTING_NAMES, ...OWN_OPTIONS]);
    const settings = resolveSettings(options);
    const client = options.client ?? (await connectClient(options));
    const address = addressOf(client) ?? connectOptions(options).address;
    const ownsClient = options.client === undefined;
    return new TaskEngine(new EngineParts({ client, ownsClient, address, settings }));
  }

  /** True once {@link shutdown} was called. */
  get isShutDown(): boolean {
    return this.parts.isClosed;
  }

  /** `connect` has done it; may be called again. @throws TaskStateError after a shutdown */
  async initialize(): Promise<this> {
    this.assertOpen();
    await this.parts.attributes();
    return this;
  }

  /**
   * Schedules one task: an execution whose status and output are the task's. A program (`process`, `container`, `faas`)
   * may stand in its place, as in a node of a graph, or a `workflowType` whose input says what is run.
   *
   * The definition of a task types both ends: `input` has to fit it, and the result's `output` is its own; any JSON where
   * `result` changes it by expressions.
   *
   * @throws SpecInvalidError, TaskStateError for an id that already ran
   */
  async scheduleTask<
    Task extends NamedTask = string,
    const Result extends ResultInput = ResultInput,
  >(
    submission: LoneSubmission<Task> & { result?: Result | undefined },
  ): Promise<ExecutionHandle<ShapedJson<TaskOutput<Task>, Result>>> {
    this.assertOpen();
    const handle: ExecutionHandle<unknown> = await this.parts.starting.task(submission);
    return handle as ExecutionHandle<ShapedJson<TaskOutput<Task>, Result>>;
  }

  /**
   * Schedules a graph: a builder's, a spec, the adjacency form `{ b: ['a'] }`, or the name of a template. Nodes that say `taskId`, and ids of the
   * adjacency form that the catalogue has, run what the catalogue says of them.
   *
   * @throws SpecInvalidError with every fault, TaskStateError for an id that already ran, or a catalogue task that is
   *   archived; TaskError NOT_FOUND for a name that no template has
   */
  async scheduleTaskGraph<Leaves = Record<string, unknown>, Params = unknown>(
    graph: AnyGraph<Leaves, Params>,
    ...[options]: GraphArguments<NoInfer<Params>>
  ): Promise<ExecutionHandle<GraphOutput<Leaves>>> {
    this.assertOpen();
    const pipeline = typeof graph === 'string' ? graph : undefined;
    const named = this.named(graph) as Exclude<AnyGraph, string>;
    const handle: ExecutionHandle<unknown> = await this.parts.starting.graph(
      named,
      (options ?? {}) as GraphSubmitOptions,
      pipeline,
    );
    return handle as ExecutionHandle<GraphOutput<Leaves>>;
  }

  /** The pipelines that can be run by name: those of `templatesDir`, and those that come with this package. */
  templates(): TemplateInfo[] {
    return listTemplates(this.parts.place.settings.templatesDir);
  }

  /**
   * One of them: its parameters, each with its JSON Schema, and its graph; or what is wrong with it.
   *
   * @throws TaskError NOT_FOUND
   */
  template(name: string): TemplateDetail {
    return describeTemplate(this.parts.place.settings.templatesDir, name);
  }

  private named<T>(graph: string | T): T | GraphSpec {
    return typeof graph === 'string'
      ? loadTemplate(this.parts.place.settings.templatesDir, graph)
      : graph;
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
    options: RerunOptions & { dryRun?: boolean } = {},
  ): Promise<ExecutionHandle | RerunPlan> {
    assertId('rerun', executionId);
    return await this.parts.rerun(executionId, options);
  }

  /** Runs named operations one after another, or `maxWorkers` at once, and gives their results by name. */
  async executeOperations(
    operations: readonly Operation[],
    options?: OperationsOptions,
  ): Promise<OperationResults> {
    return await executeOperations(this, operations, options);
  }

  /** Runs a task once, without retries; a failure is a result. */
  async executeOperation<Task extends NamedTask>(
    task: Task,
    params?: TaskInput<Task>,
    options?: OperationOptions,
  ): Promise<OperationResult<TaskOutput<Task>>> {
    return await executeOperation(this, task, params, options);
  }

  /**
   * Runs a task with exponential backoff: 3 retries after 1 s, 2 s and 4 s, ± 25 %.
   *
   * @throws MaxRetriesExceededError, NonRetriableError
   */
  async executeWithRetry<Task extends NamedTask>(
    task: Task,
    params?: TaskInput<Task>,
    options?: RetryingOptions,
  ): Promise<CompletedOperation<TaskOutput<Task>>> {
    return await executeWithRetry(this, task, params, options);
  }

  /**
   * Schedules many tasks, never all or nothing: an entry for each item. Items share runs where they can; each has an
   * execution id of its own. A task that no worker knows ends REJECTED.
   *
   * @throws TaskError CONFIGURATION when there is no list, UNREACHABLE
   */
  async scheduleTaskBatch<const Tasks extends readonly NamedTask[] = readonly NamedTask[]>(
    items: TypedItems<Tasks> | BatchOfTasks<Tasks>,
    common: BatchOptions = {},
  ): Promise<BatchAnswer> {
    this.assertOpen();
    return await this.parts.starting.batch(items, common);
  }

  /**
   * What a run of a graph would be like: order, critical path, makespan under its window, the worst that its retries
   * allow, what it costs in Temporal, and each node's options with their origin. Nothing is started.
   *
   * @param graph as in {@link scheduleTaskGraph}, also the name of a template
   * @throws SpecInvalidError with everything that is wrong with the graph or with what is assumed of it; TaskError
   *   NOT_FOUND for a name that no template has
   */
  async plan(graph: AnyGraph, options: PlanOptions = {}): Promise<GraphForecast> {
    this.assertOpen();
    return await this.parts.planning.plan(this.named(graph), options);
  }

  /**
   * How long an execution that has ended would have taken under another window, limit, priority or duration.
   *
   * @throws TaskError NOT_FOUND, TaskStateError while it runs, SpecInvalidError for a change that names nothing
   */
  async whatIf(executionId: string, changes: WhatIfChanges = {}): Promise<WhatIf> {
    this.assertOpen();
    assertId('whatIf', executionId);
    return await this.parts.planning.whatIf(executionId, changes);
  }

  /** Everything that is wrong with a graph; with `askWorker`, task names and their inputs too. */
  async validate(
    spec: unknown,
    options: { params?: Record<string, unknown>; askWorker?: boolean } = {},
  ): Promise<Fault[]> {
    return await this.parts.planning.faults(spec, options);
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
    return this.parts.hooks.add('pre', hook);
  }

  /** Adds a hook after the end of a node, as {@link addPreExecutionHook} does before. */
  addPostExecutionHook(hook: AddedHook<PostHook>): () => void {
    this.assertOpen();
    return this.parts.hooks.add('post', hook);
  }

  /** Closes the connection. Executions go on. A second call does nothing; any other call after it throws. */
  async shutdown(): Promise<void> {
    if (this.parts.isClosed) return;
    this.parts.isClosed = true;
    this.closeStreams();
    await this.parts.disconnect();
  }
}
