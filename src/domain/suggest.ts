import { distance } from 'fastest-levenshtein';

/**
 * The candidate nearest to `word`, for "did you mean …?"; undefined when none is near.
 * Near is at most a third of the longer word's letters, and at least two (one for words of up to three letters). Two
 * neighbours that changed places are one letter: `pya` is near `pay`.
 */
export function suggest(word: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Infinity;
  for (const candidate of candidates) {
    const length = Math.max(word.length, candidate.length);
    const limit = Math.max(length > 3 ? 2 : 1, Math.floor(length / 3));
    if (Math.abs(word.length - candidate.length) > limit) continue;
    const d = lettersBetween(word.toLowerCase(), candidate.toLowerCase());
    if (d <= limit && d < bestDistance) [best, bestDistance] = [candidate, d];
  }
  return best;
}

function lettersBetween(a: string, b: string): number {
  const d = distance(a, b);
  if (d !== 2 || a.length !== b.length) return d;
  let at = 0;
  while (a[at] === b[at]) at++;
  return a[at] === b[at + 1] && a[at + 1] === b[at] && a.slice(at + 2) === b.slice(at + 2) ? 1 : d;
}

/** Answers so many questions and no more: each suggestion looks at every candidate, and a spec may ask for thousands. */
export function hintBudget(left = 100): <T>(look: () => T) => T | undefined {
  return (look) => (left-- > 0 ? look() : undefined);
}

/** `did you mean "x"?`, or undefined when nothing is near. */
export function didYouMean(word: string, candidates: Iterable<string>): string | undefined {
  const best = suggest(word, candidates);
  return best === undefined ? undefined : `did you mean ${JSON.stringify(best)}?`;
}

/**
 * `did you mean "x"?` for one of the values that a field takes: also where the word is near the beginning of one alone, such
 * as `EXPONENTAL` for EXPONENTIAL_BACKOFF and `fail` for failFast.
 */
export function didYouMeanValue(word: string, values: readonly string[]): string | undefined {
  const near = didYouMean(word, values);
  if (near !== undefined) return near;
  const byBeginning = new Map<string, string[]>();
  for (const value of values)
    for (const beginning of beginningsOf(value))
      byBeginning.set(beginning, [...(byBeginning.get(beginning) ?? []), value]);
  const [only, ...others] = byBeginning.get(suggest(word, byBeginning.keys()) ?? '') ?? [];
  return only === undefined || others.length > 0
    ? undefined
    : `did you mean ${JSON.stringify(only)}?`;
}

/** Of `none_failed_min`: `none` and `none_failed`; of `failFast`: `fail`. */
function beginningsOf(value: string): string[] {
  const ends = [...value.matchAll(/[_-]|(?<=[a-z])(?=[A-Z])/g)].map(({ index }) => index);
  return ends.map((end) => value.slice(0, end));
}

/** `did you mean "x"?`, else the first few of those that there are: `there are "a", "b" and 7 more`. */
export function nearOrFirst(
  word: string,
  candidates: readonly string[],
  most = 5,
): string | undefined {
  const near = didYouMean(word, candidates);
  if (near !== undefined || candidates.length === 0) return near;
  const first = candidates.slice(0, most).map((one) => JSON.stringify(one));
  const rest = candidates.length - first.length;
  const names = rest > 0 ? `${first.join(', ')} and ${rest} more` : first.join(', ');
  return candidates.length === 1 ? `there is ${names}` : `there are ${names}`;
}
