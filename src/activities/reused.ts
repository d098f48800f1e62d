/** What a node gave in an earlier execution, where its task and its input are the same now. */
import { TaskError } from '../domain/errors.js';
import type { Value } from '../domain/outcome.js';
import { getJson, type BlobStore } from '../store/blob-store.js';
import type { NodeView } from '../workflows/messages.js';
import type { NodeRequest, Previous } from '../workflows/requests.js';
import type { Kept } from './cached.js';
import type { Facts } from './facts.js';
import { storeValue } from './values.js';

/** @throws TaskError NOT_FOUND | STORE */
export async function previousView(blobs: BlobStore, { ref, at }: Previous): Promise<NodeView> {
  const page = (await getJson(blobs, ref)) as unknown as NodeView[];
  const view = page[at];
  if (!view) throw new TaskError('ENGINE', `page ${ref} has no node ${at}`);
  return view;
}

/**
 * What is kept of a node whose input is known now. Its output is not read: only where it lies is passed on.
 *
 * @param version of the task on this worker
 * @returns undefined where the work has to be done
 */
export async function reusable(
  blobs: BlobStore,
  { previous, node, inlineLimit }: NodeRequest,
  version: string,
  facts: Facts,
): Promise<(Kept & Required<Pick<NodeView, 'reused'>>) | undefined> {
  if (!previous) return undefined;
  const view = await previousView(blobs, previous);
  const { output, outputHash, artifacts, reused, warnings = [], metrics = {} } = view;
  const same =
    view.task === node.task && view.taskVersion === version && view.inputHash === facts.inputHash;
  if (!same || !output || outputHash === undefined || !reused) return undefined;
  facts.collected.warnings.push(...warnings);
  Object.assign(facts.collected.metrics, metrics);
  const here = async (value: Value): Promise<Value> =>
    'ref' in value
      ? value
      : await storeValue(blobs, value.json, { inline: inlineLimit, maxBytes: Infinity });
  return {
    ...{ output: await here(output), outputHash, reused },
    ...(artifacts ? { artifacts: await here(artifacts) } : {}),
  };
}
