/** Options that give a value to a name: `--limit api=5`, repeated for more. */
import { UsageError } from './exit.js';

/**
 * The names and values of a repeated option.
 *
 * @param parse the value, or throws a UsageError
 * @throws UsageError for what is not `name=value`
 */
export function pairsOf<T>(
  flag: string,
  given: readonly string[] | undefined,
  parse: (text: string) => T,
): Record<string, T> {
  const pairs = (given ?? []).map((text): [string, T] => {
    const at = text.lastIndexOf('=');
    if (at < 1) throw new UsageError(`${flag}: expected name=value, got ${JSON.stringify(text)}`);
    return [text.slice(0, at), parse(text.slice(at + 1))];
  });
  return Object.fromEntries(pairs);
}
