/** Blobs in a folder. */
import { createHash, randomUUID } from 'node:crypto';
import { constants, createReadStream, createWriteStream } from 'node:fs';
import { copyFile, link, open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { TaskError } from '../domain/errors.js';
import { makeFolder } from '../make-folder.js';
import { IDENTITY_PLACE, placeOf, refOf, sha256, type BlobStore } from './blob-store.js';

/** A blob store in a folder, which all workers and clients of a namespace have to share. */
export class FileBlobStore implements BlobStore {
  readonly location: string;

  constructor(folder: string) {
    this.location = resolve(folder);
  }

  async identity(): Promise<string> {
    const file = join(this.location, IDENTITY_PLACE);
    const temporary = `${file}.${randomUUID()}.tmp`;
    return await this.writing(temporary, async () => {
      const known = await textOf(file);
      if (known !== undefined) return known;
      await makeFolder(this.location);
      await writeFile(temporary, randomUUID());
      // A link is there with its content or not at all, and never replaces another's.
      await link(temporary, file).catch(() => undefined);
      await rm(temporary);
      return await readFile(file, 'utf8');
    });
  }

  async put(text: string): Promise<string> {
    return await this.write(text);
  }

  async putBytes(bytes: Uint8Array): Promise<string> {
    return await this.write(bytes);
  }

  async putFile(path: string): Promise<{ ref: string; bytes: number }> {
    const temporary = join(this.location, `${randomUUID()}.tmp`);
    const hash = createHash('sha256');
    let bytes = 0;
    const counted = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        hash.update(chunk);
        bytes += chunk.byteLength;
        done(null, chunk);
      },
    });
    return await this.writing(temporary, async () => {
      await makeFolder(this.location);
      await pipeline(createReadStream(path), counted, createWriteStream(temporary));
      const ref = refOf(hash.digest('hex'));
      await makeFolder(dirname(this.fileOf(ref)));
      await rename(temporary, this.fileOf(ref));
      return { ref, bytes };
    });
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

  async save(ref: string, path: string): Promise<void> {
    await this.reading(ref, (file) => copyFile(file, path, constants.COPYFILE_EXCL));
  }

  async get(ref: string): Promise<string> {
    return await this.reading(ref, (file) => readFile(file, 'utf8'));
  }

  private async write(content: string | Uint8Array): Promise<string> {
    const ref = refOf(sha256(content));
    const file = this.fileOf(ref);
    const temporary = `${file}.${randomUUID()}.tmp`;
    return await this.writing(temporary, async () => {
      await makeFolder(dirname(file));
      await writeFile(temporary, content);
      await rename(temporary, file);
      return ref;
    });
  }

  /** @throws TaskError STORE, and the temporary file is gone */
  private async writing<T>(temporary: string, write: () => Promise<T>): Promise<T> {
    try {
      return await write();
    } catch (error) {
      await rm(temporary, { force: true });
      throw new TaskError(
        'STORE',
        `cannot write to ${this.location}: ${(error as Error).message}`,
        { cause: error },
      );
    }
  }

  private async reading<T>(ref: string, read: (file: string) => Promise<T>): Promise<T> {
    const file = this.fileOf(ref);
    try {
      return await read(file);
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
        `${ref} is not in ${this.location}; workers and clients of one namespace must share one data folder (TEMPOGRAPH_DATA_DIR) or one bucket (TEMPOGRAPH_BLOB_URL)`,
      );
    }
  }

  private fileOf(ref: string): string {
    return join(this.location, placeOf(ref));
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
