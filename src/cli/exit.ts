/** Exit codes, and how whatever was thrown becomes one of them, with a code and a message for people and programs. */
import { grpcStatus } from '../client/no-answer.js';
import { TaskError, type ErrorCode } from '../domain/errors.js';
import { ServerUnavailableError } from '../servers/unavailable.js';

export const EXIT = {
  /** What was asked for is done; an execution ended COMPLETED, with or without warnings. */
  done: 0,
  /** The execution failed, timed out or was cancelled. */
  failed: 1,
  /** Bad usage, or an input that was refused before anything ran. */
  refused: 2,
  /** Temporal or the store cannot be reached. */
  unreachable: 3,
  /** Ctrl-C: nobody watches any more, the execution goes on. */
  interrupted: 130,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** TypeScript refuses an error code without a row. */
const EXIT_OF: Record<ErrorCode, ExitCode> = {
  INPUT_INVALID: EXIT.refused,
  SPEC_INVALID: EXIT.refused,
  CONFIGURATION: EXIT.refused,
  UNKNOWN_TASK: EXIT.refused,
  EXPRESSION: EXIT.refused,
  TOO_LARGE: EXIT.refused,
  STATE: EXIT.refused,
  UNREACHABLE: EXIT.unreachable,
  NO_WORKER: EXIT.unreachable,
  STORE: EXIT.unreachable,
  OUTPUT_INVALID: EXIT.failed,
  DENIED: EXIT.failed,
  COMPENSATION_FAILED: EXIT.failed,
  VETOED: EXIT.failed,
  NON_RETRIABLE: EXIT.failed,
  CANCELLED: EXIT.failed,
  DEPENDENCY: EXIT.failed,
  NOT_FOUND: EXIT.refused,
  UNAUTHENTICATED: EXIT.refused,
  FORBIDDEN: EXIT.refused,
  MAX_RETRIES_EXCEEDED: EXIT.failed,
  TIMEOUT: EXIT.failed,
  WORKER_LOST: EXIT.failed,
  ENVIRONMENT: EXIT.failed,
  CRASHED: EXIT.failed,
  PROCESS_EXIT: EXIT.failed,
  PROGRAM_FAILED: EXIT.failed,
  ARTIFACT_INVALID: EXIT.failed,
  RESULT_FAILED: EXIT.failed,
  RESOURCE_EXHAUSTED: EXIT.failed,
  OPERATOR: EXIT.failed,
  ENGINE: EXIT.failed,
};

/** The command line cannot be used as it is. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** What an error comes to at the end of a command. */
export interface CommandFailure {
  exit: ExitCode;
  code: string;
  message: string;
  details?: unknown;
  stack?: string;
}

export function failureOf(error: unknown): CommandFailure {
  const stack = error instanceof Error && error.stack ? { stack: error.stack } : {};
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof UsageError) return { exit: EXIT.refused, code: 'USAGE', message, ...stack };
  if (error instanceof ServerUnavailableError)
    return {
      exit: EXIT.unreachable,
      code: 'UNREACHABLE',
      message,
      details: error.ways,
      ...stack,
    };
  if (error instanceof TaskError) {
    const details = error.details === undefined ? {} : { details: error.details };
    return { exit: EXIT_OF[error.code], code: error.code, message, ...details, ...stack };
  }
  return { ...fromTemporal(error, message), ...stack };
}

/** gRPC status codes that say the server is not there, or not for us. */
const UNREACHABLE_STATUS: Readonly<Record<number, string>> = {
  1: 'Temporal did not answer in time',
  4: 'Temporal did not answer in time',
  7: 'Temporal refused permission',
  14: 'the connection to Temporal was lost',
  16: 'Temporal refused the credentials',
};

/** Errors that the SDK throws by itself: a connection lost on the way, a namespace that is not there. */
function fromTemporal(error: unknown, message: string): Omit<CommandFailure, 'stack'> {
  if (isNamed(error, 'NamespaceNotFoundError') || /Namespace .* (is )?not found/i.test(message)) {
    const hint = 'choose another with --namespace or TEMPORAL_NAMESPACE';
    return { exit: EXIT.refused, code: 'CONFIGURATION', message: `${message}; ${hint}` };
  }
  const status = grpcStatus(error);
  const lost = status === undefined ? undefined : UNREACHABLE_STATUS[status.code];
  if (lost !== undefined || isNamed(error, 'TransportError')) {
    const why = status?.details ?? message;
    return {
      exit: EXIT.unreachable,
      code: 'UNREACHABLE',
      message: `${lost ?? UNREACHABLE_STATUS[14] ?? 'Temporal is not there'}: ${why}`,
    };
  }
  const why = status && !message.includes(status.details) ? `: ${status.details}` : '';
  return { exit: EXIT.failed, code: 'ENGINE', message: `${message}${why}` };
}

const isNamed = (error: unknown, name: string): boolean =>
  error instanceof Error && error.name === name;
