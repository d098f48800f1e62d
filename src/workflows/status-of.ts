/** How a running graph stands: the answer to the query `status`. */
import type { GraphState } from './graph-state.js';
import type { GraphStatus } from './messages.js';
import type { ExecutionInfo } from './requests.js';

export interface StatusParts extends Pick<GraphStatus, 'status' | 'runs'> {
  execution: ExecutionInfo;
  state: GraphState;
  /** Epoch milliseconds. */
  startedAt: number;
  /** What people asked, and what that made of the graph. */
  shown: Partial<GraphStatus>;
  undoing: GraphStatus['undoing'];
  awaits: GraphStatus['awaits'];
}

export function statusOf(parts: StatusParts): GraphStatus {
  const { execution, state, status, runs, startedAt, shown, undoing, awaits } = parts;
  const { id, graph, project, sessionId, rerunOf } = execution;
  return {
    ...{ executionId: id, graph, status, counts: state.counts(), total: state.plan.nodes.length },
    startedAt: new Date(startedAt).toISOString(),
    ...{ sequence: state.sequence, runs },
    ...(undoing ? { undoing } : {}),
    ...shown,
    ...(awaits ? { awaits } : {}),
    ...(state.door && status !== 'PAUSED' ? { reason: state.door.reason } : {}),
    ...(project === undefined ? {} : { project }),
    ...(sessionId === undefined ? {} : { sessionId }),
    ...(rerunOf === undefined ? {} : { rerunOf }),
  };
}
