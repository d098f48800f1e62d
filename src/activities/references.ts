/** Reading and writing blobs on a workflow's behalf, and looking at other workflows. */
import { getClient } from '@temporalio/activity';
import { WorkflowNotFoundError } from '@temporalio/client';
import type { Json } from '../domain/json.js';
import { putJson } from '../store/blob-store.js';
import type { ReadAnswer, ReadRequest } from '../workflows/messages.js';
import type { Deps } from './deps.js';

/** Characters that one answer carries: with JSON's escapes still below a payload's 2 MB. */
const SLICE = 500_000;

/** Stores a value and gives its reference. */
export async function writeBlob(deps: Deps, value: Json): Promise<string> {
  return (await putJson(deps.blobs, value)).ref;
}

/** A slice of a blob's text, for clients that do not share the data folder. */
export async function readBlob(deps: Deps, { ref, offset }: ReadRequest): Promise<ReadAnswer> {
  const text = await deps.blobs.get(ref);
  return { text: text.slice(offset, offset + SLICE), total: text.length };
}

/** Whether a workflow still runs. */
export async function describe(workflowId: string): Promise<'running' | 'closed' | 'unknown'> {
  try {
    const { status } = await getClient().workflow.getHandle(workflowId).describe();
    return status.name === 'RUNNING' || status.name === 'CONTINUED_AS_NEW' ? 'running' : 'closed';
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return 'unknown';
    throw error;
  }
}
