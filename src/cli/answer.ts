import { TaskError } from '../domain/errors.js';
import type { Answer } from '../workflows/messages.js';
import { EXIT, type ExitCode } from './exit.js';
import { orMissingNode } from './missing-node.js';
import type { Output } from './output.js';
import type { Session } from './session.js';

/**
 * Tells how a verb was answered.
 *
 * @param id the execution or the node that was asked
 * @returns exit code 1 when there was nothing to do
 * @throws TaskError NOT_FOUND, of a node with the names that are near, or the first few
 */
export async function tellAnswer(
  out: Output,
  session: Pick<Session, 'engine'>,
  id: string,
  asking: Promise<Answer>,
): Promise<ExitCode> {
  const { success, message } = await orMissingNode(session, id, asking.then(thatIsThere));
  if (success) out.print(message);
  else out.note(message);
  out.document({ success, message });
  return success ? EXIT.done : EXIT.failed;
}

/** @throws TaskError NOT_FOUND */
function thatIsThere(answer: Answer): Answer {
  if (answer.code === 'NOT_FOUND') throw new TaskError(answer.code, answer.message);
  return answer;
}
