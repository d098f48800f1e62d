/** Errors of functions: what one says of itself, what its host says, and what the way to it does. */
import { messageOf, NonRetriableError, TaskError } from '../domain/errors.js';
import { isObject, type Json } from '../domain/json.js';
import { targetFault } from '../domain/target-fault.js';
import { httpError, isRetriableStatus, retryAfterMs } from '../net/http-error.js';

/** Characters of an answer that a message holds. */
const EXCERPT = 300;
const CODE = /^[A-Za-z_][\w.:-]{0,127}$/;

/** A function failed: with the code, message and stack that it gave. */
export class FunctionError extends Error {
  override name = 'FunctionError';
  declare readonly code: string;
  declare readonly retriable?: boolean;
  declare readonly retryAfterMs?: number;
  declare readonly details?: unknown;

  constructor(
    message: string,
    fields: {
      code: string;
      retriable?: boolean | undefined;
      retryAfterMs?: number | undefined;
      details?: unknown;
      stack?: string | undefined;
    },
    cause?: unknown,
  ) {
    super(message, cause === undefined ? undefined : { cause });
    for (const [name, value] of Object.entries(fields))
      if (value !== undefined) Object.assign(this, { [name]: value });
  }
}

/** What a function says of its own failure. */
export interface ToldError {
  message: string;
  code?: string;
  retriable?: boolean;
  details?: unknown;
  stack?: string;
}

/**
 * The error in a body: `{ error: { message, code?, retriable?, details?, stack? } }`, or Lambda's
 * `{ errorType, errorMessage, stackTrace }`. Undefined for any other body. A code that is no name is passed over.
 */
export function toldError(text: string): ToldError | undefined {
  const body = parsed(text);
  if (!isObject(body)) return undefined;
  if (typeof body['errorMessage'] === 'string') return lambdaError(body, body['errorMessage']);
  const { error } = body;
  if (!isObject(error) || typeof error['message'] !== 'string') return undefined;
  const { message, code, retriable, details, stack } = error;
  return {
    message,
    ...(isCode(code) ? { code } : {}),
    ...(typeof retriable === 'boolean' ? { retriable } : {}),
    ...(details === undefined ? {} : { details }),
    ...(typeof stack === 'string' ? { stack } : {}),
  };
}

/** `stackTrace` is of all runtimes; Node's `trace` begins with type and message. */
function lambdaError(body: Record<string, unknown>, message: string): ToldError {
  const { errorType, stackTrace, trace } = body;
  const stack = Array.isArray(trace) ? linesOf(trace) : linesOf(stackTrace);
  const head = Array.isArray(trace)
    ? ''
    : `${isCode(errorType) ? errorType : 'Error'}: ${message}\n`;
  return {
    message,
    ...(isCode(errorType) ? { code: errorType } : {}),
    ...(stack === '' ? {} : { stack: `${head}${stack}` }),
  };
}

function linesOf(lines: unknown): string {
  return Array.isArray(lines)
    ? lines
        .filter((line) => typeof line === 'string')
        .map((line) => line.trimEnd())
        .join('\n')
    : '';
}

const isCode = (value: unknown): value is string => typeof value === 'string' && CODE.test(value);

/** An answer that is no success. */
export interface FailedAnswer {
  /** Where it came from, without anything that may be secret. */
  from: string;
  status: number;
  /** Its beginning, where it is long. */
  text: string;
  retryAfter: unknown;
}

/**
 * The error of an answer: what the function says of itself comes first, then the status. 401, 403 and 404 of a host are
 * CONFIGURATION: another attempt would end the same.
 */
export function answerError(answer: FailedAnswer): Error {
  const told = toldError(answer.text);
  const error = errorOf(answer, told);
  const { status } = answer;
  const isTarget = BEFORE_IT.includes(status) || (status >= 500 && !told);
  return isTarget ? targetFault(error) : error;
}

