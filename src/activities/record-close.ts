/** The last word on an execution, written into the store before its workflow closes. */
import { messageOf } from '../domain/errors.js';
import { loadManifest, manifestNodes } from '../observe/closing.js';
import { closedRows, END } from '../observe/projection.js';
import { getJson } from '../store/blob-store.js';
import type { RecordRequest } from '../workflows/requests.js';
import type { Deps } from './deps.js';

/** Never fails: what could not be written the reconciler writes later. */
export async function recordClose(deps: Deps, { execution, close }: RecordRequest): Promise<void> {
  if (!deps.recorder) return;
  try {
    const readJson = (ref: string) => getJson(deps.blobs, ref);
    const manifest = await loadManifest(close, readJson);
    const nodes = await manifestNodes(manifest, readJson);
    const ref = 'ref' in close.manifest ? close.manifest.ref : undefined;
    await deps.recorder.write(closedRows(execution, manifest, nodes, END.closing, ref));
  } catch (error) {
    deps.log.warn(
      { executionId: execution.id },
      `the end of ${execution.id} is not in the store yet: ${messageOf(error)}`,
    );
  }
}
