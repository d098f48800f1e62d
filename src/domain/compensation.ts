/**
 * Compensation: tasks that undo what completed nodes did, newest first, once their graph has failed or was cancelled
 * (the saga of Garcia-Molina and Salem, 1987).
 */
import { z } from 'zod';
import { TimeLimitSchema } from './duration.js';
import { RetryOptionsSchema } from './retry-options.js';
import type { TerminalStatus } from './status.js';

/** When what completed is undone. */
export const COMPENSATIONS = ['onFailureOrCancel', 'onFailure', 'none'] as const;
export type CompensationRule = (typeof COMPENSATIONS)[number];

const UndoSchema = z.strictObject({
  /** The name of the task that undoes the node's work. */
  task: z.string().min(1).max(200),
  /** Its input; may hold `${{ … }}` over `input` and `output` of the node. Default `{ input, output }`. */
  input: z.unknown().optional(),
  /** Default: that of the task's definition, else the library's. */
  retry: RetryOptionsSchema.optional(),
  /** Time of one attempt. Default: that of the task's definition, else 1 h. */
  timeout: TimeLimitSchema.optional(),
});

/** `compensate`: the task's name alone, or an object that says more. */
export const CompensateSchema = z.union([
  z
    .string()
    .min(1)
    .max(200)
    .transform((task) => UndoSchema.parse({ task })),
  UndoSchema,
]);
export type Compensate = z.output<typeof UndoSchema>;
export const COMPENSATE_FIELDS = Object.keys(UndoSchema.shape);

/** True where a graph that ended so has what completed in it undone. */
export function compensates(rule: CompensationRule, status: TerminalStatus): boolean {
  switch (status) {
    case 'FAILED':
    case 'TIMEOUT':
      return rule !== 'none';
    case 'CANCELLED':
      return rule === 'onFailureOrCancel';
    case 'COMPLETED':
    case 'REJECTED':
    case 'SKIPPED':
      return false;
  }
}

/** How the undoing of one node ended. */
export interface Undone {
  nodeId: string;
  task: string;
  status: TerminalStatus;
  attempts: number;
  startedAt: string;
  endedAt: string;
  error?: { code: string; message: string };
}
