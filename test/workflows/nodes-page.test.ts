import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { NodesPage, NodesQuery } from '../../src/workflows/messages.js';
import { startHarness, type Harness } from '../support/engine.js';
import { until } from '../support/until.js';

/** More nodes than one answer has; none begins before somebody says yes. */
const MANY = {
  name: 'many',
  tasks: [
    { id: 'gate', approval: { message: 'go?' } },
    ...Array.from({ length: 5_200 }, (_, nth) => ({
      ...{ id: `n${nth}`, task: 'echo', dependsOn: ['gate'] },
    })),
  ],
};

describe('the nodes of a running graph, a page at a time', () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await startHarness();
  });
  afterAll(() => harness.stop());

  const asking = (id: string) => (query: NodesQuery) =>
    harness.client.workflow.getHandle(id).query<NodesPage, [NodesQuery]>('nodes', query);

  it('are 1,000 unless more are asked for, and 5,000 at most', async () => {
    const handle = await harness.engine.scheduleTaskGraph(MANY);
    await until(async () => (await handle.node('gate').status()).approval !== undefined);
    const ask = asking(handle.executionId);
    const lengths = async (query: NodesQuery): Promise<[number, number | undefined]> => {
      const { nodes, next } = await ask(query);
      return [nodes.length, next];
    };
    await expect(lengths({})).resolves.toEqual([1_000, 1_000]);
    await expect(lengths({ limit: 3 })).resolves.toEqual([3, 3]);
    await expect(lengths({ limit: 9_000 })).resolves.toEqual([5_000, 5_000]);
    await expect(lengths({ limit: 9_000, cursor: 5_000 })).resolves.toEqual([201, undefined]);
    expect((await handle.status()).changed).toHaveLength(5_201);
    await handle.cancel();
    await handle.result();
  });

  it('come in the order of their ids where they are asked for so, those that an edit adds too', async () => {
    const tasks = [
      { id: 'gate', approval: { message: 'go?' } },
      ...['b', 'd', 'a'].map((id) => ({ id, task: 'echo', dependsOn: ['gate'] })),
    ];
    const handle = await harness.engine.scheduleTaskGraph({ name: 'few', tasks });
    await until(async () => (await handle.node('gate').status()).approval !== undefined);
    const ask = asking(handle.executionId);
    const idsAfter = async (after: string, limit: number) => {
      const { nodes, next, byId } = await ask({ after, limit });
      return { ids: nodes.map(({ id }) => id), isLast: next === undefined, byId };
    };
    const asked = { byId: true };
    expect(await idsAfter('', 2)).toEqual({ ids: ['a', 'b'], isLast: false, ...asked });
    expect(await idsAfter('b', 2)).toEqual({ ids: ['d', 'gate'], isLast: true, ...asked });
    const added = [{ id: 'c', task: 'echo', dependsOn: ['gate'] }];
    await handle.edit({ add: added, reason: 'test' });
    expect(await idsAfter('b', 9)).toEqual({ ids: ['c', 'd', 'gate'], isLast: true, ...asked });
    await handle.cancel();
    await handle.result();
  });

  it('are waited for while a big graph is prepared, by whoever asks for one of them', async () => {
    const handle = await harness.engine.scheduleTaskGraph(MANY);
    await expect(handle.node('n7').status()).resolves.toMatchObject({ id: 'n7' });
    await expect(handle.node('nobody').status()).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await handle.cancel();
    await handle.result();
  });
});
