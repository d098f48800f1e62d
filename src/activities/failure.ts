/** What a thrown thing becomes: a record for people, and a failure that Temporal can carry. */
import { ApplicationFailure } from '@temporalio/common';
import { errorKinds } from '../domain/classify.js';
import {
  ERROR_CODES,
  TaskError,
  type ErrorCode,
  type ErrorOrigin,
  type ErrorRecord,
  messageOf,
} from '../domain/errors.js';
import { getOwn, isObject } from '../domain/json.js';
import type { NodeOutcome } from '../domain/outcome.js';
import { wellCut, wellFormed } from '../domain/well-formed.js';
import { NO_REDACTION, type Redaction } from './redaction.js';

/** Above 4 KB the server drops a pending failure's type and details. */
const MESSAGE_LIMIT = 1_024;
const STACK_LIMIT = 1_500;

/**
 * The record of a thrown thing: our own code, or what the task's error calls itself. Never throws.
 *
 * @param redaction of the secrets that the attempt was given: they are taken out before anything is cut short
 */
export function recordError(
  thrown: unknown,
  retriable: boolean,
  attempt: number,
  redaction: Redaction = NO_REDACTION,
): ErrorRecord {
  try {
    return describeError(thrown, retriable, attempt, redaction);
  } catch {
    // An error whose fields cannot be read.
    return {
      code: 'Error',
      message: cut(redaction.text(messageOf(thrown)), MESSAGE_LIMIT),
      origin: 'task',
      retriable,
      attempt,
    };
  }
}

function describeError(
  thrown: unknown,
  retriable: boolean,
  attempt: number,
  redaction: Redaction,
): ErrorRecord {
  const message = cut(redaction.text(messageOf(thrown)), MESSAGE_LIMIT);
  const code = redaction.text(codeOf(thrown));
  const stack =
    isObject(thrown) && typeof thrown['stack'] === 'string' && hasOwnStack(thrown)
      ? thrown['stack']
      : undefined;
  const details = isObject(thrown) ? jsonDetails(redaction.value(thrown['details'])) : undefined;
  const cause = isObject(thrown) && thrown['cause'] !== undefined ? thrown['cause'] : undefined;
  return {
    code,
    message,
    origin: originOf(thrown, code),
    retriable,
    attempt,
    ...(details === undefined ? {} : { details }),
    ...(stack === undefined ? {} : { stack: cut(redaction.text(stack), STACK_LIMIT) }),
    ...(cause === undefined
      ? {}
      : {
          cause: {
            code: redaction.text(codeOf(cause)),
            message: cut(redaction.text(messageOf(cause)), 256),
          },
        }),
  };
}

/** Where an error of ours was made says nothing to anybody; what a program said as it failed does. */
const hasOwnStack = (thrown: object): boolean =>
  !(thrown instanceof TaskError) || thrown.code === 'PROGRAM_FAILED';

function codeOf(thrown: unknown): string {
  if (!isObject(thrown)) return 'Error';
  for (const field of [thrown['code'], thrown['type'], thrown['name']]) {
    if (typeof field === 'string' && field !== '') return cut(field, 128);
  }
  return errorKinds(thrown)[0] ?? 'Error';
}

function originOf(thrown: unknown, code: string): ErrorOrigin {
  return thrown instanceof TaskError
    ? (getOwn<{ origin: ErrorOrigin }>(ERROR_CODES, code)?.origin ?? 'engine')
    : 'task';
}

/** Details as far as they are small JSON. */
function jsonDetails(details: unknown): unknown {
  if (details === undefined || details === null) return undefined;
  try {
    const text = JSON.stringify(details);
    return text.length <= MESSAGE_LIMIT ? (JSON.parse(text) as unknown) : undefined;
  } catch {
    return undefined;
  }
}

/** Well-formed besides: a failure with half a character in its texts ends the worker that sends it. */
const cut = (text: string, limit: number): string =>
  text.length > limit ? `${wellCut(text, limit)}…` : wellFormed(text);

/** A failure after which the server tries again, after exactly this long. */
export function retryFailure(error: ErrorRecord, waitMs: number): ApplicationFailure {
  // 0 would mean "no retry" to the server.
  return ApplicationFailure.create({
    message: wellFormed(error.message),
    type: wellFormed(error.code),
    details: [{ error: { ...error, stack: undefined } }],
    nextRetryDelay: Math.max(1, waitMs),
  });
}

/** A failure that ends the node, its envelope in the details. */
export function finalFailure(outcome: NodeOutcome): ApplicationFailure {
  const { error } = outcome;
  return ApplicationFailure.create({
    message: wellFormed(error?.message ?? outcome.status),
    type: wellFormed(error?.code ?? ('ENGINE' satisfies ErrorCode)),
    details: [outcome],
    nonRetryable: true,
  });
}
