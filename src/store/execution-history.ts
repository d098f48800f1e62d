/** The status history of an execution: merged from whatever arrives, in whatever order. */
import { isTerminal, STATUSES } from '../domain/status.js';
import type { StatusEntry } from './execution-row.js';

/** A task that retries a thousand times keeps its beginning and its end. */
const KEEP_FIRST = 50;
const KEEP_LAST = 150;

const RANK = new Map(STATUSES.map((status, rank) => [status, rank]));

/** By time; in the same millisecond the end comes last, the rest by attempt and as statuses usually follow each other. */
function compareEntries(a: StatusEntry, b: StatusEntry): number {
  return (
    a.at - b.at ||
    Number(isTerminal(a.status)) - Number(isTerminal(b.status)) ||
    (a.attempt ?? 0) - (b.attempt ?? 0) ||
    (RANK.get(a.status) ?? 0) - (RANK.get(b.status) ?? 0)
  );
}

/** Both together, oldest first, without repeats; the first list itself when the second has nothing new. */
export function mergeHistory(known: StatusEntry[], added: readonly StatusEntry[]): StatusEntry[] {
  const seen = new Set(known.map(keyOf));
  const news = added
    .map((entry) => ({ ...entry, at: Math.round(entry.at) }))
    .filter((entry) => seen.size < seen.add(keyOf(entry)).size);
  if (news.length === 0) return known;
  const all = [...known, ...news].sort((a, b) => compareEntries(a, b) || compareKeys(a, b));
  const kept =
    all.length <= KEEP_FIRST + KEEP_LAST
      ? all
      : [...all.slice(0, KEEP_FIRST), ...all.slice(-KEEP_LAST)];
  return kept.length === known.length &&
    kept.every((entry) => seen.has(keyOf(entry)) && !news.includes(entry))
    ? known
    : kept;
}

const keyOf = (entry: StatusEntry): string =>
  JSON.stringify([entry.status, entry.at, entry.attempt, entry.reason, entry.by, entry.verb]);

function compareKeys(a: StatusEntry, b: StatusEntry): number {
  const [left, right] = [keyOf(a), keyOf(b)];
  return left < right ? -1 : left > right ? 1 : 0;
}
