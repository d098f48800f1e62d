/** An execution that has ended, as a rerun needs it: what it was started with, and what its nodes gave. */
import { WorkflowNotFoundError, type Client, type WorkflowHandle } from '@temporalio/client';
import { decodeArrayFromPayloads } from '@temporalio/common/lib/internal-non-workflow/index.js';
import { TaskError, TaskStateError } from '../domain/errors.js';
import { splitExecutionId } from '../domain/execution-id.js';
import { isObject, type JsonObject } from '../domain/json.js';
import type { GraphSpec, Submission } from '../domain/spec.js';
import { isSpecRef } from '../domain/spec-ref.js';
import { isTerminal, type TerminalStatus } from '../domain/status.js';
import type { Manifest } from '../workflows/manifest.js';
import {
  MEMO,
  QUERY,
  SCHEDULED_START,
  WORKFLOW,
  type ExecutionMemo,
  type GraphStatus,
  type NodeView,
} from '../workflows/messages.js';
import { awaitEnding, loadManifest, manifestNodes, type Ending, type ReadJson } from './closing.js';
import { editedSpec } from './history-edits.js';
import { nodesOfHistory } from './history-nodes.js';

/** How long a running workflow may take to say whether it is closing, in milliseconds. */
const LOOK_MS = 2_000;
const LOOKS = 2;

/** What an execution was started with. */
export interface StartedWith {
  /** The last run of its workflow. */
  runId: string;
  memo: ExecutionMemo | undefined;
  ending: Ending;
  /** As it was at last. */
  spec: GraphSpec;
  submission: Submission;
  /** The time that it was for, ISO. */
  scheduledTime: string;
}

/** What its nodes gave. */
export interface NodesBefore {
  manifest: Pick<Manifest, 'executionId' | 'basis'> & { status?: TerminalStatus };
  views: NodeView[];
  /** By id of a node whose work was to be undone at its end, how that went. */
  undone: ReadonlyMap<string, TerminalStatus>;
}

/**
 * Reads what an execution was started with. Of one whose nodes have all ended it waits until that is written: whoever
 * watches it, or is told by a sink, knows of its end a moment before.
 *
 * @param run the last run of its workflow, where it is known
 * @param readJson reads the spec where it was too large for an argument, or edited while it ran
 * @throws TaskStateError where it runs, was refused, or is none that can be run again; TaskError NOT_FOUND where Temporal
 *   does not keep it
 */
export async function startedWith(
  client: Client,
  executionId: string,
  run: string | undefined,
  readJson: ReadJson,
): Promise<StartedWith> {
  const { graphId, nodeId } = splitExecutionId(executionId);
  if (nodeId !== undefined) {
    const top = graphId.split('/')[0] ?? graphId;
    const path = executionId.slice(top.length + 1);
    throw new TaskStateError(
      `${JSON.stringify(executionId)} is a node; run ${JSON.stringify(top)} again from ${JSON.stringify(path)}`,
    );
  }
  const handle = client.workflow.getHandle(executionId, run);
  const info = await known(executionId, () => handle.describe());
  const name = JSON.stringify(executionId);
  if (info.type !== WORKFLOW.graph)
    throw new TaskStateError(`${name} is a workflow of type ${info.type}, not an execution`);
  if (info.status.name === 'RUNNING' && !(await isClosing(client, executionId, info.runId)))
    throw new TaskStateError(`${name} has not ended; wait for its end, or cancel it first`);
  const memo = info.memo?.[MEMO.kind] as ExecutionMemo | undefined;
  const first = info.raw.workflowExecutionInfo?.firstRunId || info.runId;
  const { args, startedAt } = await known(executionId, () => firstOf(client, executionId, first));
  const { spec, said } = await givenWith(executionId, args, readJson);
  if (said['kind'] === 'batch')
    throw new TaskStateError(`${name} is a batch; schedule the items that failed once more`);
  const { runId } = info;
  const ending = await known(executionId, () =>
    awaitEnding(client.workflow.getHandle(executionId, runId)),
  );
  const edited = ending.close?.edited;
  const last: unknown = ending.close
    ? edited === undefined
      ? spec
      : await readJson(edited)
    : await editedSpec(
        client,
        await client.workflow.getHandle(executionId, runId).fetchHistory(),
        spec as unknown as JsonObject,
      );
  const asked = said['rerun'];
  const meant = info.typedSearchAttributes.get(SCHEDULED_START) ?? startedAt;
  const scheduledTime =
    isObject(asked) && typeof asked['scheduledTime'] === 'string'
      ? asked['scheduledTime']
      : meant.toISOString();
  return { runId, memo, ending, spec: last as GraphSpec, submission: said, scheduledTime };
}

/**
 * Whether all nodes of a run have ended, and only its end is being written; or it has ended meanwhile. False also where no
 * worker says. A question that comes in the moment of the end may wait in vain, so it is asked twice.
 */
export async function isClosing(
  client: Client,
  executionId: string,
  runId: string,
): Promise<boolean> {
  const handle = client.workflow.getHandle(executionId, runId);
  for (let nth = 1; nth <= LOOKS; nth++) {
    const asked = client.withDeadline(Date.now() + LOOK_MS, () =>
      handle.query<GraphStatus>(QUERY.status),
    );
    const status = (await asked.catch(() => undefined))?.status;
    if (status !== undefined) return isTerminal(status);
    if ((await handle.describe()).status.name !== 'RUNNING') return true;
  }
  return false;
}

