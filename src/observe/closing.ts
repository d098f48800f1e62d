/** How a workflow of ours closed: its close payload, the details of its failure or its memo say. */
import {
  ApplicationFailure,
  CancelledFailure,
  TerminatedFailure,
  TimeoutFailure,
  WorkflowFailedError,
  type WorkflowHandle,
} from '@temporalio/client';
import type { ErrorRecord } from '../domain/errors.js';
import { isObject, type Json } from '../domain/json.js';
import { STATUSES, isTerminal, type TerminalStatus } from '../domain/status.js';
import { FAILURE, type GraphClose, type Manifest } from '../workflows/manifest.js';
import { MEMO, type NodeView } from '../workflows/messages.js';

/** How it closed; without a `close` nothing of ours could write it: terminated, timed out, refused. */
export interface Ending {
  status: TerminalStatus;
  close?: GraphClose;
  error?: ErrorRecord;
}

/** Reads a blob as JSON, wherever it is. */
export type ReadJson = (ref: string) => Promise<Json>;

/** Waits for the end of a workflow. @throws what the client throws when the workflow cannot be found or reached */
export async function awaitEnding(handle: WorkflowHandle): Promise<Ending> {
  let result: unknown;
  try {
    result = await handle.result();
  } catch (error) {
    if (!(error instanceof WorkflowFailedError)) throw error;
    const ending = endingOf(error.cause);
    if (ending.close) return ending;
    const close = await closeFromMemo(handle);
    return close ? { ...ending, close } : ending;
  }
  const close = isObject(result) ? (result as unknown as GraphClose) : undefined;
  const status = STATUSES.find((known) => known === close?.status);
  const ours = status !== undefined && isTerminal(status) && close?.manifest !== undefined;
  return ours ? { status, close } : { status: 'COMPLETED' };
}

/** @param readJson reads it where it was too large for the close payload */
export async function loadManifest(close: GraphClose, readJson: ReadJson): Promise<Manifest> {
  return 'ref' in close.manifest
    ? ((await readJson(close.manifest.ref)) as unknown as Manifest)
    : close.manifest;
}

/** Every node of a manifest; of a big graph, {@link manifestPages} needs less memory. */
export async function manifestNodes(manifest: Manifest, readJson: ReadJson): Promise<NodeView[]> {
  const nodes: NodeView[][] = [];
  for await (const page of manifestPages(manifest, readJson)) nodes.push(page);
  return nodes.flat();
}

/** The nodes of a manifest, each page read when it is asked for; one page where they stand in it. */
export async function* manifestPages(
  manifest: Manifest,
  readJson: ReadJson,
): AsyncGenerator<NodeView[]> {
  for (const read of pageReads(manifest, readJson)) yield await read();
}

/** What reads each page of a manifest, for whoever reads several at once. */
export function pageReads(
  { nodes, releafed = [] }: Manifest,
  readJson: ReadJson,
): (() => Promise<NodeView[]>)[] {
  if (Array.isArray(nodes)) return [() => Promise.resolve(nodes)];
  const leaves = new Map(releafed);
  return nodes.pages.map((ref) => async () => {
    const page = (await readJson(ref)) as unknown as NodeView[];
    return leaves.size === 0 ? page : page.map((view) => withLeaf(view, leaves.get(view.id)));
  });
}

function withLeaf({ leaf: before, ...view }: NodeView, now: boolean | undefined): NodeView {
  return (now ?? before) ? { ...view, leaf: true } : view;
}

function endingOf(cause: unknown): Ending {
  if (cause instanceof CancelledFailure) return { status: 'CANCELLED' };
  if (cause instanceof TerminatedFailure) {
    return {
      status: 'CANCELLED',
      error: { code: 'TERMINATED', message: cause.message, origin: 'temporal', retriable: false },
    };
  }
  if (cause instanceof TimeoutFailure) {
    return {
      status: 'TIMEOUT',
      error: {
        code: 'TIMEOUT',
        message: 'the workflow timed out on the server',
        origin: 'temporal',
        retriable: false,
      },
    };
  }
  const [details] = cause instanceof ApplicationFailure ? (cause.details ?? []) : [];
  if (isObject(details) && 'manifest' in details) {
    const close = details as unknown as GraphClose;
    return { status: close.status, close };
  }
  const type = cause instanceof ApplicationFailure ? cause.type : undefined;
  const rejected = type === FAILURE.rejected;
  const message = cause instanceof Error ? cause.message : String(cause);
  return {
    status: rejected ? 'REJECTED' : 'FAILED',
    error: {
      code: rejected ? 'SPEC_INVALID' : (type ?? 'ENGINE'),
      message,
      origin: rejected ? 'engine' : 'temporal',
      retriable: false,
      ...(isObject(details) ? { details } : {}),
    },
  };
}

async function closeFromMemo(handle: WorkflowHandle): Promise<GraphClose | undefined> {
  const { memo } = await handle.describe();
  return memo?.[MEMO.manifest] as GraphClose | undefined;
}
