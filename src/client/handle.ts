/** A handle to one execution. */
import type { NodeArtifact } from '../domain/artifact.js';
import type { Explanation } from '../domain/explain.js';
import { splitExecutionId } from '../domain/execution-id.js';
import type { Json } from '../domain/json.js';
import type { Priority } from '../domain/priority.js';
import { isTerminal, type Status } from '../domain/status.js';
import { awaitEnding } from '../observe/closing.js';
import {
  QUERY,
  SIGNAL,
  UPDATE,
  type Answer,
  type Counts,
  type GraphStatus,
  type NodeView,
} from '../workflows/messages.js';
import type { EditAnswer } from '../workflows/operator-messages.js';
import {
  executionArtifacts,
  nodeArtifacts,
  nodeViews,
  readArtifact,
  type ArtifactContent,
} from './artifacts.js';
import { askRunning } from './ask-running.js';
import { awaitNode } from './await-node.js';
import { withBelow } from './below-progress.js';
import type { EndedNodes } from './ended-nodes.js';
import type { ExplainOptions } from './explain.js';
import { firstLook } from './first-look.js';
import { changedNodes, underWay, withPending, type UnderWay } from './live.js';
import { query } from './query.js';
import {
  NodeHandle,
  type CancelOptions,
  type NodeHandleParts,
  type PauseOptions,
} from './node-handle.js';
import { nodePage, type NodeList, type NodeListQuery, type Wanted } from './node-list.js';
import { orNotFound } from './not-found.js';
import {
  editGraph,
  setConcurrency,
  setGraphPriority,
  type GraphEdit,
  type VerbOptions,
} from './operator.js';
import type { RerunOptions } from './rerun.js';
import {
  awaitResult,
  throwUnlessCompleted,
  type CompletedResult,
  type ExecutionResult,
  type UncompletedResult,
} from './result.js';
import { runningNodes } from './running-nodes.js';

/** How long a question before a cancel may take, in milliseconds. */
const LOOK_MS = 2_000;

/** One look at a running execution: its status, and the nodes that changed since the last one. */
export interface ExecutionUpdate {
  status: Status;
  /** PENDING: it waits until fewer executions of its project run; SCHEDULED: for its time. */
  reason?: GraphStatus['reason'];
  counts: Counts;
  total: number;
  startedAt: string;
  /** The executions that it waits for, or waited for; null while they have not ended. */
  awaits?: GraphStatus['awaits'];
  /** All nodes have ended, and what they did is being undone: how far that is. */
  undoing?: GraphStatus['undoing'];
  /** Nodes that run at once. */
  concurrency?: number;
  /** From 1; one more with every edit. */
  graphVersion?: number;
  changed: NodeView[];
}

export interface HandleParts extends NodeHandleParts {
  /** A lone task: a graph of one node whose status and output are the execution's. */
  lone: boolean;
  /** What runs below a node: an execution although its id is a node's. */
  below?: true;
  /** Runs an execution once more. */
  rerun: (executionId: string, options: RerunOptions) => Promise<ExecutionHandle>;
}

/** How often `watch` looks, in milliseconds. */
const WATCH_INTERVAL_MS = 300;
/** What is asked of the server no more once an execution has said that it ended. */
const ALL_ENDED: UnderWay = { attempts: new Map(), closed: false };

/**
 * A handle to one execution.
 *
 * @typeParam Output of its result: known where a task's definition or a typed graph was scheduled, else any JSON
 */
export class ExecutionHandle<Output = Json> {
  constructor(
    readonly executionId: string,
    private readonly parts: HandleParts,
    /** The nodes' own execution ids, in the order of the spec; empty for a handle that did not start the execution. */
    readonly executions: readonly { taskId: string; executionId: string }[] = [],
    /** Whether this handle's call started it; false where the same `requestId` had. */
    readonly isNew = false,
  ) {}

  /** Waits for the end, however it ends. Of a node or an item: of that alone. @throws TaskError NOT_FOUND */
  async result(): Promise<CompletedResult<Output> | UncompletedResult<Output>> {
    return (await this.ended()) as CompletedResult<Output> | UncompletedResult<Output>;
  }

  private async ended(): Promise<ExecutionResult> {
    const { graphId, nodeId } = splitExecutionId(this.executionId);
    if (nodeId !== undefined && !this.parts.below)
      return await awaitNode(this.parts, graphId, nodeId);
    const { references, lone } = this.parts;
    return await awaitResult(this.workflow, references, lone).catch(orNotFound(this.executionId));
  }

  /** @throws MaxRetriesExceededError, NonRetriableError or ExecutionError unless it ends COMPLETED */
  async resultOrThrow(): Promise<CompletedResult<Output>> {
    return throwUnlessCompleted(await this.result());
  }

