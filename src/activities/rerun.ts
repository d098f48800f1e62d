/** What a rerun keeps, decided when it is prepared: its plan against what the nodes of an earlier execution gave. */
import { getClient } from '@temporalio/activity';
import { TaskError } from '../domain/errors.js';
import { fault, type Fault } from '../domain/fault.js';
import { isObject, preview, setOwn } from '../domain/json.js';
import { resolveParams } from '../domain/params.js';
import { parseGraph } from '../domain/parse-graph.js';
import type { Plan, PlanNode } from '../domain/plan.js';
import { changedNodes, sameHooks, sameJson } from '../domain/rerun-difference.js';
import {
  decideRerun,
  type RerunDecision,
  type RerunNode,
  type RerunRequest,
} from '../domain/rerun.js';
import { SubmissionSchema } from '../domain/spec.js';
import { didYouMean } from '../domain/suggest.js';
import type { ValidGraph } from '../domain/validate.js';
import { manifestNodes } from '../observe/closing.js';
import { nodesBefore, startedWith, type NodesBefore, type StartedWith } from '../observe/before.js';
import { getJson } from '../store/blob-store.js';
import type { Manifest } from '../workflows/manifest.js';
import type { NodeView } from '../workflows/messages.js';
import type { Inside } from '../workflows/requests.js';
import type { Deps } from './deps.js';

/** What is known of an earlier execution, and what becomes of each node of the new one. */
export interface PlannedRerun {
  before: NodesBefore;
  /** As the plan's nodes. */
  views: (NodeView | undefined)[];
  decisions: RerunDecision[];
  /** As the plan's nodes: nothing that it reads or runs can be another thing now. */
  settled: boolean[];
  inside: Inside;
}

/** Decides for a whole execution. @throws TaskError that may be tried again */
export async function planRerun(
  deps: Deps,
  valid: ValidGraph,
  plan: Plan,
  request: RerunRequest,
): Promise<PlannedRerun | { faults: Fault[] }> {
  try {
    const client = getClient();
    const readJson = (ref: string) => getJson(deps.blobs, ref);
    const started = await startedWith(client, request.of, request.run, readJson);
    const before = await nodesBefore(client, request.of, started, readJson);
    return await decideWith(deps, { valid, plan, before, request, ...comparing(valid, started) });
  } catch (error) {
    if (!(error instanceof TaskError) || error.retriable) throw error;
    return { faults: [fault(['submission', 'rerun', 'of'], 'INVALID_VALUE', error.message)] };
  }
}

/** What the caller knows of the nodes beside how they ended. */
export interface Comparison {
  changed: ReadonlySet<string>;
  /** Whether what it reads from elsewhere than the nodes above it may be another thing. */
  isLoose: (node: PlanNode, index: number) => boolean;
}

export interface Deciding extends Comparison {
  valid: ValidGraph;
  plan: Plan;
  before: NodesBefore;
  request: Pick<RerunRequest, 'from' | 'scope' | 'versions'>;
}

function comparing(valid: ValidGraph, { spec, submission }: StartedWith): Comparison {
  const graph = parseGraph(spec);
  const said = SubmissionSchema.safeParse(submission);
  // What an older version took and this one does not is another graph.
  if (!graph.success)
    return { changed: new Set(valid.graph.tasks.map(({ id }) => id)), isLoose: () => true };
  const options = said.success ? said.data.options : undefined;
  const changed = changedNodes(
    { graph: graph.data, options },
    { graph: valid.graph, options: valid.submission.options },
  );
  const given = said.success ? (said.data.params ?? {}) : {};
  const { params } = resolveParams(graph.data.params, given);
  const otherParams = !sameJson(params, valid.params);
  const otherHooks = !sameHooks(graph.data, valid.graph);
  return { changed, isLoose: (node) => otherHooks || (otherParams && node.readsParams === true) };
}

/** Decides for an execution, or one below a node. */
export async function decideWith(
  deps: Deps,
  { valid, plan, before, request, changed, isLoose }: Deciding,
): Promise<PlannedRerun | { faults: Fault[] }> {
  const asked = askedOf(plan, request.from);
  if ('faults' in asked) return asked;
  const byId = new Map(before.views.map((view) => [view.id, view]));
  const missing = await missingBelow(deps, request.from, byId);
  if (missing.length > 0) return { faults: missing };
  const views = plan.nodes.map(({ id }) => byId.get(id));
  const nodes: RerunNode[] = [];
  for (const [index, node] of plan.nodes.entries()) {
    const view = views[index];
    const { kind } = plan.classes[node.class] ?? {};
    nodes.push({
      dependsOn: node.dependsOn,
      ...(kind ? { kind } : {}),
      before: view && { status: view.status, reason: view.reason },
      asked: asked.whole.has(node.id) ? 'whole' : asked.inside.has(node.id) ? 'inside' : undefined,
      differs: before.undone.has(node.id)
        ? before.undone.get(node.id) === 'COMPLETED'
          ? 'undone'
          : 'undo_failed'
        : changed.has(node.id) || isOtherPipeline(valid, node, index, view)
          ? 'changed'
          : request.versions && view && (await isOtherVersion(deps, plan, node, view))
            ? 'version'
            : undefined,
      loose: isLoose(node, index),
      cleansUp: node.runsOnCancel === true,
    });
  }
  const decisions = decideRerun(nodes, request.scope);
  const from: NonNullable<Inside['from']> = {};
  for (const [id, paths] of asked.inside) setOwn(from, id, paths);
  return {
    before,
    views,
    decisions,
    settled: nodes.map(
      ({ dependsOn, loose }) =>
        !loose && !request.versions && dependsOn.every((on) => decisions[on]?.choice === 'keep'),
    ),
    inside: {
      scope: request.scope,
      ...(request.versions ? { versions: true as const } : {}),
      ...(asked.inside.size > 0 ? { from } : {}),
    },
  };
}

