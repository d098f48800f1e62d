import type { Explanation } from '../../src/index.js';
import { DEADLINE, ExplainScene, long, type Case } from '../support/explain-scene.js';
import { until } from '../support/until.js';

describe('explain', () => {
  let scene: ExplainScene;
  beforeAll(async () => void (scene = await ExplainScene.start()));
  afterAll(() => scene.stop());

  /** The same reasons, brought about in other ways. */
  const more: Record<string, Case> = {
    'retry, the wait kept by the server': {
      begin: async () => {
        const retry = { strategy: 'FIXED_DELAY', delay: '50s', maxRetries: 1 } as const;
        const { executionId } = await scene.graph([
          { id: 'a', task: 'fail', retry, totalTimeout: '1h' },
        ]);
        return `${executionId}/a`;
      },
      reason: {
        kind: 'retry',
        attempt: 1,
        of: 2,
        keptBy: 'server',
        error: { code: 'AskedToFail' },
      },
      sentence: /the next one starts in .* the server keeps the wait, so a soft pause/,
      bound: { by: 'totalTimeout', then: 'TIMEOUT' },
    },
    'paused, one node': {
      begin: async () => {
        const handle = await scene.graph([
          { id: 'b', ...long },
          { id: 'a', task: 'noop', dependsOn: ['b'] },
        ]);
        await handle.node('a').pause({ by: 'bob' });
        return `${handle.executionId}/a`;
      },
      reason: { kind: 'paused', scope: 'node', by: 'bob', note: null },
      sentence: /^is paused by bob since 20\S+Z$/,
      bound: null,
    },
    'paused, the execution as a whole': {
      begin: async () => {
        const handle = await scene.graph([{ id: 'b', ...long }]);
        await handle.pause({ by: 'eve' });
        return handle.executionId;
      },
      reason: { kind: 'paused', scope: 'graph', by: 'eve' },
      sentence: /^the whole graph is paused by eve since/,
      bound: null,
    },
    'queue, with a worker that is busy': {
      begin: async () => {
        const queue = scene.queues.busy;
        const first = await scene.graph([{ id: 'first', ...long, queue }]);
        await until(async () => (await first.node('first').status()).status === 'RUNNING');
        const { executionId } = await scene.graph([
          { id: 'a', ...long, queue, queueTimeout: null },
        ]);
        return `${executionId}/a`;
      },
      reason: {
        ...{ kind: 'queue', pollers: 1, backlog: 1 },
        lastPollAt: expect.stringMatching(/Z$/) as string,
      },
      sentence:
        /^waits for a worker, for .+: 1 worker polled the queue \S+-busy of late, last seen at \S+Z; 1 waits there/,
      bound: null,
    },
    'limit, behind other graphs': {
      begin: async () => {
        const limit = { key: `${scene.key}-shared`, max: 2 };
        const has = await scene.graph(['a', 'b'].map((id) => ({ id, ...long, limit })));
        await until(async () => (await has.status()).counts.RUNNING === 2);
        const first = await scene.graph([{ id: 'a', ...long, limit }]);
        await until(async () => (await first.node('a').status()).reason === 'limit');
        const { executionId } = await scene.graph([{ id: 'a', ...long, limit, priority: 'LOW' }]);
        return `${executionId}/a`;
      },
      reason: { kind: 'limit', inUse: 2, max: 2, place: 2 },
      sentence: /: 2 of 2 taken, place 2 in line/,
      bound: null,
    },
    'circuit, opened by hand': {
      begin: async () => {
        await scene.harness.engine.circuits.open('erp');
        const { executionId } = await scene.graph([{ id: 'a', task: 'noop', circuit: 'erp' }]);
        return `${executionId}/a`;
      },
      reason: { kind: 'circuit', name: 'erp', mode: 'open', forced: true, openUntil: null },
      sentence: /^is held: somebody opened the circuit erp, until it is closed by hand/,
      bound: null,
    },
    'children, a sub-graph': {
      begin: async () => {
        const inner = {
          name: 'inner',
          tasks: [
            { id: 'x', ...long },
            { id: 'y', task: 'noop', dependsOn: ['x'] },
          ],
        };
        const { executionId } = await scene.graph([{ id: 'sub', graph: inner }]);
        return `${executionId}/sub`;
      },
      reason: { kind: 'children', what: 'graph', done: 0, total: 2, running: 1 },
      sentence: /^0 of its 2 nodes have ended, 1 run/,
      bound: null,
    },
    'window, of the items of a map': {
      begin: async () => {
        const map = { over: [1, 2, 3], concurrency: 2 };
        const { executionId } = await scene.graph([{ id: 'items', ...long, map }]);
        return `${executionId}/items/2`;
      },
      reason: { kind: 'window', running: 2, concurrency: 2, place: 1 },
      sentence: /^waits for a place in the graph's window: 2 of 2 run, place 1 in line/,
      bound: null,
    },
    'no worker, after it had begun': {
      begin: async () => {
        const taskQueue = `${scene.harness.taskQueue}-gone`;
        const worker = await scene.harness.startWorker({ taskQueue });
        const id = await scene.elsewhere(taskQueue, {
          name: 'left',
          tasks: [{ id: 'a', ...long }],
        });
        const handle = scene.harness.engine.handle(id);
        await until(async () => (await handle.node('a').status()).status === 'RUNNING');
        await worker.shutdown();
        return id;
      },
      reason: { kind: 'no_worker', begun: true },
      sentence: /^no worker answers: /,
      bound: null,
    },
  };

  it.each(Object.entries(more))('tells by engine and command line alike: %s', async (_way, its) => {
    await scene.prove(its);
  });

  it('lists every node of an execution that neither runs nor has ended, each with its own reason', async () => {
    const limit = { key: `${scene.key}-list`, max: 1 };
    const handle = await scene.graph(
      [
        { id: 'done', task: 'noop' },
        { id: 'runs', ...long, limit },
        { id: 'limited', ...long, limit },
        { id: 'later', task: 'noop', scheduledTime: '1h' },
        { id: 'alone', ...long, queue: scene.queues.nobody, queueTimeout: '1h' },
        { id: 'items', ...long, map: { over: [1, 2, 3], concurrency: 2 } },
        { id: 'last', task: 'noop', dependsOn: ['runs'] },
      ],
      { deadline: '2h' },
    );
    const kinds = ({ nodes }: Explanation) =>
      Object.fromEntries(nodes.map(({ nodeId, reason }) => [nodeId, reason.kind]));
    const expected = {
      limited: 'limit',
      later: 'start_time',
      alone: 'queue',
      items: 'children',
      last: 'dependencies',
    };
    const settled = async (): Promise<Explanation> => {
      const seen = await handle.explain();
      const items = seen.nodes.find(({ nodeId }) => nodeId === 'items')?.reason;
      return items?.kind === 'children' && items.running === 2 ? seen : await settled();
    };
    const explanation = await settled();
    await until(async () => 'runs' in kinds(await handle.explain()) === false);
    expect(kinds(await handle.explain())).toEqual(expected);
    const items = explanation.nodes.find(({ nodeId }) => nodeId === 'items');
    expect(items?.inside).toMatchObject([
      { nodeId: '2', reason: { kind: 'window', place: 1 }, bound: DEADLINE },
    ]);
    const text = await scene.cli('explain', handle.executionId);
    expect(text).toMatch(
      /^● RUNNING {2}waits-\S+\n {2}1 of 7 nodes have ended, \d run, \d wait\n {2}at most/,
    );
    expect(text).toMatch(/ · items\[2\] +PENDING +waits for a place in the graph's window/);
    expect(text.match(/at most/g)).toHaveLength(2); // the graph's deadline, and what ends before that
  });

  it.each(['nowhere', 'nowhere/node', '__proto__', 'a/b/c', ' ', 'ü/😀'])(
    'says of %j that there is no such execution',
    async (id) => {
      await expect(scene.harness.engine.explain(id)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    },
  );

  it('says of a node that is not there, in a graph that runs and in one that has ended', async () => {
    const ended = await scene.graph([{ id: 'a', task: 'noop' }]);
    await ended.result();
    const running = await scene.graph([{ id: 'a', ...long }]);
    for (const { executionId } of [ended, running])
      await expect(
        scene.harness.engine.explain(executionId, { node: '__proto__' }),
      ).rejects.toMatchObject({
        code: 'NOT_FOUND',
        message: expect.stringContaining(`${executionId}/__proto__`) as string,
      });
  });
});
