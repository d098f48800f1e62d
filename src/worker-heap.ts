/** How far the heap of a worker's process grows before it is cleaned. */
import { setFlagsFromString } from 'node:v8';

/**
 * V8 lets a heap grow to four times what lives in it before it looks for garbage again, and a worker has two: its own
 * and that of its workflows. Twice costs no time that could be measured, half as much again costs an eighth of the
 * worker's (docs/decisions/0038).
 */
const GROWING_PERCENT = 100;
const FLAG = /^--heap[-_]growing[-_]percent\b/;

/** Keeps the memory of this process near what it needs, unless it was started with a growth of its own. */
export function keepHeapTight(): void {
  if (!process.execArgv.some((flag) => FLAG.test(flag)))
    setFlagsFromString(`--heap-growing-percent=${GROWING_PERCENT}`);
}
