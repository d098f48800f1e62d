/** What an engine is asked: executions and their figures, why one waits, and how everything stands. */
import type { Explanation } from '../domain/explain.js';
import type { ProgramFinding } from '../domain/program-looks.js';
import type { GraphSpec } from '../domain/spec.js';
import type { TaskReport } from '../domain/task-report.js';
import { startedGraph } from '../observe/before.js';
import type { Reconciled } from '../observe/reconcile.js';
import type { ExecutionStats } from '../store/stats.js';
import type { StoreRoom } from '../store/store-room.js';
import type { ProbeAnswer } from '../workflows/asks.js';
import { runnerQueue } from '../workflows/queues.js';
import type { ExecutionStatsQuery, RebuildQuery } from './asking.js';
import { reaching } from './connect.js';
import { EngineVerbs } from './engine-verbs.js';
import { assertId } from './expected.js';
import type { ExplainOptions } from './explain.js';
import { ExecutionHandle } from './handle.js';
import { healthOf, type Health } from './health.js';
import type { ExecutionList, ListQuery } from './listing.js';
import type { ExecutionRecord } from './record.js';
import { taskReport } from './report.js';
import {
  queueFigures,
  systemDetail,
  type QueueFigures,
  type SystemDetail,
} from './system-detail.js';

export abstract class EngineQuestions extends EngineVerbs {
  /** A handle to an execution that was started earlier; it need not exist. A lone task is taken for a graph of one node. */
  handle(executionId: string): ExecutionHandle {
    assertId('handle', executionId);
    return new ExecutionHandle(executionId, { ...this.parts.handleParts, lone: false });
  }

  /**
   * One execution, or with `<execution>/<node>` one node of it. While Temporal cannot be reached, as the store last had it,
   * with `asOf`.
   *
   * @throws TaskError NOT_FOUND, UNREACHABLE where no store knows it
   */
  async getExecution(executionId: string): Promise<ExecutionRecord> {
    this.assertOpen();
    assertId('getExecution', executionId);
    return await this.parts.asking.execution(executionId);
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
    assertId('graphOf', executionId);
    const { place, references } = this.parts;
    const { client, address } = place;
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
    assertId('explain', executionId);
    return await this.parts.explain(executionId, options);
  }

  /**
   * Executions, newest first: from the store, else from Temporal's visibility, where new ones may be missing for a
   * second and fewer filters are known.
   */
  async listExecutions(query: ListQuery = {}): Promise<ExecutionList> {
    this.assertOpen();
    return await this.parts.asking.list(query);
  }

  /**
   * Counts and percentiles of executions, from counters: never by reading them.
   *
   * @throws TaskError CONFIGURATION without a store
   */
  async getExecutionStats(query: ExecutionStatsQuery = {}): Promise<ExecutionStats> {
    this.assertOpen();
    return await this.parts.asking.stats(query);
  }

  /**
   * Fills the store again from Temporal, as far back as the namespace keeps closed executions.
   *
   * @throws TaskError CONFIGURATION without a store, VALIDATION for a `since` that is no time
   */
  async rebuildStore(query: RebuildQuery = {}): Promise<Reconciled> {
    this.assertOpen();
    return await this.parts.asking.rebuild(query);
  }

  /** How everything stands: server, workers and what they can do, queue, limits, circuits. What fails is a warning. */
  async systemDetail(): Promise<SystemDetail> {
    this.assertOpen();
    const { place, references, stores, limits } = this.parts;
    const { client, address, settings } = place;
    const { taskQueue } = settings;
    return await systemDetail({ client, address, taskQueue, references, stores, limits });
  }

  /** Backlog and workers of its task queue and of those for programs. Quicker than {@link systemDetail}: asks no worker. */
  async queues(): Promise<QueueFigures[]> {
    this.assertOpen();
    const { client, settings } = this.parts.place;
    return await queueFigures(client, settings.taskQueue);
  }

  /** How large the store is, and how much room its disk has; undefined where there is none. @throws TaskError STORE */
  async storeRoom(): Promise<StoreRoom | undefined> {
    this.assertOpen();
    return await (await this.parts.stores.get('there'))?.room();
  }

  /** Whether it can do its work: Temporal answers, and the store does where one is wanted. Never throws. */
  async health(): Promise<Health> {
    this.assertOpen();
    const { place, stores } = this.parts;
    return await healthOf(place.client, stores, place.settings.storeUrl !== null);
  }

  /** How quick the server is, measured now on a worker of the task queue. @throws TaskError NO_WORKER */
  async probe(): Promise<ProbeAnswer> {
    this.assertOpen();
    return await this.parts.references.ask({ kind: 'probe' });
  }

  /**
   * What a worker finds of its settings for containers: whether the engine answers, and has the networks and images that they
   * name. Each finding's `at` is the setting.
   *
   * @throws TaskError NO_WORKER where none runs containers, or all of their places are taken
   */
  async containerSettings(): Promise<{ worker: string; findings: ProgramFinding[] }> {
    this.assertOpen();
    const { references, place } = this.parts;
    const { worker, settings = [] } = await references.ask({
      ...{ kind: 'programs', asks: [], settings: 'container' },
      queue: runnerQueue(place.settings.taskQueue, 'container'),
    });
    return { worker, findings: settings };
  }

  /**
   * The task report: every operation of an execution, or of `<execution>/<node>`, with status, attempts, times, error,
   * warnings, metrics and artifacts; of one that runs, how far it is. `htmlReport` and `markdownReport` make pages of it.
   *
   * @throws TaskError NOT_FOUND where Temporal does not know it (any more)
   */
  async report(executionId: string): Promise<TaskReport> {
    this.assertOpen();
    assertId('report', executionId);
    const { place, references } = this.parts;
    const { client, address } = place;
    return await reaching(address, () => taskReport({ client, references }, executionId));
  }

  /** A handle that knows whether its execution is a lone task. @throws TaskError NOT_FOUND */
  async open(executionId: string): Promise<ExecutionHandle> {
    this.assertOpen();
    assertId('open', executionId);
    return this.parts.asking.handleOf(await this.parts.asking.describe(executionId));
  }
}
