/** How far the heaps of a worker's process grow before they are cleaned. */
import { getHeapStatistics, setFlagsFromString } from 'node:v8';

/**
 * V8 lets a heap that may have 2 GB grow to up to four times what lives in it before it looks for garbage again, and a
 * worker has two: its own and that of its workflows. Twice costs no time that could be measured, half as much again
 * costs a seventh of the worker's (docs/decisions/0038).
 */
const GROWING_PERCENT = 100;
/** Smaller heaps V8 itself keeps to twice at most. */
const ROOMY = 2 * 1_024 ** 3;
const FLAG = /^--heap[-_]growing[-_]percent\b/;

/** Keeps the memory of this process nearer to what it needs, unless it was started with a growth of its own. */
export function limitHeapGrowth(): void {
  if (getHeapStatistics().heap_size_limit < ROOMY) return;
  if (!process.execArgv.some((flag) => FLAG.test(flag)))
    setFlagsFromString(`--heap-growing-percent=${GROWING_PERCENT}`);
}
