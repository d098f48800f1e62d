/** What a rerun begins with: the kept nodes' views in pages, what others read of them, and what each gave before. */
import { jsonBytes } from '../domain/json.js';
import { leftBy, type Reused, type Value } from '../domain/outcome.js';
import type { Plan } from '../domain/plan.js';
import { letterOfEnding } from '../domain/scheduler-snapshot.js';
import { isTerminal } from '../domain/status.js';
import { getJson, putJson, type BlobStore } from '../store/blob-store.js';
import type { NodeView } from '../workflows/messages.js';
import type { ReadKept } from '../workflows/operator-messages.js';
import type { Seeding, Upstream } from '../workflows/requests.js';
import type { Deps } from './deps.js';
import type { PlannedRerun } from './rerun.js';
import { storeValue } from './values.js';

const KEPT_PER_PAGE = 1_000;
/** Each attempt that looks reads a page. */
const LOOKS_PER_PAGE = 50;
/** Bytes of a kept output that stand here; a map compares what it reads, and holds as many itself. */
const OUTPUT_INLINE = 256;
/** Bytes of what is read of kept nodes that are pinned, and of a page of them. */
const OUTPUTS_PINNED = 200_000;
const OUTPUTS_PER_PAGE = 2_000;

/**
 * Stores what a rerun begins with. Values that lie in the blob store stay there: only references are read and written.
 *
 * @param beganAt when the new execution began, ISO: kept nodes end with it
 */
export async function seedOf(
  blobs: BlobStore,
  plan: Plan,
  { before, views, decisions, inside }: PlannedRerun,
  beganAt: string,
): Promise<Seeding> {
  const of = before.manifest.executionId;
  const leaves = leavesOf(plan);
  const letters: string[] = [];
  const kept: NodeView[] = [];
  const looks: NodeView[] = [];
  const undo: [endedAt: string, index: number][] = [];
  const owns = before.manifest.status !== 'COMPLETED';
  for (const [index, view] of views.entries()) {
    const { choice, looks: isLooked } = decisions[index] ?? {};
    const { undo: undoes } = plan.classes[plan.nodes[index]?.class ?? 0] ?? {};
    const isOwed =
      owns && undoes !== undefined && view?.status === 'COMPLETED' && isLeft(view.reused);
    const { executionId = of } = view?.reused ?? {};
    const reused: Reused = { executionId, ...(isOwed ? { owed: true } : {}) };
    const last = view && { ...view, reused };
    if (last && choice === 'keep' && isTerminal(last.status)) {
      const { maxRetries } = plan.classes[plan.nodes[index]?.class ?? 0]?.retry ?? last;
      kept.push(keptView(last, { beganAt, maxRetries, isLeaf: leaves.has(index) }));
      letters.push(letterOfEnding({ status: last.status, reason: last.reason }));
      if (isOwed) undo.push([view.endedAt ?? '', index]);
    } else if (last && isLooked && canLook(plan, index, last)) {
      looks.push(lookedAt(last));
      letters.push('p');
    } else letters.push('-');
  }
  undo.sort(([a, i], [b, j]) => a.localeCompare(b) || i - j);
  const ours = undo.map(([, index]) => index);
  return {
    ...{ nodes: letters.join(''), of, inside },
    ...(ours.length > 0 ? { undo: ours } : {}),
    ...{ kept: await pagesOf(blobs, kept, KEPT_PER_PAGE), keptPerPage: KEPT_PER_PAGE },
    ...{ looks: await pagesOf(blobs, looks, LOOKS_PER_PAGE), looksPerPage: LOOKS_PER_PAGE },
    outputs: await outputsOf(blobs, plan, views, { letters, undo: ours }),
  };
}

/** What an execution that came to nothing did itself, or kept of one that did, it has left done. */
const isLeft = (reused: Reused | undefined): boolean => !reused || reused.owed === true;

