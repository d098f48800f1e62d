/**
 * What commands ask of an engine, asked of a server over HTTP: the same calls, answers and errors.
 *
 * Nothing of Temporal is loaded for it, and no store is opened.
 */
import type {
  BatchAnswer,
  CatalogueSubmission,
  ExecutionEvent,
  ExecutionList,
  ExecutionRecord,
  ExecutionStats,
  ExecutionStatsQuery,
  FollowLogsOptions,
  GraphSubmitOptions,
  IterateOptions,
  ListQuery,
  LogPage,
  PlanOptions,
  ReadLogsQuery,
  RerunOptions,
  RerunPlan,
  SystemDetail,
  TaskSubmission,
} from '../client.js';
import type { Adjacency } from '../domain/adjacency.js';
import { TaskError } from '../domain/errors.js';
import type { Explanation } from '../domain/explain.js';
import type { Fault } from '../domain/fault.js';
import type { GraphForecast } from '../domain/forecast.js';
import type { LogLine } from '../domain/log-line.js';
import type { GraphSpec } from '../domain/spec.js';
import type { TaskReport } from '../domain/task-report.js';
import type { WhatIf, WhatIfChanges } from '../domain/what-if.js';
import type { TemplateDetail, TemplateInfo } from '../templates/load-template.js';
import { Api, path } from './api.js';
import { remoteCatalogue } from './remote-catalogue.js';
import { RemoteHandle } from './remote-handle.js';
import { remoteAudit, remoteKeys } from './remote-keys.js';
import {
  remoteCache,
  remoteCircuits,
  remoteDeadLetters,
  remoteLimits,
} from './remote-resources.js';
import { remoteSchedules } from './remote-schedules.js';
import { RemoteVerbs } from './remote-verbs.js';
import type { ServerAddress } from './server-address.js';
import type { CommandEngine, CommandHandle } from './surface.js';

interface Started {
  executionId: string;
  executions: CommandHandle['executions'];
}

export class RemoteEngine extends RemoteVerbs implements CommandEngine {
  readonly schedules = remoteSchedules(this.api);
  readonly limits = remoteLimits(this.api);
  readonly circuits = remoteCircuits(this.api);
  readonly cache = remoteCache(this.api);
  readonly deadLetters = remoteDeadLetters(this.api);
  readonly keys = remoteKeys(this.api);
  readonly audit = remoteAudit(this.api);
  readonly catalogue = remoteCatalogue(this.api);

  constructor(server: ServerAddress) {
    super(new Api(server));
  }

  async scheduleTask(submission: TaskSubmission | CatalogueSubmission): Promise<CommandHandle> {
    return await this.submit({ ...submission });
  }

  async scheduleTaskGraph(
    graph: string | GraphSpec | Adjacency,
    options: GraphSubmitOptions = {},
  ): Promise<CommandHandle> {
    return await this.submit({
      ...options,
      ...(typeof graph === 'string' ? { pipeline: graph } : { graph }),
    });
  }

  async scheduleTaskBatch(items: unknown, common: object = {}): Promise<BatchAnswer> {
    return await this.api.post<BatchAnswer>('/batches', { items, ...common });
  }

  async rerun(
    executionId: string,
    options?: RerunOptions & { dryRun?: false },
  ): Promise<CommandHandle>;
  async rerun(executionId: string, options: RerunOptions & { dryRun: true }): Promise<RerunPlan>;
  async rerun(
    id: string,
    { dryRun = false, by: _by, ...options }: RerunOptions & { dryRun?: boolean } = {},
  ): Promise<CommandHandle | RerunPlan> {
    if (dryRun) return await this.api.post<RerunPlan>(path`/executions/${id}/rerun-plan`, options);
    return this.started(await this.api.post<Started>(path`/executions/${id}/rerun`, options));
  }

  async getExecution(id: string): Promise<ExecutionRecord> {
    return await this.api.get<ExecutionRecord>(path`/executions/${id}`);
  }

  async graphOf(id: string): Promise<{ graph: GraphSpec; params: Record<string, unknown> }> {
    return await this.api.get(path`/executions/${id}/graph`);
  }

  async explain(id: string): Promise<Explanation> {
    return await this.api.get<Explanation>(path`/executions/${id}/explain`);
  }

  async report(id: string): Promise<TaskReport> {
    return await this.api.get<TaskReport>(path`/executions/${id}/report`);
  }

  async whatIf(id: string, changes: WhatIfChanges = {}): Promise<WhatIf> {
    return await this.api.post<WhatIf>(path`/executions/${id}/what-if`, changes);
  }

