import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingHttpHeaders } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseBlobUrl } from '../../src/domain/blob-url.js';
import type { BlobStore } from '../../src/store/blob-store.js';
import { FileBlobStore } from '../../src/store/file-blobs.js';
import { S3BlobStore } from '../../src/store/s3-blobs.js';
import { startBucket, type TestBucket } from '../support/bucket.js';
import { startLoopback } from '../support/loopback.js';

const TEXT = '"hällo 🎉"';
const MISSING = `sha256-${'a'.repeat(64)}`;

let bucket: TestBucket;
const folder = mkdtempSync(join(tmpdir(), 'tempograph-blobs-'));
beforeAll(async () => {
  bucket = await startBucket();
});
afterAll(async () => {
  await bucket.stop();
  rmSync(folder, { recursive: true });
});

const inBucket = (): S3BlobStore => new S3BlobStore(parseBlobUrl(bucket.url));
const inFolder = (): FileBlobStore => new FileBlobStore(join(folder, 'blobs'));

describe.each<[string, () => BlobStore]>([
  ['a folder', inFolder],
  ['a bucket', inBucket],
])('blobs in %s', (_kind, open) => {
  it('have an id that all who ask at once agree on, and others later', async () => {
    const ids = await Promise.all(Array.from({ length: 20 }, () => open().identity()));
    expect(new Set([...ids, await open().identity()]).size).toBe(1);
    expect(ids[0]).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('are found by others, by a reference that is the same for a text, its bytes and a file of it', async () => {
    const ref = await open().put(TEXT);
    expect(await open().get(ref)).toBe(TEXT);
    expect(await open().putBytes(Buffer.from(TEXT))).toBe(ref);
    const file = join(folder, 'text');
    writeFileSync(file, TEXT);
    expect(await open().putFile(file)).toEqual({ ref, bytes: Buffer.byteLength(TEXT) });
  });

  it.each([
    [0, 4, '"hä'],
    [2, Infinity, TEXT.slice(2)],
    [4, 0, ''],
    [400, 10, ''],
  ])('are read from %d on, %d bytes', async (offset, length, expected) => {
    const ref = await open().put(TEXT);
    const { bytes, total } = await open().slice(ref, offset, length);
    const text = Buffer.from(TEXT).subarray(offset, offset + length);
    expect({ bytes: Buffer.from(bytes), total }).toEqual({
      ...{ bytes: text, total: Buffer.byteLength(TEXT) },
    });
    if (expected.startsWith('"')) expect(Buffer.from(bytes).toString()).toBe(expected);
  });

  it('may be empty, and as large as several parts', async () => {
    const file = join(folder, 'large');
    for (const content of [Buffer.alloc(0), Buffer.alloc(12_000_001, 'abc')]) {
      writeFileSync(file, content);
      const { ref, bytes } = await open().putFile(file);
      expect(bytes).toBe(content.byteLength);
      const read = await open().slice(ref, 0, Infinity);
      expect(content.equals(read.bytes)).toBe(true);
      expect(read.total).toBe(content.byteLength);
    }
  });

  it('that are not there, or are no blobs, are not found, and the place is named', async () => {
    const { location } = open();
    const asked = [
      open().get(MISSING),
      open().slice(MISSING, 0, 0),
      open().get('sha256-../../identity'),
      open().slice('__proto__', 0, 1),
    ];
    const codes = await Promise.all(
      asked.map((one) => one.catch((error: { code?: string }) => error.code)),
    );
    expect(codes).toEqual(Array.from(asked, () => 'NOT_FOUND'));
    await expect(open().get(MISSING)).rejects.toThrow(location);
  });

  it('say STORE of a file that is not there to be kept', async () => {
    await expect(open().putFile(join(folder, 'none'))).rejects.toMatchObject({ code: 'STORE' });
  });
});

describe('a bucket', () => {
  it('has the keys of a folder below its prefix, so that one can be copied to the other', async () => {
    const ref = await inBucket().put(TEXT);
    expect(await bucket.keys()).toContain(`team/a/${ref.slice(7, 9)}/${ref}`);
  });

  it('is told the sum of what it gets, to compare, and nothing that only AWS knows', async () => {
    let told: IncomingHttpHeaders = {};
    const server = await startLoopback((request, response) => {
      told = request.headers;
      request.resume().on('end', () => response.end());
    });
    const url = `s3://values?endpoint=${server.origin}`;
    const ref = await new S3BlobStore(parseBlobUrl(url)).put(TEXT);
    await server.close();
    const sum = Buffer.from(String(told['x-amz-checksum-sha256']), 'base64').toString('hex');
    expect(sum).toBe(ref.slice(7));
    expect(told['content-length']).toBe(String(Buffer.byteLength(TEXT)));
    expect(told).not.toHaveProperty('x-amz-trailer');
    expect(told['content-encoding']).toBeUndefined();
  });

  it('is asked once for a text that many read at once, and not for what was just written', async () => {
    const ref = await inBucket().put(TEXT);
    const reader = inBucket();
    const downloads = jest.spyOn(reader as unknown as { download: () => unknown }, 'download');
    const texts = await Promise.all(Array.from({ length: 50 }, () => reader.get(ref)));
    expect(new Set(texts)).toEqual(new Set([TEXT]));
    expect(downloads).toHaveBeenCalledTimes(1);
    const writer = inBucket();
    const again = jest.spyOn(writer as unknown as { download: () => unknown }, 'download');
    await writer.put(TEXT);
    expect(await writer.get(ref)).toBe(TEXT);
    expect(again).not.toHaveBeenCalled();
  });

  it('that is busy for a moment is asked again', async () => {
    const answers = [503, 500, 200, 503, 200];
    const server = await startLoopback((request, response) => {
      request.resume().on('end', () => response.writeHead(answers.shift() ?? 404).end());
    });
    const store = new S3BlobStore(parseBlobUrl(`s3://values?endpoint=${server.origin}`));
    const ref = await store.put(TEXT);
    expect(answers).toEqual([503, 200]);
    const file = join(folder, 'busy');
    writeFileSync(file, TEXT);
    expect((await store.putFile(file)).ref).toBe(ref);
    await server.close();
    expect(answers).toEqual([]);
  });

  it('that there is not is named, with what to do', async () => {
    const url = `s3://nowhere-to-be-found?endpoint=${bucket.endpoint}`;
    for (const ask of ['identity', 'put', 'get'] as const)
      await expect(new S3BlobStore(parseBlobUrl(url))[ask](MISSING)).rejects.toMatchObject({
        code: 'STORE',
        message: expect.stringMatching(
          /s3:\/\/nowhere-to-be-found\/ at .*NoSuchBucket.*TEMPOGRAPH_BLOB_URL/,
        ) as string,
      });
  });

  it('that does not answer is a fault of the store, not of the blob', async () => {
    const store = new S3BlobStore(parseBlobUrl('s3://values?endpoint=http://127.0.0.1:1'));
    for (const ask of [
      () => store.get(MISSING),
      () => store.put(TEXT),
      () => store.slice(MISSING, 0, 1),
    ])
      await expect(ask()).rejects.toMatchObject({
        ...{ code: 'STORE', message: expect.stringContaining('ECONNREFUSED') as string },
      });
  });

  it('needs packages, and says which', async () => {
    const missing = Object.assign(new Error('Cannot find package'), {
      code: 'ERR_MODULE_NOT_FOUND',
    });
    const store = new S3BlobStore(parseBlobUrl(bucket.url), () => Promise.reject(missing));
    await expect(store.put(TEXT)).rejects.toMatchObject({
      code: 'CONFIGURATION',
      message: expect.stringContaining(
        'npm install @aws-sdk/client-s3 @aws-sdk/lib-storage',
      ) as string,
    });
  });
});
