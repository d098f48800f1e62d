import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { recordClose } from '../../src/activities/record-close.js';
import { Recorder } from '../../src/activities/recorder.js';
import { END } from '../../src/observe/projection.js';
import { putJson } from '../../src/store/blob-store.js';
import { FileBlobStore } from '../../src/store/file-blobs.js';
import type { Manifest } from '../../src/workflows/manifest.js';
import type { NodeView } from '../../src/workflows/messages.js';
import type { ExecutionInfo } from '../../src/workflows/requests.js';
import { describeDatabases } from '../support/databases.js';

const T = Date.UTC(2026, 2, 14, 9, 30);
const at = (ms: number): string => new Date(T + ms).toISOString();
const EXECUTION: ExecutionInfo = {
  ...{ id: 'big', kind: 'graph', graph: 'many', version: '1' },
  ...{ run: { id: 'run-1', startedAt: T }, hooks: { pre: [], post: [] } },
};
const log = pino({ level: 'silent' });

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tempograph-close-'));
});

afterAll(async () => {
  await rm(folder, { recursive: true });
});

const node = (id: string, rest: Partial<NodeView> = {}): NodeView => ({
  ...{ id, task: 'echo', status: 'COMPLETED', attempts: 1, maxRetries: 0 },
  ...{ startedAt: at(10), endedAt: at(20), durationMs: 10 },
  ...rest,
});

const COUNTS = { COMPLETED: 5 };
const MANIFEST: Omit<Manifest, 'nodes'> = {
  ...{
    executionId: 'big',
    graph: 'many',
    version: '1',
    status: 'COMPLETED',
    counts: COUNTS,
    total: 5,
  },
  ...{ startedAt: at(0), endedAt: at(100), durationMs: 100 },
};

describeDatabases('the end of a graph whose nodes lie in pages', (database) => {
  const setup = async (pages: readonly (readonly NodeView[])[]) => {
    const store = await database.fresh();
    const blobs = new FileBlobStore(folder);
    const refs = await Promise.all(pages.map(async (page) => (await putJson(blobs, page)).ref));
    const recorder = new Recorder(store, log);
    const close = (nodes = refs, execution = EXECUTION): Promise<string | null> =>
      recordClose(
        { blobs, log, recorder },
        {
          execution,
          close: {
            ...{ status: 'COMPLETED', counts: COUNTS, total: 5 },
            manifest: { ...MANIFEST, nodes: { pages: nodes } },
          },
        },
      );
    return { store, recorder, close, refs };
  };
  const PAGES = [
    [node('a', { warnings: ['late'] }), node('b')],
    [node('c'), node('d', { attempts: 2 })],
    [node('e', { warnings: ['slow', 'again'] })],
  ];

  it('writes the nodes that the store lost, and leaves those that it has as they are', async () => {
    const { store, recorder, close } = await setup(PAGES);
    const told = (id: string, attempts: number) =>
      recorder.record({
        ...{ executionId: `big/${id}`, kind: 'node', run: EXECUTION.run, parentId: 'big' },
        ...{ sequence: END.attempt(attempts), status: 'COMPLETED', attempts, error: null },
        metadata: { told: true },
      });
    told('a', 1);
    told('d', 1); // a worker that was cut off: another made it in a second attempt
    await recorder.flush();
    const before = await store.executions.get('big/a');
    told('e', 1); // still waits in the recorder
    await close();
    const rows = await store.executions.getMany(['a', 'b', 'c', 'd', 'e'].map((id) => `big/${id}`));
    expect(rows.map(({ status, attempts, endedAt }) => [status, attempts, endedAt])).toEqual([
      ['COMPLETED', 1, null],
      ['COMPLETED', 1, T + 20],
      ['COMPLETED', 1, T + 20],
      ['COMPLETED', 2, T + 20],
      ['COMPLETED', 1, null],
    ]);
    expect(rows[0]).toEqual(before);
  });

  it('has the warnings of every page in the row of the graph', async () => {
    const { store, close } = await setup(PAGES);
    await close();
    await expect(store.executions.get('big')).resolves.toMatchObject({
      ...{ status: 'COMPLETED', endedAt: T + 100, nodeCounts: COUNTS },
      warnings: ['a: late', 'e: slow', 'e: again'],
    });
  });

  it('leaves the graph open where a page of its nodes cannot be read', async () => {
    const { store, recorder, close, refs } = await setup(PAGES);
    recorder.record({
      ...{ executionId: 'big', kind: 'graph', run: EXECUTION.run, sequence: T },
      status: 'RUNNING',
    });
    const [first = '', ...rest] = refs;
    await expect(close([first, `${first}0`, ...rest])).resolves.toBeNull();
    await expect(store.executions.get('big/b')).resolves.toMatchObject({ status: 'COMPLETED' });
    await expect(store.executions.get('big')).resolves.toMatchObject({ status: 'RUNNING' });
    await close();
    await expect(store.executions.get('big')).resolves.toMatchObject({ status: 'COMPLETED' });
  });

  it.each<[string, Partial<ExecutionInfo>]>([
    ['a batch', { kind: 'batch' }],
    ['a graph below a node', { parent: { id: 'above' } }],
  ])('writes nothing of %s where a page cannot be read: no row would show it', async (_, who) => {
    const { store, close, refs } = await setup(PAGES);
    const [first = '', ...rest] = refs;
    const execution = { ...EXECUTION, ...who };
    await close([first, `${first}0`, ...rest], execution);
    await expect(store.executions.get('big/b')).resolves.toBeUndefined();
    await close(refs, execution);
    await expect(store.executions.get('big/b')).resolves.toMatchObject({ status: 'COMPLETED' });
    await expect(store.executions.get('big')).resolves.toBeUndefined();
  });
});
