/** `explain`: asks whoever knows why an execution or a node waits, and has the domain find the reasons. */
import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import pMap from 'p-map';
import type { Bound, Explanation, NodeExplanation, QueueFacts, Reason } from '../domain/explain.js';
import {
  bound,
  boundOf,
  nearest,
  reasonOf,
  timesUntil,
  type NodeFacts,
} from '../domain/explain-node.js';
import { sentenceOf } from '../domain/explain-text.js';
import { splitExecutionId } from '../domain/execution-id.js';
import { isTerminal, type Status } from '../domain/status.js';
import type { WaitingPage } from '../workflows/waiting-page.js';
import { explainEnded } from './explain-ended.js';
import { reaching } from './connect.js';
import { notFound } from './not-found.js';
import { answering, queueFacts, surroundingsOf, waitingNodes } from './explain-facts.js';
import type { ExplainParts } from './explain-facts.js';
import { recordOf } from './record.js';

/** Sub-graphs and maps that are looked into, and what is told of each. */
const LOOKED_INTO = 20;
const TOLD_INSIDE = 20;
const DEPTH = 5;
/** Sub-graphs and maps that are looked into altogether, and at once. */
const LOOKS = 60;
const LOOKS_AT_ONCE = 8;

/** How deep it has come, and how many looks are left to all. */
interface Walk {
  depth: number;
  looks: { left: number };
}

/** How much is explained. */
export interface ExplainOptions {
  /** One node alone, however it stands. */
  node?: string;
  /** The id is that of an execution below a node, and all of it is meant. Default: it is the node's. */
  whole?: boolean;
}

/**
 * Why an execution is not done, and what each of its nodes waits for; of one that has ended, where its time went.
 *
 * @param executionId also `<execution>/<node>`, which is the same as the option `node`
 * @throws TaskError NOT_FOUND, UNREACHABLE
 */
export async function explain(
  parts: ExplainParts,
  executionId: string,
  { node, whole = false }: ExplainOptions = {},
): Promise<Explanation> {
  const { graphId, nodeId } =
    node === undefined && !whole
      ? splitExecutionId(executionId)
      : { graphId: executionId, nodeId: node };
  return await reaching(parts.address, () =>
    explainGraph(parts, graphId, nodeId, { depth: 0, looks: { left: LOOKS } }),
  );
}

async function explainGraph(
  parts: ExplainParts,
  executionId: string,
  nodeId: string | undefined,
  walk: Walk,
): Promise<Explanation> {
  const description = await describe(parts.client, executionId);
  const record = recordOf(description);
  if (record.endedAt !== null) return await explainEnded(parts, record, nodeId);
  const now = Date.now();
  const base = {
    executionId,
    at: iso(now),
    nodes: [],
    wallTime: null,
    bound: null,
    failures: [],
    moreFailures: 0,
  };
  const begins = description.executionTime ?? description.startTime;
  if (begins.getTime() > now && description.historyLength <= 2) {
    const at = begins.toISOString();
    const reason: Reason = { kind: 'start_delay', at, inMs: begins.getTime() - now };
    return { ...base, status: 'SCHEDULED', ...told([reason]) };
  }
  const { taskQueue: queue } = description;
  const begun = description.historyLength > 2;
  // Where nobody is there to ask, a question would only wait.
  const before = begun ? undefined : await queueFacts(parts.client, queue, 'workflow');
  const page =
    before?.pollers === 0 ? 'silent' : await answering(parts.client, executionId, nodeId);
  if (page === 'silent') {
    const facts = before ?? (await queueFacts(parts.client, queue, 'workflow'));
    const reason: Reason = {
      ...{ kind: 'no_worker', queue, begun },
      ...{ since: begins.toISOString(), waitedMs: Math.max(0, now - begins.getTime()) },
      ...{ pollers: facts?.pollers ?? null, lastPollAt: facts?.lastPollAt ?? null },
      backlog: facts?.backlog ?? null,
    };
    return { ...base, status: record.status, ...told([reason]) };
  }
  if (page === 'planning') {
    const reason: Reason = { kind: 'planning', since: begins.toISOString() };
    return { ...base, status: 'PENDING', ...told([reason]) };
  }
  if (nodeId !== undefined && page.nodes.length === 0) throw notFound(`${executionId}/${nodeId}`);
  return await explainLive(parts, page, { lone: record.kind === 'task', nodeId, walk });
}

