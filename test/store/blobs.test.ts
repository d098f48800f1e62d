import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { parseBlobUrl } from '../../src/domain/blob-url.js';
import { sha256, type BlobStore } from '../../src/store/blob-store.js';
import { FileBlobStore } from '../../src/store/file-blobs.js';
import { S3BlobStore, type S3Options } from '../../src/store/s3-blobs.js';
import { startBucket, type TestBucket } from '../support/bucket.js';
import { startLoopback } from '../support/loopback.js';

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

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

const at = (url: string, rest: Partial<S3Options> = {}): S3BlobStore =>
  new S3BlobStore(parseBlobUrl(url), { folder: join(folder, 'tmp'), ...rest });
const inBucket = (): S3BlobStore => at(bucket.url);
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
    for (const content of [Buffer.alloc(0), Buffer.alloc(17_000_001, 'abc')]) {
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

  it('are written into a new file, and into none that is there', async () => {
    const ref = await open().putBytes(Buffer.alloc(3_000_000, 'xyz'));
    const file = join(mkdtempSync(join(folder, 'save-')), 'out');
    await open().save(ref, file);
    expect(readFileSync(file).equals(Buffer.alloc(3_000_000, 'xyz'))).toBe(true);
    await expect(open().save(ref, file)).rejects.toMatchObject({ code: 'STORE' });
    await expect(open().save(MISSING, `${file}2`)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(existsSync(`${file}2`)).toBe(false);
  });

  it('have the content that their name says, also of a file that is written to meanwhile', async () => {
    const file = join(mkdtempSync(join(folder, 'log-')), 'log');
    writeFileSync(file, Buffer.alloc(20_000_000, 'a'));
    const keeping = open().putFile(file);
    for (let nth = 0; nth < 50; nth++) {
      appendFileSync(file, 'more');
      await setImmediate();
    }
    const { ref, bytes } = await keeping;
    const read = await open().slice(ref, 0, Infinity);
    expect(read.total).toBe(bytes);
    expect(`sha256-${sha256(read.bytes)}`).toBe(ref);
  });

  it('say STORE of a file that is not there to be kept', async () => {
    await expect(open().putFile(join(folder, 'none'))).rejects.toMatchObject({ code: 'STORE' });
  });
});