  async listExecutions({ tags, metadata, ...query }: ListQuery = {}): Promise<ExecutionList> {
    return await this.api.get<ExecutionList>('/executions', {
      ...{ ...query, tag: tags },
      ...(metadata === undefined ? {} : { metadata: JSON.stringify(metadata) }),
    });
  }

  async getExecutionStats({ kind, ...query }: ExecutionStatsQuery = {}): Promise<ExecutionStats> {
    const kinds = typeof kind === 'string' ? [kind] : kind;
    return await this.api.get<ExecutionStats>('/stats', { ...query, kind: kinds });
  }

  async systemDetail(): Promise<SystemDetail> {
    return await this.api.get<SystemDetail>('/system');
  }

  async templates(): Promise<TemplateInfo[]> {
    return (await this.api.get<{ pipelines: TemplateInfo[] }>('/pipelines')).pipelines;
  }

  /** Where its file lies only the server knows. @throws TaskError NOT_FOUND */
  async template(name: string): Promise<Omit<TemplateDetail, 'file'>> {
    return await this.api.get(path`/pipelines/${name}/graph`);
  }

  async validate(
    spec: unknown,
    options: { params?: Record<string, unknown>; askWorker?: boolean } = {},
  ): Promise<Fault[]> {
    const body = { graph: spec, ...options };
    return (await this.api.post<{ issues: Fault[] }>('/pipelines/validate', body)).issues;
  }

  async plan(graph: GraphSpec, options: PlanOptions = {}): Promise<GraphForecast> {
    const { params, durations, failures, outcomes, items, concurrency, overhead } = options;
    const { askWorker, lookUp } = options;
    const assumed = { durations, failures, outcomes, items, concurrency, overhead };
    const asked = { params, askWorker, lookUp };
    return await this.api.post<GraphForecast>('/pipelines/plan', { graph, ...asked, ...assumed });
  }

  async *events({ executionId, signal, project, after, follow }: IterateOptions = {}) {
    const where = executionId === undefined ? '/events' : path`/executions/${executionId}/events`;
    const query = { project, after, follow };
    for await (const { data } of this.api.messages(where, { query, signal }))
      yield JSON.parse(data) as ExecutionEvent;
  }

  async *logs(
    id: string,
    { signal, follow = true, limit, ...query }: FollowLogsOptions = {},
  ): AsyncGenerator<LogLine, void> {
    if (!follow) return yield* this.logsSoFar(id, query, signal);
    const where = path`/executions/${id}/logs/follow`;
    let left = limit ?? Infinity;
    const asked = { ...query, source: asList(query.source) };
    for await (const { data } of this.api.messages(where, { query: asked, signal })) {
      yield JSON.parse(data) as LogLine;
      if (--left <= 0) return;
    }
  }

  async readLogs(id: string, { before, source, ...query }: ReadLogsQuery = {}): Promise<LogPage> {
    return await this.api.get<LogPage>(path`/executions/${id}/logs`, {
      ...{ ...query, source: asList(source) },
      ...(before === undefined || before === Infinity ? {} : { before }),
    });
  }

  /** A node is none, unless something runs below it. @throws TaskError NOT_FOUND */
  async open(id: string): Promise<CommandHandle> {
    const { kind } = await this.getExecution(id);
    if (kind === 'node' || kind === 'item') await this.assertGraph(id);
    return this.handle(id);
  }

  handle(executionId: string): CommandHandle {
    return new RemoteHandle(this.api, executionId);
  }

  /** There is no connection to close. */
  async shutdown(): Promise<void> {
    await Promise.resolve();
  }

  private async assertGraph(id: string): Promise<void> {
    try {
      await this.graphOf(id);
    } catch (error) {
      if (error instanceof TaskError && error.code === 'UNREACHABLE') throw error;
      const message = `there is no execution ${JSON.stringify(id)} in this namespace`;
      throw new TaskError('NOT_FOUND', message, { cause: error });
    }
  }

  private async submit({ requestId, ...body }: object & { requestId?: string }) {
    return this.started(await this.api.post<Started>('/executions', body, { key: requestId }));
  }

  private started({ executionId, executions }: Started): CommandHandle {
    return new RemoteHandle(this.api, executionId, executions);
  }

  private async *logsSoFar(
    id: string,
    { after = 0, ...query }: ReadLogsQuery,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<LogLine, void> {
    let more = true;
    while (more && !signal?.aborted) {
      const page = await this.readLogs(id, { ...query, after, limit: LOG_PAGE });
      yield* page.lines;
      after = page.next;
      more = page.more;
    }
  }
}

const LOG_PAGE = 1_000;

const asList = (value: string | readonly string[] | undefined): readonly string[] | undefined =>
  typeof value === 'string' ? [value] : value;
