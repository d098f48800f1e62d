import { defineTask } from '../../src/registry.js';
import type { GraphSpec } from '../../src/domain/spec.js';
import { FileBlobStore } from '../../src/store/file-blobs.js';
import { startHarness, type Harness } from '../support/engine.js';
import { Gates } from '../support/gates.js';
import { until } from '../support/until.js';

/** Fails for the items that it is told to, on the first so many attempts. */
const shaky = defineTask<{ n: number; failures?: number }, number>({
  name: 'shaky',
  retry: { strategy: 'IMMEDIATE', maxRetries: 1 },
  run: ({ n, failures = 0 }, { attempt }) => {
    if (attempt <= failures) throw new Error(`item ${n} failed`);
    return n * 10;
  },
});
const gates = new Gates();

describe('a map', () => {
  let harness: Harness;
  beforeAll(
    async () =>
      void (harness = await startHarness({
        tasks: [shaky, gates.gated],
        maxOutputBytes: 1_000_000,
      })),
  );
  afterAll(() => harness.stop());

  const run = async (tasks: object[], more: object = {}) => {
    const spec = { name: 'mapped', tasks: tasks as GraphSpec['tasks'], ...more };
    return await harness.engine.scheduleTaskGraph(spec);
  };

  it('runs its task for each item of a list known at run time, and gives the outputs in order', async () => {
    const handle = await run([
      { id: 'find', task: 'echo', input: { files: ['a', 'b', 'c'] } },
      {
        id: 'read',
        task: 'echo',
        dependsOn: ['find'],
        map: 'tasks.find.output.files',
        input: {
          name: '${{ item }}',
          nth: '${{ index + 1 }}',
          of: '${{ size(tasks.find.output.files) }}',
        },
      },
      {
        id: 'join',
        task: 'echo',
        dependsOn: ['read'],
        input: '${{ tasks.read.output.map(r, r.name) }}',
      },
    ]);
    const result = await handle.result();
    expect(result.error).toBeNull();
    expect(result.nodes['read']?.output).toEqual([
      { name: 'a', nth: 1, of: 3 },
      { name: 'b', nth: 2, of: 3 },
      { name: 'c', nth: 3, of: 3 },
    ]);
    expect(result.output).toEqual({ join: ['a', 'b', 'c'] });
    const items = await handle.below('read').result();
    expect(Object.keys(items.nodes)).toEqual(['0', '1', '2']);
  });

  it.each([
    ['its activities', false],
    ['its bursts', true],
  ])(
    'has no page of items, no body and no parameters read for each item by %s',
    async (_, light) => {
      const read = jest.spyOn(FileBlobStore.prototype, 'get');
      try {
        const over = Array.from(
          { length: 150 },
          (__, n) => `${String(light)} ${n} ${'.'.repeat(99)}`,
        );
        const handle = await run(
          [{ id: 'each', task: 'echo', map: 'params.list', input: '${{ item }}', light }],
          { params: { list: { default: over } } },
        );
        expect((await handle.result()).nodes['each']?.output).toEqual(over);
        const readings = new Map<string, number>();
        for (const [ref] of read.mock.calls) readings.set(ref, (readings.get(ref) ?? 0) + 1);
        // The spec, the manifest and their likes are read for the graph and the map, by the worker and whoever asks.
        expect(Math.max(...readings.values())).toBeLessThan(10);
      } finally {
        read.mockRestore();
      }
    },
  );

  it('gives its items the parameters where they read them', async () => {
    const list = Array.from({ length: 30 }, (__, n) => `${n}${'.'.repeat(200)}`);
    const handle = await run(
      [{ id: 'each', task: 'echo', map: 'params.list', input: '${{ params.list[index] + "!" }}' }],
      { params: { list: { default: list } } },
    );
    const { nodes } = await handle.result();
    expect(nodes['each']?.output).toEqual(list.map((one) => `${one}!`));
  });

  it('says while it runs how many of its items have ended, and how', async () => {
    const over = ['open', 'open', 'shut'];
    gates.open('open');
    const handle = await run([
      { id: 'each', task: 'gated', map: { over }, input: { gate: '${{ item }}' } },
    ]);
    await until(async () => {
      const [each] = (await handle.status()).changed;
      const isTwoOfThree = each?.progress?.done === 2 && each.progress.total === 3;
      return isTwoOfThree && each.below?.counts.COMPLETED === 2;
    }, 'two of three');
    gates.open('shut');
    expect((await handle.result()).status).toBe('COMPLETED');
  });

  it('of nothing ends at once with an empty list', async () => {
    const handle = await run([{ id: 'none', task: 'echo', map: [], input: '${{ item }}' }]);
    expect(await handle.result()).toMatchObject({ status: 'COMPLETED', output: { none: [] } });
  });

  it('retries each item by itself, and fails once an item has', async () => {
    const handle = await run([
      {
        id: 'work',
        task: 'shaky',
        map: { over: [{ n: 1 }, { n: 2, failures: 1 }, { n: 3, failures: 9 }] },
        input: '${{ item }}',
      },
      { id: 'after', task: 'noop', dependsOn: ['work'] },
    ]);
    const { status, nodes, error } = await handle.result();
    expect(status).toBe('FAILED');
    expect(nodes['work']).toMatchObject({ status: 'FAILED' });
    expect(nodes['after']).toMatchObject({ status: 'SKIPPED', reason: 'upstream_failed' });
    expect(error?.message).toBe('work[2]: item 3 failed');
    const items = await handle.below('work').result();
    expect(Object.values(items.nodes).map(({ status: how, attempts }) => [how, attempts])).toEqual([
      ['COMPLETED', 1],
      ['COMPLETED', 2],
      ['FAILED', 2],
    ]);
  });

  it('gives null for an item that may fail', async () => {
    const handle = await run([
      {
        id: 'work',
        task: 'shaky',
        map: { over: [{ n: 1, failures: 9 }, { n: 2 }], allowFailure: true },
        input: '${{ item }}',
      },
    ]);
    expect(await handle.result()).toMatchObject({
      status: 'COMPLETED',
      output: { work: [null, 20] },
    });
  });

  it.each([
    ['is no list', '${{ tasks.a.output.n }}', 'EXPRESSION', /gave 7; a map goes over/],
    ['is too long', '${{ tasks.a.output.list }}', 'TOO_LARGE', /3 items; the limit is 2/],
  ])('whose list %s fails and says so', async (_title, over, code, says) => {
    const handle = await run([
      { id: 'a', task: 'echo', input: { n: 7, list: [1, 2, 3] } },
      { id: 'm', task: 'echo', dependsOn: ['a'], map: { over, maxItems: 2 } },
    ]);
    const { nodes } = await handle.result();
    expect(nodes['m']).toMatchObject({ status: 'FAILED', error: { code } });
    expect(nodes['m']?.error?.message).toMatch(says);
  });

  it('whose outputs are too much for one value ends FAILED, as every reader of it says', async () => {
    const handle = await run([
      { id: 'm', task: 'echo', map: { over: [1, 2, 3] }, input: 'x'.repeat(400_000) },
    ]);
    const { nodes } = await handle.result();
    const error = {
      code: 'TOO_LARGE',
      message: expect.stringMatching(/1,200,\d+ bytes/) as string,
    };
    expect(nodes['m']).toMatchObject({ status: 'FAILED', error });
    const below = handle.below('m');
    expect(await below.result()).toMatchObject({ status: 'FAILED', error });
    const row = await harness.engine.getExecution(`${handle.executionId}/m`);
    expect(row).toMatchObject({ status: 'FAILED', error });
    // Its log comes a moment later.
    const said = (): unknown[] =>
      harness.lines
        .filter(({ executionId, nodeId }) => executionId === below.executionId && !nodeId)
        .flatMap(({ to }) => to ?? []);
    await until(() => said().includes('FAILED'), 'the line of its end');
    expect(said()).not.toContain('COMPLETED');
  });

  it('that cannot be undone, since its outputs are too much, is loud', async () => {
    const huge = '${{ item == 2 ? string(item) + params.missing : params.text }}';
    const handle = await run(
      [
        {
          ...{ id: 'm', task: 'echo', compensate: 'noop' },
          map: { over: [1, 2, 3, 4], onFailure: 'continue' },
          input: huge,
        },
      ],
      {
        params: {
          text: { type: 'string', default: 'x'.repeat(400_000) },
          missing: { type: ['string', 'null'], default: null },
        },
      },
    );
    const { status, error, compensation } = await handle.result();
    expect({ status, code: error?.code }).toEqual({
      status: 'FAILED',
      code: 'COMPENSATION_FAILED',
    });
    expect(compensation).toMatchObject([
      { nodeId: 'm', status: 'FAILED', error: { code: 'TOO_LARGE' } },
    ]);
  });

  it('whose condition says no is skipped', async () => {
    const handle = await run([{ id: 'm', task: 'echo', when: 'false', map: { over: [1] } }]);
    const { nodes } = await handle.result();
    expect(nodes['m']).toMatchObject({ status: 'SKIPPED', reason: 'condition' });
  });

  it('runs at most so many items at once', async () => {
    const handle = await run([
      { id: 'm', task: 'sleep', map: { over: [1, 2, 3, 4], concurrency: 1 }, input: { ms: 5 } },
    ]);
    const { nodes } = await (await handle.result(), handle.below('m')).result();
    const spans = Object.values(nodes).map((node) => [node.startedAt ?? '', node.endedAt ?? '']);
    spans.slice(1).forEach(([start = ''], n) => expect(start >= (spans[n]?.[1] ?? '')).toBe(true));
  });

  it('of a map of sub-graphs gives the leaves of each', async () => {
    const handle = await run([
      {
        id: 'regions',
        map: { over: ['eu', 'us'] },
        graph: {
          name: 'region',
          params: { name: { type: 'string' } },
          tasks: [{ id: 'leaf', task: 'echo', input: '${{ params.name }}' }],
        },
        input: { name: '${{ item }}' },
      },
    ]);
    expect(await handle.result()).toMatchObject({
      output: { regions: [{ leaf: 'eu' }, { leaf: 'us' }] },
    });
    const item = await harness.engine.getExecution(`${handle.executionId}/regions[1]/leaf`);
    expect(item).toMatchObject({ status: 'COMPLETED', output: 'us' });
  });
});
