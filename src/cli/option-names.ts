/** Messages that name what the library calls its options, in the names of the command line's. */
import { TaskError } from '../domain/errors.js';

/** Names of the library's options at the beginning of a fault's line, and the command's. */
export type OptionNames = Readonly<Record<string, `--${string}`>>;

const REUSE = /choose another executionId(, or say how it may be reused)?/;

/**
 * What `asking` gives, or its error in the words of a command. The details of the error are as they were: programs read
 * them.
 */
export async function inOptionNames<T>(names: OptionNames, asking: Promise<T>): Promise<T> {
  try {
    return await asking;
  } catch (error) {
    if (!(error instanceof TaskError)) throw error;
    const { code, retriable, details } = error;
    throw new TaskError(code, reworded(error.message, names), { retriable, details, cause: error });
  }
}

function reworded(message: string, names: OptionNames): string {
  const { executionId = 'executionId', reuse } = names;
  const more = reuse === undefined ? '' : `, or say with ${reuse} when it may run again`;
  return message
    .replace(/^( *)(\w+)(?:\[\d+\])?: /gm, (all, indent: string, name: string) =>
      Object.hasOwn(names, name) ? `${indent}${names[name]}: ` : all,
    )
    .replace(REUSE, () => `choose another ${executionId}${more}`);
}
