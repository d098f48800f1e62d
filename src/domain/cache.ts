/** Whether a task's result is kept, as it is written: `cache: true` or `cache: { ttl: '1d', key: 'rates' }`. */
import { z } from 'zod';
import { DurationSchema } from './duration.js';

export const CACHE_FIELDS = ['ttl', 'key'] as const;

export const CacheSchema = z.union([
  z.boolean(),
  z.strictObject({
    /** How long a result is good. Default: for ever. */
    ttl: DurationSchema.optional(),
    /** What tells results apart, in place of the input. */
    key: z
      .string()
      .min(1)
      .max(500)
      .refine((key) => !key.includes('${{'), 'the key of a cache cannot hold an expression')
      .optional(),
  }),
]);
export type CacheOption = z.output<typeof CacheSchema>;

/** How a node's result is kept, settled. */
export interface CachePolicy {
  ttlMs?: number;
  key?: string;
}

/** Undefined where nothing is kept. */
export function cachePolicy(option: CacheOption | undefined): CachePolicy | undefined {
  if (option === undefined || option === false) return undefined;
  const { ttl, key } = option === true ? {} : option;
  return { ...(ttl === undefined ? {} : { ttlMs: ttl }), ...(key === undefined ? {} : { key }) };
}

/** The store's key of a result whose node names a key of its own. */
export const namedKey = (task: string, version: string, key: string): string =>
  JSON.stringify([task, version, key]);
