/** The last word on an execution, written into the store before its workflow closes. */
import { append } from '../domain/append.js';
import { messageOf } from '../domain/errors.js';
import { loadManifest, manifestNodes, manifestPages } from '../observe/closing.js';
import { closedGraph, closedNodes, END, hasOwnRow, warningsOf } from '../observe/projection.js';
import { getJson, putJson } from '../store/blob-store.js';
import type { ExecutionWrite } from '../store/execution-row.js';
import type { RecordRequest } from '../workflows/requests.js';
import type { Deps } from './deps.js';

type CloseDeps = Pick<Deps, 'blobs' | 'log' | 'recorder'>;

/**
 * Keeps the manifest, where that is asked for, and writes the rows. Never fails: what could not be kept the workflow writes
 * away itself, and what could not be written into the store the reconciler writes later.
 *
 * @returns where the manifest was kept, or null
 */
export async function recordClose(
  deps: CloseDeps,
  { execution, close, keep }: RecordRequest,
): Promise<string | null> {
  const kept = keep ? await keepManifest(deps, { execution, close }) : null;
  if (!deps.recorder) return kept;
  const ref = 'ref' in close.manifest ? close.manifest.ref : (kept ?? undefined);
  try {
    await deps.recorder.write(endRows(deps, { execution, close }, ref));
  } catch (error) {
    deps.log.warn(
      { executionId: execution.id },
      `the end of ${execution.id} is not in the store yet: ${messageOf(error)}`,
    );
  }
  return kept;
}

/**
 * The rows of an end, a page of the manifest at a time: the graph's own comes last, so that a half-written end is seen as
 * open. What has no row of its own is read as a whole before any of it is written.
 *
 * @param ref where the manifest is kept
 */
async function* endRows(
  { blobs }: CloseDeps,
  { execution, close }: RecordRequest,
  ref: string | undefined,
): AsyncGenerator<ExecutionWrite[]> {
  const readJson = (blob: string) => getJson(blobs, blob);
  const manifest = await loadManifest(close, readJson);
  if (!hasOwnRow(execution)) {
    const nodes = await manifestNodes(manifest, readJson);
    yield closedNodes(execution, manifest, nodes, END.closing);
    return;
  }
  const warnings: string[] = [];
  for await (const nodes of manifestPages(manifest, readJson)) {
    yield closedNodes(execution, manifest, nodes, END.closing);
    append(warnings, warningsOf(nodes));
  }
  yield [closedGraph(execution, manifest, warnings, END.closing, ref)];
}

async function keepManifest(
  { blobs, log }: CloseDeps,
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
