import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { storedNodes } from '../../src/cli/stored-nodes.js';
import type { Session } from '../../src/cli/session.js';
import type { ListQuery } from '../../src/client/listing.js';
import { recordOfRow } from '../../src/client/row-record.js';
import { openStore } from '../../src/store/store.js';

/** A session over a store that has one graph or one batch. */
async function setup(of: { parentId: string; kind: 'node' | 'item'; count: number }) {
  const { parentId, kind, count } = of;
  const folder = mkdtempSync(join(tmpdir(), 'tempograph-stored-'));
  const store = await openStore({ url: `sqlite:${join(folder, 'store.db')}` });
  const writes = Array.from({ length: count }, (_, nth) => ({
    ...{ executionId: `${parentId}/n${nth}`, parentId, kind },
    ...{ status: 'RUNNING' as const, sequence: 1, createdAt: 1_800_000_000_000 + nth },
  }));
  await store.executions.record(writes, 1_800_000_010_000);
  const listExecutions = async ({ since: _since, until: _until, ...query }: ListQuery) => {
    const { executions } = await store.executions.list(query);
    return { executions: executions.map(recordOfRow) };
  };
  const session = { engine: { listExecutions } } as unknown as Pick<Session, 'engine'>;
  return { session, close: () => store.close() };
}

describe('storedNodes', () => {
  it.each(['node', 'item'] as const)('finds what has the kind %s', async (kind) => {
    const scene = await setup({ parentId: 'whole', kind, count: 3 });
    try {
      const ids = (await storedNodes(scene.session, 'whole'))?.records.map(
        (one) => one.executionId,
      );
      expect(ids).toEqual(['whole/n0', 'whole/n1', 'whole/n2']);
    } finally {
      await scene.close();
    }
  });
});
