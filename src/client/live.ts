/** How a running execution stands now: what its workflow knows, and what only the server knows of attempts under way. */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  WorkflowNotFoundError,
  type Client,
  type WorkflowExecutionDescription,
} from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import type { HeartbeatDetails } from '../domain/outcome.js';
import { isTerminal } from '../domain/status.js';
import { query } from './query.js';
import type { References } from './references.js';
import {
  QUERY,
  type GraphStatus,
  type NodesPage,
  type NodesQuery,
  type NodeView,
} from '../workflows/messages.js';

export type PendingActivity = NonNullable<
  WorkflowExecutionDescription['raw']['pendingActivities']
>[number];

/** PENDING_ACTIVITY_STATE_STARTED, and CANCEL_REQUESTED: a worker has it, and is asked to stop. */
const STARTED: readonly number[] = [2, 3];

/** Nodes of an answer: a question costs a busy workflow more than what it is answered with. */
const PAGE = 5_000;

const LOOK_WAIT_MS = 300;
/** Looks at a graph that is being prepared: half a minute. */
const PREPARING_LOOKS = 100;

/** Waits until a graph is prepared where it is about to be: before that it knows none of its nodes. */
export async function untilPrepared(client: Client, executionId: string): Promise<void> {
  const handle = client.workflow.getHandle(executionId);
  for (let nth = 1; nth < PREPARING_LOOKS; nth++) {
    const { total } = await query<GraphStatus>(client, executionId, QUERY.status);
    if (total > 0 || (await handle.describe()).status.name !== 'RUNNING') return;
    await sleep(LOOK_WAIT_MS);
  }
}

/** All nodes that changed after a sequence, page by page. */
export async function changedNodes(
  client: Client,
  executionId: string,
  since: number,
): Promise<NodesPage> {
  const ask = (request: NodesQuery) =>
    query<NodesPage>(client, executionId, QUERY.nodes, { ...request, limit: PAGE });
  const first = await ask({ since });
  let { next } = first;
  const nodes = [...first.nodes];
  while (next !== undefined) {
    const page: NodesPage = await ask({ since, cursor: next });
    nodes.push(...page.nodes);
    next = page.next;
  }
  return { ...first, nodes };
}

/**
 * The view of an ended node with its output and all. A running workflow that is large writes what has ended away, and of
 * kept nodes it knows only where they are.
 */
export async function wholeView(
  { client, references }: { client: Client; references: References },
  graphId: string,
  view: NodeView,
): Promise<NodeView> {
  const read = async (ref: string): Promise<NodeView[]> =>
    (await references.json(ref)) as unknown as NodeView[];
  if (view.kept) return (await read(view.kept.ref))[view.kept.at] ?? view;
  if (!isWrittenAway(view)) return view;
  const { pages = [] } = await query<NodesPage>(client, graphId, QUERY.nodes, { limit: 1 });
  // Whoever asks for a node has mostly waited for it: its page is one of the last.
  for (const ref of pages.toReversed()) {
    const found = (await read(ref)).find(({ id }) => id === view.id);
    if (found) return found;
  }
  return view;
}

/** True for an ended node of which its running workflow knows only how it ended. */
export const isWrittenAway = ({ status, endedAt }: NodeView): boolean =>
  isTerminal(status) && endedAt === undefined;

/** What the server says of an execution, which its workflow does not. */
export interface UnderWay {
  /** Attempts under way, by node id. */
  attempts: Map<string, PendingActivity>;
  /** Its workflow has closed. One that was refused or terminated never says so itself. */
  closed: boolean;
}

/**
 * Asks the server of the workflows that an execution consists of, its own and its segments. One that is not there has no
 * attempts: a segment is named as soon as it is asked for, some milliseconds before the server has it.
 */
export async function underWay(client: Client, status: GraphStatus): Promise<UnderWay> {
  const attempts = new Map<string, PendingActivity>();
  let closed = false;
  for (const workflowId of status.runs) {
    const described = await descriptionOf(client, workflowId);
    if (workflowId === status.executionId) closed = described?.closeTime !== undefined;
    for (const activity of described?.raw.pendingActivities ?? []) {
      const own = activity.activityId?.startsWith('~') || activity.activityId?.endsWith('~settle');
      if (activity.activityId && !own) attempts.set(activity.activityId, activity);
    }
  }
  return { attempts, closed };
}

/** The attempts under way alone. */
export async function pendingAttempts(
  client: Client,
  status: GraphStatus,
): Promise<UnderWay['attempts']> {
  return (await underWay(client, status)).attempts;
}

async function descriptionOf(
  client: Client,
  workflowId: string,
): Promise<WorkflowExecutionDescription | undefined> {
  try {
    return await client.workflow.getHandle(workflowId).describe();
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}

/** A node's view with what the server knows of its attempt: PREPARING, RUNNING or RETRYING instead of SCHEDULED. */
export function withPending(
  view: NodeView,
  pending: PendingActivity | undefined,
  now: number,
): NodeView {
  if (view.status !== 'SCHEDULED' || view.reason !== 'queue' || !pending) return view;
  const details = heartbeat(pending);
  const attempts = view.attempts + (pending.attempt ?? 1);
  const history = details?.attempts ?? view.attemptHistory;
  const known = { ...view, ...(history ? { attemptHistory: history } : {}) };
  if (STARTED.includes(Number(pending.state))) {
    const { reason: _reason, ...rest } = known;
    const started = time(pending.lastStartedTime);
    return {
      ...rest,
      status:
        details?.attempt === attempts && details.phase === 'PREPARING' ? 'PREPARING' : 'RUNNING',
      attempts,
      ...(details?.attempt === attempts && details.progress ? { progress: details.progress } : {}),
      ...(view.startedAt || started === undefined
        ? {}
        : { startedAt: new Date(started).toISOString() }),
    };
  }
  const due = time(pending.scheduledTime);
  if ((pending.attempt ?? 1) === 1) return known;
  const failure = pending.lastFailure;
  const error = failure && {
    code:
      failure.applicationFailureInfo?.type ?? (failure.timeoutFailureInfo ? 'TIMEOUT' : 'ENGINE'),
    message: failure.message ?? '',
    origin: failure.timeoutFailureInfo ? ('temporal' as const) : ('task' as const),
    retriable: true,
  };
  const waiting = due !== undefined && due > now;
  return {
    ...known,
    attempts: attempts - 1,
    ...(error ? { error } : {}),
    ...(waiting
      ? { status: 'RETRYING', reason: 'retry', nextRetryAt: new Date(due).toISOString() }
      : {}),
  };
}

function heartbeat(pending: PendingActivity): HeartbeatDetails | undefined {
  const [payload] = pending.heartbeatDetails?.payloads ?? [];
  if (!payload) return undefined;
  try {
    return defaultPayloadConverter.fromPayload<HeartbeatDetails>(payload);
  } catch {
    return undefined;
  }
}

function time(
  stamp: { seconds?: unknown; nanos?: number | null } | null | undefined,
): number | undefined {
  const seconds = Number(stamp?.seconds ?? 0);
  return seconds > 0 ? seconds * 1_000 + Math.floor((stamp?.nanos ?? 0) / 1e6) : undefined;
}
