/** Whole numbers as they are written, and what JSON makes of them. */

/** In YAML also `0xff` and `0o17`. */
export const isWhole = (source: string): boolean =>
  /^(?:[-+]?\d+|0x[0-9a-f]+|0o[0-7]+)$/i.test(source);

/** Whether a number is the one that was written: its digits are those of the number, or those that JavaScript would write of it. */
export function isExact(source: string, value: number): boolean {
  if (Number.isSafeInteger(value) && source.length < 16) return true;
  if (!Number.isFinite(value)) return false;
  const [written = ''] = value.toExponential().split('e');
  const isSame = BigInt(source.replace(/^\+/, '')) === BigInt(value);
  return isSame || significant(source) === significant(written);
}

const significant = (digits: string): string =>
  digits.replace(/[-+.]/g, '').replace(/^0+/, '').replace(/0+$/, '');