async function explainLive(
  parts: ExplainParts,
  page: WaitingPage,
  {
    lone,
    nodeId,
    walk: { depth, looks },
  }: { lone: boolean; nodeId: string | undefined; walk: Walk },
): Promise<Explanation> {
  const { graph } = page;
  const { executionId } = graph;
  const nodes = await waitingNodes(parts.client, page);
  const children = new Map<string, Explanation>();
  if (depth < DEPTH) {
    const below = nodes.filter(({ kind, status }) => isBelow(kind) && status === 'RUNNING');
    const into = below.slice(0, Math.min(LOOKED_INTO, looks.left));
    looks.left -= into.length;
    const look = async ({ id }: { id: string }): Promise<void> => {
      const child = await explainGraph(parts, `${executionId}/${id}`, undefined, {
        ...{ depth: depth + 1, looks },
      }).catch(() => undefined); // it has not begun, or is just ending
      if (child) children.set(id, child);
    };
    await pMap(into, look, { concurrency: LOOKS_AT_ONCE });
  }
  const around = await surroundingsOf(parts, graph, nodes, children);
  const told: NodeExplanation[] = [];
  for (const node of nodes) {
    const reason = reasonOf(node, around);
    const child = children.get(node.id);
    // Alone, a node that runs waits for nothing.
    if (nodeId === undefined && (reason.kind === 'running' || reason.kind === 'ended') && !lone)
      continue;
    told.push({
      ...{ nodeId: node.id, executionId: `${executionId}/${node.id}`, task: node.task },
      ...{ status: node.status, reason, sentence: sentenceOf(reason) },
      ...{ bound: boundOf(node, reason, around), times: timesUntil(around.now, node, reason) },
      ...(child ? insideOf(child) : {}),
    });
  }
  const queue = graph.undoing?.queue;
  const undoer =
    queue === undefined ? undefined : await queueFacts(parts.client, queue, 'activity');
  const reasons = reasonsOf(page, nodes, around.now, undoer);
  const [only] = told;
  const status = lone && only && graph.status === 'RUNNING' ? only.status : graph.status;
  // A pause of the whole is no node's own.
  const isPaused = graph.status === 'PAUSED';
  const first = lone && only && !isPaused ? [only.reason] : reasons;
  const { awaitsUntil, deadlineAt } = graph;
  const { now } = around;
  return {
    ...{ executionId, status, at: iso(now), reasons: first },
    sentence: first.map(sentenceOf).slice(0, 1).join(''),
    bound: lone && only ? only.bound : graphBound(awaitsUntil, deadlineAt, now),
    ...{ nodes: told, wallTime: null, failures: [], moreFailures: 0 },
  };
}

const isBelow = (kind: NodeFacts['kind']): boolean => kind === 'graph' || kind === 'map';

function insideOf({ nodes }: Explanation): Pick<NodeExplanation, 'inside' | 'insideMore'> {
  const more = nodes.length - TOLD_INSIDE;
  return { inside: nodes.slice(0, TOLD_INSIDE), ...(more > 0 ? { insideMore: more } : {}) };
}

/** Why the execution as a whole is not done, the most telling first. */
function reasonsOf(
  { graph }: WaitingPage,
  nodes: readonly { status: Status }[],
  now: number,
  undoer: QueueFacts | undefined,
): Reason[] {
  const { status, stopping, closing, undoing, running, total, counts, cleanUp } = graph;
  const { awaits = [], marks = [], startsAt } = graph;
  const reasons: Reason[] = [];
  if (undoing) reasons.push({ kind: 'undoing', ...undoing, pollers: undoer?.pollers ?? null });
  else if (closing) reasons.push({ kind: 'closing' });
  if (stopping !== undefined && !closing)
    reasons.push({
      ...{ kind: 'stopping', why: stopping, running: running - (cleanUp?.running ?? 0) },
      cleanUp: cleanUp?.open ?? 0,
    });
  if (status === 'PAUSED') {
    const {
      at: since = null,
      by = null,
      note = null,
    } = marks.findLast((mark) => mark.status === 'PAUSED') ?? {};
    reasons.push({ kind: 'paused', scope: 'graph', since, by, note });
  }
  if (startsAt !== undefined && stopping === undefined)
    reasons.push({ kind: 'start_delay', at: startsAt, inMs: Date.parse(startsAt) - now });
  const done = awaits.filter((one) => one.status !== null).length;
  if (status === 'PENDING' && awaits.length > 0)
    reasons.push({ kind: 'awaits', executions: awaits, done, total: awaits.length });
  const ended = Object.entries(counts).reduce(
    (sum, [name, count]) => (isTerminal(name as Status) ? sum + count : sum),
    0,
  );
  const works = nodes.filter((node) => node.status === 'RUNNING' || node.status === 'PREPARING');
  const runs = Math.min(works.length, total - ended);
  reasons.push({ kind: 'nodes', ended, running: runs, waiting: total - ended - runs, total });
  return reasons;
}

function graphBound(
  awaitsUntil: string | undefined,
  deadlineAt: string | undefined,
  now: number,
): Bound | null {
  if (awaitsUntil !== undefined)
    return nearest([bound('dependencyTimeout', awaitsUntil, 'TIMEOUT', now)]);
  return nearest([bound('deadline', deadlineAt, 'TIMEOUT', now)]);
}

const told = (reasons: Reason[]): Pick<Explanation, 'reasons' | 'sentence'> => ({
  reasons,
  sentence: reasons.slice(0, 1).map(sentenceOf).join(''),
});

async function describe(client: Client, executionId: string) {
  try {
    return await client.workflow.getHandle(executionId).describe();
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) throw notFound(executionId);
    throw error;
  }
}

const iso = (time: number): string => new Date(time).toISOString();
