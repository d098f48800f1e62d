/** A problem that the server told, as the error that it was there: same class, code, message and faults. */
import {
  ERROR_CODES,
  SpecInvalidError,
  TaskError,
  TaskStateError,
  type ErrorCode,
} from '../domain/errors.js';
import type { Fault } from '../domain/fault.js';
import { isObject } from '../domain/json.js';

/** Of what HTTP itself refuses, which has no code of ours. */
const OUR_CODE: Readonly<Record<string, ErrorCode>> = {
  BAD_REQUEST: 'CONFIGURATION',
  METHOD_NOT_ALLOWED: 'CONFIGURATION',
  UNSUPPORTED_MEDIA_TYPE: 'CONFIGURATION',
  RANGE_NOT_SATISFIABLE: 'CONFIGURATION',
  PRECONDITION_FAILED: 'STATE',
  PRECONDITION_REQUIRED: 'STATE',
  REQUEST_TIMEOUT: 'UNREACHABLE',
  RATE_LIMITED: 'UNREACHABLE',
  UNAVAILABLE: 'UNREACHABLE',
};

/** Undefined for what is no problem+json. */
export function errorOfProblem(problem: unknown): TaskError | undefined {
  if (!isObject(problem)) return undefined;
  const { code: given, detail, faults } = problem;
  if (typeof given !== 'string' || typeof detail !== 'string') return undefined;
  const code = Object.hasOwn(ERROR_CODES, given) ? (given as ErrorCode) : OUR_CODE[given];
  if (code === 'SPEC_INVALID' && Array.isArray(faults))
    return new SpecInvalidError(faults as Fault[], subjectOf(detail));
  if (code === 'STATE') return new TaskStateError(detail);
  return new TaskError(code ?? 'ENGINE', detail);
}

/** `pipeline refused, 2 faults: …` is of a pipeline. */
const subjectOf = (detail: string): string => /^(.*?) refused, /.exec(detail)?.[1] ?? 'graph';
