/**
 * Edits of a running graph: nodes are added, and nodes that have not begun are replaced.
 *
 * E1. A worker validates the whole graph as it will be, and plans it. Meanwhile nodes go on, so what must not have begun is
 *     looked at again; an edit is taken in as a whole or not at all.
 * E2. One edit after the other: each is planned upon the graph that the one before has left.
 * E3. A graph that is split into segments has its plan in pages that stand, so it cannot be edited.
 */
import type { Effects } from '../domain/effects.js';
import { growPlan, type EditedNode } from '../domain/graph-edit.js';
import { formatFaults } from '../domain/fault.js';
import { jsonBytes, preview, type Json } from '../domain/json.js';
import { schedulerNode, type HeldPlan } from '../domain/plan.js';
import type { Scheduler } from '../domain/scheduler.js';
import type { GraphSpec, Submission } from '../domain/spec.js';
import { isTerminal, type Status, type StatusChange } from '../domain/status.js';
import type { GraphState } from './graph-state.js';
import { InOrder } from './in-order.js';
import { ACTIVITY } from './messages.js';
import { markOf } from './node-verbs.js';
import type {
  EditAnswer,
  EditRequest,
  PlanEditRequest,
  PlannedEdit,
  ReadKept,
} from './operator-messages.js';
import type { ExecutionInfo, Upstream } from './requests.js';
import { no } from './verbs.js';
import { work } from './work.js';

/** Bytes of JSON of a spec that can go to a worker once more. */
const SPEC_BYTES = 1_400_000;
/** Characters of faults in an answer. */
const FAULTS_SAID = 4_000;

const SPLIT =
  'a graph that is split into segments cannot be edited: its plan is fixed from its start; start another graph that depends on its nodes';
const RERUN =
  'a rerun looks at what its nodes gave before, so none can be replaced; add others, or submit the changed graph';
const BELOW =
  'what runs below a node cannot be edited; replace that node in the graph above it, while it has not started';

export interface GraphEditParts {
  execution: ExecutionInfo;
  /** Both are changed in place. */
  plan: HeldPlan;
  spec: GraphSpec | null;
  submission: Submission | null;
  /** It runs below a node of another execution. */
  isBelow: boolean;
  scheduler: Scheduler;
  state: GraphState;
  status(): Status;
  /** Every node has ended, and what follows is under way. */
  isClosing: () => boolean;
  /** Why nothing ordinary starts any more. */
  stopping(): string | undefined;
  /** True for a node that is being ended as a person said. */
  isEnding: (index: number) => boolean;
  meanwhile<T>(work: () => Promise<T>): Promise<T>;
  markGraph(mark: StatusChange): void;
  /** The plan has grown. */
  edited(): void;
  apply(effects: Effects): void;
}

export class GraphEdits {
  /** From 1; one more with every edit. */
  version = 1;
  private readonly edits = new InOrder();

  constructor(private readonly parts: GraphEditParts) {}

  async edit(request: EditRequest): Promise<EditAnswer> {
    const refused = this.refused();
    if (refused !== undefined) return no(refused);
    return await this.parts.meanwhile(() => this.edits.take(() => this.inTurn(request)));
  }

  private async inTurn({
    add = [],
    replace = [],
    ifVersion,
    ...asked
  }: EditRequest): Promise<EditAnswer> {
    const { execution, plan, spec, submission, state, scheduler } = this.parts;
    if (ifVersion !== undefined && ifVersion !== this.version)
      return no(
        `the graph has version ${this.version} and not ${ifVersion}: somebody edited it; look at it again`,
      );
    if (execution.rerunOf !== undefined && replace.length > 0) return no(RERUN);
    const early = this.refused() ?? this.begun(replace.map(({ id }) => id));
    if (early !== undefined) return no(early);
    const { limits, lanes } = plan;
    const request: PlanEditRequest = {
      executionId: execution.id,
      spec: spec as unknown as Json,
      submission: submission as Json,
      add: add as Json[],
      replace: replace as Json[],
      plan: { ...(limits ? { limits } : {}), ...(lanes ? { lanes } : {}) },
    };
    const planned = await work<PlannedEdit>(ACTIVITY.planEdit, [request]);
    if ('faults' in planned) {
      const { faults } = planned;
      return {
        ...no(`the graph would be unsound:\n${formatFaults(faults).slice(0, FAULTS_SAID)}`),
        faults: faults.slice(0, 50),
      };
    }
    const kept = await this.readKept(planned.nodes);
    const late = this.refused() ?? this.begun(replace.map(({ id }) => id));
    if (late !== undefined) return no(late);
    for (const [index, upstream] of kept) state.upstream.set(index, upstream);
    growPlan(plan, planned.nodes);
    if (planned.compensation) plan.compensation ??= planned.compensation;
    const bodies = [...replace, ...add];
    const indexes = planned.nodes.map(({ index }) => index);
    indexes.forEach((index, position) => {
      if (spec && bodies[position]) spec.tasks[index] = bodies[position];
    });
    this.version++;
    state.edited(indexes);
    this.parts.edited();
    for (const index of indexes) state.marked(index, markOf('PENDING', 'edit', asked));
    const said = describe(add, replace);
    this.parts.markGraph(markOf(this.parts.status(), 'edit', asked, said));
    const changes = planned.nodes.map(
      ({ index, node }) => [index, schedulerNode(plan, index, node.dependsOn)] as const,
    );
    const effects = scheduler.edit(changes, Date.now());
    state.leavesEdited();
    this.parts.apply(effects);
    return {
      success: true,
      message: `version ${this.version} of the graph: ${said}`,
      graphVersion: this.version,
    };
  }

