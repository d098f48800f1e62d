/** `--metadata name=value`, in every command that takes it. */
import { UsageError } from './exit.js';

type Scalar = string | number | boolean | null;

/** Numbers, true, false and null are what they are in JSON; everything else is a text. @throws UsageError */
export function metadataOf(given: readonly string[]): Record<string, Scalar> {
  const pairs = given.map((pair): [string, Scalar] => {
    const at = pair.indexOf('=');
    if (at < 1)
      throw new UsageError(`--metadata: expected name=value, got ${JSON.stringify(pair)}`);
    return [pair.slice(0, at), scalarOf(pair.slice(at + 1))];
  });
  return Object.fromEntries(pairs);
}

function scalarOf(text: string): Scalar {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return text;
    return value as Scalar;
  } catch {
    return text;
  }
}
