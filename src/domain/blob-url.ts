/** Which bucket a url means. */
import { TaskError } from './errors.js';
import { preview } from './json.js';

/** A place in an object store that speaks the protocol of Amazon S3. */
export interface Bucket {
  bucket: string;
  /** What every key begins with: empty, or ends with a slash. */
  prefix: string;
  /** `https://<host>:<port>`; undefined: AWS's own. */
  endpoint?: string;
  /** Undefined: what the environment says, as for other programs of AWS. */
  region?: string;
}

const EXPECTED =
  'expected s3://<bucket>/<prefix>, with ?endpoint=https://… for a store that is not AWS, and &region=… where the environment says none';
const OPTIONS = ['endpoint', 'region'];
const BUCKET = /^(?!.*\.\.)(?!\d+\.\d+\.\d+\.\d+$)[a-z0-9][\w.-]{1,61}[a-z0-9]$/i;
const REGION = /^[a-z0-9-]{1,50}$/;
const STEP = /^(?!\.{1,2}$)[^\p{Cc}\p{Zl}\p{Zp}/]+$/u;

/**
 * Reads `s3://<bucket>[/<prefix>][?endpoint=<url>][&region=<region>]`.
 *
 * @throws TaskError CONFIGURATION for anything else, and where it may hold credentials, which it does not repeat
 */
export function parseBlobUrl(value: unknown): Bucket {
  const text = typeof value === 'string' ? value.trim() : '';
  if (text.includes('@'))
    throw fault(
      'it holds an "@", as urls with credentials do; these come from where programs of AWS look for them: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, ~/.aws, the role of the machine',
    );
  // By hand: a URL has no case in its host for some schemes, and takes a path that climbs for another one.
  const [, bucket = '', path = '', query = ''] =
    /^s3:\/\/([^/?#]*)([^?#]*)(?:\?([^#]*))?$/i.exec(text) ?? [];
  if (!/^s3:\/\//i.test(text) || text.includes('#'))
    throw fault(`got ${preview(value)}; ${EXPECTED}`);
  if (!BUCKET.test(bucket)) throw fault(`${preview(bucket)} is no name of a bucket; ${EXPECTED}`);
  const prefix = prefixOf(path);
  const options = new URLSearchParams(query);
  const names = [...options.keys()];
  const unknown = names.find((name) => !OPTIONS.includes(name));
  if (unknown !== undefined) throw fault(`there is no option ${preview(unknown)}; ${EXPECTED}`);
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) throw fault(`${twice} stands there twice; ${EXPECTED}`);
  const endpoint = options.get('endpoint');
  const region = options.get('region');
  if (region !== null && !REGION.test(region))
    throw fault(`${preview(region)} is no region; ${EXPECTED}`);
  return {
    ...{ bucket, prefix },
    ...(endpoint === null ? {} : { endpoint: endpointOf(endpoint) }),
    ...(region === null ? {} : { region }),
  };
}

function prefixOf(path: string): string {
  const refuse = (): TaskError =>
    fault(`${preview(path)} is no prefix: expected names with slashes between them, as in team/a`);
  let decoded: string[];
  try {
    decoded = path.split('/').map(decodeURIComponent);
  } catch {
    throw refuse();
  }
  const steps = decoded.filter((step) => step !== '');
  if (!steps.every((step) => STEP.test(step))) throw refuse();
  return steps.map((step) => `${step}/`).join('');
}

/** Nothing but a host and a port: what else may stand in a url may be a secret. */
function endpointOf(text: string): string {
  const url = /^https?:\/\//i.test(text) && URL.canParse(text) ? new URL(text) : undefined;
  const isPlace = url && url.pathname === '/' && url.search === '' && url.hash === '';
  if (isPlace) return url.origin;
  throw fault('its endpoint is no address; expected such as https://minio.example.com:9000');
}

const fault = (message: string): TaskError => new TaskError('CONFIGURATION', `blobUrl: ${message}`);
