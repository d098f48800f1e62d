/** The output of a sub-graph or a map, made of what its nodes gave once all of them have ended. */
import { getClient } from '@temporalio/activity';
import { WorkflowNotFoundError } from '@temporalio/client';
import { TaskError } from '../domain/errors.js';
import { setOwn, type Json } from '../domain/json.js';
import type { Value } from '../domain/outcome.js';
import { awaitEnding, loadManifest, manifestNodes } from '../observe/closing.js';
import { getJson } from '../store/blob-store.js';
import type { GraphClose, Manifest } from '../workflows/manifest.js';
import type { NodeView } from '../workflows/messages.js';
import type { CollectEndedRequest, CollectRequest } from '../workflows/requests.js';
import type { Deps } from './deps.js';
import { loadValue, storeValue } from './values.js';

/**
 * Of a sub-graph the outputs of its leaves by id, of a map its items' in their order.
 *
 * @throws TaskError TOO_LARGE where together they are more than `maxOutputBytes`
 */
export async function collect(
  { blobs, settings }: Deps,
  { kind, manifest: ref, inlineLimit }: CollectRequest,
): Promise<Value> {
  const readJson = (one: string) => getJson(blobs, one);
  const manifest = (await readJson(ref)) as unknown as Manifest;
  const views = await manifestNodes(manifest, readJson);
  const { maxOutputBytes } = settings;
  const leaves = kind === 'map' ? inOrder(views) : views.filter((view) => view.leaf);
  const bytes = leaves.reduce(
    (sum, { output }) => sum + (output && 'ref' in output ? output.bytes : 0),
    0,
  );
  if (bytes > maxOutputBytes)
    throw new TaskError(
      'TOO_LARGE',
      `the outputs of its ${kind === 'map' ? 'items' : 'leaves'} are ${bytes.toLocaleString('en')} bytes together; the limit is ${maxOutputBytes.toLocaleString('en')} (maxOutputBytes); have each write to a file and give its address`,
    );
  const made = await valueOf(blobs, leaves, kind);
  return await storeValue(blobs, made, { inline: inlineLimit, maxBytes: maxOutputBytes });
}

/**
 * What the items of a map gave that did not complete, for whoever undoes them: null for those that did not.
 *
 * @returns null where none did, where it closed without saying so, and where it never began
 * @throws TaskError TOO_LARGE where together they are more than `maxOutputBytes`
 */
export async function collectEnded(
  { blobs, settings }: Deps,
  { executionId, inlineLimit }: CollectEndedRequest,
): Promise<Value | null> {
  const readJson = (one: string) => getJson(blobs, one);
  const close = await closeOf(executionId);
  const views = close ? await manifestNodes(await loadManifest(close, readJson), readJson) : [];
  if (!views.some(({ status }) => status === 'COMPLETED')) return null;
  const made = await valueOf(blobs, inOrder(views), 'map');
  const { maxOutputBytes } = settings;
  return await storeValue(blobs, made, { inline: inlineLimit, maxBytes: maxOutputBytes });
}

async function closeOf(executionId: string): Promise<GraphClose | undefined> {
  try {
    return (await awaitEnding(getClient().workflow.getHandle(executionId))).close;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}

async function valueOf(
  blobs: Deps['blobs'],
  views: readonly NodeView[],
  kind: CollectRequest['kind'],
): Promise<Json> {
  const list: Json[] = [];
  const byId: Record<string, Json> = {};
  for (const { id, output, status } of views) {
    const value = output && status === 'COMPLETED' ? await loadValue(blobs, output) : null;
    if (kind === 'map') list.push(value);
    else setOwn(byId, id, value);
  }
  return kind === 'map' ? list : byId;
}

const inOrder = (views: readonly NodeView[]): NodeView[] =>
  [...views].sort((a, b) => Number(a.id) - Number(b.id));
