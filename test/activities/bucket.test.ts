import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Check } from '../../src/cli/doctor-check.js';
import { TaskEngine } from '../../src/client.js';
import { defineTask } from '../../src/registry.js';
import { startBucket, type TestBucket } from '../support/bucket.js';
import { buildCli, documentOf, envOf, runCli } from '../support/cli.js';
import { startHarness, type Harness } from '../support/engine.js';

const LARGE = 'x'.repeat(100_000);

const large = defineTask({ name: 'large', run: () => ({ text: LARGE }) });
const measure = defineTask<{ text: string }>({
  name: 'measure',
  run: async ({ text }, { artifact }) => {
    await artifact('text.bin', Buffer.from(text));
    return text.length;
  },
});
const GRAPH = {
  name: 'values',
  tasks: [
    { id: 'make', task: 'large', queue: 'QUEUE' },
    {
      id: 'measure',
      task: 'measure',
      dependsOn: ['make'],
      input: { text: '${{ tasks.make.output.text }}' },
    },
  ],
};

describe('large values in a bucket', () => {
  let bucket: TestBucket;
  let first: Harness;
  let second: Harness;
  const folder = mkdtempSync(join(tmpdir(), 'tempograph-bucket-'));
  beforeAll(async () => {
    bucket = await startBucket();
    // Two workers, of a queue and a folder each: nothing but the bucket is shared.
    first = await startHarness({ tasks: [large, measure], blobUrl: bucket.url });
    second = await startHarness({ tasks: [large, measure], blobUrl: bucket.url });
  });
  afterAll(async () => {
    await first.stop();
    await second.stop();
    await bucket.stop();
    rmSync(folder, { recursive: true });
  });

  const connect = (blobUrl?: string): Promise<TaskEngine> =>
    TaskEngine.connect({
      ...{ address: first.address, taskQueue: first.taskQueue, dataDir: join(folder, 'own') },
      ...(blobUrl === undefined ? {} : { blobUrl }),
    });
  const graph = (): typeof GRAPH =>
    JSON.parse(JSON.stringify(GRAPH).replace('QUEUE', second.taskQueue)) as typeof GRAPH;

  it.each(['a client that reads the bucket', 'a client that knows nothing of it'])(
    'go from one worker to another that shares no folder, and to %s',
    async (who) => {
      const engine = await connect(who.includes('knows') ? undefined : bucket.url);
      const handle = await engine.scheduleTaskGraph(graph());
      const { nodes } = await handle.resultOrThrow();
      expect(nodes['make']).toMatchObject({ output: { text: LARGE } });
      expect(nodes['measure']).toMatchObject({ output: LARGE.length });
      const { data } = await handle.artifact('measure', 'text.bin');
      expect(Buffer.from(data).toString()).toBe(LARGE);
      await engine.shutdown();
    },
  );

  it('go by way of a worker where the bucket is not for the client', async () => {
    const engine = await connect(`s3://nowhere-to-be-found?endpoint=${bucket.endpoint}`);
    const input = 'y'.repeat(1_700_000); // more than the argument of a workflow holds
    const handle = await engine.scheduleTaskGraph({
      ...{ name: 'by-worker', tasks: [...graph().tasks, { id: 'more', task: 'echo', input }] },
    });
    const { nodes } = await handle.resultOrThrow();
    expect(nodes['make']).toMatchObject({ output: { text: LARGE } });
    expect(nodes['more']).toMatchObject({ output: input });
    await engine.shutdown();
  });

  it('are all in the bucket, also of a graph that is split, and none in a folder', async () => {
    const before = await bucket.keys();
    const split = await startHarness({
      ...{ tasks: [large], blobUrl: bucket.url, maxNodesPerRun: 20 },
    });
    const tasks = Array.from({ length: 60 }, (_, nth) => ({
      id: `n${nth}`,
      task: 'echo',
      input: nth,
    }));
    const handle = await split.engine.scheduleTaskGraph({
      name: 'split',
      tasks: [...tasks, { id: 'last', task: 'large', dependsOn: tasks.map(({ id }) => id) }],
    });
    const { nodes } = await handle.resultOrThrow();
    await split.stop();
    expect(Object.keys(nodes)).toHaveLength(61);
    expect(nodes['last']).toMatchObject({ output: { text: LARGE } });
    expect((await bucket.keys()).length).toBeGreaterThan(before.length);
    expect([first, second, split].filter(({ dataDir }) => existsSync(`${dataDir}/blobs`))).toEqual(
      [],
    );
  });

  it('keep a worker from starting whose bucket cannot be used, and it says why', async () => {
    const blobUrl = `s3://nowhere-to-be-found?endpoint=${bucket.endpoint}`;
    await expect(first.startWorker({ blobUrl })).rejects.toMatchObject({
      code: 'STORE',
      message: expect.stringMatching(/NoSuchBucket.*make the bucket/) as string,
    });
  });

  it('are looked at by "tempograph doctor", as the workers see them and as it does', async () => {
    await buildCli();
    const doctor = async (url: string): Promise<[code: number | null, Check[]]> => {
      const env = { ...envOf(first), TEMPOGRAPH_BLOB_URL: url };
      const result = await runCli(['doctor', '--json'], { env });
      const { checks } = documentOf<{ checks: Check[] }>(result);
      return [result.code, checks];
    };
    const [code, shared] = await doctor(bucket.url);
    expect(code).toBe(0);
    expect(shared).toContainEqual(
      expect.objectContaining({
        ...{ name: 'bucket', status: 'ok' },
        message: `s3://tempograph-test/team/a/ at ${bucket.endpoint} can be used`,
      }),
    );
    expect(shared.find(({ name }) => name === 'large values')).toMatchObject({
      ...{
        status: 'ok',
        message: expect.stringMatching(/^shared with the workers: s3:/) as string,
      },
    });
    const [failed, missing] = await doctor(`s3://nowhere-to-be-found?endpoint=${bucket.endpoint}`);
    expect(failed).toBe(1);
    expect(missing.find(({ name }) => name === 'bucket')).toMatchObject({
      ...{ status: 'fail', message: expect.stringContaining('NoSuchBucket') as string },
    });
  });
});
