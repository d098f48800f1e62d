/** A part of some bytes, as RFC 9110 (14) has it: one range; of several, all of it is sent, which it allows. */
import { HttpProblem } from './problem.js';

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
  const [, first = '', last = ''] = /^bytes=(\d*)-(\d*)$/i.exec(header?.trim() ?? '') ?? [];
  if (first === '' && last === '') return undefined;
  const isTail = first === '';
  const from = isTail ? Math.max(0, total - Number(last)) : Number(first);
  const to = isTail || last === '' ? total - 1 : Math.min(Number(last), total - 1);
  if (!isTail && last !== '' && Number(last) < from) return undefined; // no range, so none is asked for
  if (from <= to) return { from, to };
  throw new HttpProblem(
    416,
    'RANGE_NOT_SATISFIABLE',
    `Range: got ${JSON.stringify(header?.slice(0, 100))}, and it has ${total} bytes`,
    undefined,
    { 'content-range': `bytes */${total}` },
  );
}
