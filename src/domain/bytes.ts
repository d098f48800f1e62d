/** Sizes as Kubernetes writes them: `128Mi` is 128 · 2^20 bytes, `1G` is 10^9. */
import { z } from 'zod';
import { preview } from './json.js';

const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  ...{ k: 1e3, M: 1e6, G: 1e9, T: 1e12 },
  ...{ Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40 },
};
const EXPECTED = 'expected a number of bytes, or one with a unit, such as 128Mi, 1.5Gi or 500M';

/**
 * @param size a number of bytes, or a text such as '128Mi'
 * @returns whole bytes, rounded up
 * @throws RangeError saying what was expected
 */
export function parseBytes(size: number | string): number {
  const [, digits, unit = ''] =
    typeof size === 'number'
      ? ['', String(size)]
      : (/^(\d{1,15}(?:\.\d{1,6})?)\s*(Ki|Mi|Gi|Ti|k|M|G|T)?$/.exec(size.trim()) ?? []);
  const bytes = Math.ceil(Number(digits ?? NaN) * (UNITS[unit] ?? NaN));
  if (Number.isSafeInteger(bytes) && bytes >= 0) return bytes;
  throw new RangeError(`${EXPECTED}; got ${preview(size)}`);
}

/** A size, parsed to bytes. */
export const BytesSchema = z.union([z.number(), z.string()]).transform((value, context): number => {
  try {
    return parseBytes(value);
  } catch (error) {
    context.addIssue({ code: 'custom', message: (error as Error).message });
    return z.NEVER;
  }
});

/** `128Mi` for 134217728: the largest binary unit that leaves a whole number, else bytes. */
export function formatBytes(bytes: number): string {
  for (const unit of ['Ti', 'Gi', 'Mi', 'Ki']) {
    const size = UNITS[unit] ?? 1;
    if (bytes >= size && bytes % size === 0) return `${bytes / size}${unit}`;
  }
  return `${bytes} bytes`;
}
