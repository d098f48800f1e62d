import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { TaskEngine } from '../../src/client.js';
import type { ArtifactSource } from '../../src/domain/artifact.js';
import { defineTask } from '../../src/registry.js';
import { startHarness, type Harness } from '../support/engine.js';
import { until } from '../support/until.js';

const folder = mkdtempSync(join(tmpdir(), 'tempograph-artifacts-'));
const file = join(folder, 'plot.png');
writeFileSync(file, Buffer.from([0x89, 0x50, 0, 0xff]));
afterAll(() => rmSync(folder, { recursive: true }));

interface Wanted {
  name: string;
  source: ArtifactSource;
  contentType?: string;
}
/** What the handlers keep, by node id and attempt; nothing of it could travel as input. */
const wanted = new Map<string, Wanted[]>();
const keeps = defineTask({
  name: 'keeps',
  retry: { strategy: 'IMMEDIATE', maxRetries: 1 },
  run: async (input, { artifact, nodeId, attempt }) => {
    const { fails = 0, awaits = true } = (input ?? {}) as { fails?: number; awaits?: boolean };
    for (const { name, source, contentType } of wanted.get(`${nodeId} ${attempt}`) ?? []) {
      const keeping = artifact(name, source, contentType === undefined ? {} : { contentType });
      if (awaits) await keeping;
    }
    if (attempt <= fails) throw new Error(`attempt ${attempt}`);
    return attempt;
  },
});

