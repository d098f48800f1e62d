/** What the nodes of a running graph wait for: the answer to the query `waiting`. Costs O(graph), and nothing unless asked. */
import { workflowInfo } from '@temporalio/workflow';
import type { OpenDependency } from '../domain/explain.js';
import type { StartGate } from '../domain/limit-gate.js';
import type { HeldPlan } from '../domain/plan.js';
import type { StatusReason } from '../domain/status.js';
import type { CleanUp } from './clean-up.js';
import type { Deadline } from './deadline.js';
import type { GraphState } from './graph-state.js';
import type { GraphStatus, NodeView } from './messages.js';
import type { WaitingNode, WaitingPage, WaitingQuery } from './waiting-page.js';
import { nodeQueue } from './queues.js';

/** Open dependencies that are named. */
const OPEN_NAMED = 10;
const PAGE = 1_000;
/** Characters of JSON in an answer: a gRPC message has at most 4 MB. */
const PAGE_BYTES = 1_500_000;

export interface WaitingParts {
  plan: HeldPlan;
  state: GraphState;
  stopping: StatusReason | undefined;
  /** Also that of what it is below. */
  deadline: Pick<Deadline, 'at' | 'of'>;
  cleanUp: Pick<CleanUp, 'counts'>;
  awaiting: { deadline: number | undefined } | undefined;
  /** What it waited for before its start is decided. */
  awaited: boolean;
}

export function waitingOf(
  parts: WaitingParts,
  status: GraphStatus,
  { node, cursor = 0 }: WaitingQuery,
): WaitingPage {
  const { plan, state, stopping } = parts;
  const { scheduler } = state;
  const deadlineAt = parts.deadline.at;
  const awaitsUntil = parts.awaited ? undefined : parts.awaiting?.deadline;
  const graph: WaitingPage['graph'] = {
    ...status,
    queue: workflowInfo().taskQueue,
    concurrency: scheduler.concurrency,
    inWindow: scheduler.inWindow,
    running: scheduler.running,
    ...(deadlineAt === undefined ? {} : { deadlineAt: iso(deadlineAt) }),
    ...(stopping === undefined ? {} : { stopping, cleanUp: parts.cleanUp.counts() }),
    ...(scheduler.isDone ? { closing: true as const } : {}),
    ...(state.door?.reason === 'start_time' ? { startsAt: iso(state.door.at) } : {}),
    ...(awaitsUntil === undefined ? {} : { awaitsUntil: iso(awaitsUntil) }),
  };
  const places = placesOf(parts);
  if (node !== undefined) {
    const index = state.find(node);
    return { graph, nodes: index === undefined ? [] : [waitingNode(parts, places, index)] };
  }
  const nodes: WaitingNode[] = [];
  let index = Math.max(0, cursor);
  let bytes = 0;
  for (; index < plan.nodes.length && nodes.length < PAGE; index++) {
    if (scheduler.state(index) === 'settled') continue;
    const waiting = waitingNode(parts, places, index);
    bytes += JSON.stringify(waiting).length;
    if (bytes > PAGE_BYTES && nodes.length > 0) break;
    nodes.push(waiting);
  }
  return { graph, nodes, ...(index < plan.nodes.length ? { next: index } : {}) };
}

function waitingNode(
  { state, deadline }: WaitingParts,
  places: ReadonlyMap<number, number>,
  index: number,
): WaitingNode {
  const { scheduler } = state;
  const { trigger = 'all_success' } = state.node(index);
  const classOf = state.classOf(index);
  const { timeoutMs, queueTimeoutMs, totalTimeoutMs, kind } = classOf;
  const queue = nodeQueue(workflowInfo().taskQueue, classOf);
  const awaited = new Set([...scheduler.dependsOn(index), ...scheduler.awaitedResults(index)]);
  const view = state.view(index);
  const round = state.round(index);
  const place = places.get(index);
  const since = state.clocks.of(index, Date.now(), true)?.since;
  const first = round?.firstScheduledAt ?? (view.scheduledAt && Date.parse(view.scheduledAt));
  return {
    ...view,
    ...{ trigger, queue, timeoutMs, queueTimeoutMs },
    ...(kind === undefined ? {} : { kind }),
    ...(since === undefined ? {} : { since: iso(since) }),
    ...(place === undefined ? {} : { place }),
    ...(scheduler.state(index) === 'waiting' ? { open: openOf(state, awaited) } : {}),
    ...(totalTimeoutMs === null || typeof first !== 'number'
      ? {}
      : { totalTimeoutAt: iso(first + totalTimeoutMs) }),
    ...(deadline.of(index) === deadline.at ? {} : { noDeadline: true as const }),
    ...(round?.unknownSince === undefined ? {} : { unknownSince: iso(round.unknownSince) }),
  };
}

function openOf(state: GraphState, awaited: ReadonlySet<number>): OpenDependency[] {
  const { scheduler } = state;
  const open: OpenDependency[] = [];
  for (const index of awaited) {
    if (open.length === OPEN_NAMED) break;
    if (scheduler.state(index) === 'settled') continue;
    const { id: nodeId, status, reason = null } = state.view(index);
    open.push({ nodeId, status, reason });
  }
  return open;
}

/** The places in line of nodes that are ready: before their limit, or before the window. */
function placesOf({ plan, state }: WaitingParts): Map<number, number> {
  const { scheduler } = state;
  const lines = new Map<number | undefined, number[]>();
  plan.nodes.forEach((_, index) => {
    if (scheduler.state(index) !== 'ready' || scheduler.isPaused(index)) return;
    const line = scheduler.waitsForLimit(index) ? state.classOf(index).lane : undefined;
    const its = lines.get(line);
    if (its) its.push(index);
    else lines.set(line, [index]);
  });
  const places = new Map<number, number>();
  for (const line of lines.values())
    line
      .sort((a, b) => scheduler.rank(a) - scheduler.rank(b) || a - b)
      .forEach((index, nth) => places.set(index, nth + 1));
  return places;
}

const iso = (time: number): string => new Date(time).toISOString();

/** What ready nodes wait for, after everything that could start has started: from now on it is counted so. */
export function noteWaits(
  { clocks, plan, scheduler }: GraphState,
  gate: StartGate | undefined,
  now: number,
): void {
  const lanes = plan.lanes?.map((_, lane) => (gate && gate.free(lane) <= 0 ? 'limit' : 'window'));
  const kinds = ['window' as const, ...(lanes ?? [])];
  clocks.waitFor(scheduler.isAllPaused ? kinds.map(() => 'pause' as const) : kinds, now);
}

/** What a node's view says of its time. */
export function timeOf(
  { clocks, plan }: GraphState,
  index: number,
  isOpen: boolean,
): Pick<NodeView, 'readyAt' | 'after' | 'times'> {
  const time = clocks.of(index, Date.now(), isOpen);
  if (!time) return {};
  const after = time.after === undefined ? undefined : plan.nodes[time.after]?.id;
  return {
    readyAt: iso(time.readyAt),
    ...(after === undefined ? {} : { after }),
    times: time.times,
  };
}
