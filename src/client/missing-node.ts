/** A node that is not there, of an execution that is: which ones there are. */
import { TaskError } from '../domain/errors.js';
import { plainExecutionId } from '../domain/execution-id.js';
import { nearOrFirst } from '../domain/suggest.js';

/** What is asked for the nodes that there are. */
interface Asked {
  getExecution(id: string): Promise<{ endedAt: string | null }>;
  open(id: string): Promise<{
    status(): Promise<{ changed: readonly { id: string }[] }>;
    result(): Promise<{ nodes: object }>;
  }>;
}

/**
 * The answer to a question about an execution or, with `<execution>/<node>`, a node of it.
 *
 * @throws TaskError NOT_FOUND, of a node with the names that are near, or the first few; and whatever `asking` does
 */
export async function orMissingNode<T>(engine: Asked, id: string, asking: Promise<T>): Promise<T> {
  try {
    return await asking;
  } catch (error) {
    const plain = plainExecutionId(id);
    const slash = plain.lastIndexOf('/');
    if (!(error instanceof TaskError) || error.code !== 'NOT_FOUND' || slash < 1) throw error;
    const [parent, node] = [plain.slice(0, slash), plain.slice(slash + 1)];
    const nodes = await nodesOf(engine, parent).catch(() => undefined);
    if (!nodes) throw error;
    const hint = nearOrFirst(node, nodes);
    throw new TaskError(
      'NOT_FOUND',
      `there is no node ${JSON.stringify(node)} in ${parent}${hint === undefined ? '' : ` (${hint})`}`,
      { cause: error },
    );
  }
}

async function nodesOf(engine: Asked, id: string): Promise<string[]> {
  const handle = await engine.open(id);
  const { endedAt } = await engine.getExecution(id);
  return endedAt === null
    ? (await handle.status()).changed.map((node) => node.id)
    : Object.keys((await handle.result()).nodes);
}
