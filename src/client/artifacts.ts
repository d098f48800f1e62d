/** What the nodes of an execution kept beside their outputs: the lists, and the bytes. */
import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import type { Artifact, NodeArtifact } from '../domain/artifact.js';
import { TaskError } from '../domain/errors.js';
import { splitExecutionId } from '../domain/execution-id.js';
import type { Value } from '../domain/outcome.js';
import { didYouMean } from '../domain/suggest.js';
import { awaitEnding, loadManifest, manifestNodes } from '../observe/closing.js';
import type { Manifest } from '../workflows/manifest.js';
import { QUERY, type NodeView } from '../workflows/messages.js';
import { firstLook } from './first-look.js';
import { changedNodes, isWrittenAway, wholeView } from './live.js';
import { notFound } from './not-found.js';
import { query } from './query.js';
import type { References } from './references.js';

interface Parts {
  client: Client;
  references: References;
}

/** One artifact, whole. */
export interface ArtifactContent extends NodeArtifact {
  data: Uint8Array;
}

/** A node's list. */
export async function listOf(
  value: Value | undefined,
  references: References,
): Promise<Artifact[]> {
  return value ? ((await references.value(value)) as unknown as Artifact[]) : [];
}

/** The lists of many nodes, in their order, each artifact with its node's id. */
export async function listOfAll(
  views: readonly Pick<NodeView, 'id' | 'artifacts'>[],
  references: References,
): Promise<NodeArtifact[]> {
  const lists: NodeArtifact[] = [];
  for (const { id, artifacts } of views)
    for (const artifact of await listOf(artifacts, references))
      lists.push({ nodeId: id, ...artifact });
  return lists;
}

/** What the nodes that have ended so far kept, and what runs below them. @throws TaskError NOT_FOUND, NO_WORKER */
export async function executionArtifacts(parts: Parts, graphId: string): Promise<NodeArtifact[]> {
  return await listsOf(parts, graphId, await nodeViews(parts, graphId));
}

/** Of what runs below a node, `nodeId` is its path: `<node>/<item>`. */
async function listsOf(
  parts: Parts,
  graphId: string,
  views: readonly NodeView[],
): Promise<NodeArtifact[]> {
  const lists: NodeArtifact[] = [];
  for (const view of views) {
    lists.push(...(await listOfAll([view], parts.references)));
    const path = `${graphId}/${view.id}`;
    for (const one of await listsOf(parts, path, await viewsBelow(parts, path, view)))
      lists.push({ ...one, nodeId: `${view.id}/${one.nodeId}` });
  }
  return lists;
}

/** The nodes of a sub-graph, the items of a map; none where it has not begun. */
async function viewsBelow(
  parts: Parts,
  path: string,
  { kind, below }: NodeView,
): Promise<NodeView[]> {
  if (kind !== 'graph' && kind !== 'map') return [];
  const readJson = (ref: string) => parts.references.json(ref);
  if (below?.manifest)
    return await manifestNodes((await readJson(below.manifest)) as unknown as Manifest, readJson);
  try {
    return await nodeViews(parts, path);
  } catch (error) {
    if (error instanceof TaskError && error.code === 'NOT_FOUND') return [];
    throw error;
  }
}

/** What a node kept, and what runs below it; nothing while it has not ended. @throws TaskError NOT_FOUND, NO_WORKER */
export async function nodeArtifacts(
  parts: Parts,
  graphId: string,
  nodeId: string,
): Promise<NodeArtifact[]> {
  const closed = await closedNodes(parts, graphId);
  // One that is being prepared knows none of its nodes yet: what it will have has kept nothing.
  if (!closed && (await firstLook(parts.client, graphId)).total === 0) return [];
  const view = closed
    ? closed.find(({ id }) => id === nodeId)
    : await query<NodeView | null>(parts.client, graphId, QUERY.node, nodeId);
  if (!view) throw notFound(`${graphId}/${nodeId}`);
  return await listsOf(parts, graphId, [await wholeView(parts, graphId, view)]);
}

/**
 * One artifact of a node with its bytes.
 *
 * @param at the node's id, or of what runs below one its path
 * @throws TaskError NOT_FOUND, naming those that there are; NO_WORKER; STORE
 */
export async function readArtifact(
  parts: Parts,
  executionId: string,
  at: string,
  name: string,
): Promise<ArtifactContent> {
  const list = await listAt(parts, executionId, at);
  const found = list.find((one) => one.name === name);
  if (found) return { ...found, nodeId: at, data: await parts.references.bytes(found.ref) };
  const names = list.map((one) => one.name);
  const hint = didYouMean(name, names);
  const others =
    names.length === 0
      ? 'it has none'
      : (hint ?? `it has ${names.slice(0, 10).join(', ')}${names.length > 10 ? ' …' : ''}`);
  throw new TaskError(
    'NOT_FOUND',
    `${executionId}/${at} has no artifact ${JSON.stringify(name)}: ${others}`,
  );
}

/** What the node of a path kept itself. */
async function listAt(parts: Parts, executionId: string, at: string): Promise<NodeArtifact[]> {
  const { graphId, nodeId = '' } = splitExecutionId(`${executionId}/${at}`);
  try {
    const all = await nodeArtifacts(parts, graphId, nodeId);
    return all.filter((one) => one.nodeId === nodeId);
  } catch (error) {
    const [top = at] = at.split('/');
    if (top === at || !(error instanceof TaskError && error.code === 'NOT_FOUND')) throw error;
    // Below what a rerun kept nothing has run: the node above knows what did, in the execution before.
    const all = await nodeArtifacts(parts, executionId, top);
    return all.filter((one) => one.nodeId === at);
  }
}

/** Every node as the workflow knows it, or knew it last. @throws TaskError NOT_FOUND, NO_WORKER */
export async function nodeViews(parts: Parts, graphId: string): Promise<NodeView[]> {
  const closed = await closedNodes(parts, graphId);
  if (closed) return closed;
  await firstLook(parts.client, graphId);
  const { nodes, pages = [] } = await changedNodes(parts.client, graphId, 0);
  const written = new Map<string, NodeView>();
  for (const ref of pages)
    for (const view of (await parts.references.json(ref)) as unknown as NodeView[])
      written.set(view.id, view);
  return nodes.map((view) => (isWrittenAway(view) ? (written.get(view.id) ?? view) : view));
}

/** The nodes of an execution that has closed, out of its manifest; undefined of one that runs. */
async function closedNodes(
  { client, references }: Parts,
  graphId: string,
): Promise<NodeView[] | undefined> {
  const handle = client.workflow.getHandle(graphId);
  const readJson = (ref: string) => references.json(ref);
  try {
    if ((await handle.describe()).status.name === 'RUNNING') return undefined;
  } catch (error) {
    throw error instanceof WorkflowNotFoundError ? notFound(graphId) : error;
  }
  const { close } = await awaitEnding(handle);
  return close ? await manifestNodes(await loadManifest(close, readJson), readJson) : [];
}
