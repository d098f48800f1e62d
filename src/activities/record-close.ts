/** The last word on an execution, written into the store before its workflow closes. */
import { messageOf } from '../domain/errors.js';
import { loadManifest, manifestPages } from '../observe/closing.js';
import { closedGraph, closedNodes, END, nodeEnd, warningsOf } from '../observe/projection.js';
import { getJson, putJson } from '../store/blob-store.js';
import type { Manifest, NodeView } from '../workflows/messages.js';
import type { ExecutionInfo, RecordRequest } from '../workflows/requests.js';
import type { Deps } from './deps.js';
import type { Recorder } from './recorder.js';

/** What writes an end. */
type Closer = Pick<Deps, 'blobs' | 'log' | 'recorder'>;

/**
 * Keeps the manifest, where that is asked for, and writes the rows. Never fails: what could not be kept the workflow writes
 * away itself, and what could not be written into the store the reconciler writes later.
 *
 * @returns where the manifest was kept, or null
 */
export async function recordClose(
  deps: Closer,
  { execution, close, keep }: RecordRequest,
): Promise<string | null> {
  const kept = keep ? await keepManifest(deps, { execution, close }) : null;
  if (!deps.recorder) return kept;
  try {
    const readJson = (ref: string) => getJson(deps.blobs, ref);
    const manifest = await loadManifest(close, readJson);
    const warnings: string[] = [];
    for await (const nodes of manifestPages(manifest, readJson)) {
      await recordNodes(deps.recorder, execution, manifest, nodes);
      warnings.push(...warningsOf(nodes));
    }
    const ref = 'ref' in close.manifest ? close.manifest.ref : (kept ?? undefined);
    const own = closedGraph(execution, manifest, warnings, END.closing, ref);
    if (own) await deps.recorder.write([own]); // last, so that a half-written end is seen as open
  } catch (error) {
    deps.log.warn(
      { executionId: execution.id },
      `the end of ${execution.id} is not in the store yet: ${messageOf(error)}`,
    );
  }
  return kept;
}

/** Makes the rows of those alone whose ends the store does not show: of a graph that no worker left, none or a few. */
async function recordNodes(
  recorder: Recorder,
  execution: ExecutionInfo,
  manifest: Manifest,
  nodes: readonly NodeView[],
): Promise<void> {
  const ends = nodes.map((view) => ({ ...nodeEnd(execution, manifest, view), view }));
  const unshown = await recorder.unshown(ends);
  if (unshown.length === 0) return;
  const views = unshown.map(({ view }) => view);
  await recorder.write(closedNodes(execution, manifest, views, END.closing));
}

async function keepManifest(
  { blobs, log }: Closer,
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
