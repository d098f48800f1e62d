import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { failedNodes } from '../../src/notify/failed-nodes.js';
import type { ExecutionEvent } from '../../src/store/execution-events.js';
import { openStore, type Store } from '../../src/store/store.js';
import type { Status } from '../../src/domain/status.js';

describe('the nodes that a notice names', () => {
  let store: Store;
  beforeAll(async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tempograph-failed-'));
    store = await openStore({ url: `sqlite:${join(folder, 'store.db')}` });
    const node = (executionId: string, status: Status) => ({
      ...{ executionId, parentId: executionId.slice(0, 1), kind: 'node' as const, status },
      ...{ sequence: 1, createdAt: 1_800_000_000_000 },
    });
    const writes = [node('a/hung', 'CANCELLED'), node('a/done', 'COMPLETED')];
    const more = [node('b/bad', 'FAILED'), node('b/swept', 'CANCELLED')];
    await store.executions.record([...writes, ...more], 1_800_000_010_000);
  });
  afterAll(() => store.close());
  const named = async (executionId: string, status: Status): Promise<string[]> =>
    await failedNodes(store, { executionId, kind: 'graph', status } as ExecutionEvent);

  it('are those that failed; where none did, those that were cancelled by themselves', async () => {
    expect(await named('b', 'FAILED')).toEqual(['bad']);
    expect(await named('a', 'FAILED')).toEqual(['hung']);
  });

  it('are none of a graph that was cancelled as a whole, or completed', async () => {
    expect(await named('a', 'CANCELLED')).toEqual([]);
    expect(await named('a', 'COMPLETED')).toEqual([]);
  });
});