/** What is below a node can be looked at where its manifest was kept; a task's own result where it completed. */
function canLook(plan: Plan, index: number, { below, status }: NodeView): boolean {
  if (plan.nodes[index]?.below !== undefined) return below?.manifest !== undefined;
  return status === 'COMPLETED' && plan.classes[plan.nodes[index]?.class ?? 0]?.kind === undefined;
}

function leavesOf({ nodes }: Plan): Set<number> {
  const leaves = new Set(nodes.keys());
  for (const { dependsOn } of nodes) for (const on of dependsOn) leaves.delete(on);
  return leaves;
}

/** A kept node as the new execution has it: no attempt was made, and no time was spent. */
function keptView(
  view: NodeView,
  { beganAt, maxRetries, isLeaf }: { beganAt: string; maxRetries: number; isLeaf: boolean },
): NodeView {
  const { scheduledAt, startedAt, durationMs, attemptHistory, marks, ...lasting } = view;
  const { leaf, cached, readyAt, after, times, ...rest } = lasting;
  void [
    scheduledAt,
    startedAt,
    durationMs,
    attemptHistory,
    marks,
    leaf,
    cached,
    readyAt,
    after,
    times,
  ];
  return {
    ...{ ...rest, maxRetries, attempts: 0, executionTimeMs: 0, endedAt: beganAt },
    ...(isLeaf ? { leaf: true as const } : {}),
  };
}

/** What is compared, and what is taken over where it is the same. */
function lookedAt(view: NodeView): NodeView {
  const { attemptHistory, marks, error, ...rest } = view;
  void [attemptHistory, marks, error];
  return rest;
}

async function pagesOf(
  blobs: BlobStore,
  items: readonly unknown[],
  perPage: number,
): Promise<string[]> {
  const refs: string[] = [];
  for (let start = 0; start < items.length; start += perPage)
    refs.push((await putJson(blobs, items.slice(start, start + perPage))).ref);
  return refs;
}

async function outputsOf(
  blobs: BlobStore,
  plan: Plan,
  views: PlannedRerun['views'],
  { letters, undo }: { letters: readonly string[]; undo: readonly number[] },
): Promise<Seeding['outputs']> {
  const ended = (index: number): boolean => !'p-'.includes(letters[index] ?? '-');
  const read = new Set<number>();
  plan.nodes.forEach(({ reads = [] }, index) => {
    if (!ended(index)) for (const other of reads) if (ended(other)) read.add(other);
  });
  for (const index of undo)
    for (const other of [index, ...(plan.nodes[index]?.reads ?? [])]) read.add(other);
  const outputs: [number, Upstream][] = [];
  for (const index of read) {
    outputs.push([index, await lightly(blobs, views[index])]);
  }
  if (jsonBytes(outputs) <= OUTPUTS_PINNED) return outputs;
  return { pages: await pagesOf(blobs, outputs, OUTPUTS_PER_PAGE) };
}

/** What kept nodes gave, for nodes that came later. */
export async function readKept(
  { blobs }: Deps,
  { places }: ReadKept,
): Promise<[number, Upstream][]> {
  const outputs: [number, Upstream][] = [];
  const pages = new Map<string, NodeView[]>();
  for (const { index, ref, at } of places) {
    const page = pages.get(ref) ?? ((await getJson(blobs, ref)) as unknown as NodeView[]);
    pages.set(ref, page);
    outputs.push([index, await lightly(blobs, page[at])]);
  }
  return outputs;
}

async function lightly(blobs: BlobStore, view: Partial<NodeView> = {}): Promise<Upstream> {
  const { status = 'COMPLETED', output, artifacts } = view;
  return leftBy(status, {
    ...(output ? { output: await light(blobs, output) } : {}),
    ...(artifacts ? { artifacts: await light(blobs, artifacts) } : {}),
  });
}

async function light(blobs: BlobStore, value: Value): Promise<Value> {
  if (!('json' in value)) return value;
  return await storeValue(blobs, value.json, { inline: OUTPUT_INLINE, maxBytes: Infinity });
}
