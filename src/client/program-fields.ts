/** What may be said of a program wherever a task may be named: the fields that a node of a graph has for it. */
import { PROGRAM_KINDS, type ProgramKind } from '../domain/program.js';
import type { GraphSpec } from '../domain/spec.js';

type Node = GraphSpec['tasks'][number];
export type ProgramFields = Pick<
  Node,
  'process' | 'container' | 'faas' | 'inputSchema' | 'outputSchema'
>;

export const PROGRAM_FIELDS = [...PROGRAM_KINDS, 'inputSchema', 'outputSchema'] as const;

/** Which of the kinds is said; undefined where there is none. */
export const programKind = (said: ProgramFields): ProgramKind | undefined =>
  PROGRAM_KINDS.find((kind) => said[kind] !== undefined);

/** What of a submission is a program's, as far as it is said, and all else. */
export function splitProgram<T extends ProgramFields>(
  said: T,
): { program: ProgramFields; rest: Omit<T, keyof ProgramFields> } {
  const { process, container, faas, inputSchema, outputSchema, ...rest } = said;
  const fields = { process, container, faas, inputSchema, outputSchema };
  const program = Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== undefined),
  );
  return { program, rest };
}
