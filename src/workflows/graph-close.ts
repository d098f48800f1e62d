/** How a graph closes once all of its nodes have ended: what is said of it, to whom, and in which order. */
import { log } from '@temporalio/workflow';
import type { Plan } from '../domain/plan.js';
import type { StatusChange, TerminalStatus } from '../domain/status.js';
import { closeExecution, recordEnd } from './finish.js';
import type { GraphState } from './graph-state.js';
import type { GraphClose, NodeView } from './messages.js';
import type { Prepared } from './requests.js';
import type { EndOf, Subscribers } from './subscribers.js';
import { executionEnded } from './trace.js';

export interface GraphCloseParts {
  prepared: Prepared;
  plan: Plan;
  state: GraphState;
  subscribers: Subscribers;
  startedAt: number;
  status: TerminalStatus;
  /** The ended nodes, or pages of them that are already written. */
  views: NodeView[] | { pages: string[] };
  marks: readonly StatusChange[];
  endOf: EndOf;
}

/** @returns what a completed workflow returns @throws what closes it otherwise */
export async function closeGraph(parts: GraphCloseParts): Promise<GraphClose> {
  const { prepared, plan, state, subscribers, startedAt, status, views, marks, endOf } = parts;
  const { execution } = prepared;
  const ended = Date.now();
  const counts = state.counts();
  const { failures, firstError } = state;
  const error = status === 'COMPLETED' ? undefined : firstError;
  executionEnded(execution, { status, counts, total: plan.nodes.length, error, endedAt: ended });
  log.info(`${execution.graph}: RUNNING → ${status}`, {
    executionId: execution.id,
    from: 'RUNNING',
    to: status,
  });
  const { id, graph, version, project, sessionId, parent } = execution;
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
      ...(error ? { error } : {}),
      ...(marks.length > 0 ? { marks: [...marks] } : {}),
      ...(project === undefined ? {} : { project }),
      ...(sessionId === undefined ? {} : { sessionId }),
    },
    views,
    {
      ...(parent
        ? {
            collect: {
              kind: parent.map ? 'map' : 'graph',
              inlineLimit: prepared.below?.inlineLimit ?? 0,
            },
          }
        : {}),
      beforeClose: async (close) => {
        // A lone task's end was recorded with its last attempt, where one ran.
        if (prepared.records && !(execution.kind === 'task' && state.isRecorded(0)))
          await recordEnd({ execution, close });
        await subscribers.tellAll((nodeId) => (nodeId === undefined ? { status } : endOf(nodeId)));
      },
    },
    { status, counts, ...(failures.length > 0 ? { failures } : {}) },
  );
}
