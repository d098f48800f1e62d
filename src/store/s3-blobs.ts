/**
 * Blobs in a bucket of Amazon S3, or of a store that speaks its protocol. Who may read and write is for the credentials of
 * this process.
 *
 * B1. What comes from the store whole is compared with the hash that it is named by. What is not the same is asked for again,
 *     and never kept.
 * B2. What goes there is read once: what is hashed is what is sent.
 * B3. A blob is not there only where the store says so in its own words.
 */
import { createHash, randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Transform, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { GetObjectCommandInput, GetObjectCommandOutput } from '@aws-sdk/client-s3';
import { LRUCache } from 'lru-cache';
import type { Bucket } from '../domain/blob-url.js';
import { messageOf, TaskError } from '../domain/errors.js';
import { withWorkFolder } from '../work-folder.js';
import { IDENTITY_PLACE, placeOf, refOf, sha256, type BlobStore } from './blob-store.js';
import { S3Client, type Open, type Sdk } from './s3-client.js';
import { BrokenAnswer, isMissing, statusOf } from './s3-errors.js';

/** Bytes of the texts that were read or written of late: what a node gives, the next one reads. */
const KEPT_BYTES = 64 * 2 ** 20;
/** Larger files go up in parts. */
const WHOLE_BYTES = 16 * 2 ** 20;
const JSON_TYPE = 'application/json';
const BYTES_TYPE = 'application/octet-stream';

export interface S3Options {
  /** Folder for files on their way. */
  folder: string;
  /** Gives the SDK. Default: the packages that are installed. */
  load?: () => Promise<Sdk>;
}

/** A blob store in a bucket. What was read is kept for a while: a blob never changes. */
export class S3BlobStore implements BlobStore {
  readonly location: string;
  private readonly s3: S3Client;
  private known: Promise<string> | undefined;
  private readonly kept = new LRUCache<string, string>({
    maxSize: KEPT_BYTES,
    sizeCalculation: (text) => Buffer.byteLength(text) + 1,
    ignoreFetchAbort: true, // who waits for a text that gives way to others meanwhile still gets it
    fetchMethod: async (ref) => (await this.download(ref)).toString(),
  });

  constructor(
    private readonly place: Bucket,
    private readonly options: S3Options,
  ) {
    const { bucket, prefix, endpoint } = place;
    this.location = `s3://${bucket}/${prefix}${endpoint === undefined ? '' : ` at ${endpoint}`}`;
    this.s3 = new S3Client(place, this.location, options.load);
  }

  /** Finds out, too, whether it can be written. Gives up after eight seconds. */
  identity(): Promise<string> {
    return (this.known ??= this.ask().catch((error: unknown) => {
      this.known = undefined;
      throw error;
    }));
  }

  async put(text: string): Promise<string> {
    const ref = await this.write(Buffer.from(text), JSON_TYPE);
    this.kept.set(ref, text);
    return ref;
  }

  async putBytes(bytes: Uint8Array): Promise<string> {
    return await this.write(bytes, BYTES_TYPE);
  }

  async putFile(path: string): Promise<{ ref: string; bytes: number }> {
    const size = await stat(path).then(({ size: bytes }) => bytes, this.fileFault);
    if (size <= WHOLE_BYTES) {
      const bytes = await readFile(path).catch(this.fileFault);
      return { ref: await this.putBytes(bytes), bytes: bytes.byteLength };
    }
    return await this.putCopy(path);
  }

  async get(ref: string): Promise<string> {
    return await this.kept.forceFetch(ref);
  }

  async save(ref: string, path: string, signal?: AbortSignal): Promise<void> {
    const input = this.at(placeOf(ref));
    // Before anything is asked for: one that was there is not ours to write to, or to remove.
    await writeFile(path, '', { flag: 'wx' }).catch(this.fileFault);
    try {
      const save = async (opened: Open): Promise<void> => {
        const { Body } = await getObject(opened, input, signal);
        const { through, hex } = hashing();
        const to = createWriteStream(path);
        await pipeline(Body as Readable, through, to, signal ? { signal } : {});
        assertIs(ref, hex());
      };
      await this.s3.read(ref, save, signal);
    } catch (error) {
      await rm(path, { force: true });
      throw error;
    }
  }

  async slice(
    ref: string,
    offset: number,
    length: number,
    signal?: AbortSignal,
  ): Promise<{ bytes: Uint8Array; total: number }> {
    const place = this.at(placeOf(ref));
    // A range of nothing cannot be asked for.
    const last = offset + Math.max(length, 1) - 1;
    const Range = `bytes=${offset}-${Number.isFinite(last) ? last : ''}`;
    const part = async (open: Open): Promise<{ bytes: Buffer; total: number } | undefined> => {
      try {
        const answer = await getObject(open, { ...place, Range }, signal);
        return partOf(ref, offset, await bytesOf(answer), answer.ContentRange);
      } catch (error) {
        if (statusOf(error) !== 416) throw error;
        // Nothing begins there; where even the first byte is none, there is nothing at all.
        return offset === 0 ? partOf(ref, 0, Buffer.alloc(0), undefined) : undefined;
      }
    };
    const read = await this.s3.read(ref, part, signal);
    if (read) return { ...read, bytes: read.bytes.subarray(0, length) };
    return { bytes: new Uint8Array(), total: (await this.slice(ref, 0, 0, signal)).total };
  }

  /** The id, read or made, once a blob could be written. */
  private async ask(): Promise<string> {
    const place = this.at(IDENTITY_PLACE);
    return await this.s3.quickly(async (open) => {
      await this.send(open, Buffer.from('"tempograph"'), JSON_TYPE);
      const known = await identityAt(open, place);
      if (known !== undefined) return known;
      await makeIdentity(open, place);
      const made = await identityAt(open, place);
      if (made !== undefined) return made;
      throw new BrokenAnswer(`${IDENTITY_PLACE} is not there, and was just written`);
    });
  }

  /** From a copy of our own: the file may be written to meanwhile. */
  private async putCopy(path: string): Promise<{ ref: string; bytes: number }> {
    try {
      return await withWorkFolder(this.options.folder, async (folder) => {
        const copy = join(folder, 'copy');
        const { through, hex } = hashing();
        await pipeline(createReadStream(path), through, createWriteStream(copy, { flags: 'wx' }));
        const ref = refOf(hex());
        const { size: bytes } = await stat(copy);
        const place = this.at(placeOf(ref));
        await this.s3.write(async ({ sdk, client }) => {
          const params = { ...place, Body: createReadStream(copy), ContentType: BYTES_TYPE };
          await new sdk.Upload({ client, params }).done();
        });
        return { ref, bytes };
      });
    } catch (error) {
      if (error instanceof TaskError) throw error;
      return this.fileFault(error);
    }
  }

  private async write(bytes: Uint8Array, type: string): Promise<string> {
    return await this.s3.write((open) => this.send(open, bytes, type));
  }

  private async send({ sdk, client }: Open, bytes: Uint8Array, type: string): Promise<string> {
    const hex = sha256(bytes);
    const ref = refOf(hex);
    const command = new sdk.PutObjectCommand({
      ...{ ...this.at(placeOf(ref)), Body: bytes, ContentType: type },
      // The store compares it with what has arrived.
      ChecksumSHA256: Buffer.from(hex, 'hex').toString('base64'),
    });
    await client.send(command);
    return ref;
  }

  private async download(ref: string): Promise<Buffer> {
    const input = this.at(placeOf(ref));
    return await this.s3.read(ref, async (open) => {
      const bytes = await bytesOf(await getObject(open, input));
      assertIs(ref, sha256(bytes));
      return bytes;
    });
  }

  private at(place: string): { Bucket: string; Key: string } {
    return { Bucket: this.place.bucket, Key: `${this.place.prefix}${place}` };
  }

  private readonly fileFault = (error: unknown): never => {
    const message = `on the way between a file and ${this.location}: ${messageOf(error)}`;
    throw new TaskError('STORE', message, { cause: error });
  };
}

const getObject = async (
  { sdk, client }: Open,
  input: GetObjectCommandInput,
  signal?: AbortSignal,
): Promise<GetObjectCommandOutput> =>
  await client.send(new sdk.GetObjectCommand(input), signal ? { abortSignal: signal } : {});

async function bytesOf({ Body }: GetObjectCommandOutput): Promise<Buffer> {
  if (!Body) throw new BrokenAnswer('an answer without a body');
  return Buffer.from(await Body.transformToByteArray());
}

/** @throws BrokenAnswer */
function assertIs(ref: string, hex: string): void {
  if (refOf(hex) !== ref) throw new BrokenAnswer(`what came of ${ref} is ${refOf(hex)}`);
}

/** @param range as the store says it; undefined from one that knows no ranges, and gives all there is */
function partOf(
  ref: string,
  offset: number,
  bytes: Buffer,
  range: string | undefined,
): { bytes: Buffer; total: number } {
  const total = range === undefined ? bytes.byteLength : Number(/\/(\d+)$/.exec(range)?.[1]);
  if (Number.isNaN(total)) throw new BrokenAnswer(`an answer of the range ${range}`);
  if (bytes.byteLength === total) assertIs(ref, sha256(bytes));
  return { bytes: range === undefined ? bytes.subarray(offset) : bytes, total };
}

/** Undefined where there is none yet. */
async function identityAt(
  open: Open,
  place: { Bucket: string; Key: string },
): Promise<string | undefined> {
  try {
    const id = (await bytesOf(await getObject(open, place))).toString();
    if (id !== '') return id;
    throw new BrokenAnswer(`${place.Key} is empty`);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** The first is there to stay. */
async function makeIdentity(
  { sdk, client }: Open,
  place: { Bucket: string; Key: string },
): Promise<void> {
  const input = { ...place, Body: randomUUID() };
  try {
    await client.send(new sdk.PutObjectCommand({ ...input, IfNoneMatch: '*' }));
  } catch (error) {
    const status = statusOf(error) ?? 0;
    if (status === 412) return; // somebody else was first
    // A store that does not know the condition takes the last.
    if (status !== 400 && status !== 501) throw error;
    await client.send(new sdk.PutObjectCommand(input));
  }
}

/** A stream through which bytes go, and the SHA-256 of all of them. */
function hashing(): { through: Transform; hex: () => string } {
  const hash = createHash('sha256');
  const through = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      done(null, chunk);
    },
  });
  return { through, hex: () => hash.digest('hex') };
}