  /** Status and counts now, attempts under way included. @throws TaskError NOT_FOUND */
  async status(): Promise<ExecutionUpdate> {
    return await this.standing(await this.ask());
  }

  /**
   * Looks at the execution until it has ended, and gives what changed. The last update has a terminal status.
   * Stop early by leaving the loop; the execution goes on.
   */
  async *watch({
    intervalMs = WATCH_INTERVAL_MS,
    signal,
  }: { intervalMs?: number; signal?: AbortSignal } = {}): AsyncGenerator<ExecutionUpdate> {
    const views = new Map<string, NodeView>();
    const shown = new Map<string, string>();
    let since = 0;
    let ended: GraphStatus | undefined;
    while (!signal?.aborted) {
      const status: GraphStatus = ended ?? (await this.ask());
      if (status.sequence > since || since === 0) {
        const page = await changedNodes(this.parts.client, this.executionId, since);
        for (const view of page.nodes) views.set(view.id, view);
        since = page.sequence;
      }
      const { attempts, closed } = isTerminal(status.status)
        ? ALL_ENDED
        : await underWay(this.parts.client, status);
      if (closed) {
        ended = await this.askEnded();
        continue;
      }
      const now = Date.now();
      const own = [...views.values()].map((view) => withPending(view, attempts.get(view.id), now));
      const live = await withBelow(this.parts.client, this.executionId, own);
      const changed = live.filter((view) => {
        const { attempts, nextRetryAt = '', reason = '', progress = null, below, approval } = view;
        const asked = approval?.askedAt ?? '';
        const inside = JSON.stringify([progress, below?.counts]);
        const text = `${view.status} ${attempts} ${nextRetryAt} ${reason} ${asked} ${inside}`;
        return shown.get(view.id) === text ? false : shown.set(view.id, text);
      });
      yield summary(status, live, changed);
      if (isTerminal(status.status)) return;
      await pause(intervalMs, signal);
    }
  }

  /** Why it is not done, and what each node waits for; once it has ended, where its time went. */
  async explain(options: ExplainOptions = {}): Promise<Explanation> {
    const whole = this.parts.below === true && options.node === undefined;
    return await this.parts.explain(this.executionId, { ...options, ...(whole ? { whole } : {}) });
  }

  /**
   * All nodes as they stand, attempts under way included; of one that has ended, as they ended.
   *
   * @throws TaskError NOT_FOUND, NO_WORKER where it runs and no worker answers
   */
  async nodes(): Promise<NodeView[]> {
    if ((await this.describe()).status.name !== 'RUNNING')
      return await nodeViews(this.parts, this.executionId);
    return (await this.standing(await firstLook(this.parts.client, this.executionId))).changed;
  }

  /**
   * A page of the nodes, in the order of their ids: it costs as much as it has nodes, or as those of other statuses among them.
   *
   * @param ended keeps those of executions that have ended, for the next page
   * @throws TaskError CONFIGURATION for a cursor or a limit that is none, NOT_FOUND, NO_WORKER
   */
  async nodePage(query: NodeListQuery, ended: EndedNodes): Promise<NodeList> {
    const { executionId, parts } = this;
    const { status, runId } = await this.describe();
    if (status.name !== 'RUNNING') {
      const read = () => nodeViews(parts, executionId);
      return await nodePage(ended.source(`${executionId} ${runId}`, read), query);
    }
    const source = (wanted: Wanted) => runningNodes(parts.client, executionId, wanted);
    const page = await nodePage(source, query);
    return { ...page, nodes: await withBelow(parts.client, executionId, page.nodes) };
  }

  /** Asks the whole execution to stop. */
  async cancel({ by, reason }: CancelOptions = {}): Promise<Answer> {
    const description = await this.describe();
    if (description.status.name !== 'RUNNING') {
      return {
        success: false,
        message: `${this.executionId} has already ended (${description.status.name})`,
      };
    }
    if (await this.isUndoing())
      return {
        success: false,
        message: `${this.executionId} is undoing what it did, which no cancel cuts short`,
      };
    if (by !== undefined || reason !== undefined)
      await this.workflow.signal(SIGNAL.above, { verb: 'cancel', by, reason });
    await this.workflow.cancel();
    return { success: true, message: `${this.executionId} was asked to stop` };
  }

  /** Starts nothing new until `resume`; `hard` also asks what runs to stop at its last checkpoint. */
  async pause(options: PauseOptions = {}): Promise<Answer> {
    return await askRunning(this.parts.client, this.executionId, UPDATE.pause, options);
  }

  /** Goes on after a pause. */
  async resume(options: Omit<PauseOptions, 'mode'> = {}): Promise<Answer> {
    return await askRunning(this.parts.client, this.executionId, UPDATE.resume, options);
  }

