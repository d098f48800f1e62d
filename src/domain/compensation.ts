/**
 * Compensation: tasks and programs that undo what completed nodes did, newest first, once their graph has failed or was
 * cancelled (the saga of Garcia-Molina and Salem, 1987).
 */
import { z } from 'zod';
import { byName } from './by-name.js';
import { ISOLATIONS } from './choose-runner.js';
import { TimeLimitSchema } from './duration.js';
import { KIND_TASK } from './node-kind.js';
import {
  ContainerSchema,
  FaasSchema,
  PROGRAM_KINDS,
  ProcessSchema,
  ResourcesSchema,
  SecuritySchema,
  type ProgramKind,
} from './program.js';
import { QueueSchema } from './queue-name.js';
import { RetryOptionsSchema } from './retry-options.js';
import type { TerminalStatus } from './status.js';

/** When what completed is undone. */
export const COMPENSATIONS = ['onFailureOrCancel', 'onFailure', 'none'] as const;
export type CompensationRule = (typeof COMPENSATIONS)[number];

/** What may undo a node's work; `compensate` has one of these. */
export const UNDO_WORK = ['task', ...PROGRAM_KINDS] as const;

const UndoSchema = z.strictObject({
  /** The name of the task that undoes the node's work. */
  task: z.string().min(1).max(200).optional(),
  /** A program that does, as a node has it; its input holds what the node was given and gave. */
  process: ProcessSchema.optional(),
  container: ContainerSchema.optional(),
  faas: FaasSchema.optional(),
  /** Its input; may hold `${{ … }}` over `input` and `output` of the node. Default `{ input, output }`. */
  input: z.unknown().optional(),
  /** JSON Schema of a program's input. */
  inputSchema: byName(z.string(), z.unknown()).optional(),
  /** Default: that of the task's definition, else the library's. */
  retry: RetryOptionsSchema.optional(),
  /** Time of one attempt. Default: that of the task's definition, else 1 h; of a program 300 s. */
  timeout: TimeLimitSchema.optional(),
  /** The Temporal task queue. Default: the execution's own, for a program that of its kind. */
  queue: QueueSchema.optional(),
  /** Where a program runs. Default by its kind and its level. */
  isolation: z.enum(ISOLATIONS).optional(),
  /** Of a program. What it does not say is as at the node. */
  resources: ResourcesSchema.optional(),
  security: SecuritySchema.optional(),
});

/** What of it stands in the body of the node: the plan has the rest. */
export const UNDO_BODY_FIELDS = ['input', 'inputSchema', ...PROGRAM_KINDS] as const;

/** What is for programs alone: a task's definition says it of the task. */
export const UNDO_PROGRAM_FIELDS = ['inputSchema', 'isolation', 'resources', 'security'] as const;

/** `compensate`: a task's name alone, an object that says more, or a program; false where nothing is to undo it. */
export const CompensateSchema = z.union([
  z
    .string()
    .min(1)
    .max(200)
    .transform((task) => UndoSchema.parse({ task })),
  UndoSchema,
  z.literal(false),
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
  /** What undid it: a task's name, or `tempograph.process`, `.container` or `.faas`, as of a node that runs a program. */
  task: string;
  status: TerminalStatus;
  attempts: number;
  startedAt: string;
  endedAt: string;
  error?: { code: string; message: string };
}

/** How far a graph is that undoes what its nodes did, and what is under way. */
export interface UndoProgress {
  done: number;
  total: number;
  /** The node whose work is being undone, by what, and the queue whose workers run that. Older workers do not tell. */
  nodeId?: string;
  task?: string;
  queue?: string;
}

/** What undoes, in words: a task by its name, a program by its kind. */
export function undoerText(task: string): string {
  const kind = PROGRAM_KINDS.find((one) => KIND_TASK[one] === task);
  return kind === undefined ? task : PROGRAM_WORDS[kind];
}

const PROGRAM_WORDS: Readonly<Record<ProgramKind, string>> = {
  process: 'a process',
  container: 'a container',
  faas: 'a function',
};