/** What was asked for: nodes, and by the node that they are below, those inside. */
function askedOf(
  plan: Plan,
  from: readonly string[],
): { whole: Set<string>; inside: Map<string, string[]> } | { faults: Fault[] } {
  const whole = new Set<string>();
  const inside = new Map<string, string[]>();
  const nodeOf = new Map(plan.nodes.map((node) => [node.id, node]));
  const faults: Fault[] = [];
  from.forEach((path, index) => {
    const slash = path.indexOf('/');
    const id = slash < 0 ? path : path.slice(0, slash);
    const node = nodeOf.get(id);
    const place = ['submission', 'rerun', 'from', index];
    if (!node)
      faults.push(
        fault(
          place,
          'UNKNOWN_REFERENCE',
          `unknown node ${preview(id)}`,
          didYouMean(id, nodeOf.keys()),
        ),
      );
    else if (slash < 0) whole.add(id);
    else if (node.below === undefined)
      faults.push(fault(place, 'UNKNOWN_REFERENCE', `${preview(id)} has nothing below it`));
    else inside.set(id, [...(inside.get(id) ?? []), path.slice(slash + 1)]);
  });
  return faults.length > 0 ? { faults } : { whole, inside };
}

/** What was asked for below nodes, and was not there. What never ran, or is below what never ran, is not known. */
async function missingBelow(
  deps: Deps,
  from: readonly string[],
  views: ReadonlyMap<string, NodeView>,
): Promise<Fault[]> {
  const readJson = (ref: string) => getJson(deps.blobs, ref);
  const known = new Map<string, ReadonlyMap<string, NodeView>>();
  const below = async (ref: string): Promise<ReadonlyMap<string, NodeView>> => {
    const found = known.get(ref);
    if (found) return found;
    const manifest = (await readJson(ref)) as unknown as Manifest;
    const inner = new Map((await manifestNodes(manifest, readJson)).map((one) => [one.id, one]));
    known.set(ref, inner);
    return inner;
  };
  const faults: Fault[] = [];
  for (const [index, path] of from.entries()) {
    const [first = '', ...steps] = path.split('/');
    let view = views.get(first);
    for (const step of steps) {
      const ref = view?.below?.manifest;
      if (ref === undefined) break;
      const inner = await below(ref);
      view = inner.get(step);
      if (view) continue;
      const message = `${preview(path)}: there was no ${preview(step)}`;
      const hint = didYouMean(step, inner.keys());
      faults.push(
        fault(['submission', 'rerun', 'from', index], 'UNKNOWN_REFERENCE', message, hint),
      );
      break;
    }
  }
  return faults;
}

/** A name stands for another pipeline now. */
function isOtherPipeline(
  { graph }: ValidGraph,
  { below }: PlanNode,
  index: number,
  view: NodeView | undefined,
): boolean {
  const spec = view?.below?.spec;
  return spec !== undefined && typeof graph.tasks[index]?.graph === 'string' && spec !== below;
}

async function isOtherVersion(
  deps: Deps,
  plan: Plan,
  node: PlanNode,
  view: NodeView,
): Promise<boolean> {
  if (view.status !== 'COMPLETED') return false;
  if (view.below?.manifest !== undefined) return await hasOtherInside(deps, view.below.manifest);
  const version = plan.classes[node.class]?.taskVersion;
  return view.taskVersion !== undefined && version !== 'unknown' && version !== view.taskVersion;
}

/** True where a task that completed below a node has another version now. */
async function hasOtherInside(deps: Deps, ref: string): Promise<boolean> {
  const readJson = (one: string) => getJson(deps.blobs, one);
  const manifest = await readJson(ref);
  if (!isObject(manifest)) return false;
  for (const view of await manifestNodes(manifest as unknown as Manifest, readJson)) {
    if (view.status !== 'COMPLETED') continue;
    const inner = view.below?.manifest;
    if (inner !== undefined && (await hasOtherInside(deps, inner))) return true;
    const version = deps.registry.get(view.task)?.version;
    const compared = inner === undefined && view.taskVersion !== undefined && version !== undefined;
    if (compared && view.taskVersion !== version) return true;
  }
  return false;
}
