/** What an object store says when it does not do what it is asked. */
import { messageOf, TaskError } from '../domain/errors.js';
import { isObject } from '../domain/json.js';

/** Said beside the store's own words, by their name. */
const HINTS: Readonly<Record<string, string>> = {
  NoSuchBucket: 'make the bucket, or name another in TEMPOGRAPH_BLOB_URL',
  NotFound: 'is there such a bucket?',
  AccessDenied:
    'give this process s3:GetObject, s3:PutObject and s3:AbortMultipartUpload on the keys, and s3:ListBucket on the bucket, without which a missing key is denied too',
  Forbidden: 'give this process s3:GetObject on the keys, and s3:ListBucket on the bucket',
  InvalidAccessKeyId: 'set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY',
  SignatureDoesNotMatch: 'set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY',
  CredentialsProviderError:
    'set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run where a role is given',
  PermanentRedirect: 'the bucket is in another region: add ?region=… to TEMPOGRAPH_BLOB_URL',
};

/** @param from what could not be done, and where */
export function bucketError(thrown: unknown, from: string): TaskError {
  const name = isObject(thrown) && typeof thrown['name'] === 'string' ? thrown['name'] : 'Error';
  const message = messageOf(thrown);
  const hint =
    message === 'Region is missing'
      ? 'set AWS_REGION, or add ?region=… to TEMPOGRAPH_BLOB_URL'
      : Object.hasOwn(HINTS, name)
        ? HINTS[name]
        : undefined;
  const told = name === 'Error' || message.startsWith(name) ? message : `${name}: ${message}`;
  return new TaskError('STORE', `${from}: ${told}${hint === undefined ? '' : `; ${hint}`}`, {
    cause: thrown,
  });
}

/** Of an answer of the store; undefined where there was none. */
function statusOf(thrown: unknown): number | undefined {
  const metadata = isObject(thrown) ? thrown['$metadata'] : undefined;
  const status = isObject(metadata) ? metadata['httpStatusCode'] : undefined;
  return typeof status === 'number' ? status : undefined;
}

/** There is a bucket, and no such key in it. */
export const isMissing = (thrown: unknown): boolean =>
  statusOf(thrown) === 404 && !(isObject(thrown) && thrown['name'] === 'NoSuchBucket');

/** Somebody else has written the key, or is just writing it. */
export const isThere = (thrown: unknown): boolean => [409, 412].includes(statusOf(thrown) ?? 0);
