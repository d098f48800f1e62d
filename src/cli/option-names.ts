/** Messages that name what the library calls its options, in the names of the command line's. */
import { TaskError } from '../domain/errors.js';

/** Names of the library's options at the beginning of a fault's line, and the command's. */
export type OptionNames = Readonly<Record<string, `--${string}`>>;

/** Where a fault's line begins: the option, and what lies below it. */
const PLACE = /^( *)(\w+)(\[\d+\])?([.[][^:\s]*)?: /gm;
/** Names that no word of English is like; what was given stands in quotes. */
const MENTIONED = /(?<![\w".[-])[a-z]+[A-Z]\w*(?![\w"\]])/g;
/** What is wrong with all of them together has no place; it names those of which one is needed, in words. */
const WHOLE = /^( *)\(root\): /gm;
const GIVE = /: give (\w+(?:, \w+)* or \w+)$/gm;
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

/**
 * `calendar[0].hour` is told as `--calendar: hour`: of an option that is repeated, the value says which one. An input is one
 * value, also where it is a list.
 */
function reworded(message: string, names: OptionNames): string {
  const { executionId = 'executionId', reuse } = names;
  const more = reuse === undefined ? '' : `, or say with ${reuse} when it may run again`;
  return message
    .replace(PLACE, (all, indent: string, name: string, index: string = '', below: string = '') => {
      if (!Object.hasOwn(names, name)) return all;
      const inside = `${name === 'input' ? index : ''}${below}`.replace(/^\./, '');
      return `${indent}${names[name]}: ${inside === '' ? '' : `${inside}: `}`;
    })
    .replace(WHOLE, '$1')
    .replace(GIVE, (_all, said: string) => {
      const options = said.replace(/\w+/g, (name) =>
        Object.hasOwn(names, name) ? (names[name] ?? name) : name,
      );
      return `: give ${options}`;
    })
    .replace(REUSE, () => `choose another ${executionId}${more}`)
    .replace(MENTIONED, (name) => (Object.hasOwn(names, name) ? (names[name] ?? name) : name));
}
