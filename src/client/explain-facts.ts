/** What `explain` asks: the workflow, the server, the keepers of limits, the store's circuits. What does not answer is left out. */
import type { Client, Connection } from '@temporalio/client';
import type { QueueFacts } from '../domain/explain.js';
import type {
  BelowFacts,
  CircuitFacts,
  LimitFacts,
  NodeFacts,
  Surroundings,
} from '../domain/explain-node.js';
import type { Explanation, OpenDependency } from '../domain/explain.js';
import type { Status, StatusReason } from '../domain/status.js';
import { QUERY } from '../workflows/messages.js';
import type { WaitingNode, WaitingPage, WaitingQuery } from '../workflows/waiting-page.js';
import type { Circuits } from './circuits.js';
import type { Limits } from './limits.js';
import { pendingAttempts, withPending, type PendingActivity } from './live.js';
import { query } from './query.js';
import { isSilence } from './no-answer.js';
import type { References } from './references.js';
import type { StoreAccess } from './store-access.js';

export interface ExplainParts {
  client: Client;
  address: string;
  references: References;
  stores: StoreAccess;
  limits: Limits;
  circuits: Circuits;
}

/** How long a query may wait for a worker, in milliseconds. */
const QUERY_DEADLINE_MS = 4_000;
/** A worker's poll lasts a minute: one that has not polled for longer is gone. */
const POLL_MS = 75_000;

/** TaskQueueType */
const QUEUE_TYPE = { workflow: 1, activity: 2 } as const;

/** A node as its workflow knows it, with who keeps its wait. */
export type LiveNode = WaitingNode & Pick<NodeFacts, 'keptBy'>;

/**
 * What the workflow says of its nodes: of one, or of all that have not ended, page after page.
 *
 * @returns `silent` where no worker answers, `planning` before it has a plan
 */
export async function answering(
  client: Client,
  executionId: string,
  node: string | undefined,
): Promise<WaitingPage | 'silent' | 'planning'> {
  const ask = (request: WaitingQuery): Promise<WaitingPage | null> =>
    client.withDeadline(Date.now() + QUERY_DEADLINE_MS, () =>
      query<WaitingPage | null>(client, executionId, QUERY.waiting, request),
    );
  try {
    const first = await ask(node === undefined ? {} : { node });
    if (!first) return 'planning';
    const nodes = [...first.nodes];
    let { next } = first;
    while (next !== undefined) {
      const page = await ask({ cursor: next });
      nodes.push(...(page?.nodes ?? []));
      next = page?.next;
    }
    return { graph: first.graph, nodes };
  } catch (error) {
    if (isSilence(error)) return 'silent';
    throw error;
  }
}

/** The nodes with what the server knows of their attempts. */
export async function waitingNodes(
  client: Client,
  { graph, nodes }: WaitingPage,
): Promise<LiveNode[]> {
  if (!nodes.some((node) => isHanded(node) || node.open?.some(isHanded))) return nodes;
  const pending = await pendingAttempts(client, graph);
  const now = Date.now();
  return nodes.map((node) => {
    // It changes what a view says, and leaves alone whatever else there is.
    const found = withPending(node, pending.get(node.id), now) as LiveNode;
    const open = node.open?.map((one) => standing(one, pending.get(one.nodeId), now));
    const live = { ...found, ...(open ? { open } : {}) };
    return live.status === 'RETRYING' && node.status === 'SCHEDULED'
      ? { ...live, keptBy: 'server' }
      : live;
  });
}

/** Its workflow has handed it over, and knows no more of it. */
const isHanded = ({ status, reason }: { status: Status; reason?: StatusReason | null }): boolean =>
  status === 'SCHEDULED' && reason === 'queue';

/** A dependency with what the server knows of its attempt. */
function standing(
  one: OpenDependency,
  pending: PendingActivity | undefined,
  now: number,
): OpenDependency {
  if (!isHanded(one)) return one;
  const view = { id: one.nodeId, task: '', status: one.status, attempts: 0, maxRetries: 0 };
  const { status, reason = null } = withPending({ ...view, reason: 'queue' }, pending, now);
  return { ...one, status, reason };
}

