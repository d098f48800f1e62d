/** One thing that is wrong with a spec: where, what, and what to do. */
import { formatPath, type Path } from './json.js';

/** What kind of fault it is. */
export type FaultCode =
  | 'INVALID_TYPE'
  | 'INVALID_VALUE'
  | 'UNKNOWN_FIELD'
  | 'MISSING'
  | 'DUPLICATE_ID'
  | 'UNKNOWN_DEPENDENCY'
  | 'CYCLE'
  | 'UNKNOWN_TASK'
  | 'UNKNOWN_HOOK'
  | 'UNKNOWN_PARAM'
  | 'PARAM_INVALID'
  | 'UNKNOWN_REFERENCE'
  | 'NOT_AN_ANCESTOR'
  | 'EXPRESSION'
  | 'RETRY'
  | 'LIMIT'
  | 'CIRCUIT'
  /** A program that the workers cannot run as it stands: an image that there is not, a secret that is missing. */
  | 'PROGRAM'
  | 'TOO_LARGE'
  | 'INPUT_INVALID'
  | 'YAML'
  | 'FILE'
  | 'ENGINE';

/** One thing that is wrong with what was given: its place, what is wrong, and what to do. */
export interface Fault {
  /** The place, as `formatPath` writes it. */
  path: string;
  code: FaultCode;
  message: string;
  hint?: string;
  /** Line and column in the file the spec was read from, from 1. */
  line?: number;
  column?: number;
}

/** A fault at a place. */
export function fault(path: Path, code: FaultCode, message: string, hint?: string): Fault {
  return { path: formatPath(path), code, message, ...(hint === undefined ? {} : { hint }) };
}

/** How the whole is written as a place. */
const ROOT = formatPath([]);

/** All faults, one a line: `tasks[3].dependsOn[0]: unknown task "lod" (did you mean "load"?)`. */
export function formatFaults(faults: readonly Fault[]): string {
  return faults
    .map(({ path, message, hint, line, column }) => {
      const place = line === undefined ? '' : `${line}:${column ?? 1} `;
      // A line says where it is, and nobody wrote a name for the whole.
      const where = path === ROOT && line !== undefined ? '' : `${path}: `;
      return `${place}${where}${message}${hint === undefined ? '' : ` (${hint})`}`;
    })
    .join('\n');
}

/** An error's message for one line. That of a refused spec has a fault a line, which would run into each other. */
export function messageInLine({ code, message }: { code: string; message: string }): string {
  return code === 'SPEC_INVALID' ? message.replaceAll('\n', '; ') : message;
}

/** Faults of the graph of one that a lone task runs as, where its caller said them: `retry`, and not `tasks[0].retry`. */
export const atLone = (faults: readonly Fault[]): Fault[] =>
  faults.map((one) => ({ ...one, path: one.path.replace(/^tasks\[0\]\./, '') }));
