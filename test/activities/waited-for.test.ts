/** What an attempt waits for that never comes: it is asked to stop, and says for what it waited. */
import { existsSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { readUntil } from '../../src/activities/waited-for.js';
import type { Artifact } from '../../src/domain/artifact.js';
import { defineTask } from '../../src/registry.js';
import { StoppedError } from '../../src/runners/runner.js';
import type { BlobStore } from '../../src/store/blob-store.js';
import { startHarness, type Harness } from '../support/engine.js';
import { startLoopback, type Loopback } from '../support/loopback.js';
import { until } from '../support/until.js';

const hasSandboxes = existsSync('/usr/bin/bwrap') && process.getuid?.() === 0;
const FILE = {
  ...{ name: 'a.bin', bytes: 7, contentType: 'application/octet-stream' },
  ref: `sha256-${'a'.repeat(64)}`,
};
const reads = defineTask<Artifact>({
  name: 'reads',
  run: async (file, { readArtifact }) => (await readArtifact(file)).byteLength,
});
const NODES: [string, object][] = [
  ['a handler', { task: 'reads' }],
  ...(hasSandboxes
    ? [['a program', { process: { command: ['true'] } }] satisfies [string, object]]
    : []),
];

/** A bucket that takes what it is given, and never answers for the file. */
async function startHanging(): Promise<Loopback & { asked: IncomingMessage[] }> {
  const kept = new Map<string, Buffer>();
  const asked: IncomingMessage[] = [];
  const server = await startLoopback((request, response) => {
    const key = (request.url ?? '').split('?')[0] ?? '';
    if (key.endsWith(FILE.ref)) return void asked.push(request);
    void buffer(request).then((body) => {
      if (request.method === 'PUT') kept.set(key, body);
      const found = kept.get(key);
      if (request.method === 'PUT') response.end();
      else if (found) response.end(found);
      else response.writeHead(404).end('<Error><Code>NoSuchKey</Code></Error>');
    });
  });
  return { ...server, asked };
}

describe('a node whose file does not come', () => {
  let bucket: Awaited<ReturnType<typeof startHanging>>;
  let harness: Harness;
  beforeAll(async () => {
    Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' });
    bucket = await startHanging();
    harness = await startHarness({
      ...{ tasks: [reads], blobUrl: `s3://values?endpoint=${bucket.origin}` },
      programs: hasSandboxes ? ['process'] : [],
    });
  });
  afterAll(async () => {
    await harness.stop();
    await bucket.close();
  });
  beforeEach(() => bucket.asked.splice(0));

  const start = (node: object, timeout: string) =>
    harness.engine.scheduleTaskGraph({
      name: 'hangs',
      tasks: [{ id: 'a', ...node, timeout, retry: 'NONE', input: { ...FILE } }],
    } as never);

  it.each(NODES)('is out of time as %s, and says what it waited for', async (_kind, node) => {
    const { nodes } = await (await start(node, '8s')).result();
    expect(nodes['a']).toMatchObject({
      status: 'TIMEOUT',
      error: {
        code: 'TIMEOUT',
        message: `not done within 8000 ms; it waited for artifact "a.bin" (7 bytes) from s3://values/ at ${bucket.origin}`,
      },
    });
  });

  it.each(NODES)('stops as %s once it is cancelled, and asks no more', async (_kind, node) => {
    const handle = await start(node, '1h');
    await until(() => bucket.asked.length > 0, 'the bucket was asked');
    await handle.cancel();
    expect(await handle.result()).toMatchObject({ status: 'CANCELLED' });
    expect(bucket.asked).toHaveLength(1);
  });
});

describe('readUntil', () => {
  const never = (): Promise<string> => new Promise(() => undefined);

  it('waits for a value until the attempt is to stop', async () => {
    const stop = new AbortController();
    const hanging = { location: 's3://values/', get: never } as unknown as BlobStore;
    const reading = readUntil(stop.signal, hanging).get(FILE.ref);
    stop.abort();
    await expect(reading).rejects.toThrow(
      new StoppedError('it waited for a value from s3://values/'),
    );
  });

  it('gives a value that is there, and waits for nothing more', async () => {
    const { signal } = new AbortController();
    const listening = jest.spyOn(signal, 'removeEventListener');
    const there = { get: async () => 'text' } as unknown as BlobStore;
    expect(await readUntil(signal, there).get(FILE.ref)).toBe('text');
    expect(listening).toHaveBeenCalledWith('abort', expect.any(Function));
  });
});
