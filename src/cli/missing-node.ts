/** A node that is not there, of an execution that is: which ones there are. */
import { TaskError } from '../domain/errors.js';
import { nearOrFirst } from '../domain/suggest.js';
import type { Session } from './session.js';

/**
 * The answer to a question about an execution or, with `<execution>/<node>`, a node of it.
 *
 * @throws TaskError NOT_FOUND, of a node with the names that are near, or the first few; and whatever `asking` does
 */
export async function orMissingNode<T>(
  session: Pick<Session, 'engine'>,
  id: string,
  asking: Promise<T>,
): Promise<T> {
  try {
    return await asking;
  } catch (error) {
    const slash = id.lastIndexOf('/');
    if (!(error instanceof TaskError) || error.code !== 'NOT_FOUND' || slash < 1) throw error;
    const [parent, node] = [id.slice(0, slash), id.slice(slash + 1)];
    const nodes = await nodesOf(session, parent).catch(() => undefined);
    if (!nodes) throw error;
    const hint = nearOrFirst(node, nodes);
    throw new TaskError(
      'NOT_FOUND',
      `there is no node ${JSON.stringify(node)} in ${parent}${hint === undefined ? '' : ` (${hint})`}`,
      { cause: error },
    );
  }
}

/**
 * Of what is not there nothing would ever be told.
 *
 * @throws TaskError NOT_FOUND, as {@link orMissingNode} has it
 */
export async function assertThere(session: Pick<Session, 'engine'>, id: string): Promise<void> {
  try {
    await orMissingNode(session, id, session.engine.getExecution(id));
  } catch (error) {
    // How a node stands only a worker knows, and what is stored of it needs none.
    if (error instanceof TaskError && error.code === 'NOT_FOUND') throw error;
  }
}

async function nodesOf({ engine }: Pick<Session, 'engine'>, id: string): Promise<string[]> {
  const handle = await engine.open(id);
  const { endedAt } = await engine.getExecution(id);
  return endedAt === null
    ? (await handle.status()).changed.map((node) => node.id)
    : Object.keys((await handle.result()).nodes);
}
