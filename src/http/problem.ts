/**
 * Errors as `application/problem+json` (RFC 9457), with our code beside what the RFC asks for.
 *
 * What is ours to mend is told without its message: that may name a host, a query or a path.
 */
import { homedir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { isSilence, isUnreachable } from '../client/no-answer.js';
import { ERROR_CODES, SpecInvalidError, TaskError, type ErrorCode } from '../domain/errors.js';
import type { Fault } from '../domain/fault.js';

/** HTTP's status for each of our codes, where it is thrown to a caller. */
const STATUS: Record<ErrorCode, number> = {
  SPEC_INVALID: 422,
  INPUT_INVALID: 422,
  EXPRESSION: 422,
  UNKNOWN_TASK: 422,
  DEPENDENCY: 422,
  ARTIFACT_INVALID: 422,
  CONFIGURATION: 400,
  TOO_LARGE: 413,
  NOT_FOUND: 404,
  STATE: 409,
  CANCELLED: 409,
  DENIED: 403,
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  NO_WORKER: 503,
  UNREACHABLE: 503,
  STORE: 503,
  ENVIRONMENT: 503,
  TIMEOUT: 504,
  OUTPUT_INVALID: 502,
  VETOED: 409,
  COMPENSATION_FAILED: 409,
  NON_RETRIABLE: 409,
  MAX_RETRIES_EXCEEDED: 409,
  WORKER_LOST: 503,
  CRASHED: 500,
  PROGRAM_FAILED: 409,
  PROCESS_EXIT: 409,
  RESULT_FAILED: 409,
  RESOURCE_EXHAUSTED: 409,
  OPERATOR: 409,
  ENGINE: 500,
};

/** Of what the server itself refuses, before any of our code is asked. */
export const HTTP_CODES = {
  400: 'BAD_REQUEST',
  401: 'UNAUTHENTICATED',
  403: 'FORBIDDEN',
  404: 'NOT_FOUND',
  405: 'METHOD_NOT_ALLOWED',
  408: 'REQUEST_TIMEOUT',
  409: 'STATE',
  412: 'PRECONDITION_FAILED',
  413: 'TOO_LARGE',
  415: 'UNSUPPORTED_MEDIA_TYPE',
  416: 'RANGE_NOT_SATISFIABLE',
  422: 'INPUT_INVALID',
  428: 'PRECONDITION_REQUIRED',
  429: 'RATE_LIMITED',
  431: 'TOO_LARGE',
  503: 'UNAVAILABLE',
} as const;

export const FaultShape = z
  .object({
    path: z.string(),
    code: z.string(),
    message: z.string(),
    hint: z.string().optional(),
    line: z.number().optional(),
    column: z.number().optional(),
  })
  .meta({ id: 'Fault', description: 'One thing that is wrong, and where.' });

export const ProblemShape = z
  .object({
    type: z.string().describe('about:blank: the status says it, and `code` says more'),
    title: z.string(),
    status: z.int(),
    code: z.string().describe('stable, to be matched by programs'),
    detail: z.string().describe('names the place, the value, what was expected and what to do'),
    faults: z.array(FaultShape).optional().describe('each, where there are several'),
    requestId: z.string().describe('stands in the log of the server'),
  })
  .meta({ id: 'Problem', description: 'RFC 9457 problem details.' });
export type Problem = z.infer<typeof ProblemShape>;

const TITLES: Readonly<Record<number, string>> = {
  400: 'Bad request',
  401: 'Not authenticated',
  403: 'Not allowed',
  404: 'Not found',
  405: 'Method not allowed',
  408: 'Request timed out',
  409: 'Not in this state',
  412: 'Changed meanwhile',
  413: 'Too large',
  415: 'Unsupported media type',
  416: 'Range not satisfiable',
  422: 'Invalid',
  428: 'A precondition is required',
  429: 'Too many requests',
  431: 'Headers too large',
  500: 'Internal error',
  502: 'Bad answer',
  503: 'Not available now',
  504: 'No answer in time',
};

/** What the server was to say, by status and code. */
export class HttpProblem extends Error {
  override name = 'HttpProblem';
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly faults?: readonly Fault[],
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
  }
}

/** Folders of this machine are told as `.` and `~`. */
const PLACES = [
  [process.cwd(), '.'],
  [fileURLToPath(new URL('../..', import.meta.url)).replace(/[\\/]$/, ''), '.'],
  [homedir(), '~'],
].filter(([place = '']) => place.length > 1) as [string, string][];

/** Only where the folder's name ends there: `/app` is no part of `/apples`. */
const withoutPlaces = (text: string): string =>
  PLACES.reduce(
    (told, [place, name]) =>
      told
        .split(place)
        .reduce((before, after) => before + (/^[\w.-]/.test(after) ? place : name) + after),
    text,
  );

/** The problem that a thrown thing is. @param requestId of the request that it ended */
export function problemOf(thrown: unknown, requestId: string): Problem {
  const { status, code, detail, faults } = facts(thrown);
  const title = TITLES[status] ?? 'Error';
  return {
    ...{ type: 'about:blank', title, status, code, detail: withoutPlaces(detail) },
    ...(faults === undefined ? {} : { faults: faults.map(faultOf) }),
    requestId,
  };
}

interface Facts {
  status: number;
  code: string;
  detail: string;
  faults?: readonly Fault[] | undefined;
}

function facts(thrown: unknown): Facts {
  if (thrown instanceof HttpProblem)
    return {
      ...{ status: thrown.status, code: thrown.code, detail: thrown.message },
      faults: thrown.faults,
    };
  // What the engine says then, to set an address, is for whoever runs this server.
  if (isUnreachable(thrown instanceof TaskError ? thrown.cause : thrown))
    return {
      ...{ status: 503, code: 'UNREACHABLE' },
      detail: 'the Temporal server behind this API does not answer; ask again later',
    };
  // The same of the store: its message has the place, and what the database says of the query.
  if (thrown instanceof TaskError && thrown.code === 'STORE')
    return {
      ...{ status: STATUS.STORE, code: 'STORE' },
      detail:
        'the store behind this API does not answer as it should; ask again later, the log of the server says why',
    };
  if (thrown instanceof TaskError && Object.hasOwn(ERROR_CODES, thrown.code)) {
    const { code, message } = thrown;
    const faults = thrown instanceof SpecInvalidError ? thrown.faults : undefined;
    return { status: STATUS[code], code, detail: message, faults };
  }
  if (isSilence(thrown))
    return {
      ...{ status: 503, code: 'NO_WORKER' },
      detail: 'no worker answered in time; ask again, or start one with "tempograph worker"',
    };
  const { statusCode, message } = thrown as { statusCode?: unknown; message?: unknown };
  if (typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500) {
    const code = HTTP_CODES[statusCode as keyof typeof HTTP_CODES] ?? 'BAD_REQUEST';
    return { status: statusCode, code, detail: String(message) };
  }
  return {
    ...{ status: 500, code: 'ENGINE' },
    detail: 'something went wrong that is not yours to mend; the log of the server says what',
  };
}

const faultOf = ({
  path,
  code,
  message,
  hint,
  line,
  column,
}: Fault): z.infer<typeof FaultShape> => ({
  ...{ path, code, message: withoutPlaces(message) },
  ...(hint === undefined ? {} : { hint }),
  ...(line === undefined ? {} : { line }),
  ...(column === undefined ? {} : { column }),
});