describe('the artifacts of a task', () => {
  let harness: Harness;
  beforeAll(
    async () =>
      void (harness = await startHarness({ tasks: [keeps], maxArtifactBytes: 2_000_000 })),
  );
  afterAll(() => harness.stop());

  const kept = async (
    tasks: { id: string; input?: unknown; wants: Wanted[][]; cache?: boolean }[],
  ) => {
    for (const { id, wants } of tasks)
      wants.forEach((list, at) => wanted.set(`${id} ${at + 1}`, list));
    return await harness.engine.scheduleTaskGraph({
      name: 'keeping',
      tasks: tasks.map(({ wants: _wants, ...node }) => ({ ...node, task: 'keeps' })),
    });
  };

  it('of what ran below a node are listed by their paths, and read back by them', async () => {
    const wants = (text: string): Wanted[] => [{ name: 'rows.csv', source: { text } }];
    for (const id of ['0', '1', 'leaf']) wanted.set(`${id} 1`, wants(id));
    const inner = { name: 'inner', tasks: [{ id: 'leaf', task: 'keeps' }] };
    const handle = await harness.engine.scheduleTaskGraph({
      name: 'nested',
      tasks: [
        { id: 'each', task: 'keeps', map: [1, 2] },
        { id: 'sub', graph: { name: 'outer', tasks: [{ id: 'deep', graph: inner }] } },
        { id: 'off', graph: inner, when: 'false' },
        { id: 'held', task: 'noop', scheduledTime: '1h' },
      ],
    });
    const paths = ['each/0', 'each/1', 'sub/deep/leaf'];
    const listed = async (): Promise<string[]> =>
      (await handle.artifacts()).map(({ nodeId }) => nodeId).sort();
    await until(async () => (await listed()).length === 3, 'those of a graph that runs');
    expect(await listed()).toEqual(paths);
    await handle.node('held').skip({ reason: 'enough' });
    await handle.result();
    expect(await listed()).toEqual(paths);
    const ofNode = await harness.engine.handle(`${handle.executionId}/each`).artifacts();
    expect(ofNode.map(({ nodeId }) => nodeId)).toEqual(['each/0', 'each/1']);
    const read = await handle.artifact('sub/deep/leaf', 'rows.csv');
    expect([read.nodeId, Buffer.from(read.data).toString()]).toEqual(['sub/deep/leaf', 'leaf']);
    await expect(handle.artifact('each', 'rows.csv')).rejects.toThrow('it has none');
    const again = await handle.rerun({ from: 'failed' });
    await again.node('held').skip({ reason: 'enough' });
    expect((await again.result()).nodes['each']).toMatchObject({
      reused: expect.anything() as object,
    });
    expect((await again.artifacts()).map(({ nodeId }) => nodeId).sort()).toEqual(paths);
    const kept = await again.artifact('each/1', 'rows.csv');
    expect(Buffer.from(kept.data).toString()).toBe('1');
  });

  it('are listed by node and graph, in result, record and store, and read back byte by byte', async () => {
    const { engine } = harness;
    const handle = await kept([
      {
        id: 'sources',
        wants: [
          [
            { name: 'plots/a.png', source: file },
            { name: 'by-url', source: pathToFileURL(file), contentType: 'image/png' },
            { name: 'bytes', source: new Uint8Array([1, 0, 255]) },
            { name: 'notes.md', source: { text: 'žluť' } },
          ],
        ],
      },
      { id: 'silent', wants: [] },
    ]);
    const { artifacts, nodes, status } = await handle.result();
    expect(status).toBe('COMPLETED');
    expect(artifacts.map(({ ref: _ref, ...rest }) => rest)).toEqual([
      { nodeId: 'sources', name: 'plots/a.png', bytes: 4, contentType: 'image/png' },
      { nodeId: 'sources', name: 'by-url', bytes: 4, contentType: 'image/png' },
      { nodeId: 'sources', name: 'bytes', bytes: 3, contentType: 'application/octet-stream' },
      { nodeId: 'sources', name: 'notes.md', bytes: 6, contentType: 'text/markdown' },
    ]);
    expect(nodes['sources']?.artifacts).toHaveLength(4);
    expect(nodes['silent']?.artifacts).toEqual([]);
    expect(await handle.artifacts()).toEqual(artifacts);
    expect([...(await handle.artifact('sources', 'plots/a.png')).data]).toEqual([137, 80, 0, 255]);
    const { data, contentType } = await handle.artifact('sources', 'notes.md');
    expect({ text: Buffer.from(data).toString(), contentType }).toEqual({
      ...{ text: 'žluť', contentType: 'text/markdown' },
    });
    const { executionId } = handle;
    expect((await engine.getExecution(executionId)).artifacts).toEqual(artifacts);
    const node = `${executionId}/sources`;
    expect((await engine.getExecution(node)).artifacts).toHaveLength(4);
    await until(async () => {
      const { executions } = await engine.listExecutions({ kind: 'node' });
      const row = executions.find((one) => one.executionId === node);
      return row?.artifacts?.length === 4;
    }, 'its artifacts in the store');
  });

  it('are those of the last attempt only, and a name kept again takes the place of the first', async () => {
    const handle = await kept([
      {
        id: 'again',
        input: { fails: 1 },
        wants: [
          [
            { name: 'a', source: { text: 'first attempt' } },
            { name: 'only-then', source: { text: 'gone' } },
          ],
          [
            { name: 'a', source: { text: 'old' } },
            { name: 'a', source: { text: 'new' } },
          ],
        ],
      },
    ]);
    const { artifacts } = await handle.result();
    expect(artifacts.map(({ name, bytes }) => [name, bytes])).toEqual([['a', 3]]);
    expect(Buffer.from((await handle.artifact('again', 'a')).data).toString()).toBe('new');
  });

  it('stay when the last attempt fails', async () => {
    const log = [{ name: 'log.txt', source: { text: 'why' } }];
    const handle = await kept([{ id: 'failing', input: { fails: 2 }, wants: [[], log] }]);
    const { status, artifacts } = await handle.result();
    expect(status).toBe('FAILED');
    expect(artifacts).toMatchObject([{ nodeId: 'failing', name: 'log.txt', bytes: 3 }]);
  });

  it.each([
    ['climbs', { name: '../x', source: { text: '' } }, 'ARTIFACT_INVALID', /climbs out/],
    ['is empty', { name: '', source: { text: '' } }, 'ARTIFACT_INVALID', /is empty/],
    ['is too long', { name: 'x'.repeat(201), source: { text: '' } }, 'ARTIFACT_INVALID', /201/],
    [
      'has no file',
      { name: 'a', source: '/no/such/file' },
      'ARTIFACT_INVALID',
      /no such file.*\{ text \}/,
    ],
    ['is a folder', { name: 'a', source: folder }, 'ARTIFACT_INVALID', /is no file/],
    ['is a number', { name: 'a', source: 7 as never }, 'ARTIFACT_INVALID', /Uint8Array/],
    [
      'is too large',
      { name: 'a', source: new Uint8Array(2_000_001) },
      'TOO_LARGE',
      /2,000,001.*2,000,000/,
    ],
  ])(
    'fail the attempt where one %s, awaited or not, without a retry',
    async (what, want, code, message) => {
      for (const awaits of [true, false]) {
        const id = `refused-${what.replaceAll(' ', '-')}-${awaits}`;
        const handle = await kept([{ id, input: { awaits }, wants: [[want]] }]);
        const { nodes } = await handle.result();
        expect(nodes[id]).toMatchObject({
          ...{ status: 'FAILED', attempts: 1, artifacts: [] },
          error: { code, origin: code === 'TOO_LARGE' ? 'engine' : 'task' },
        });
        expect(nodes[id]?.error?.message).toMatch(message);
      }
    },
  );

  it('are at most 100 to an attempt; their list goes by reference', async () => {
    const list = (count: number) =>
      Array.from({ length: count }, (_, n) => ({ name: `${n}.txt`, source: { text: `${n}` } }));
    const handle = await kept([
      { id: 'most', wants: [list(100)] },
      { id: 'too-many', wants: [list(101)] },
    ]);
    const { nodes } = await handle.result();
    expect(nodes['most']?.artifacts).toHaveLength(100);
    expect(nodes['too-many']).toMatchObject({ status: 'FAILED', error: { code: 'TOO_LARGE' } });
    expect((await handle.artifact('most', '99.txt')).data).toHaveLength(2);
    const { executionId } = handle;
    expect((await harness.engine.getExecution(`${executionId}/most`)).artifacts).toHaveLength(100);
  });

  it('are refused by a name that is not there, with those that are', async () => {
    const handle = await kept([
      { id: 'one', wants: [[{ name: 'report.html', source: { text: '' } }]] },
    ]);
    await handle.result();
    await expect(handle.artifact('one', 'reprot.html')).rejects.toThrow(
      /did you mean .?report\.html/,
    );
    await expect(handle.artifact('two', 'report.html')).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
  });

  it('come through a worker to a client without the data folder, in parts', async () => {
    const data = Buffer.alloc(1_900_001, 'abcdefg');
    const handle = await kept([{ id: 'far', wants: [[{ name: 'big', source: data }]] }]);
    await handle.result();
    const far = await TaskEngine.connect({
      ...{ address: harness.address, taskQueue: harness.taskQueue, storeUrl: 'none' },
      dataDir: mkdtempSync(join(tmpdir(), 'tempograph-far-')),
    });
    const found = await far.handle(handle.executionId).artifact('far', 'big');
    expect(Buffer.compare(Buffer.from(found.data), data)).toBe(0);
    await far.shutdown();
  });

  it('come with a result that was kept', async () => {
    const list = [[{ name: 'a', source: { text: 'kept' } }]];
    const first = await kept([{ id: 'cached', cache: true, wants: list }]);
    const before = (await first.result()).artifacts;
    const second = await kept([{ id: 'cached', cache: true, wants: [[]] }]);
    const { nodes, artifacts } = await second.result();
    expect(nodes['cached']?.cached).toBe(true);
    expect(artifacts).toEqual(before);
    expect(artifacts).toHaveLength(1);
  });
});
