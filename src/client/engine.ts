/** The engine: schedules tasks and graphs, and answers questions about executions. */
import {
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
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
import { TaskError, TaskStateError } from '../domain/errors.js';
import type { Fault } from '../domain/fault.js';
import type { Json } from '../domain/json.js';
import type { GraphSpec } from '../domain/spec.js';
import { STATUSES, type Status } from '../domain/status.js';
import { validateGraph } from '../domain/validate.js';
import { FileBlobStore } from '../store/blob-store.js';
import { LONE_NODE, SEARCH_ATTRIBUTE, WORKFLOW, type Answer } from '../workflows/messages.js';
import { connectClient, knownSearchAttributes, reaching } from './connect.js';
import { ExecutionHandle, notFound, type NodeHandle, type PauseOptions } from './handle.js';
import { recordOf, type ExecutionRecord } from './record.js';
import { nodeRecord } from './node-record.js';
import { References } from './references.js';
import { graphSpec, startRequest, taskSpec, type Known } from './start-request.js';
import {
  splitId,
  type GraphSubmitOptions,
  type SubmitOptions,
  type TaskSubmission,
} from './submission.js';

export interface EngineOptions extends ConnectOptions, Settings {
  /** A client of your own, for example a test environment's. It is not closed by `shutdown`. */
  client?: Client;
}

export interface ListQuery {
  status?: Status;
  project?: string;
  sessionId?: string;
  /** Default 100, at most 1,000. */
  limit?: number;
}

/** How long a query may wait for a worker, in milliseconds. */
const QUERY_DEADLINE_MS = 4_000;
const LIST_LIMIT = 1_000;

export class TaskEngine {
  private attributes: Promise<ReadonlySet<string>> | undefined;
  private readonly references: References;
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

  /**
   * Schedules one task: an execution whose status and output are the task's.
   *
   * @throws SpecInvalidError, TaskStateError for an id that already ran
   */
  async scheduleTask({ task, input, ...options }: TaskSubmission): Promise<ExecutionHandle> {
    const { spec, known } = taskSpec(task, input);
    return await this.start(spec, options, known);
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
    return await this.start(spec, rest, known);
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
    const { graphId, nodeId } = splitId(executionId);
    const record = await this.describe(graphId);
    const handle = await this.handleOf(graphId, record);
    if (nodeId !== undefined) return await nodeRecord(record, handle, nodeId, this.references);
    if (record.endedAt === null) {
      // No worker may be there to ask: the server would wait for one.
      const asked = this.client.withDeadline(Date.now() + QUERY_DEADLINE_MS, () => handle.status());
      const live = await asked.catch(() => undefined);
      return live ? { ...record, status: live.status, counts: live.counts } : record;
    }
    const { status, output, error, warnings, counts } = await handle.result();
    return { ...record, status, output, error, warnings, counts };
  }

  /** Executions, newest first, from Temporal's visibility: new ones may be missing for a second. */
  async listExecutions(query: ListQuery = {}): Promise<{ executions: ExecutionRecord[] }> {
    this.assertOpen();
    const limit = Math.min(Math.max(1, query.limit ?? 100), LIST_LIMIT);
    const executions: ExecutionRecord[] = [];
    const filter = await this.visibilityQuery(query);
    await reaching(this.address, async () => {
      for await (const info of this.client.workflow.list({ query: filter })) {
        const record = recordOf(info);
        if (query.status === undefined || record.status === query.status) executions.push(record);
        if (executions.length >= LIST_LIMIT) break;
      }
    });
    // The server gives open executions before closed ones.
    executions.sort((a, b) => b.createdAt.localeCompare(a.createdAt));
    return { executions: executions.slice(0, limit) };
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
    return await this.handleOf(executionId, await this.describe(executionId));
  }

  /** Closes the connection. Executions go on. A second call does nothing; any other call after it throws. */
  async shutdown(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    if (this.ownsClient) await (this.client.connection as Connection).close();
  }

  private async start(
    spec: GraphSpec,
    options: SubmitOptions & { params?: Record<string, unknown> },
    known: Known,
  ): Promise<ExecutionHandle> {
    this.assertOpen();
    const request = startRequest(spec, options, known, await this.knownAttributes());
    const id = request.workflowId;
    try {
      await reaching(this.address, () =>
        this.client.workflow.start(WORKFLOW.graph, {
          ...request,
          taskQueue: this.settings.taskQueue,
        }),
      );
    } catch (error) {
      if (error instanceof WorkflowExecutionAlreadyStartedError) {
        throw new TaskStateError(
          `execution ${JSON.stringify(id)} already exists; choose another executionId, or say how it may be reused`,
          { cause: error },
        );
      }
      throw error;
    }
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

  private async visibilityQuery({ status, project, sessionId }: ListQuery): Promise<string> {
    const known = await this.knownAttributes();
    const parts = [`WorkflowType = '${WORKFLOW.graph}'`, `ExecutionStatus != 'ContinuedAsNew'`];
    const filters: [string, string | undefined][] = [
      [SEARCH_ATTRIBUTE.project, project],
      [SEARCH_ATTRIBUTE.session, sessionId],
    ];
    for (const [attribute, value] of filters) {
      if (value === undefined) continue;
      if (!known.has(attribute))
        throw new TaskError(
          'CONFIGURATION',
          `the namespace has no search attribute ${attribute}, so it cannot be filtered by`,
        );
      parts.push(`${attribute} = ${quoted(value)}`);
    }
    if (status !== undefined && !STATUSES.includes(status))
      throw new TaskError(
        'CONFIGURATION',
        `status: expected one of ${STATUSES.join(', ')}, got ${JSON.stringify(status)}`,
      );
    return parts.join(' AND ');
  }

  private async describe(executionId: string): Promise<ExecutionRecord> {
    this.assertOpen();
    try {
      return recordOf(
        await reaching(this.address, () => this.client.workflow.getHandle(executionId).describe()),
      );
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) throw notFound(executionId);
      throw error;
    }
  }

  /** Asks something of an execution or a node; a lone task is its only node. */
  private async asked(
    executionId: string,
    verb: (target: ExecutionHandle | NodeHandle) => Promise<Answer>,
  ): Promise<Answer> {
    const { graphId, nodeId } = splitId(executionId);
    try {
      const record = await this.describe(graphId);
      const handle = await this.handleOf(graphId, record);
      const whole = nodeId === undefined || (record.kind === 'task' && nodeId === LONE_NODE);
      if (record.endedAt !== null)
        return { success: false, message: `${executionId} has already ended (${record.status})` };
      return await verb(whole ? handle : handle.node(nodeId));
    } catch (error) {
      if (!(error instanceof TaskError) || error.code !== 'NOT_FOUND') throw error;
      return { success: false, message: error.message };
    }
  }

  private async handleOf(executionId: string, record: ExecutionRecord): Promise<ExecutionHandle> {
    return new ExecutionHandle(executionId, {
      client: this.client,
      references: this.references,
      lone: record.kind === 'task',
    });
  }

  private assertOpen(): void {
    if (this.closed) throw new TaskStateError('the engine was shut down; connect a new one');
  }
}

const quoted = (value: string): string => `'${value.replaceAll("'", "''")}'`;
