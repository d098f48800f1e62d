/** The last word on an execution, written into the store before its workflow closes. */
import { messageOf } from '../domain/errors.js';
import { loadManifest, manifestNodes } from '../observe/closing.js';
import { closedRows, END } from '../observe/projection.js';
import { getJson, putJson } from '../store/blob-store.js';
import type { RecordRequest } from '../workflows/requests.js';
import type { Deps } from './deps.js';

/**
 * Keeps the manifest, where that is asked for, and writes the rows. Never fails: what could not be kept the workflow writes
 * away itself, and what could not be written into the store the reconciler writes later.
 *
 * @returns where the manifest was kept, or null
 */
export async function recordClose(
  deps: Deps,
  { execution, close, keep }: RecordRequest,
): Promise<string | null> {
  const kept = keep ? await keepManifest(deps, { execution, close }) : null;
  if (!deps.recorder) return kept;
  try {
    const readJson = (ref: string) => getJson(deps.blobs, ref);
    const manifest = await loadManifest(close, readJson);
    const nodes = await manifestNodes(manifest, readJson);
    const ref = 'ref' in close.manifest ? close.manifest.ref : (kept ?? undefined);
    await deps.recorder.write(closedRows(execution, manifest, nodes, END.closing, ref));
  } catch (error) {
    deps.log.warn(
      { executionId: execution.id },
      `the end of ${execution.id} is not in the store yet: ${messageOf(error)}`,
    );
  }
  return kept;
}

async function keepManifest(
  { blobs, log }: Deps,
  { execution, close }: RecordRequest,
): Promise<string | null> {
  try {
    return (await putJson(blobs, close.manifest)).ref;
  } catch (error) {
    log.warn(
      { executionId: execution.id },
      `the manifest of ${execution.id} is not kept yet: ${messageOf(error)}`,
    );
    return null;
  }
}