  /** A rerun has with it what its first nodes read of kept ones; what the new ones read of others is looked up. */
  private async readKept(nodes: readonly EditedNode[]): Promise<[number, Upstream][]> {
    const { state, plan } = this.parts;
    const reads = new Set(nodes.flatMap(({ node }) => node.reads ?? []));
    const places = [...reads].flatMap((index) => {
      const isThere = index < plan.nodes.length;
      const { kept } = isThere && !state.upstream.has(index) ? state.view(index) : {};
      return kept ? [{ index, ...kept }] : [];
    });
    if (places.length === 0) return [];
    const request: ReadKept = { places };
    return await work<[number, Upstream][]>(ACTIVITY.readKept, [request]);
  }

  /** Why this graph takes no edit. */
  private refused(): string | undefined {
    const { spec, submission, execution, isClosing } = this.parts;
    const status = this.parts.status();
    const stopping = this.parts.stopping();
    if (isClosing()) return 'every node has ended: it is closing';
    if (isTerminal(status)) return `the execution is already ${status}`;
    if (stopping !== undefined) return `it is being stopped (${stopping})`;
    if (!spec) return this.parts.isBelow ? BELOW : SPLIT;
    if (execution.kind !== 'graph')
      return `a ${execution.kind === 'task' ? 'lone task' : 'batch'} is no graph that could be edited; start another task`;
    if (jsonBytes([spec, submission]) > SPEC_BYTES)
      return `the spec has over ${SPEC_BYTES} bytes of JSON: too many to be planned again`;
    return undefined;
  }

  /** Names those that have begun: they cannot be replaced. */
  private begun(ids: readonly string[]): string | undefined {
    const { state, scheduler, isEnding } = this.parts;
    const begun = ids.filter((id) => {
      const index = state.find(id);
      if (index === undefined) return false; // the worker says so
      return (
        ['running', 'settled'].includes(scheduler.state(index)) ||
        (state.round(index)?.attemptsUsed ?? 0) > 0 ||
        isEnding(index)
      );
    });
    if (begun.length === 0) return undefined;
    const stand = begun.slice(0, 5).map((id) => `${preview(id)} (${this.statusOf(id)})`);
    return `only what has not started can be replaced: ${stand.join(', ')}${begun.length > 5 ? ` and ${begun.length - 5} more` : ''}`;
  }

  /** Whether a task that was handed over has begun, only the server knows. */
  private statusOf(id: string): string {
    const index = this.parts.state.find(id);
    if (index === undefined) return 'unknown';
    const { status, reason } = this.parts.state.view(index);
    return status === 'SCHEDULED' && reason === 'queue' ? 'in its queue, or running' : status;
  }
}

function describe(add: readonly { id: string }[], replace: readonly { id: string }[]): string {
  const parts = [listed('added', add), listed('replaced', replace)];
  return parts.filter((part) => part !== '').join('; ');
}

function listed(what: string, nodes: readonly { id: string }[]): string {
  if (nodes.length === 0) return '';
  const ids = nodes.slice(0, 5).map(({ id }) => id);
  return `${what} ${ids.join(', ')}${nodes.length > 5 ? ` and ${nodes.length - 5} more` : ''}`;
}
