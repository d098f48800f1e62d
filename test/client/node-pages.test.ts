import { EndedNodes } from '../../src/client/ended-nodes.js';
import { nodePage, type NodeListQuery } from '../../src/client/node-list.js';
import { runningNodes } from '../../src/client/running-nodes.js';
import type { NodeView } from '../../src/workflows/messages.js';
import { startHarness } from '../support/engine.js';
import { until } from '../support/until.js';

const view = (id: string, status: NodeView['status'] = 'COMPLETED'): NodeView => ({
  ...{ id, task: 'noop', status, attempts: 1, maxRetries: 0 },
});

describe('EndedNodes', () => {
  const setup = (views: NodeView[], bytes?: number) => {
    const ended = new EndedNodes(bytes);
    const reads: string[] = [];
    const read = (run: string) => (): Promise<NodeView[]> => {
      reads.push(run);
      return Promise.resolve(views);
    };
    const page = async (query: NodeListQuery, run = 'one') =>
      await nodePage(ended.source(run, read(run)), query);
    return { ended, reads, page };
  };
  const many = Array.from({ length: 2_500 }, (_, nth) =>
    view(`n${(nth * 7_919) % 2_500}`, nth === 1_700 ? 'FAILED' : 'COMPLETED'),
  );

  it('gives every node once, in the order of the ids, and reads them once for all pages', async () => {
    const { page, reads } = setup(many);
    const ids: string[] = [];
    let cursor: string | undefined;
    do {
      const { nodes, nextCursor } = await page({ limit: 400, cursor });
      ids.push(...nodes.map(({ id }) => id));
      cursor = nextCursor;
    } while (cursor !== undefined);
    expect(ids).toEqual(many.map(({ id }) => id).sort());
    expect(reads).toEqual(['one']);
  });

  it('finds those of a status wherever they are', async () => {
    const { page } = setup(many);
    const { nodes, nextCursor } = await page({ limit: 1, status: ['FAILED'] });
    expect(nodes).toEqual(many.filter(({ status }) => status === 'FAILED'));
    expect(nextCursor).toBeUndefined();
  });

  it('reads once for two who ask at the same time', async () => {
    const { page, reads } = setup(many);
    await Promise.all([page({ limit: 1 }), page({ limit: 1 })]);
    expect(reads).toEqual(['one']);
  });

  it('keeps no more than it may: what was not asked for the longest is read again', async () => {
    const { page, reads, ended } = setup(many, 1);
    await page({ limit: 1 }, 'one');
    await page({ limit: 1 }, 'two');
    await page({ limit: 1 }, 'one');
    expect(reads).toEqual(['one', 'two', 'one']);
    expect(ended.size).toBe(0);
  });

  it('keeps nothing of what could not be read', async () => {
    const { ended } = setup([]);
    const source = ended.source('one', () => Promise.reject(new Error('no store')));
    await expect(nodePage(source, { limit: 1 })).rejects.toThrow('no store');
    expect(
      (
        await nodePage(
          ended.source('one', () => Promise.resolve(many)),
          {},
        )
      ).nodes.length,
    ).toBe(100);
  });
});

describe('runningNodes', () => {
  it('carries no more nodes than are wanted, of however large a graph', async () => {
    const harness = await startHarness();
    try {
      const tasks = [
        { id: 'gate', approval: { message: 'go?' } },
        ...Array.from({ length: 1_200 }, (_, nth) => ({
          ...{ id: `n${nth}`, task: 'noop', dependsOn: ['gate'] },
        })),
      ];
      const handle = await harness.engine.scheduleTaskGraph({ name: 'wide', tasks });
      await until(async () => (await handle.node('gate').status()).approval !== undefined);
      const wanted = { after: 'n1', atLeast: 3, status: undefined };
      for await (const some of runningNodes(harness.client, handle.executionId, wanted)) {
        expect(some.map(({ id }) => id)).toEqual(['n10', 'n100', 'n1000']);
        break;
      }
      await handle.cancel();
      await handle.result();
    } finally {
      await harness.stop();
    }
  });
});
