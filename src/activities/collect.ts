/** The output of a sub-graph or a map, made of what its nodes gave once all of them have ended. */
import { TaskError } from '../domain/errors.js';
import { setOwn, type Json } from '../domain/json.js';
import type { Value } from '../domain/outcome.js';
import { manifestNodes } from '../observe/closing.js';
import { getJson } from '../store/blob-store.js';
import type { Manifest, NodeView } from '../workflows/messages.js';
import type { CollectRequest } from '../workflows/requests.js';
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
  const list: Json[] = [];
  const byId: Record<string, Json> = {};
  for (const { id, output, status } of leaves) {
    const value = output && status === 'COMPLETED' ? await loadValue(blobs, output) : null;
    if (kind === 'map') list.push(value);
    else setOwn(byId, id, value);
  }
  const made = kind === 'map' ? list : byId;
  return await storeValue(blobs, made, { inline: inlineLimit, maxBytes: maxOutputBytes });
}

const inOrder = (views: readonly NodeView[]): NodeView[] =>
  [...views].sort((a, b) => Number(a.id) - Number(b.id));
