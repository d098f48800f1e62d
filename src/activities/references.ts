/** Reading and writing blobs on a workflow's behalf, and looking at other workflows. */
import { getClient } from '@temporalio/activity';
import { WorkflowNotFoundError } from '@temporalio/client';
import { TaskError } from '../domain/errors.js';
import type { Json } from '../domain/json.js';
import { isSpecRef, type SpecRef } from '../domain/spec-ref.js';
import { getJson, putJson } from '../store/blob-store.js';
import type {
  FindAnswer,
  FindRequest,
  KeepAnswer,
  KeepRequest,
  ReadAnswer,
  ReadRequest,
} from '../workflows/asks.js';
import type { Deps } from './deps.js';

/** Characters that one answer carries: with JSON's escapes still below a payload's 2 MB. */
const SLICE = 500_000;
/** A multiple of 3, so that base64 pads only the last. */
const SLICE_BYTES = 900_000;

/** Stores a value and gives its reference. */
export async function writeBlob(deps: Deps, value: Json): Promise<string> {
  return (await putJson(deps.blobs, value)).ref;
}

/** Makes one value of the parts of its JSON, each of them a blob. */
export async function joinBlobs(deps: Deps, parts: readonly string[]): Promise<string> {
  const texts = await Promise.all(
    parts.map(async (ref) => (await getJson(deps.blobs, ref)) as string),
  );
  return await writeBlob(deps, JSON.parse(texts.join('')) as Json);
}

/** A slice of a blob, for clients that do not share the data folder. */
export async function readBlob(deps: Deps, { ref, offset, as }: ReadRequest): Promise<ReadAnswer> {
  if (as === 'bytes') {
    const { bytes, total } = await deps.blobs.slice(ref, offset, SLICE_BYTES);
    return { text: Buffer.from(bytes).toString('base64'), total };
  }
  const text = await deps.blobs.get(ref);
  return { text: text.slice(offset, offset + SLICE), total: text.length };
}

/** Whether a client's blobs are also this worker's. */
export async function findBlob(deps: Deps, { ref }: FindRequest): Promise<FindAnswer> {
  try {
    await deps.blobs.slice(ref, 0, 0);
    return { found: true };
  } catch (error) {
    if (error instanceof TaskError && error.code === 'NOT_FOUND') return { found: false };
    throw error;
  }
}

/** Stores what a client hands over that does not share the data folder. */
export async function keepText({ blobs }: Deps, request: KeepRequest): Promise<KeepAnswer> {
  if ('text' in request) return { ref: await blobs.put(request.text) };
  const texts = await Promise.all(request.parts.map((ref) => blobs.get(ref)));
  return { ref: await blobs.put(texts.join('')) };
}

/** A spec, wherever it lies. @throws TaskError NOT_FOUND where there is none; STORE */
export async function loadSpec({ blobs }: Deps, spec: Json | SpecRef): Promise<Json> {
  if (!isSpecRef(spec)) return spec;
  const text = await blobs.get(spec.specRef);
  try {
    return JSON.parse(text) as Json;
  } catch (cause) {
    throw new TaskError('NOT_FOUND', `${spec.specRef} is no spec: it is no JSON`, { cause });
  }
}

/**
 * Whether a workflow still runs.
 *
 * @param firstRun given, another workflow that got the same id later is not taken for it
 */
export async function describe(
  workflowId: string,
  firstRun?: string,
): Promise<'running' | 'closed' | 'unknown'> {
  const first = firstRun === undefined ? undefined : await statusOf(workflowId, firstRun);
  // One that went on as a new run, or so long ago that its first run is forgotten, has to be asked for by its id.
  if (first !== undefined && first !== 'CONTINUED_AS_NEW')
    return first === 'RUNNING' ? 'running' : 'closed';
  const status = await statusOf(workflowId);
  if (status === undefined) return 'unknown';
  return status === 'RUNNING' || status === 'CONTINUED_AS_NEW' ? 'running' : 'closed';
}

async function statusOf(workflowId: string, runId?: string): Promise<string | undefined> {
  try {
    const { status } = await getClient().workflow.getHandle(workflowId, runId).describe();
    return status.name;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}