/**
 * The graph that an execution was started with, whether it runs or has ended, and its parameters. Of a sub-graph its
 * graph; its parameters are the input of the node above it, and are not read here.
 *
 * @param readJson reads the spec where it was too large for an argument
 * @throws TaskError NOT_FOUND where Temporal does not keep it; TaskStateError for what is no execution
 */
export async function startedGraph(
  client: Client,
  executionId: string,
  readJson: ReadJson,
): Promise<{ graph: GraphSpec; params: Record<string, unknown> }> {
  const info = await known(executionId, () => client.workflow.getHandle(executionId).describe());
  const first = info.raw.workflowExecutionInfo?.firstRunId || info.runId;
  const { args } = await known(executionId, () => firstOf(client, executionId, first));
  const { spec, said } = await givenWith(executionId, args, readJson);
  return { graph: spec, params: isObject(said.params) ? said.params : {} };
}

/** The arguments of its workflow. @throws TaskStateError for those of another one */
async function givenWith(
  executionId: string,
  [given, submission]: readonly unknown[],
  readJson: ReadJson,
): Promise<{ spec: GraphSpec; said: Submission }> {
  const ref = isSpecRef(given) ? given.specRef : belowRef(given);
  const spec: unknown = ref === undefined ? given : await readJson(ref);
  if (!isObject(spec) || !Array.isArray(spec['tasks']))
    throw new TaskStateError(
      `${JSON.stringify(executionId)} was not started with a graph that can be read`,
    );
  return { spec: spec as unknown as GraphSpec, said: isObject(submission) ? submission : {} };
}

/** Where the graph of a sub-graph lies. A map has none: its items are its nodes. */
function belowRef(given: unknown): string | undefined {
  if (!isObject(given) || given['kind'] !== 'graph') return undefined;
  return typeof given['spec'] === 'string' ? given['spec'] : undefined;
}

/** The first event of the first run. */
async function firstOf(
  client: Client,
  workflowId: string,
  runId: string,
): Promise<{ args: unknown[]; startedAt: Date }> {
  const { history } = await client.workflowService.getWorkflowExecutionHistory({
    namespace: client.options.namespace,
    execution: { workflowId, runId },
    maximumPageSize: 1,
  });
  const [event] = history?.events ?? [];
  const started = event?.workflowExecutionStartedEventAttributes;
  const converter = client.options.loadedDataConverter;
  const args = await decodeArrayFromPayloads(converter, started?.input?.payloads);
  const { seconds, nanos } = event?.eventTime ?? {};
  return { args, startedAt: new Date(Number(seconds ?? 0) * 1_000 + (nanos ?? 0) / 1e6) };
}

/** gRPC's NOT_FOUND, and what the server says of an id that it cannot take. */
const UNKNOWN: readonly number[] = [3, 5];

async function known<T>(executionId: string, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    const code = (error as { code?: unknown }).code;
    const gone = error instanceof WorkflowNotFoundError || UNKNOWN.includes(code as number);
    if (!gone) throw error;
    throw new TaskError(
      'NOT_FOUND',
      `there is no execution ${JSON.stringify(executionId)} in this namespace, or Temporal keeps it no longer`,
      { cause: error },
    );
  }
}

/**
 * Reads what the nodes of an execution gave.
 *
 * @throws TaskStateError where it was refused, or closed without saying how its nodes stood; TaskError NOT_FOUND or STORE
 *   where that cannot be read
 */
export async function nodesBefore(
  client: Client,
  executionId: string,
  { runId: run, ending }: StartedWith,
  readJson: ReadJson,
): Promise<NodesBefore> {
  const handle = client.workflow.getHandle(executionId, run);
  const { close, status } = ending;
  if (close) return await ofManifest(await loadManifest(close, readJson), readJson);
  const name = JSON.stringify(executionId);
  if (status === 'REJECTED')
    throw new TaskStateError(`${name} was refused, so nothing of it ran; submit it anew`);
  return { ...(await ofHistory(client, handle, executionId, run)), undone: new Map() };
}

/** What a manifest says, of an execution or of one below a node. */
export async function ofManifest(manifest: Manifest, readJson: ReadJson): Promise<NodesBefore> {
  return {
    manifest,
    views: await manifestNodes(manifest, readJson),
    undone: new Map(manifest.compensation?.map(({ nodeId, status }) => [nodeId, status])),
  };
}

/** It was terminated, or timed out on the server: what had ended until then stands in its history. */
async function ofHistory(
  client: Client,
  handle: WorkflowHandle,
  executionId: string,
  run: string,
): Promise<Omit<NodesBefore, 'undone'>> {
  const nodes = await nodesOfHistory(client, handle.workflowId, run);
  if (!nodes)
    throw new TaskStateError(
      `${JSON.stringify(executionId)} was terminated before it could say how its nodes stood; submit it anew`,
    );
  const views = nodes.map(({ id, task, outcome }): NodeView => {
    if (!outcome) return { id, task, status: 'CANCELLED', attempts: 0, maxRetries: 0 };
    const { attempts, attemptCount, checkpoint: _checkpoint, ...rest } = outcome;
    return { ...rest, id, task, attempts: attemptCount, attemptHistory: attempts, maxRetries: 0 };
  });
  return { manifest: { executionId }, views };
}
