/** Which bucket a url means. */
import { TaskError } from './errors.js';
import { preview } from './json.js';

/** A place in an object store that speaks the protocol of Amazon S3. */
export interface Bucket {
  bucket: string;
  /** What every key begins with: empty, or ends with a slash. */
  prefix: string;
  /** Undefined: AWS's own. */
  endpoint?: string;
  /** Undefined: what the environment says, as for other programs of AWS. */
  region?: string;
}

const EXPECTED =
  'expected s3://<bucket>/<prefix>, with ?endpoint=https://… for a store that is not AWS, and &region=… where the environment says none';
const BUCKET = /^[a-z0-9][\w.-]{2,62}$/i;
const REGION = /^[a-z0-9-]{1,50}$/;

/**
 * Reads `s3://<bucket>[/<prefix>][?endpoint=<url>][&region=<region>]`.
 *
 * @throws TaskError CONFIGURATION for anything else, and where it holds credentials, which it does not repeat
 */
export function parseBlobUrl(value: unknown): Bucket {
  const text = typeof value === 'string' ? value.trim() : '';
  const url = /^s3:\/\//i.test(text) && URL.canParse(text) ? new URL(text) : undefined;
  if (!url) throw fault(`got ${preview(value)}; ${EXPECTED}`);
  if (url.username !== '' || url.password !== '')
    throw fault(
      'it holds credentials; these come from where programs of AWS look for them: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, ~/.aws, the role of the machine',
    );
  const { hostname: bucket, searchParams } = url;
  if (!BUCKET.test(bucket) || url.port !== '')
    throw fault(`${preview(url.host)} is no name of a bucket; ${EXPECTED}`);
  const unknown = [...searchParams.keys()].find((key) => key !== 'endpoint' && key !== 'region');
  if (unknown !== undefined) throw fault(`there is no option ${preview(unknown)}; ${EXPECTED}`);
  const endpoint = searchParams.get('endpoint');
  const region = searchParams.get('region');
  if (region !== null && !REGION.test(region))
    throw fault(`${preview(region)} is no region; ${EXPECTED}`);
  return {
    ...{ bucket, prefix: prefixOf(url) },
    ...(endpoint === null ? {} : { endpoint: endpointOf(endpoint) }),
    ...(region === null ? {} : { region }),
  };
}

function prefixOf({ pathname }: URL): string {
  let path: string;
  try {
    path = decodeURIComponent(pathname);
  } catch {
    throw fault(`${preview(pathname)} is no path; ${EXPECTED}`);
  }
  const steps = path.split('/').filter((step) => step !== '');
  return steps.map((step) => `${step}/`).join('');
}

function endpointOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url && /^https?:$/.test(url.protocol) && url.username === '' && url.password === '')
    return text;
  // Not the text itself: it may hold a password.
  throw fault('its endpoint is no address; expected such as https://minio.example.com:9000');
}

const fault = (message: string): TaskError => new TaskError('CONFIGURATION', `blobUrl: ${message}`);