/** What stands before a function says these, or the function of itself: it cannot be had now. */
const BEFORE_IT: readonly number[] = [429, 502, 503, 504];

function errorOf(
  { from, status, text, retryAfter }: FailedAnswer,
  told: ToldError | undefined,
): Error {
  if (told?.code !== undefined)
    return new FunctionError(told.message, {
      code: told.code,
      retriable: told.retriable ?? isRetriableStatus(status),
      retryAfterMs: retryAfterMs(retryAfter),
      ...{ details: told.details ?? { status }, stack: told.stack },
    });
  if (told && !NO_ACCESS[status]) return unnamedError(told, { from, status, retryAfter });
  const excerpt = text.trim() === '' ? '' : `: ${text.trim().slice(0, EXCERPT)}`;
  const refusal = NO_ACCESS[status];
  if (refusal !== undefined)
    return new TaskError('CONFIGURATION', `${from} answered ${status}, ${refusal}${excerpt}`, {
      details: { status },
    });
  return httpError(`${from} answered ${status}${excerpt}`, status, retryAfter);
}

const NO_ACCESS: Readonly<Record<number, string | undefined>> = {
  401: 'access denied: it wants to know who asks (headers, secretHeaders)',
  403: 'access denied',
  404: 'there is no such function',
};

/** A message without a name: the status is its code, unless that would be retried against the function's own word. */
function unnamedError(
  { message, retriable, details }: ToldError,
  { from, status, retryAfter }: Omit<FailedAnswer, 'text'>,
): Error {
  const text = `${from} answered ${status}: ${message}`;
  if (retriable === false) return new NonRetriableError(text, { details: details ?? { status } });
  return Object.assign(httpError(text, status, retryAfter), {
    ...(retriable === undefined ? {} : { retriable }),
    ...(details === undefined ? {} : { details }),
  });
}

function parsed(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}

/** Names that our HTTP client has for what Node calls otherwise: retry lists know Node's. */
const NODE_CODES: Readonly<Record<string, string>> = {
  UND_ERR_SOCKET: 'ECONNRESET',
  UND_ERR_CONNECT_TIMEOUT: 'ETIMEDOUT',
};
const NETWORK: readonly string[] = [
  ...['ECONNRESET', 'ECONNREFUSED', 'ECONNABORTED', 'ETIMEDOUT', 'EPIPE', 'EAI_AGAIN'],
  ...['EHOSTUNREACH', 'ENETUNREACH'],
];
/** What the client refuses to send. */
const UNSENDABLE = [
  ...['UND_ERR_INVALID_ARG', 'UND_ERR_NOT_SUPPORTED', 'UND_ERR_REQ_CONTENT_LENGTH_MISMATCH'],
];

/** The error of a request that got no whole answer. Errors of ours pass as they are. */
export function wayError(thrown: unknown, from: string): unknown {
  if (thrown instanceof TaskError || !isObject(thrown)) return thrown;
  const own = networkCode(thrown) ?? thrown['name'];
  if (typeof own !== 'string') return thrown;
  const message = `${from}: ${described(thrown)}`;
  if (UNSENDABLE.includes(own)) return new TaskError('CONFIGURATION', message, { cause: thrown });
  const code = NODE_CODES[own] ?? own;
  const retriable = NETWORK.includes(code) ? true : undefined;
  return targetFault(new FunctionError(message, { code, retriable }, thrown));
}

/** A host with several addresses fails with one error for each. */
function networkCode(thrown: Record<string, unknown>): string | undefined {
  const { code, errors } = thrown;
  if (typeof code === 'string') return code;
  const first: unknown = Array.isArray(errors) ? errors[0] : undefined;
  return isObject(first) && typeof first['code'] === 'string' ? first['code'] : undefined;
}

function described(thrown: Record<string, unknown>): string {
  const message = messageOf(thrown);
  return message === '(no message)' ? String(networkCode(thrown)) : message;
}
