/** Reads of values, of which no more than so many are under way at once, whoever asks and however deep. */
import type { ReadJson } from '../observe/closing.js';

/** Files are there at once; what a worker is asked for takes a workflow each. */
export const READS_AT_ONCE = 8;

/** The same reads, the first that were asked for first. */
export function boundedReads(readJson: ReadJson, most = READS_AT_ONCE): ReadJson {
  const waiting: (() => void)[] = [];
  let free = most;
  return async (ref) => {
    if (free === 0) await new Promise<void>((resolve) => waiting.push(resolve));
    else free--;
    try {
      return await readJson(ref);
    } finally {
      const next = waiting.shift();
      if (next) next();
      else free++;
    }
  };
}
