/** The questions that wait for an answer. */
import pMap from 'p-map';
import type { TaskEngine } from '../client.js';
import { TaskError } from '../domain/errors.js';
import { splitExecutionId } from '../domain/execution-id.js';
import type { ApprovalView } from '../workflows/messages.js';

export interface OpenApproval {
  executionId: string;
  nodeId: string;
  /** Null where no worker answered. */
  approval: ApprovalView | null;
}

/** Workflows that are asked at once. */
const AT_ONCE = 8;

/** In the order of their nodes, oldest first; one that is answered meanwhile is left out. @throws TaskError CONFIGURATION without a store */
export async function openApprovals(
  engine: TaskEngine,
  project: string | undefined,
): Promise<OpenApproval[]> {
  const { executions } = await engine.listExecutions({
    ...{ kind: 'node', reason: 'approval', limit: 1_000 },
    ...(project === undefined ? {} : { project }),
  });
  const found = await pMap(
    executions,
    async ({ executionId: id }): Promise<OpenApproval[]> => {
      const { graphId: executionId, nodeId = '' } = splitExecutionId(id);
      const asked = { executionId, nodeId };
      try {
        const { approval, status } = await engine.handle(executionId).node(nodeId).status();
        return approval && status === 'RUNNING' ? [{ ...asked, approval }] : [];
      } catch (error) {
        const gone = error instanceof TaskError && error.code === 'NOT_FOUND';
        return gone ? [] : [{ ...asked, approval: null }];
      }
    },
    { concurrency: AT_ONCE },
  );
  return found.flat().reverse();
}
