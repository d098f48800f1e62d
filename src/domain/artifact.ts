/**
 * Artifacts: files and other bytes that a task leaves beside its output. What a name may be, how many there may be, and
 * how they are listed.
 */
import { TaskError } from './errors.js';
import { preview } from './json.js';

/** One artifact as it is listed. Its bytes lie in the blob store. */
export interface Artifact {
  /** A relative path such as `report.html` or `plots/a.png`. */
  name: string;
  bytes: number;
  contentType: string;
  ref: string;
}

/** An artifact with the node that left it. */
export interface NodeArtifact extends Artifact {
  nodeId: string;
}

/** What is kept: bytes, a text, or the file at a path (a relative one from the worker's folder). */
export type ArtifactSource = string | URL | Uint8Array | { text: string };

/** What may be said of a file that is kept. */
export interface ArtifactOptions {
  /** A media type such as `text/html`. Default by the name's ending, else `application/octet-stream`. */
  contentType?: string;
}

/** Artifacts of one attempt. */
export const ARTIFACTS_LIMIT = 100;
const NAME_LIMIT = 200;
const CONTENT_TYPE_LIMIT = 100;

/** Endings that people look at in a browser. Anything else is bytes until the task says what it is. */
const CONTENT_TYPES: Readonly<Record<string, string>> = {
  csv: 'text/csv',
  gz: 'application/gzip',
  html: 'text/html',
  jpg: 'image/jpeg',
  json: 'application/json',
  md: 'text/markdown',
  pdf: 'application/pdf',
  png: 'image/png',
  svg: 'image/svg+xml',
  txt: 'text/plain',
  xml: 'application/xml',
  zip: 'application/zip',
};

/**
 * Refuses a name that is no relative path below the place where the artifacts are put: whoever fetches them writes files
 * of these names.
 *
 * @throws TaskError ARTIFACT_INVALID
 */
export function assertArtifactName(name: unknown): asserts name is string {
  const wrong = typeof name === 'string' ? nameFault(name) : `is no text but ${preview(name)}`;
  if (wrong === undefined) return;
  const shown = typeof name === 'string' ? `${preview(name.slice(0, 80))} ` : '';
  throw invalid(
    `the name ${shown}${wrong}; expected a relative path such as "plots/a.png", of at most ${NAME_LIMIT} characters`,
  );
}

/** Why a name is no relative path below a folder, as a verb and its object; undefined where it is one. */
export function nameFault(name: string): string | undefined {
  if (name === '') return 'is empty';
  if (name.length > NAME_LIMIT) return `has ${name.length} characters`;
  // U+FFFD is what stands in the place of bytes that are no UTF-8: two such names may be the same.
  if (/[\p{Cc}\p{Cs}\uFFFD]/u.test(name)) return 'holds control or broken characters';
  if (/^\/|^[A-Za-z]:|\\/.test(name)) return 'begins at a root or holds a backslash';
  const parts = name.split('/');
  if (parts.some((part) => part === '..')) return 'climbs out of its folder';
  return parts.some((part) => part === '' || part === '.') ? 'has a part that is empty' : undefined;
}

/** The media type: as said, else by the name's ending. @throws TaskError ARTIFACT_INVALID */
export function contentTypeOf(name: string, said: unknown): string {
  if (said === undefined) {
    const ending = /\.([A-Za-z0-9]+)$/.exec(name)?.[1]?.toLowerCase() ?? '';
    return Object.hasOwn(CONTENT_TYPES, ending)
      ? (CONTENT_TYPES[ending] as string)
      : 'application/octet-stream';
  }
  if (
    typeof said === 'string' &&
    said.length <= CONTENT_TYPE_LIMIT &&
    /^[\w.+-]+\/[\w.+-]+(;\s*[\w.+-]+=("[^"\p{Cc}]*"|[\w.+-]+))*$/u.test(said)
  )
    return said;
  throw invalid(
    `${preview(name)}: contentType: expected a media type such as "text/html", got ${preview(said)}`,
  );
}

/** @throws TaskError TOO_LARGE with the number and the limit */
export function assertArtifactSize(name: string, bytes: number, maxBytes: number): void {
  if (bytes <= maxBytes) return;
  throw new TaskError(
    'TOO_LARGE',
    `artifact ${preview(name)} has ${bytes.toLocaleString('en')} bytes; the limit is ${maxBytes.toLocaleString('en')} (maxArtifactBytes); pack it, or put it where your own storage is and keep its address`,
    { details: { bytes, limit: maxBytes } },
  );
}

/** @throws TaskError TOO_LARGE */
export function assertArtifactCount(count: number): void {
  if (count <= ARTIFACTS_LIMIT) return;
  throw new TaskError(
    'TOO_LARGE',
    `this attempt has kept ${ARTIFACTS_LIMIT} artifacts, which is the limit; pack several files into one`,
  );
}

/** An artifact that cannot be kept as it is asked for. */
export function invalid(message: string, cause?: unknown): TaskError {
  return new TaskError('ARTIFACT_INVALID', `artifact: ${message}`, { cause });
}
