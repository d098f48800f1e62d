import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { storedNode } from '../../src/cli/stored-nodes.js';
import type { Session } from '../../src/cli/session.js';
import type { ListQuery } from '../../src/client/listing.js';
import { recordOfRow } from '../../src/client/row-record.js';
import { openStore } from '../../src/store/store.js';

describe('storedNode', () => {
  it('reads the one node that is asked for and none beside it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tempograph-stored-'));
    const store = await openStore({ url: `sqlite:${join(folder, 'store.db')}` });
    try {
      const writes = Array.from({ length: 2_000 }, (_, nth) => ({
        ...{ executionId: `graph/n${nth}`, parentId: 'graph', kind: 'node' as const },
        ...{ status: 'RUNNING' as const, sequence: 1, createdAt: 1_800_000_000_000 + nth },
      }));
      await store.executions.record(writes, 1_800_000_010_000);
      const read: string[] = [];
      const listExecutions = async ({ since: _since, until: _until, ...query }: ListQuery) => {
        const { executions } = await store.executions.list(query);
        read.push(...executions.map(({ executionId }) => executionId));
        return { executions: executions.map(recordOfRow) };
      };
      const session = { engine: { listExecutions } } as unknown as Pick<Session, 'engine'>;
      const found = await storedNode(session, 'graph/n1700');
      expect(found?.record).toMatchObject({ executionId: 'graph/n1700', status: 'RUNNING' });
      expect(read).toEqual(['graph/n1700']);
      expect(await storedNode(session, 'graph/none')).toBeUndefined();
    } finally {
      await store.close();
    }
  });
});
