/** Waits for one node of a graph, or one item of a batch, whether its execution runs or has closed. */
import { setTimeout as sleep } from 'node:timers/promises';
import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import { TaskError } from '../domain/errors.js';
import { isTerminal } from '../domain/status.js';
import { awaitEnding, loadManifest, manifestNodes } from '../observe/closing.js';
import { QUERY, type NodeView } from '../workflows/messages.js';
import { wholeView } from './live.js';
import { query } from './query.js';
import type { References } from './references.js';
import { nodeExecution, type ExecutionResult } from './result.js';

/** Looks come further apart the longer it takes: 50 ms, 75 ms … 2 s. */
const FIRST_LOOK_MS = 50;
const LAST_LOOK_MS = 2_000;

/** @throws TaskError NOT_FOUND for a graph or node that is not there */
export async function awaitNode(
  { client, references }: { client: Client; references: References },
  graphId: string,
  nodeId: string,
): Promise<ExecutionResult> {
  const handle = client.workflow.getHandle(graphId);
  const readJson = (ref: string) => references.json(ref);
  for (let waitMs = FIRST_LOOK_MS; ; waitMs = Math.min(waitMs * 1.5, LAST_LOOK_MS)) {
    const { status, startTime } = await described();
    const createdAt = startTime.toISOString();
    if (status.name !== 'RUNNING') {
      const { close } = await awaitEnding(handle);
      const nodes = close ? await manifestNodes(await loadManifest(close, readJson), readJson) : [];
      const view = nodes.find(({ id }) => id === nodeId);
      if (!view) throw missing();
      return await nodeExecution(graphId, view, references, createdAt);
    }
    const view = await query<NodeView | null>(client, graphId, QUERY.node, nodeId);
    if (view && isTerminal(view.status))
      return await nodeExecution(
        graphId,
        await wholeView({ client, references }, graphId, view),
        references,
        createdAt,
      );
    await sleep(waitMs);
  }

  async function described() {
    try {
      return await handle.describe();
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) throw missing();
      throw error;
    }
  }

  function missing(): TaskError {
    const id = JSON.stringify(`${graphId}/${nodeId}`);
    return new TaskError('NOT_FOUND', `there is no execution ${id} in this namespace`);
  }
}
