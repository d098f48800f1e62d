/** What every converter takes and gives. */
import { TaskError } from '../domain/errors.js';
import type { Json } from '../domain/json.js';
import type { GraphSpec } from '../domain/spec.js';
import type { Loss } from './loss.js';

/** The formats that are read. `pipeline` is Tempograph's own, to write it in another form. */
export const FORMATS = ['argo', 'github', 'wfformat', 'mermaid', 'dot', 'pipeline'] as const;
/** Another tool's format. */
export type Format = (typeof FORMATS)[number];

/** How a file is read. */
export interface ConvertOptions {
  /** What the text is. Default: what it looks like. */
  from?: Format;
  /**
   * The task that every step runs, until each gets its own. Default `noop`; containers and scripts of Argo become programs
   * instead where none is named.
   */
  task?: string;
  /** The pipeline's name where the text has none, such as the file's. Default `converted`. */
  name?: string;
  /** Argo only: the template to begin with. Default: the file's own entrypoint. */
  entrypoint?: string;
}

/** A pipeline out of another tool's file, with all that was lost. */
export interface Conversion {
  /** A pipeline without faults. */
  pipeline: GraphSpec;
  /** Every part of the text that the pipeline does not say, in the order of the text as far as that can be. */
  losses: Loss[];
}

/** The options with their defaults. */
export interface Settled {
  task: string;
  /** Containers and scripts of Argo become programs, not inputs of the task. */
  programs: boolean;
  name: string;
  entrypoint?: string;
}

/** A node as the converters make it. */
export type NewNode = GraphSpec['tasks'][number] & { input?: Json };

/** The error for a text that is not what it is said to be. */
export function refused(message: string): TaskError {
  return new TaskError('SPEC_INVALID', message);
}

/** Bytes of JSON that all inputs of a pipeline may come to; a little over what a spec may have, which is refused then. */
const MOST_INPUT = 4_000_000;

/** Adds up what a conversion makes, so that a small file cannot become gigabytes. */
export class Budget {
  private bytes = 0;

  /** @throws TaskError TOO_LARGE */
  spend(bytes: number): void {
    this.bytes += bytes;
    if (this.bytes > MOST_INPUT)
      throw new TaskError(
        'TOO_LARGE',
        `the nodes' inputs come to more than ${MOST_INPUT} bytes; a pipeline has at most 1,900,000 in all`,
      );
  }
}

/** How the loss of work that only the other tool can run is told. */
export function keptAsInput(what: string, task: string): string {
  return task === 'noop'
    ? `${what} kept as the node's input; the task noop does nothing with it`
    : `${what} kept as the node's input, for the task ${task} to do`;
}