/** What the reasons of these nodes need to know of the world. */
export async function surroundingsOf(
  parts: ExplainParts,
  graph: WaitingPage['graph'],
  nodes: readonly LiveNode[],
  children: ReadonlyMap<string, Explanation>,
): Promise<Surroundings> {
  const { client } = parts;
  const place = graph.project === undefined ? {} : { project: graph.project };
  const [limits, circuits, queues] = await Promise.all([
    each(nodes, limitOf, (key): Promise<LimitFacts> => limitFacts(parts, key, place)),
    each(nodes, circuitOf, (name) => circuitFacts(parts, name, place)),
    each(nodes, queueOf, (queue) => queueFacts(client, queue, 'activity')),
  ]);
  const { executionId, marks = [], deadlineAt, concurrency, inWindow, awaits = [], status } = graph;
  return {
    ...{ now: Date.now(), executionId, marks, concurrency, inWindow, limits, circuits, queues },
    below: new Map([...children].flatMap(([id, child]) => belowOf(id, child))),
    ...(deadlineAt === undefined ? {} : { deadlineAt }),
    ...(status === 'PENDING' && awaits.length > 0
      ? { awaits, ...(graph.awaitsUntil === undefined ? {} : { awaitsUntil: graph.awaitsUntil }) }
      : {}),
  };
}

const limitOf = ({ reason, limit }: LiveNode) => (reason === 'limit' ? limit?.key : undefined);
const circuitOf = ({ reason, circuit }: LiveNode) => (reason === 'circuit' ? circuit : undefined);
const queueOf = ({ reason, queue }: LiveNode) => (reason === 'queue' ? queue : undefined);

async function limitFacts(
  { limits }: ExplainParts,
  key: string,
  place: { project?: string },
): Promise<LimitFacts> {
  const { used, max, line = [] } = await limits.get(key, place);
  return { used, max, line };
}

async function circuitFacts(
  { circuits, stores }: ExplainParts,
  name: string,
  place: { project?: string },
): Promise<CircuitFacts | undefined> {
  if (!(await stores.get())) return undefined;
  const { mode, forced, openUntil, probes } = await circuits.get(name, place);
  return { mode, forced, openUntil, probes };
}

/** Workers that poll a queue, and what waits there; undefined where the server does not say. */
export async function queueFacts(
  client: Client,
  queue: string,
  type: keyof typeof QUEUE_TYPE,
): Promise<QueueFacts | undefined> {
  try {
    const { workflowService } = client.connection as Connection;
    const { pollers, stats } = await workflowService.describeTaskQueue({
      namespace: client.options.namespace,
      taskQueue: { name: queue },
      taskQueueType: QUEUE_TYPE[type],
      reportStats: true,
      reportPollers: true,
    });
    const since = Date.now() - POLL_MS;
    const fresh = (pollers ?? []).flatMap(({ identity, lastAccessTime }) => {
      const at = Number(lastAccessTime?.seconds ?? 0) * 1_000;
      return at > since ? [{ identity, at }] : [];
    });
    const last = fresh.reduce((latest, { at }) => Math.max(latest, at), 0);
    return {
      pollers: new Set(fresh.map(({ identity }) => identity)).size,
      lastPollAt: last === 0 ? null : new Date(last).toISOString(),
      backlog: stats ? Number(stats.approximateBacklogCount ?? 0) : null,
    };
  } catch {
    return undefined;
  }
}

function belowOf(id: string, { reasons }: Explanation): [string, BelowFacts][] {
  const nodes = reasons.find((reason) => reason.kind === 'nodes');
  if (nodes?.kind !== 'nodes') return [];
  const { ended: done, total, running } = nodes;
  return [[id, { done, total, running }]];
}

/** Asks once for each name that some node has; what fails is left out. */
async function each<T>(
  nodes: readonly LiveNode[],
  nameOf: (node: LiveNode) => string | undefined,
  ask: (name: string) => Promise<T | undefined>,
): Promise<Map<string, T>> {
  const names = [...new Set(nodes.flatMap((node) => nameOf(node) ?? []))];
  const found = new Map<string, T>();
  await Promise.all(
    names.map(async (name) => {
      const answer = await ask(name).catch(() => undefined);
      if (answer) found.set(name, answer);
    }),
  );
  return found;
}
