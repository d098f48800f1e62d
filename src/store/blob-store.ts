/**
 * Values that are too large for a workflow's history, kept by the hash of their content. Writing the same value twice is
 * one blob; a blob never changes.
 */
import { createHash } from 'node:crypto';
import { TaskError } from '../domain/errors.js';
import { BLOB_REF } from '../domain/input-files.js';
import type { Json } from '../domain/json.js';

export interface BlobStore {
  /** Where it is, for messages. */
  readonly location: string;
  /** An id of its own, the same for all who share it and made by the first who asks. @throws TaskError STORE */
  identity(): Promise<string>;
  /** Stores a text and gives its reference. @throws TaskError STORE */
  put(text: string): Promise<string>;
  /** The text of a reference. @throws TaskError STORE, or NOT_FOUND where this store has no such blob */
  get(ref: string): Promise<string>;
  /** Stores bytes and gives their reference; a text has the same as its UTF-8. @throws TaskError STORE */
  putBytes(bytes: Uint8Array): Promise<string>;
  /** Stores what stands in a file, however large, and gives its reference. @throws TaskError STORE */
  putFile(path: string): Promise<{ ref: string; bytes: number }>;
  /**
   * Writes what a reference stands for into a new file, however large.
   *
   * @param signal gives it up: then the file is gone, and nothing writes to it any more
   * @throws as `get`; the signal's reason
   */
  save(ref: string, path: string, signal?: AbortSignal): Promise<void>;
  /** Bytes of a reference from `offset` on, and how many there are in all. @throws as `save` */
  slice(
    ref: string,
    offset: number,
    length: number,
    signal?: AbortSignal,
  ): Promise<{ bytes: Uint8Array; total: number }>;
}

/** SHA-256 of a text, or of bytes, in hexadecimal. */
export function sha256(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

/** The reference of a content, by its SHA-256 in hexadecimal. */
export const refOf = (hash: string): string => `sha256-${hash}`;

/**
 * Where a blob lies below its store's root, in a folder and in a bucket alike, so that one can be copied to the other.
 *
 * @throws TaskError NOT_FOUND for what is no reference
 */
export function placeOf(ref: string): string {
  if (BLOB_REF.test(ref)) return `${ref.slice(7, 9)}/${ref}`;
  throw new TaskError('NOT_FOUND', `${JSON.stringify(ref)} is no reference to a blob`);
}

/** Where a store's own id lies. */
export const IDENTITY_PLACE = 'identity';

/** Stores a value as JSON. */
export async function putJson(
  store: BlobStore,
  value: unknown,
): Promise<{ ref: string; bytes: number }> {
  const text = JSON.stringify(value);
  return { ref: await store.put(text), bytes: Buffer.byteLength(text) };
}

/** The value that {@link putJson} stored. */
export async function getJson(store: BlobStore, ref: string): Promise<Json> {
  return JSON.parse(await store.get(ref)) as Json;
}
