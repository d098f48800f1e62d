/** A node that is not there, of an execution that is. */
import { orMissingNode as orMissing } from '../client/missing-node.js';
import { TaskError } from '../domain/errors.js';
import type { Session } from './session.js';

/** As the engine's. @throws TaskError NOT_FOUND, of a node with the names that are near; and whatever `asking` does */
export async function orMissingNode<T>(
  { engine }: Pick<Session, 'engine'>,
  id: string,
  asking: Promise<T>,
): Promise<T> {
  return await orMissing(engine, id, asking);
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
