/** What an object store says when it does not do what it is asked. */
import { messageOf, TaskError } from '../domain/errors.js';
import { isObject } from '../domain/json.js';

/** Said beside the store's own words, by their name. */
const HINTS: Readonly<Record<string, string>> = {
  NoSuchBucket: 'make the bucket, or name another in TEMPOGRAPH_BLOB_URL',
  AccessDenied:
    'give this process s3:GetObject, s3:PutObject and s3:AbortMultipartUpload on the keys, and s3:ListBucket on the bucket, without which a missing key is denied too',
  InvalidAccessKeyId: 'set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY',
  SignatureDoesNotMatch: 'set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY',
  CredentialsProviderError:
    'set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run where a role is given',
  PermanentRedirect: 'the bucket is in another region: add ?region=… to TEMPOGRAPH_BLOB_URL',
  AuthorizationHeaderMalformed:
    'the bucket is in another region: add ?region=… to TEMPOGRAPH_BLOB_URL',
};
const NO_REGION = 'Region is missing';
/** What another request may find otherwise. */
const PASSING = [408, 409, 425, 429];

/** What a store gave that cannot be what was kept there, or is no answer of such a store. */
export class BrokenAnswer extends Error {}

/** @param from what could not be done, and where */
export function bucketError(thrown: unknown, from: string): TaskError {
  const name = nameOf(thrown);
  const message = messageOf(thrown);
  const hint =
    message === NO_REGION
      ? 'set AWS_REGION, or add ?region=… to TEMPOGRAPH_BLOB_URL'
      : Object.hasOwn(HINTS, name)
        ? HINTS[name]
        : undefined;
  const told = `${from}: ${toldBy(thrown, name, message)}${hint === undefined ? '' : `; ${hint}`}`;
  return new TaskError('STORE', told, { cause: thrown });
}

function toldBy(thrown: unknown, name: string, message: string): string {
  const status = statusOf(thrown);
  if (status === undefined)
    return name === 'Error' || message.startsWith(name) ? message : `${name}: ${message}`;
  // What the SDK says where the body was no answer of S3, such as a page of a balancer.
  const isForeign = /parse error|deserializ/i.test(message) || /^(Unknown|Error$)/.test(name);
  return isForeign
    ? `HTTP ${status}, and not in the words of such a store`
    : `HTTP ${status}, ${name}: ${message}`;
}

/** True for what may be otherwise in a moment: no answer, half of one, an error of the store's own, too many requests. */
export function isPassing(thrown: unknown): boolean {
  if (thrown instanceof TaskError) return false;
  if (thrown instanceof BrokenAnswer) return true;
  if (messageOf(thrown) === NO_REGION || nameOf(thrown) === 'CredentialsProviderError')
    return false;
  const status = statusOf(thrown);
  if (status === undefined) return true;
  if (status >= 500) return status !== 501;
  // A store says why there is no such key; somebody before it, that it is away, does not.
  if (status === 404) return !['NoSuchKey', 'NoSuchBucket'].includes(nameOf(thrown));
  return PASSING.includes(status);
}

const nameOf = (thrown: unknown): string =>
  isObject(thrown) && typeof thrown['name'] === 'string' ? thrown['name'] : 'Error';

/** Of an answer of the store; undefined where there was none. */
export function statusOf(thrown: unknown): number | undefined {
  const metadata = isObject(thrown) ? thrown['$metadata'] : undefined;
  const status = isObject(metadata) ? metadata['httpStatusCode'] : undefined;
  return typeof status === 'number' ? status : undefined;
}

/** The store says that it has no such key. */
export const isMissing = (thrown: unknown): boolean => nameOf(thrown) === 'NoSuchKey';