describe('a folder', () => {
  it.each([1, 80])('does not write a file of %d MiB to its end for who gives up', async (size) => {
    const file = join(mkdtempSync(join(folder, 'large-')), 'in');
    writeFileSync(file, '');
    truncateSync(file, size * 2 ** 20);
    const { ref } = await inFolder().putFile(file);
    const stop = new AbortController();
    const saving = inFolder().save(ref, `${file}.out`, stop.signal);
    stop.abort(new Error('enough'));
    await expect(saving).rejects.toThrow('enough');
    expect(existsSync(`${file}.out`)).toBe(false);
    await inFolder().save(ref, `${file}.whole`, new AbortController().signal);
    expect(sha256(readFileSync(`${file}.whole`))).toBe(ref.slice(7));
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
    const ref = await at(url).put(TEXT);
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

  /** A server in the store's place, which answers as it is told, one after another, and then as the last. */
  const answering = async (...answers: Answer[]) => {
    const asked: IncomingMessage[] = [];
    const server = await startLoopback((request, response) => {
      asked.push(request);
      const answer = answers[Math.min(asked.length, answers.length) - 1];
      request.resume().on('end', () => answer?.(request, response));
    });
    return { ...server, asked, url: `s3://values?endpoint=${server.origin}` };
  };
  const says =
    (status: number, body: string | Buffer = '', headers: Record<string, string> = {}): Answer =>
    (_request, response) =>
      void response.writeHead(status, headers).end(body);

  it.each<[string, Answer]>([
    ['nothing', says(200)],
    ['something else', says(200, 'not this')],
    ['half of it', says(200, TEXT.slice(0, 4), { 'content-length': '4' })],
    [
      'a body that breaks off',
      (_request, response) => {
        response.writeHead(200, { 'content-length': '100' });
        response.write('half', () => response.destroy());
      },
    ],
    ['a page of a balancer', says(404, '<html>404 page not found</html>')],
    ['an error without words', says(503)],
  ])('that once gave %s is asked again, and what it gave is not kept', async (_what, broken) => {
    const ref = `sha256-${sha256(TEXT)}`;
    const server = await answering(broken, says(200, TEXT));
    const store = at(server.url);
    expect(await store.get(ref)).toBe(TEXT);
    expect(await store.get(ref)).toBe(TEXT);
    expect(server.asked).toHaveLength(2);
    const again = await answering(broken, says(200, TEXT));
    const file = join(mkdtempSync(join(folder, 'saved-')), 'out');
    await at(again.url).save(ref, file);
    expect(readFileSync(file, 'utf8')).toBe(TEXT);
    const third = await answering(broken, says(200, TEXT));
    const { bytes } = await at(third.url).slice(ref, 0, Infinity);
    expect(Buffer.from(bytes).toString()).toBe(TEXT);
    await Promise.all([server.close(), again.close(), third.close()]);
  });

  it('that says that nothing is there where something is, by a range, is asked again', async () => {
    const bytes = Buffer.from(TEXT);
    const whole = { 'content-range': `bytes 0-${bytes.byteLength - 1}/${bytes.byteLength}` };
    const server = await answering(says(416), says(206, bytes, whole));
    const ref = `sha256-${sha256(TEXT)}`;
    expect((await at(server.url).slice(ref, 0, 0)).total).toBe(bytes.byteLength);
    await server.close();
  });

  it('that takes a question and never answers is given up', async () => {
    const server = await answering(() => undefined);
    await expect(at(server.url).identity()).rejects.toMatchObject({
      ...{ code: 'STORE', message: expect.stringContaining('no answer within 8 s') as string },
    });
    await server.close();
  });

  it.each<[string, Answer]>([
    ['says nothing', () => undefined],
    [
      'breaks off in the middle of it',
      (_request, response) => {
        response.writeHead(200, { 'content-length': '100' });
        response.write('half');
      },
    ],
  ])('that %s is not waited for by who gives up', async (_what, hang) => {
    const stop = new AbortController();
    const server = await answering((request, response) => {
      hang(request, response);
      void setImmediate().then(() => stop.abort(new Error('enough')));
    });
    const file = join(mkdtempSync(join(folder, 'given-up-')), 'out');
    await expect(at(server.url).save(MISSING, file, stop.signal)).rejects.toThrow('enough');
    expect(existsSync(file)).toBe(false);
    await expect(at(server.url).slice(MISSING, 0, 9, stop.signal)).rejects.toThrow('enough');
    expect(server.asked).toHaveLength(1);
    await server.close();
  });

  it('that says in its own words that there is no such blob is asked once', async () => {
    const none = '<Error><Code>NoSuchKey</Code><Message>none</Message></Error>';
    const server = await answering(says(404, none, { 'content-type': 'application/xml' }));
    await expect(at(server.url).get(MISSING)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(server.asked).toHaveLength(1);
    await server.close();
  });

  it('that knows no ranges gives slices all the same', async () => {
    const server = await answering(says(200, TEXT));
    const { bytes, total } = await at(server.url).slice(`sha256-${sha256(TEXT)}`, 1, 3);
    await server.close();
    expect({ text: Buffer.from(bytes).toString(), total }).toEqual({
      ...{ text: Buffer.from(TEXT).subarray(1, 4).toString(), total: Buffer.byteLength(TEXT) },
    });
  });

  it('that does not know a condition gets its id without one', async () => {
    let id = '';
    const server = await answering((request, response) => {
      if (request.method === 'GET')
        return id === ''
          ? says(404, '<Error><Code>NoSuchKey</Code></Error>')(request, response)
          : says(200, id)(request, response);
      if (request.headers['if-none-match'] !== undefined) return says(501)(request, response);
      if (request.url?.startsWith('/values/identity') === true) id = 'made';
      return says(200)(request, response);
    });
    expect(await at(server.url).identity()).toBe('made');
    await server.close();
  });

  it('that may be read and not written says so when its id is asked for', async () => {
    const denied = '<Error><Code>AccessDenied</Code><Message>no</Message></Error>';
    const server = await answering((request, response) =>
      (request.method === 'PUT' ? says(403, denied) : says(200, 'id'))(request, response),
    );
    await expect(at(server.url).identity()).rejects.toMatchObject({
      code: 'STORE',
      message: expect.stringMatching(/HTTP 403, AccessDenied: no; give .*s3:PutObject/) as string,
    });
    await server.close();
  });

  it('is signed for the region that the environment says, else for one that any store takes', async () => {
    const regionOf = async (url: string): Promise<string | undefined> => {
      const server = await answering(says(200, TEXT));
      await at(`${url}${server.origin}`).put(TEXT);
      await server.close();
      const said = server.asked[0]?.headers.authorization ?? '';
      return /Credential=[^/]*\/\d+\/([^/]*)\/s3/.exec(said)?.[1];
    };
    const before = process.env['AWS_REGION'];
    delete process.env['AWS_REGION'];
    expect(await regionOf('s3://values?endpoint=')).toBe('us-east-1');
    expect(await regionOf('s3://values?region=garage&endpoint=')).toBe('garage');
    const config = join(folder, 'aws-config');
    writeFileSync(config, '[default]\nregion = of-a-file\n');
    process.env['AWS_CONFIG_FILE'] = config;
    expect(await regionOf('s3://values?endpoint=')).toBe('of-a-file');
    delete process.env['AWS_CONFIG_FILE'];
    process.env['AWS_REGION'] = 'eu-west-9';
    expect(await regionOf('s3://values?endpoint=')).toBe('eu-west-9');
    if (before === undefined) delete process.env['AWS_REGION'];
    else process.env['AWS_REGION'] = before;
  });

  it('that is busy for a moment is asked again', async () => {
    const answers = [503, 500, 200, 503, 200];
    const server = await startLoopback((request, response) => {
      request.resume().on('end', () => response.writeHead(answers.shift() ?? 404).end());
    });
    const store = at(`s3://values?endpoint=${server.origin}`);
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
    await expect(at(url).slice(MISSING, 0, 0)).rejects.toThrow('NoSuchBucket');
    for (const ask of ['identity', 'put', 'get'] as const)
      await expect(at(url)[ask](MISSING)).rejects.toMatchObject({
        code: 'STORE',
        message: expect.stringMatching(
          /s3:\/\/nowhere-to-be-found\/ at .*NoSuchBucket.*TEMPOGRAPH_BLOB_URL/,
        ) as string,
      });
  });

  it('that does not answer is a fault of the store, not of the blob', async () => {
    const store = at('s3://values?endpoint=http://127.0.0.1:1');
    await expect(store.put(TEXT)).rejects.toMatchObject({
      ...{ code: 'STORE', message: expect.stringContaining('ECONNREFUSED') as string },
    });
  });

  it('needs packages, and says which', async () => {
    const missing = Object.assign(new Error('Cannot find package'), {
      code: 'ERR_MODULE_NOT_FOUND',
    });
    const store = at(bucket.url, { load: () => Promise.reject(missing) });
    await expect(store.put(TEXT)).rejects.toMatchObject({
      code: 'CONFIGURATION',
      message: expect.stringContaining(
        'npm install @aws-sdk/client-s3 @aws-sdk/lib-storage',
      ) as string,
    });
  });
});
