/**
 * The way to an object store, by AWS's SDK: optional peer dependencies, loaded with the first request. What fails in passing
 * is asked again, body and all; the SDK's own tries share a quota, and are over within a second.
 */
import type * as Client from '@aws-sdk/client-s3';
import type * as Storage from '@aws-sdk/lib-storage';
import pRetry from 'p-retry';
import type { Bucket } from '../domain/blob-url.js';
import { messageOf, TaskError } from '../domain/errors.js';
import { isObject } from '../domain/json.js';
import { bucketError, isMissing, isPassing } from './s3-errors.js';

export type Sdk = typeof Client & Pick<typeof Storage, 'Upload'>;

export interface Open {
  sdk: Sdk;
  client: Client.S3Client;
}

/** At once; a worker has hundreds of nodes that write. */
const MOST_SOCKETS = 256;
/** Of a request that does not get on: it is sent again. */
const CONNECT_MS = 5_000;
const IDLE_MS = 10_000;
/** Four more after the first, over 13 to 25 s of waiting; none begins once 30 s have passed. */
const TRIES = { retries: 4, minTimeout: 500, factor: 2.5, randomize: true, maxRetryTime: 30_000 };
/** For a question that somebody waits for: given up before a socket that says nothing is. */
const QUICK_TRIES = {
  retries: 2,
  minTimeout: 200,
  factor: 2,
  randomize: true,
  maxRetryTime: 6_000,
};
const QUICK_MS = 8_000;

export class S3Client {
  private opened: Promise<Open> | undefined;

  /** @param location for messages */
  constructor(
    private readonly place: Bucket,
    private readonly location: string,
    private readonly load: () => Promise<Sdk> = loadSdk,
  ) {}

  /**
   * @param signal gives it up; `ask` is to heed it too
   * @throws TaskError NOT_FOUND where the store says that it has no such blob; STORE, CONFIGURATION; the signal's reason
   */
  async read<T>(ref: string, ask: (open: Open) => Promise<T>, signal?: AbortSignal): Promise<T> {
    try {
      return await this.tried(ask, TRIES, signal);
    } catch (error) {
      signal?.throwIfAborted();
      if (!isMissing(error)) throw this.fault('read', error);
      throw new TaskError(
        'NOT_FOUND',
        `${ref} is not in ${this.location}; workers and clients of one namespace must share one bucket (TEMPOGRAPH_BLOB_URL)`,
      );
    }
  }

  /** @throws TaskError STORE, CONFIGURATION */
  async write<T>(ask: (open: Open) => Promise<T>): Promise<T> {
    try {
      return await this.tried(ask, TRIES);
    } catch (error) {
      throw this.fault('write to', error);
    }
  }

  /** Gives up after eight seconds, whatever hangs. @throws TaskError STORE, CONFIGURATION */
  async quickly<T>(ask: (open: Open) => Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      const error = new Error(`no answer within ${QUICK_MS / 1_000} s`);
      timer = setTimeout(() => reject(error), QUICK_MS);
    });
    const asked = this.tried(ask, QUICK_TRIES);
    asked.catch(() => undefined); // it may come when nobody waits any more
    try {
      return await Promise.race([asked, late]);
    } catch (error) {
      throw this.fault('use', error);
    } finally {
      clearTimeout(timer);
    }
  }

  private async tried<T>(
    ask: (open: Open) => Promise<T>,
    tries: typeof TRIES,
    signal?: AbortSignal,
  ): Promise<T> {
    const open = await this.open();
    return await pRetry(() => ask(open).catch(ofNetwork), {
      ...{ ...tries, signal },
      shouldRetry: ({ error }) => isPassing(error),
    });
  }

  private fault(doing: string, error: unknown): TaskError {
    return error instanceof TaskError
      ? error
      : bucketError(error, `cannot ${doing} ${this.location}`);
  }

  private open(): Promise<Open> {
    return (this.opened ??= this.make().catch((error: unknown) => {
      this.opened = undefined;
      throw error;
    }));
  }

  private async make(): Promise<Open> {
    const sdk = await this.load().catch(notInstalled);
    const { endpoint, region } = this.place;
    const client = this.clientOf(sdk, region);
    if (region !== undefined || endpoint === undefined) return { sdk, client };
    // Stores that are not AWS have no regions, and a request needs one to be signed.
    const hasRegion = await client.config.region().then(
      () => true,
      () => false,
    );
    return { sdk, client: hasRegion ? client : this.clientOf(sdk, 'us-east-1') };
  }

  private clientOf(sdk: Sdk, region: string | undefined): Client.S3Client {
    const { endpoint } = this.place;
    return new sdk.S3Client({
      ...(region === undefined ? {} : { region }),
      ...(endpoint === undefined ? {} : { endpoint, forcePathStyle: true }),
      // Sums that only AWS's newest protocol knows are refused by others.
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
      maxAttempts: 1,
      requestHandler: {
        ...{ connectionTimeout: CONNECT_MS, socketTimeout: IDLE_MS },
        httpAgent: { keepAlive: true, maxSockets: MOST_SOCKETS },
        httpsAgent: { keepAlive: true, maxSockets: MOST_SOCKETS },
      },
    });
  }
}

/** To p-retry a `TypeError` is a fault of the program, and the SDK throws some where an answer ends too soon. */
function ofNetwork(error: unknown): never {
  if (error instanceof Error && !(error instanceof TypeError)) throw error;
  throw new Error(messageOf(error), { cause: error });
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
