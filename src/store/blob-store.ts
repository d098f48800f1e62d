/**
 * Values that are too large for a workflow's history, kept by the hash of their content. Writing the same value twice is
 * one blob; a blob never changes.
 */
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { TaskError } from '../domain/errors.js';
import type { Json } from '../domain/json.js';

export interface BlobStore {
  /** Where it is, for messages. */
  readonly location: string;
  /** Stores a text and gives its reference. @throws TaskError STORE */
  put(text: string): Promise<string>;
  /** The text of a reference. @throws TaskError STORE, or NOT_FOUND where this store has no such blob */
  get(ref: string): Promise<string>;
}

const REF = /^sha256-[0-9a-f]{64}$/;

/** SHA-256 of a text in hexadecimal. */
export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** A blob store in a folder, which all workers and clients of a namespace have to share. */
export class FileBlobStore implements BlobStore {
  readonly location: string;

  constructor(folder: string) {
    this.location = resolve(folder);
  }

  async put(text: string): Promise<string> {
    const ref = `sha256-${sha256(text)}`;
    const file = this.fileOf(ref);
    const temporary = `${file}.${randomUUID()}.tmp`;
    try {
      await mkdir(dirname(file), { recursive: true });
      await writeFile(temporary, text);
      await rename(temporary, file);
    } catch (error) {
      await rm(temporary, { force: true });
      throw new TaskError(
        'STORE',
        `cannot write to ${this.location}: ${(error as Error).message}`,
        { cause: error },
      );
    }
    return ref;
  }

  async get(ref: string): Promise<string> {
    if (!REF.test(ref))
      throw new TaskError('NOT_FOUND', `${JSON.stringify(ref)} is no reference to a blob`);
    try {
      return await readFile(this.fileOf(ref), 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
        throw new TaskError(
          'STORE',
          `cannot read ${ref} in ${this.location}: ${(error as Error).message}`,
          { cause: error },
        );
      }
      throw new TaskError(
        'NOT_FOUND',
        `${ref} is not in ${this.location}; workers and clients of one namespace must share one data folder (TEMPOGRAPH_DATA_DIR)`,
      );
    }
  }

  private fileOf(ref: string): string {
    return join(this.location, ref.slice(7, 9), ref);
  }
}

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
