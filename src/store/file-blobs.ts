/** Blobs in a folder. */
import { createHash, randomUUID } from 'node:crypto';
import { constants, createReadStream, createWriteStream } from 'node:fs';
import { copyFile, link, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { TaskError } from '../domain/errors.js';
import { makeFolder } from '../make-folder.js';
import { withWorkFolder } from '../work-folder.js';
import { IDENTITY_PLACE, placeOf, refOf, sha256, type BlobStore } from './blob-store.js';

/** A copy of no more is done before anybody could stop it. */
const QUICK_BYTES = 64 * 2 ** 20;
/** Of a copy that can be stopped. */
const CHUNK_BYTES = 2 ** 20;

/** A blob store in a folder, which all workers and clients of a namespace have to share. */
export class FileBlobStore implements BlobStore {
  readonly location: string;

  constructor(folder: string) {
    this.location = resolve(folder);
  }

  /** Its id where it has one; makes nothing. @throws Error where it cannot be read */
  async known(): Promise<string | undefined> {
    return await textOf(join(this.location, IDENTITY_PLACE));
  }

  async identity(): Promise<string> {
    const file = join(this.location, IDENTITY_PLACE);
    const temporary = `${file}.${randomUUID()}.tmp`;
    return await this.writing(async () => {
      const known = await this.known();
      if (known !== undefined) return known;
      await makeFolder(this.location);
      await writeFile(temporary, randomUUID());
      // A link is there with its content or not at all, and never replaces another's.
      await link(temporary, file).catch(() => undefined);
      await rm(temporary);
      return await readFile(file, 'utf8');
    }, temporary);
  }

  async put(text: string): Promise<string> {
    return await this.write(text);
  }

  async putBytes(bytes: Uint8Array): Promise<string> {
    return await this.write(bytes);
  }

  async putFile(path: string): Promise<{ ref: string; bytes: number }> {
    const hash = createHash('sha256');
    let bytes = 0;
    const counted = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        hash.update(chunk);
        bytes += chunk.byteLength;
        done(null, chunk);
      },
    });
    const copyIn = async (folder: string): Promise<{ ref: string; bytes: number }> => {
      const temporary = join(folder, 'copy');
      await pipeline(createReadStream(path), counted, createWriteStream(temporary));
      const ref = refOf(hash.digest('hex'));
      await makeFolder(dirname(this.fileOf(ref)));
      await rename(temporary, this.fileOf(ref));
      return { ref, bytes };
    };
    // Beside the blobs: between two file systems nothing is renamed.
    return await this.writing(() => withWorkFolder(this.location, copyIn));
  }

  async slice(
    ref: string,
    offset: number,
    length: number,
  ): Promise<{ bytes: Uint8Array; total: number }> {
    return await this.reading(ref, async (file) => {
      const handle = await open(file, 'r');
      try {
        const { size: total } = await handle.stat();
        const buffer = Buffer.alloc(Math.max(0, Math.min(length, total - offset)));
        const { bytesRead } = await handle.read(buffer, 0, buffer.byteLength, offset);
        return { bytes: buffer.subarray(0, bytesRead), total };
      } finally {
        await handle.close();
      }
    });
  }

  async save(ref: string, path: string, signal?: AbortSignal): Promise<void> {
    const save = async (file: string): Promise<void> => {
      const size = signal ? (await stat(file)).size : 0;
      signal?.throwIfAborted();
      if (signal === undefined || size <= QUICK_BYTES)
        return await copyFile(file, path, constants.COPYFILE_EXCL);
      await copyUntil(signal, file, path);
    };
    await this.reading(ref, save, signal);
  }

  async get(ref: string): Promise<string> {
    return await this.reading(ref, (file) => readFile(file, 'utf8'));
  }

  private async write(content: string | Uint8Array): Promise<string> {
    const ref = refOf(sha256(content));
    const file = this.fileOf(ref);
    const temporary = `${file}.${randomUUID()}.tmp`;
    return await this.writing(async () => {
      await makeFolder(dirname(file));
      await writeFile(temporary, content);
      await rename(temporary, file);
      return ref;
    }, temporary);
  }

  /** @throws TaskError STORE, and the temporary file is gone */
  private async writing<T>(write: () => Promise<T>, temporary?: string): Promise<T> {
    try {
      return await write();
    } catch (error) {
      if (temporary !== undefined) await rm(temporary, { force: true });
      throw new TaskError(
        'STORE',
        `cannot write to ${this.location}: ${(error as Error).message}`,
        { cause: error },
      );
    }
  }

  private async reading<T>(
    ref: string,
    read: (file: string) => Promise<T>,
    until?: AbortSignal,
  ): Promise<T> {
    const file = this.fileOf(ref);
    try {
      return await read(file);
    } catch (error) {
      until?.throwIfAborted();
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
        throw new TaskError(
          'STORE',
          `cannot read ${ref} in ${this.location}: ${(error as Error).message}`,
          { cause: error },
        );
      }
      throw new TaskError(
        'NOT_FOUND',
        `${ref} is not in ${this.location}; workers and clients of one namespace must share one data folder (TEMPOGRAPH_DATA_DIR) or one bucket (TEMPOGRAPH_BLOB_URL)`,
      );
    }
  }

  private fileOf(ref: string): string {
    return join(this.location, placeOf(ref));
  }
}

/** Copies into a new file. @throws the signal's reason, and the file is gone */
async function copyUntil(signal: AbortSignal, from: string, to: string): Promise<void> {
  const target = await open(to, 'wx');
  try {
    const source = createReadStream(from, { highWaterMark: CHUNK_BYTES });
    await pipeline(source, target.createWriteStream({ highWaterMark: CHUNK_BYTES }), { signal });
  } catch (error) {
    await rm(to, { force: true });
    throw error;
  }
}

async function textOf(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
