/** How an execution closes: its manifest is written, then the workflow completes, fails or is cancelled with it. */
import {
  ActivityFailure,
  ApplicationFailure,
  CancelledFailure,
  log,
  upsertMemo,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import { defineSearchAttributeKey } from '@temporalio/common';
import { fitting } from '../domain/budget.js';
import { formatError, type ErrorRecord } from '../domain/errors.js';
import { jsonBytes } from '../domain/json.js';
import type { Value } from '../domain/outcome.js';
import type { Status, TerminalStatus } from '../domain/status.js';
import { wellCut } from '../domain/well-formed.js';
import { FAILURE, type GraphClose, type Manifest } from './manifest.js';
import { ACTIVITY, MEMO, SEARCH_ATTRIBUTE, type NodeView } from './messages.js';
import type { CollectRequest, RecordRequest } from './requests.js';
import { work } from './work.js';

/** Characters of JSON that a manifest may have inside a completed workflow's result, and inside a failure or the memo. */
const INLINE_RESULT = 64 * 1_024;
const INLINE_FAILURE = 10 * 1_024;
const NODES_PER_PAGE = 1_000;
/** Bytes of JSON that go in one payload: from 512 KB on the server logs a warning. */
const PAYLOAD = 450_000;
/** Characters of one part of a text: even if each takes 6 bytes as JSON, it is below a payload's 2 MB. */
const PART = 300_000;
/** Bytes of JSON in the writes of one workflow task: written in parts, as text, twice that, and a gRPC message has 4 MB. */
const AT_ONCE = 1_500_000;

const STATUS_KEY = defineSearchAttributeKey(SEARCH_ATTRIBUTE.status, 'KEYWORD');

/** Shows a status in visibility where the namespace has the attribute: an unknown one would fail the task for ever. */
export function showStatus(status: Status): void {
  const known = workflowInfo().typedSearchAttributes.get(STATUS_KEY);
  if (known !== undefined && known !== status)
    upsertSearchAttributes([{ key: STATUS_KEY, value: status }]);
}

/** Writes a value away, however large, and gives its reference. */
export async function writeAway(value: unknown): Promise<string> {
  if (jsonBytes(value) <= PAYLOAD) return await work<string>(ACTIVITY.writeBlob, [value]);
  const text = JSON.stringify(value);
  const parts: string[] = [];
  for (let at = 0; at < text.length; at += PART) parts.push(text.slice(at, at + PART));
  const refs = await writeEach(parts, (part) => work<string>(ACTIVITY.writeBlob, [part]));
  return await work<string>(ACTIVITY.joinBlobs, [refs]);
}

/** Writes values, as many at once as go into one workflow task, and gives their references. */
async function writeEach<T>(
  values: readonly T[],
  write: (value: T) => Promise<string>,
): Promise<string[]> {
  const refs: string[] = [];
  while (refs.length < values.length) {
    const rest = values.slice(refs.length);
    const some = rest.slice(0, fitting(rest, rest.length, AT_ONCE));
    refs.push(...(await Promise.all(some.map(write))));
  }
  return refs;
}

/**
 * Has the end written into the store. Given up at last: the reconciler writes what is missing.
 *
 * @returns where the manifest lies, where it was to be kept and was
 */
export async function recordEnd(request: RecordRequest): Promise<string | undefined> {
  try {
    // 50,000 nodes at some thousand rows a second.
    const options = { startToCloseTimeout: '3m', attempts: 3 } as const;
    const ref = await work<string | null>(ACTIVITY.record, [request], options);
    return ref ?? undefined;
  } catch (error) {
    log.warn(`the end of ${request.execution.id} is not in the store yet: ${String(error)}`);
    return undefined;
  }
}

export interface ClosingSteps {
  /** Of an execution below another one: how its output is made, or what it was before where nothing ran. */
  collect?: Omit<CollectRequest, 'manifest'> & { kept?: Value };
  /**
   * How it ends is decided: the last thing that may take time.
   *
   * @param keep the manifest is too large to stand where the workflow closes
   * @returns where it lies, if it was kept
   */
  beforeClose: (close: GraphClose, keep: boolean) => Promise<string | undefined>;
}

/** @returns an error where the outputs are more than one value may hold, or cannot be read */
async function collected(
  { kept, ...collect }: NonNullable<ClosingSteps['collect']>,
  manifest: GraphClose['manifest'],
): Promise<{ output: Value } | { error: ErrorRecord }> {
  if (kept) return { output: kept };
  const ref = 'ref' in manifest ? manifest.ref : await writeAway(manifest);
  const request: CollectRequest = { ...collect, manifest: ref };
  try {
    return {
      output: await work<Value>(ACTIVITY.collect, [request], { startToCloseTimeout: '3m' }),
    };
  } catch (error) {
    const cause = error instanceof ActivityFailure ? error.cause : error;
    const { type, message } = cause as ApplicationFailure;
    return { error: { code: type ?? 'ENGINE', message, origin: 'engine', retriable: false } };
  }
}

/**
 * Closes the execution.
 *
 * @param views the ended nodes, or pages of them that are already written
 * @returns what a completed workflow returns
 * @throws ApplicationFailure or CancelledFailure, which close the workflow otherwise
 */
export async function closeExecution(
  manifest: Omit<Manifest, 'nodes'>,
  views: NodeView[] | { pages: string[] },
  { collect, beforeClose }: ClosingSteps,
  close: Omit<GraphClose, 'manifest'>,
): Promise<GraphClose> {
  const limit = close.status === 'COMPLETED' ? INLINE_RESULT : INLINE_FAILURE;
  const ended = async (as: { status?: 'FAILED'; error?: ErrorRecord }): Promise<GraphClose> => {
    const told = { ...manifest, ...as, nodes: views };
    return { ...close, ...as, manifest: await (collect ? stored(told) : portable(told)) };
  };
  let whole = await ended({});
  if (collect && close.status === 'COMPLETED') {
    const made = await collected(collect, whole.manifest);
    if ('output' in made) whole.output = made.output;
    // Its nodes are done, and what they gave cannot be handed up.
    else whole = await ended({ status: 'FAILED', error: made.error });
  }
  const { status } = whole;
  showStatus(status);
  const { manifest: told } = whole;
  const keep = !('ref' in told) && JSON.stringify(told).length > limit;
  const ref = await beforeClose(whole, keep);
  if (keep) whole.manifest = { ref: ref ?? (await writeAway(told)) };
  switch (status) {
    case 'COMPLETED':
    case 'SKIPPED':
      return whole;
    case 'CANCELLED':
      upsertMemo({ [MEMO.manifest]: whole });
      throw new CancelledFailure(`${manifest.graph} was cancelled`);
    case 'FAILED':
    case 'TIMEOUT':
    case 'REJECTED':
      throw ApplicationFailure.create({
        type: FAILURE_TYPE[status],
        message: describe(manifest, whole),
        nonRetryable: true,
        details: [whole],
      });
  }
}

const FAILURE_TYPE: Record<Extract<TerminalStatus, 'FAILED' | 'TIMEOUT' | 'REJECTED'>, string> = {
  FAILED: FAILURE.failed,
  TIMEOUT: FAILURE.timeout,
  REJECTED: FAILURE.rejected,
};

/** What is below a node hands up only where its manifest lies, and its output. */
async function stored(manifest: Manifest): Promise<{ ref: string }> {
  return { ref: await writeAway(manifest) };
}

/** As it goes to whoever records the end: whole where it fits into a payload, else its nodes in pages. */
async function portable(manifest: Manifest): Promise<Manifest | { ref: string }> {
  if (jsonBytes(manifest) <= PAYLOAD) return manifest;
  const { nodes } = manifest;
  const paged = Array.isArray(nodes)
    ? { ...manifest, nodes: { pages: await writeEach(pagesOf(nodes), writeAway) } }
    : manifest;
  return jsonBytes(paged) <= PAYLOAD ? paged : await stored(paged);
}

function pagesOf(nodes: readonly NodeView[]): NodeView[][] {
  const pages: NodeView[][] = [];
  for (let at = 0; at < nodes.length; at += pages.at(-1)?.length ?? 1) {
    const rest = nodes.slice(at, at + NODES_PER_PAGE);
    pages.push(rest.slice(0, fitting(rest, NODES_PER_PAGE, PAYLOAD - NODES_PER_PAGE)));
  }
  return pages;
}

function describe(
  { graph, compensation }: Pick<Manifest, 'graph' | 'compensation'>,
  { status, failures = [], counts, error }: Omit<GraphClose, 'manifest'>,
): string {
  if (error && (compensation || failures.length === 0))
    return wellCut(`${graph} ended ${status}: ${formatError(error)}`, 1_000);
  const failed = (counts.FAILED ?? 0) + (counts.TIMEOUT ?? 0) + (counts.REJECTED ?? 0);
  const [first] = failures;
  const why = first
    ? `: ${first.nodeId} ${first.status}${first.error ? `, ${formatError(first.error)}` : ''}`
    : '';
  const more = failed > 1 ? ` (and ${failed - 1} more)` : '';
  return wellCut(`${graph} ended ${status}${why}${more}`, 1_000);
}
