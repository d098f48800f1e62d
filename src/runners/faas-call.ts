/** What every function is told about the call, whatever it is reached by: as headers, or in Lambda's client context. */
import type { FaasSpec } from '../domain/program.js';
import type { ProgramRequest } from './program.js';
import type { RunOptions } from './runner.js';
import { traceHeaders } from './trace-headers.js';

/** A request whose program is a function. */
export interface FunctionCall extends ProgramRequest {
  faas: FaasSpec;
}

/** How a call ends that has ended well. */
export interface FunctionAnswer {
  output: unknown;
  /** The origin of the url, or the function and the version that ran. */
  environmentId: string;
}

export type CallOptions = Pick<RunOptions, 'signal' | 'onOutput'>;

/**
 * The facts of a call by the names of their headers: `idempotency-key`, `tempograph-deadline` (ISO),
 * `tempograph-attempt` (from 1), `tempograph-task-id`, `tempograph-workflow-id`, and the trace where there is one.
 * Values are as they are, not yet {@link headerText}.
 */
export async function callFacts({ context }: ProgramRequest): Promise<Record<string, string>> {
  return {
    'idempotency-key': context.idempotencyKey,
    'tempograph-deadline': context.deadline.toISOString(),
    'tempograph-attempt': String(context.attempt),
    'tempograph-task-id': context.executionId,
    'tempograph-workflow-id': context.graphId,
    ...(await traceHeaders()),
  };
}

/**
 * A text as the value of a header: printable ASCII as it is, everything else, space, `"` and `%` as `%XX` of its UTF-8.
 * The rule of CloudEvents (HTTP binding, 3.1.3.2): no two texts become the same value.
 */
export function headerText(text: string): string {
  return text.replace(/[^\x21\x23\x24\x26-\x7e]/gu, (character) =>
    [...Buffer.from(character, 'utf8')]
      .map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`)
      .join(''),
  );
}
