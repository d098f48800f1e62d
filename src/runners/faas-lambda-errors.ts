/** What the Lambda service says when it does not run a function. */
import { messageOf, TaskError, type ErrorCode } from '../domain/errors.js';
import { isObject } from '../domain/json.js';
import { targetFault } from '../domain/target-fault.js';
import { isRetriableStatus } from '../net/http-error.js';
import { FunctionError, wayError } from './faas-errors.js';
import { notPrepared } from './program.js';

/** What stays so until somebody changes it. */
const HOPELESS: Readonly<Record<string, [code: ErrorCode, what: string]>> = {
  ResourceNotFoundException: ['CONFIGURATION', 'there is no such function, version or alias'],
  AccessDeniedException: ['CONFIGURATION', 'access denied'],
  UnrecognizedClientException: ['CONFIGURATION', 'access denied'],
  InvalidSignatureException: ['CONFIGURATION', 'access denied'],
  InvalidClientTokenId: ['CONFIGURATION', 'access denied'],
  IncompleteSignature: ['CONFIGURATION', 'access denied'],
  KMSAccessDeniedException: ['CONFIGURATION', 'access to its key denied'],
  ValidationException: ['CONFIGURATION', 'it cannot be asked like this'],
  InvalidParameterValueException: ['CONFIGURATION', 'it cannot be asked like this'],
  InvalidRequestContentException: ['CONFIGURATION', 'it cannot be asked like this'],
  InvalidRuntimeException: ['CONFIGURATION', 'it cannot run'],
  InvalidZipFileException: ['CONFIGURATION', 'it cannot run'],
  RequestTooLargeException: ['TOO_LARGE', 'the input is larger than Lambda takes'],
};
/** The worker's credentials; they may be renewed. The function has not run. */
const CREDENTIALS = ['CredentialsProviderError', 'ExpiredTokenException', 'TokenProviderError'];
/** A function that is being made or changed. */
const NOT_YET = [
  'ResourceConflictException',
  'ResourceNotReadyException',
  'SnapStartNotReadyException',
];

/** @param thrown by the SDK's client */
export function sdkError(thrown: unknown, from: string): unknown {
  if (!isObject(thrown)) return thrown;
  const name = typeof thrown['name'] === 'string' ? thrown['name'] : 'Error';
  const message = messageOf(thrown);
  const hopeless = Object.hasOwn(HOPELESS, name) ? HOPELESS[name] : undefined;
  if (hopeless) {
    const [code, what] = hopeless;
    return new TaskError(code, `${from}: ${what}: ${message}`, { cause: thrown });
  }
  if (CREDENTIALS.includes(name)) return notPrepared(`AWS credentials: ${message}`, thrown);
  if (message === 'Region is missing')
    return new TaskError(
      'CONFIGURATION',
      `${from}: no region is known; give faas.region, or AWS_REGION to the worker`,
      { cause: thrown },
    );
  const status = statusOf(thrown);
  // No answer: the way there failed.
  if (status === undefined) return wayError(thrown, from);
  const retriable = isRetriableStatus(status) || NOT_YET.includes(name) || isThrottling(thrown);
  const afterMs = Number(thrown['retryAfterSeconds'] ?? Number.NaN) * 1_000;
  const error = new FunctionError(
    `${from}: ${name}: ${message}`,
    {
      code: name,
      retriable,
      retryAfterMs: Number.isFinite(afterMs) ? afterMs : undefined,
      details: { status },
    },
    thrown,
  );
  return retriable || status >= 500 ? targetFault(error) : error;
}

/** Of an answer of the service; undefined where there was none. */
function statusOf({ $metadata: metadata }: Record<string, unknown>): number | undefined {
  const status = isObject(metadata) ? metadata['httpStatusCode'] : undefined;
  return typeof status === 'number' ? status : undefined;
}

function isThrottling({ $retryable: retryable }: Record<string, unknown>): boolean {
  return isObject(retryable) && retryable['throttling'] === true;
}
