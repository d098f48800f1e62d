/**
 * What to do when nobody knows whether an attempt did its work: it timed out, or its worker was lost.
 *
 * `retry` runs it again, for tasks that may run twice. `ask` holds the node until a person says what became of it.
 * `verify` asks a task of yours, which answers `{ done, output? }`.
 */
import { z } from 'zod';

export const OnUnknownSchema = z.union([
  z.enum(['retry', 'ask']),
  z.strictObject({ verify: z.string().min(1).max(200) }),
]);
/** Default retry. */
export type OnUnknown = z.output<typeof OnUnknownSchema>;
