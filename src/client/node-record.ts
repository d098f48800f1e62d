/** The record of one node of a graph. */
import type { Client } from '@temporalio/client';
import { TaskStateError } from '../domain/errors.js';
import type { Reused, RunEnvironment } from '../domain/outcome.js';
import { NodeSpecSchema } from '../domain/spec.js';
import { startedGraph } from '../observe/before.js';
import { awaitEnding, loadManifest, manifestNodes, type ReadJson } from '../observe/closing.js';
import type { GraphClose } from '../workflows/manifest.js';
import type { NodeView } from '../workflows/messages.js';
import { listOf } from './artifacts.js';
import { notFound } from './not-found.js';
import type { ExecutionRecord } from './record.js';
import type { References } from './references.js';
import { historyOf } from './result.js';

interface Parts {
  client: Client;
  references: References;
}

/**
 * @param look asks how the node of a running graph stands
 * @throws TaskError NOT_FOUND, and what `look` throws
 */
export async function nodeRecord(
  { client, references }: Parts,
  graph: ExecutionRecord,
  nodeId: string,
  look: () => Promise<NodeView>,
): Promise<ExecutionRecord> {
  const { executionId } = graph;
  const readJson = (ref: string) => references.json(ref);
  const { view, createdAt, close } =
    graph.endedAt === null
      ? { view: await look(), createdAt: graph.createdAt, close: undefined }
      : await endedView(client, executionId, nodeId, readJson);
  const dependencies =
    view.dependsOn ?? (await dependenciesOf(client, executionId, nodeId, close, readJson));
  const { workflowMs: _graphs, ...common } = graph;
  return {
    ...common,
    executionId: `${executionId}/${nodeId}`,
    kind: graph.kind === 'batch' ? 'item' : 'node',
    taskId: view.task,
    status: view.status,
    reason: view.reason ?? null,
    priority: view.priority ?? 'MEDIUM',
    dependencies: dependencies.map((id) => `${executionId}/${id}`),
    output: view.output ? await references.value(view.output) : null,
    error: view.error ?? null,
    warnings: view.warnings ?? [],
    attempts: view.attempts,
    nextRetryAt: view.nextRetryAt ?? null,
    artifacts: await listOf(view.artifacts, references),
    metrics: view.metrics ?? {},
    ...environmentOf(view.environment),
    ...(view.progress ? { progress: { ...view.progress } } : {}),
    ...(view.cached ? { cached: true } : {}),
    ...reusedOf(view.reused),
    counts: null,
    statusHistory: historyOf(view, createdAt),
    startedAt: view.startedAt ?? null,
    endedAt: view.endedAt ?? null,
    durationMs: view.durationMs ?? null,
    ...(view.executionTimeMs === undefined ? {} : { executionTimeMs: view.executionTimeMs }),
  };
}

interface Ended {
  view: NodeView;
  createdAt: string;
  close: GraphClose;
}

/** @throws TaskError NOT_FOUND, also where the graph closed without saying how its nodes stood */
async function endedView(
  client: Client,
  executionId: string,
  nodeId: string,
  readJson: ReadJson,
): Promise<Ended> {
  const { close } = await awaitEnding(client.workflow.getHandle(executionId));
  const manifest = close && (await loadManifest(close, readJson));
  const views = manifest ? await manifestNodes(manifest, readJson) : [];
  const view = views.find(({ id }) => id === nodeId);
  if (!close || !manifest || !view) throw notFound(`${executionId}/${nodeId}`);
  return { view, createdAt: manifest.startedAt, close };
}

/** What its graph's spec says, as that was at last: neither the manifest nor the store has the edges. */
async function dependenciesOf(
  client: Client,
  executionId: string,
  nodeId: string,
  close: GraphClose | undefined,
  readJson: ReadJson,
): Promise<readonly string[]> {
  const spec =
    close?.edited === undefined
      ? await startedGraph(client, executionId, readJson).then(({ graph }) => graph, noGraph)
      : ((await readJson(close.edited)) as { tasks?: unknown });
  const nodes = (spec?.tasks ?? []) as readonly { id?: unknown; dependsOn?: unknown }[];
  const node = nodes.find(({ id }) => id === nodeId);
  return NodeSpecSchema.shape.dependsOn.safeParse(node?.dependsOn).data ?? [];
}

/** The items of a map depend on nothing. */
function noGraph(error: unknown): undefined {
  if (!(error instanceof TaskStateError)) throw error;
}

const environmentOf = (environment: RunEnvironment | undefined): Partial<ExecutionRecord> =>
  environment ? { environment } : {};

const reusedOf = (reused: Reused | undefined): Partial<ExecutionRecord> =>
  reused ? { reused } : {};
