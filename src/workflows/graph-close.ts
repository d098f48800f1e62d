/** How a graph closes once all of its nodes have ended: what is said of it, to whom, and in which order. */
import { log } from '@temporalio/workflow';
import type { Undone } from '../domain/compensation.js';
import type { ErrorRecord } from '../domain/errors.js';
import type { HeldPlan } from '../domain/plan.js';
import type { GraphSpec } from '../domain/spec.js';
import type { StatusChange, TerminalStatus } from '../domain/status.js';
import { closeExecution, recordEnd, writeAway } from './finish.js';
import type { GraphState } from './graph-state.js';
import type { GraphClose } from './manifest.js';
import type { NodeView } from './messages.js';
import type { Prepared } from './requests.js';
import type { EndOf, Subscribers } from './subscribers.js';
import { executionEnded } from './trace.js';

export interface GraphCloseParts {
  prepared: Prepared;
  plan: HeldPlan;
  state: GraphState;
  subscribers: Subscribers;
  startedAt: number;
  status: TerminalStatus;
  /** The ended nodes, or pages of them that are already written. */
  views: NodeView[] | { pages: string[] };
  /** The first node that was cancelled by itself, and should not have been. */
  cancelled: number | undefined;
  marks: readonly StatusChange[];
  undone: readonly Undone[];
  /** The spec, where it was edited. */
  edited: GraphSpec | null;
  endOf: EndOf;
}

/** @returns what a completed workflow returns @throws what closes it otherwise */
export async function closeGraph(parts: GraphCloseParts): Promise<GraphClose> {
  const { prepared, plan, state, subscribers, startedAt, views, marks, undone, endOf } = parts;
  const stuck = undone.filter((one) => one.status !== 'COMPLETED');
  // Somebody has to look at what could not be undone, however the graph ended.
  const status = stuck.length > 0 ? 'FAILED' : parts.status;
  const { execution, below } = prepared;
  const kept = status === 'COMPLETED' ? prepared.rerun?.whole : undefined;
  const ended = Date.now();
  const counts = state.counts();
  const { failures, firstError } =
    parts.status === 'FAILED' && state.failures.length === 0 ? failedByCancel(parts) : state;
  const error = status === 'COMPLETED' ? undefined : (notUndone(stuck, parts.status) ?? firstError);
  const { id, graph, version, project, sessionId, parent, rerunOf } = execution;
  return await closeExecution(
    {
      executionId: id,
      graph,
      version,
      status,
      counts,
      startedAt: new Date(startedAt).toISOString(),
      endedAt: new Date(ended).toISOString(),
      durationMs: ended - startedAt,
      ...(state.releafed.size > 0 ? { releafed: [...state.releafed] } : {}),
      ...(error ? { error } : {}),
      ...(undone.length > 0 ? { compensation: [...undone] } : {}),
      ...(marks.length > 0 ? { marks: [...marks] } : {}),
      ...(project === undefined ? {} : { project }),
      ...(sessionId === undefined ? {} : { sessionId }),
      ...(rerunOf === undefined ? {} : { rerunOf }),
      ...(below?.basis ? { basis: below.basis } : {}),
    },
    views,
    {
      ...(parent
        ? {
            collect: {
              kind: parent.map ? 'map' : 'graph',
              inlineLimit: below?.inlineLimit ?? 0,
              ...(kept ? { kept: kept.output } : {}),
            },
          }
        : {}),
      beforeClose: async (close, keep) => {
        const { status: to, error: cause } = close;
        const total = plan.nodes.length;
        executionEnded(execution, { status: to, counts, total, error: cause, endedAt: ended });
        log.info(`${execution.graph}: RUNNING → ${to}`, {
          ...{ executionId: execution.id, from: 'RUNNING', to },
        });
        // A lone task's end was recorded with its last attempt, where one ran and that is how the execution ends.
        const isTold =
          execution.kind === 'task' && state.isRecorded(0) && state.view(0).status === to;
        const isDue = prepared.records && !isTold;
        const ref = isDue
          ? await recordEnd({ execution, close, ...(keep ? { keep } : {}) })
          : undefined;
        await subscribers.tellAll((nodeId) =>
          nodeId === undefined ? { status: to } : endOf(nodeId),
        );
        return ref;
      },
    },
    {
      ...{ status, counts },
      ...(error ? { error } : {}),
      ...(failures.length > 0 ? { failures } : {}),
      ...(kept ? { reused: kept.reused } : {}),
      ...(parts.edited ? { edited: await writeAway(parts.edited) } : {}),
    },
  );
}

/** Of a graph in which nothing failed, and a node was cancelled by itself. */
function failedByCancel({
  state,
  cancelled,
}: GraphCloseParts): Pick<GraphState, 'failures' | 'firstError'> {
  if (cancelled === undefined) return state;
  const nodeId = state.node(cancelled).id;
  const message = 'it was cancelled, and its graph was not';
  const error = { code: 'CANCELLED', message, origin: 'engine', retriable: false } as const;
  return { failures: [{ nodeId, status: 'CANCELLED', error }], firstError: error };
}

function notUndone(stuck: readonly Undone[], ended: TerminalStatus): ErrorRecord | undefined {
  const [first] = stuck;
  if (!first) return undefined;
  const names = stuck.map(({ nodeId }) => nodeId).join(', ');
  const why = first.error ? `: ${first.error.message}` : '';
  return {
    code: 'COMPENSATION_FAILED',
    message: `it ended ${ended}, and what ${names} did could not be undone${why}`.slice(0, 1_000),
    ...{ origin: 'task', retriable: false },
  };
}
