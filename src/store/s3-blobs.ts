/**
 * Blobs in a bucket of Amazon S3, or of a store that speaks its protocol, by AWS's SDK: optional peer dependencies, loaded
 * with the first request. Who may read and write is for the credentials of this process.
 */
import { createHash, randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type * as Client from '@aws-sdk/client-s3';
import type * as Storage from '@aws-sdk/lib-storage';
import { LRUCache } from 'lru-cache';
import type { Bucket } from '../domain/blob-url.js';
import { TaskError } from '../domain/errors.js';
import { isObject } from '../domain/json.js';
import { IDENTITY_PLACE, placeOf, refOf, type BlobStore } from './blob-store.js';
import { bucketError, isMissing, isThere } from './s3-errors.js';

export type Sdk = typeof Client & Pick<typeof Storage, 'Upload'>;

/** Bytes of the texts that were read or written of late: what a node gives, the next one reads. */
const KEPT_BYTES = 64 * 2 ** 20;
/** At once; a worker has hundreds of nodes that write. */
const MOST_SOCKETS = 256;
/** Of a request that does not get on: it is sent again. */
const CONNECT_MS = 5_000;
const IDLE_MS = 30_000;
const TRIES = 5;
const JSON_TYPE = 'application/json';
const BYTES_TYPE = 'application/octet-stream';

/** A blob store in a bucket. What was read is kept for a while: a blob never changes. */
export class S3BlobStore implements BlobStore {
  readonly location: string;
  private opened: Promise<{ sdk: Sdk; client: Client.S3Client }> | undefined;
  private readonly kept = new LRUCache<string, string>({
    maxSize: KEPT_BYTES,
    sizeCalculation: (text) => text.length + 1,
    ignoreFetchAbort: true, // who waits for a text that gives way to others meanwhile still gets it
    fetchMethod: (ref) => this.download(ref),
  });

  /** @param load gives the SDK */
  constructor(
    private readonly place: Bucket,
    private readonly load: () => Promise<Sdk> = loadSdk,
  ) {
    const { bucket, prefix, endpoint } = place;
    this.location = `s3://${bucket}/${prefix}${endpoint === undefined ? '' : ` at ${endpoint}`}`;
  }

  async identity(): Promise<string> {
    const key = this.keyOf(IDENTITY_PLACE);
    const known = await this.identityAt(key);
    if (known !== undefined) return known;
    await this.asking('write to', async ({ sdk, client }) => {
      const command = new sdk.PutObjectCommand({
        ...{ Bucket: this.place.bucket, Key: key, Body: randomUUID() },
        // The first is there to stay. A store that does not know this takes the last.
        IfNoneMatch: '*',
      });
      await client.send(command).catch((error: unknown) => {
        if (!isThere(error)) throw error;
      });
    });
    const made = await this.identityAt(key);
    if (made !== undefined) return made;
    throw new TaskError('STORE', `cannot read ${key} in ${this.location}, which was just written`);
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
    return await this.asking('write to', async ({ sdk, client }) => {
      const hash = createHash('sha256');
      let bytes = 0;
      for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
        hash.update(chunk);
        bytes += chunk.byteLength;
      }
      const ref = refOf(hash.digest('hex'));
      const upload = new sdk.Upload({
        client,
        params: {
          ...{ Bucket: this.place.bucket, Key: this.keyOf(placeOf(ref)) },
          ...{ Body: createReadStream(path), ContentType: BYTES_TYPE },
        },
      });
      await upload.done();
      return { ref, bytes };
    });
  }

  async get(ref: string): Promise<string> {
    return await this.kept.forceFetch(ref);
  }

  async save(ref: string, path: string): Promise<void> {
    const Key = this.keyOf(placeOf(ref));
    await this.asking(
      'read',
      async ({ sdk, client }) => {
        const command = new sdk.GetObjectCommand({ Bucket: this.place.bucket, Key });
        const { Body } = await client.send(command);
        const file = createWriteStream(path, { flags: 'wx' });
        await pipeline(Body ? (Body as Readable) : Readable.from([]), file);
      },
      ref,
    );
  }

  async slice(
    ref: string,
    offset: number,
    length: number,
  ): Promise<{ bytes: Uint8Array; total: number }> {
    const place = { Bucket: this.place.bucket, Key: this.keyOf(placeOf(ref)) };
    return await this.asking(
      'read',
      async ({ sdk, client }) => {
        const { ContentLength: total = 0 } = await client.send(new sdk.HeadObjectCommand(place));
        // A range of nothing cannot be asked for.
        const end = Math.min(offset + length, total);
        if (end <= offset) return { bytes: new Uint8Array(), total };
        const command = new sdk.GetObjectCommand({ ...place, Range: `bytes=${offset}-${end - 1}` });
        const { Body } = await client.send(command);
        return { bytes: (await Body?.transformToByteArray()) ?? new Uint8Array(), total };
      },
      ref,
    );
  }

  private async write(bytes: Uint8Array, type: string): Promise<string> {
    const hash = createHash('sha256').update(bytes).digest();
    const ref = refOf(hash.toString('hex'));
    await this.asking('write to', async ({ sdk, client }) => {
      const command = new sdk.PutObjectCommand({
        ...{ Bucket: this.place.bucket, Key: this.keyOf(placeOf(ref)) },
        ...{ Body: bytes, ContentType: type },
        // The store compares it with what has arrived.
        ChecksumSHA256: hash.toString('base64'),
      });
      await client.send(command);
    });
    return ref;
  }

  private async download(ref: string): Promise<string> {
    const Key = this.keyOf(placeOf(ref));
    return await this.asking(
      'read',
      async ({ sdk, client }) => {
        const command = new sdk.GetObjectCommand({ Bucket: this.place.bucket, Key });
        const { Body } = await client.send(command);
        return (await Body?.transformToString()) ?? '';
      },
      ref,
    );
  }

  /** Undefined where there is none yet. */
  private async identityAt(key: string): Promise<string | undefined> {
    return await this.asking('read', async ({ sdk, client }) => {
      const command = new sdk.GetObjectCommand({ Bucket: this.place.bucket, Key: key });
      try {
        const { Body } = await client.send(command);
        return await Body?.transformToString();
      } catch (error) {
        if (isMissing(error)) return undefined;
        throw error;
      }
    });
  }

  private keyOf(place: string): string {
    return `${this.place.prefix}${place}`;
  }

  /** @throws TaskError CONFIGURATION, STORE; NOT_FOUND of `ref` */
  private async asking<T>(
    doing: 'read' | 'write to',
    ask: (open: { sdk: Sdk; client: Client.S3Client }) => Promise<T>,
    ref?: string,
  ): Promise<T> {
    try {
      return await ask(await (this.opened ??= this.open()));
    } catch (error) {
      if (error instanceof TaskError) throw error;
      if (ref !== undefined && isMissing(error))
        throw new TaskError(
          'NOT_FOUND',
          `${ref} is not in ${this.location}; workers and clients of one namespace must share one bucket (TEMPOGRAPH_BLOB_URL)`,
        );
      throw bucketError(error, `cannot ${doing} ${this.location}`);
    }
  }

  private async open(): Promise<{ sdk: Sdk; client: Client.S3Client }> {
    const sdk = await this.load().catch(notInstalled);
    const { endpoint, region } = this.place;
    // Stores that are not AWS have no regions, and a request needs one to be signed.
    const said =
      region ?? (endpoint === undefined || process.env['AWS_REGION'] ? undefined : 'us-east-1');
    const client = new sdk.S3Client({
      ...(said === undefined ? {} : { region: said }),
      ...(endpoint === undefined ? {} : { endpoint, forcePathStyle: true }),
      // Sums that only AWS's newest protocol knows are refused by others.
      ...{
        requestChecksumCalculation: 'WHEN_REQUIRED',
        responseChecksumValidation: 'WHEN_REQUIRED',
      },
      maxAttempts: TRIES,
      requestHandler: {
        ...{ connectionTimeout: CONNECT_MS, socketTimeout: IDLE_MS },
        httpAgent: { keepAlive: true, maxSockets: MOST_SOCKETS },
        httpsAgent: { keepAlive: true, maxSockets: MOST_SOCKETS },
      },
    });
    return { sdk, client };
  }
}

async function loadSdk(): Promise<Sdk> {
  const [client, { Upload }] = await Promise.all([
    import('@aws-sdk/client-s3'),
    import('@aws-sdk/lib-storage'),
  ]);
  return { ...client, Upload };
}

/** @throws TaskError CONFIGURATION for packages that are not there, else what was thrown */
function notInstalled(error: unknown): never {
  const code = isObject(error) ? error['code'] : undefined;
  if (code !== 'ERR_MODULE_NOT_FOUND' && code !== 'MODULE_NOT_FOUND') throw error;
  throw new TaskError(
    'CONFIGURATION',
    'blobUrl: a bucket needs two packages that are not here: npm install @aws-sdk/client-s3 @aws-sdk/lib-storage',
    { cause: error },
  );
}
