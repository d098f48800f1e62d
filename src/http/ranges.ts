/** A part of some bytes, as RFC 9110 (14) has it: one range; of several, all of it is sent, which it allows. */
import parseRange from 'range-parser';
import { HttpProblem } from './problem.js';

/** What the parser answers instead of ranges. */
const [UNSATISFIABLE, MALFORMED] = [-1, -2] as const;

/** From a byte to one, both of them part of it. */
export interface ByteRange {
  from: number;
  to: number;
}

/**
 * The part that is asked for; undefined for all of it, also where the header is none that we know.
 *
 * @throws HttpProblem 416 where nothing of it is there
 */
export function rangeOf(header: string | undefined, total: number): ByteRange | undefined {
  const ranges = header === undefined ? MALFORMED : parseRange(total, header);
  if (ranges === MALFORMED) return undefined;
  if (ranges !== UNSATISFIABLE) {
    const [only, ...more] = ranges;
    return ranges.type === 'bytes' && only && more.length === 0
      ? { from: only.start, to: only.end }
      : undefined;
  }
  throw new HttpProblem(
    416,
    'RANGE_NOT_SATISFIABLE',
    `Range: got ${JSON.stringify(header?.slice(0, 100))}, and it has ${total} bytes`,
    undefined,
    { 'content-range': `bytes */${total}` },
  );
}
