import { defineTask } from '../../src/registry.js';
import { openStore } from '../../src/store/store.js';
import { startHarness, type Harness } from '../support/engine.js';
import { until } from '../support/until.js';

interface Input {
  of: string;
  large?: boolean;
}

describe('the result cache', () => {
  let harness: Harness;
  const calls = new Map<string, number>();
  const gates = new Map<string, () => void>();
  const closed = new Set<string>();
  const ended: string[] = [];
  const work = defineTask<Input>({
    name: 'work',
    cache: true,
    retry: 'NONE',
    hooks: {
      post: [{ name: 'note', run: ({ executionId }) => void ended.push(executionId) }],
    },
    run: async ({ of, large }) => {
      const call = (calls.get(of) ?? 0) + 1;
      calls.set(of, call);
      if (closed.has(of)) await new Promise<void>((resolve) => gates.set(of, resolve));
      if (of.startsWith('broken') && call === 1) throw new Error('the first time');
      return large ? { call, text: 'x'.repeat(10_000) } : { call };
    },
  });
  const open = (name: string): void => {
    closed.delete(name);
    gates.get(name)?.();
  };
  beforeAll(async () => {
    harness = await startHarness({ tasks: [work] });
  });
  afterAll(() => harness.stop());
  const start = (input: Input, options: object = {}) =>
    harness.engine.scheduleTask({ task: work, input, ...options });
  const done = async (input: Input, options: object = {}) => {
    const result = await (await start(input, options)).result();
    const { cached, attempts } = result.nodes['task'] ?? {};
    return { ...result, cached, attempts };
  };

  it('gives a kept result, and skips by a condition, while the limit has no place', async () => {
    const limit = { key: 'taken', max: 1 };
    await done({ of: 'kept before' });
    closed.add('holds the place');
    const holder = await start({ of: 'holds the place' }, { limit });
    await until(() => gates.has('holds the place'), 'the holder');
    const asks = (id: string, of: string, more = {}) => ({
      ...{ id, task: 'work', input: { of }, limit },
      ...more,
    });
    const handle = await harness.engine.scheduleTaskGraph({
      name: 'beside a limit',
      tasks: [
        asks('kept', 'kept before'),
        asks('no', 'never', { when: '${{ 1 > 2 }}' }),
        asks('new', 'not kept'),
      ],
    });
    const stands = async (id: string) => {
      const { status, reason } = await harness.engine.getExecution(`${handle.executionId}/${id}`);
      return `${status} ${reason}`;
    };
    await until(async () => (await stands('new')) === 'PENDING limit', 'the new one');
    expect(await stands('kept')).toBe('COMPLETED null');
    expect(await stands('no')).toBe('SKIPPED condition');
    expect(calls.get('not kept')).toBeUndefined();
    open('holds the place');
    expect((await handle.result()).counts).toEqual({ COMPLETED: 2, SKIPPED: 1 });
    expect((await holder.result()).status).toBe('COMPLETED');
    expect([calls.get('kept before'), calls.get('not kept'), calls.get('never')]).toEqual([
      1,
      1,
      undefined,
    ]);
    const result = await handle.result();
    expect(result.nodes['new']).toMatchObject({ attempts: 1, cached: false });
  });

  it('gives a kept result without an attempt, and runs the post hooks', async () => {
    expect(await done({ of: 'plain' })).toMatchObject({ cached: false, output: { call: 1 } });
    const again = await done({ of: 'plain' });
    expect(again).toMatchObject({
      status: 'COMPLETED',
      cached: true,
      attempts: 0,
      output: { call: 1 },
    });
    expect(calls.get('plain')).toBe(1);
    expect(ended).toContain(`${again.executionId}/task`);
    expect(await harness.engine.getExecution(`${again.executionId}/task`)).toMatchObject({
      cached: true,
    });
  });

  it('keeps large results by reference', async () => {
    const { output } = await done({ of: 'large', large: true });
    expect(await done({ of: 'large', large: true })).toMatchObject({ cached: true, output });
  });

  it('tells inputs, projects and keys apart', async () => {
    expect((await done({ of: 'apart' })).cached).toBe(false);
    expect((await done({ of: 'apart', large: false })).cached).toBe(false);
    expect((await done({ of: 'apart' }, { project: 'red' })).cached).toBe(false);
    expect((await done({ of: 'apart' }, { project: 'red' })).cached).toBe(true);
    const keyed = { cache: { key: 'one' } };
    expect((await done({ of: 'apart' }, keyed)).cached).toBe(false);
    expect((await done({ of: 'another' }, keyed)).cached).toBe(true);
    expect((await done({ of: 'apart' }, { cache: false })).cached).toBe(false);
  });

  it('does not keep a result longer than its ttl', async () => {
    const brief = { cache: { ttl: 1 } };
    expect((await done({ of: 'brief' }, brief)).cached).toBe(false);
    expect((await done({ of: 'brief' }, brief)).cached).toBe(false);
  });

  it('keeps no failure', async () => {
    expect((await done({ of: 'broken' })).status).toBe('FAILED');
    expect(await done({ of: 'broken' })).toMatchObject({ cached: false, output: { call: 2 } });
    expect((await done({ of: 'broken' })).cached).toBe(true);
  });

  it('does the same work once: the others wait, and take what comes of it', async () => {
    await harness.startWorker();
    closed.add('same');
    const first = await start({ of: 'same' });
    await until(() => calls.get('same') === 1);
    const others = await Promise.all(Array.from({ length: 5 }, () => start({ of: 'same' })));
    const reasons = async () =>
      await Promise.all(
        others.map(
          async ({ executionId }) =>
            (await harness.engine.getExecution(`${executionId}/task`)).reason,
        ),
      );
    await until(async () => (await reasons()).every((reason) => reason === 'coalesced'));
    open('same');
    expect((await first.result()).output).toEqual({ call: 1 });
    const results = await Promise.all(others.map((other) => other.result()));
    expect(results.map(({ nodes }) => nodes['task'])).toEqual(
      results.map(() => expect.objectContaining({ cached: true, attempts: 0 }) as unknown),
    );
    expect(calls.get('same')).toBe(1);
  });

  it('lets the next one do the work where the first fails', async () => {
    closed.add('broken-first');
    const first = await start({ of: 'broken-first' });
    await until(() => calls.get('broken-first') === 1);
    const next = await start({ of: 'broken-first' });
    await until(
      async () =>
        (await harness.engine.getExecution(`${next.executionId}/task`)).reason === 'coalesced',
    );
    open('broken-first');
    expect((await first.result()).status).toBe('FAILED');
    expect(await next.result()).toMatchObject({ status: 'COMPLETED', output: { call: 2 } });
  });

  it('takes over a claim whose holder is gone', async () => {
    const store = await openStore({ url: `${harness.dataDir}/store.db` });
    const key = JSON.stringify(['work', '1', 'left']);
    await store.cache.claim('', key, 'a worker that is gone', 2_000, Date.now());
    await store.close();
    expect(await done({ of: 'left' }, { cache: { key: 'left' } })).toMatchObject({
      status: 'COMPLETED',
      cached: false,
    });
  });

  it('forgets what is invalidated, by task, version, project or key', async () => {
    const { cache } = harness.engine;
    const keyed = { cache: { key: 'k' }, project: 'p' };
    await done({ of: 'forgotten' }, keyed);
    expect(await cache.invalidate({ task: 'work', project: 'other' })).toBe(0);
    expect(await cache.invalidate({ task: 'work', version: '2' })).toBe(0);
    expect(await cache.invalidate({ task: 'work', project: 'p', key: 'k' })).toBe(1);
    expect((await done({ of: 'forgotten' }, keyed)).cached).toBe(false);
    expect(await cache.invalidate({ task: 'work' })).toBeGreaterThan(1);
    expect((await done({ of: 'forgotten' }, keyed)).cached).toBe(false);
    await expect(cache.invalidate({ key: 'k' })).rejects.toThrow('needs the task');
  });

  it('keeps nothing without a store', async () => {
    const alone = await startHarness({ tasks: [work], storeUrl: 'none' });
    try {
      const run = async () =>
        await (await alone.engine.scheduleTask({ task: work, input: { of: 'alone' } })).result();
      await run();
      expect((await run()).output).toEqual({ call: 2 });
    } finally {
      await alone.stop();
    }
  });
});
