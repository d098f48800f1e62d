import { TaskError } from '../domain/errors.js';
import type { Answer } from '../workflows/messages.js';
import { EXIT, type ExitCode } from './exit.js';
import type { Output } from './output.js';

/** Tells how a verb was answered. @returns exit code 1 when there was nothing to do @throws TaskError NOT_FOUND */
export function tellAnswer(out: Output, { success, message, code }: Answer): ExitCode {
  if (code === 'NOT_FOUND') throw new TaskError(code, message);
  if (success) out.print(message);
  else out.note(message);
  out.document({ success, message });
  return success ? EXIT.done : EXIT.failed;
}
