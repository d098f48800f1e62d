/** What a rerun keeps of an execution below a node, decided when that begins. */
import { isObject } from '../domain/json.js';
import { parseGraph } from '../domain/parse-graph.js';
import type { Plan } from '../domain/plan.js';
import { changedNodes } from '../domain/rerun-difference.js';
import type { ParsedGraph } from '../domain/spec.js';
import type { Fault } from '../domain/fault.js';
import type { ValidGraph } from '../domain/validate.js';
import { ofManifest } from '../observe/before.js';
import { getJson } from '../store/blob-store.js';
import type { Basis, Manifest } from '../workflows/manifest.js';
import type { NodeView } from '../workflows/messages.js';
import type { BelowRequest, Seeding } from '../workflows/requests.js';
import type { Deps } from './deps.js';
import { decideWith, type Comparison } from './rerun.js';
import { seedOf } from './seed.js';
import { previousView } from './reused.js';

/** Items in one page: each of an item's attempts reads one. */
export const ITEMS_PER_PAGE = 100;

/** What is to run: with what its nodes get from elsewhere than each other. */
interface Begun {
  valid: ValidGraph;
  plan: Plan;
  basis: Basis;
}

/** @returns undefined where it is no rerun, or all of it runs */
export async function decideBelow(
  deps: Deps,
  { request, spec, kind, run }: BelowRequest,
  { valid, plan, basis }: Begun,
): Promise<Seeding | { faults: Fault[] } | undefined> {
  const { previous } = request;
  if (!previous?.inside) return undefined;
  const view = await previousView(deps.blobs, previous);
  if (view.below?.manifest === undefined) return undefined;
  const readJson = (ref: string) => getJson(deps.blobs, ref);
  const manifest = (await readJson(view.below.manifest)) as unknown as Manifest;
  const before = await ofManifest(manifest, readJson);
  const same = manifest.basis?.hash === basis.hash && view.below.spec === spec;
  const changed = await changedInside(deps, { view, spec, valid });
  const compared: Comparison =
    kind === 'map'
      ? ofItems({ plan, changed, same, before: manifest.basis, now: basis })
      : { changed, isLoose: (node) => !same && node.readsParams === true };
  const { from = [], scope, versions = false } = previous.inside;
  const asked = { from: [...from], scope, versions };
  const decided = await decideWith(deps, { valid, plan, before, request: asked, ...compared });
  if ('faults' in decided) return decided;
  const beganAt = new Date(run.startedAt).toISOString();
  const seeding = await seedOf(deps.blobs, plan, decided, beganAt);
  const { output, reused, status } = view;
  const isWhole =
    status === 'COMPLETED' &&
    before.views.length === plan.nodes.length &&
    decided.decisions.every(({ choice }) => choice === 'keep');
  return isWhole && output && reused ? { ...seeding, whole: { output, reused } } : seeding;
}

interface Items {
  plan: Plan;
  /** Of the spec, whose only node stands for every item. */
  changed: ReadonlySet<string>;
  /** All that an item's input may read, beside the item, is as it was. */
  same: boolean;
  before: Basis | undefined;
  now: Basis;
}

/** An item is the same where its page is. */
function ofItems({ plan, changed, same, before, now }: Items): Comparison {
  const pageOf = (index: number): number => Math.floor(index / ITEMS_PER_PAGE);
  return {
    changed: changed.size > 0 ? new Set(plan.nodes.map(({ id }) => id)) : changed,
    isLoose: (_node, index) =>
      !same || before?.items?.[pageOf(index)] !== now.items?.[pageOf(index)],
  };
}

/** Ids of the spec's nodes that are not what they were. */
async function changedInside(
  deps: Deps,
  { view, spec, valid }: { view: NodeView; spec: string; valid: ValidGraph },
): Promise<ReadonlySet<string>> {
  const earlier = view.below?.spec;
  if (earlier === spec) return new Set();
  const parsed = earlier === undefined ? undefined : await parse(deps, earlier);
  if (parsed) return changedNodes({ graph: parsed }, { graph: valid.graph });
  return new Set(valid.graph.tasks.map(({ id }) => id));
}

async function parse(deps: Deps, ref: string): Promise<ParsedGraph | undefined> {
  const spec = await getJson(deps.blobs, ref);
  return isObject(spec) ? parseGraph(spec).data : undefined;
}
