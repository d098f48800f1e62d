/** The questions that wait for an answer. */
import pMap from 'p-map';
import type { TaskEngine } from '../client.js';
import { splitExecutionId } from '../domain/execution-id.js';
import type { ApprovalView } from '../workflows/messages.js';

export interface OpenApproval {
  executionId: string;
  nodeId: string;
  approval: ApprovalView;
}

/** Workflows that are asked at once. */
const AT_ONCE = 8;

/** Oldest first; one that is answered meanwhile is left out. @throws TaskError CONFIGURATION without a store */
export async function openApprovals(
  engine: TaskEngine,
  project: string | undefined,
): Promise<OpenApproval[]> {
  const { executions } = await engine.listExecutions({
    ...{ kind: 'node', status: 'RUNNING', limit: 1_000 },
    ...(project === undefined ? {} : { project }),
  });
  const waiting = executions.filter(({ reason }) => reason === 'approval');
  const found = await pMap(
    waiting,
    async ({ executionId: id }): Promise<OpenApproval[]> => {
      const { graphId: executionId, nodeId = '' } = splitExecutionId(id);
      const view = await engine
        .handle(executionId)
        .node(nodeId)
        .status()
        .catch(() => undefined);
      return view?.approval && view.status === 'RUNNING'
        ? [{ executionId, nodeId, approval: view.approval }]
        : [];
    },
    { concurrency: AT_ONCE },
  );
  return found.flat().sort((a, b) => a.approval.askedAt.localeCompare(b.approval.askedAt));
}