  /** Runs it once more, now that it has ended: see `TaskEngine.rerun`. @returns a handle to the new execution */
  async rerun(options: RerunOptions = {}): Promise<ExecutionHandle> {
    return await this.parts.rerun(this.executionId, options);
  }

  /** Changes how many nodes run at once, 1 to 1,000. What runs goes on. */
  async setConcurrency(concurrency: number, options: VerbOptions): Promise<Answer> {
    return await setConcurrency(this.parts.client, this.executionId, concurrency, options);
  }

  /** Changes the priority of all nodes that have not begun. */
  async setPriority(priority: Priority, options: VerbOptions): Promise<Answer> {
    return await setGraphPriority(this.parts.client, this.executionId, priority, options);
  }

  /** Adds nodes to the running graph, and replaces nodes that have not begun; all of it or nothing. */
  async edit(edit: GraphEdit): Promise<EditAnswer> {
    return await editGraph(this.parts.client, this.executionId, edit);
  }

  /** What the nodes that have ended so far kept beside their outputs. @throws TaskError NOT_FOUND, NO_WORKER */
  async artifacts(): Promise<NodeArtifact[]> {
    const { graphId, nodeId } = splitExecutionId(this.executionId);
    if (nodeId !== undefined && !this.parts.below)
      return await nodeArtifacts(this.parts, graphId, nodeId);
    return await executionArtifacts(this.parts, this.executionId);
  }

  /**
   * One artifact of a node, with its bytes as `data`.
   *
   * @throws TaskError NOT_FOUND, naming those that there are; NO_WORKER
   */
  async artifact(nodeId: string, name: string): Promise<ArtifactContent> {
    return await readArtifact(this.parts, this.executionId, nodeId, name);
  }

  /** One node of the graph. */
  node(id: string): NodeHandle {
    return new NodeHandle(this.executionId, id, this.parts);
  }

  /** The execution below a sub-graph or map: its nodes, or its items `'0'`, `'1'` …, as any execution's. */
  below(nodeId: string): ExecutionHandle {
    const parts: HandleParts = { ...this.parts, lone: false, below: true };
    return new ExecutionHandle(`${this.executionId}/${nodeId}`, parts);
  }

  private async standing(status: GraphStatus): Promise<ExecutionUpdate> {
    const { nodes } = await changedNodes(this.parts.client, this.executionId, 0);
    if (isTerminal(status.status)) return summary(status, nodes, nodes);
    const { attempts, closed } = await underWay(this.parts.client, status);
    if (closed) {
      const ended = await this.askEnded();
      const { nodes: last } = await changedNodes(this.parts.client, this.executionId, 0);
      return summary(ended, last, last);
    }
    const now = Date.now();
    const own = nodes.map((view) => withPending(view, attempts.get(view.id), now));
    const views = await withBelow(this.parts.client, this.executionId, own);
    return summary(status, views, views);
  }

  private async ask(): Promise<GraphStatus> {
    return await query<GraphStatus>(this.parts.client, this.executionId, QUERY.status);
  }

  /** The status of one whose workflow has closed. What was refused or terminated still answers as it stood before. */
  private async askEnded(): Promise<GraphStatus> {
    const last = await this.ask();
    if (isTerminal(last.status)) return last;
    const { reason: _reason, ...rest } = last;
    return { ...rest, status: (await awaitEnding(this.workflow)).status };
  }

  /** False also where no worker answers: it is told once one does. */
  private async isUndoing(): Promise<boolean> {
    const { client } = this.parts;
    const asked = client.withDeadline(Date.now() + LOOK_MS, () =>
      query<GraphStatus>(client, this.executionId, QUERY.status),
    );
    return (await asked.catch(() => undefined))?.undoing !== undefined;
  }

  private async describe() {
    return await this.workflow.describe().catch(orNotFound(this.executionId));
  }

  private get workflow() {
    return this.parts.client.workflow.getHandle(this.executionId);
  }
}

function summary(
  status: GraphStatus,
  views: readonly NodeView[],
  changed: NodeView[],
): ExecutionUpdate {
  const counts: Counts = {};
  for (const { status: s } of views) counts[s] = (counts[s] ?? 0) + 1;
  const { total, startedAt } = status;
  return {
    status: status.status,
    counts: views.length === total ? counts : status.counts,
    total,
    startedAt,
    ...(status.reason ? { reason: status.reason } : {}),
    ...(status.awaits ? { awaits: status.awaits } : {}),
    ...(status.undoing ? { undoing: status.undoing } : {}),
    ...(status.concurrency === undefined ? {} : { concurrency: status.concurrency }),
    ...(status.graphVersion === undefined ? {} : { graphVersion: status.graphVersion }),
    changed,
  };
}

async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  await new Promise<void>((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener('abort', done);
  });
}
