import type { GraphSpec } from '../../src/domain/spec.js';
import { buildCli, envOf, runCli } from '../support/cli.js';
import { startHarness, type Harness } from '../support/engine.js';
import { until } from '../support/until.js';

describe('explain of what failed', () => {
  let harness: Harness;
  beforeAll(async () => {
    await buildCli();
    harness = await startHarness();
  });
  afterAll(() => harness.stop());

  it('tells the error, what the policy allowed, what was skipped, and what to do, by engine and command line', async () => {
    const retry = { strategy: 'FIXED_DELAY' as const, delay: '10ms', maxRetries: 1 };
    const handle = await harness.engine.scheduleTaskGraph({
      name: 'nightly',
      tasks: [
        { id: 'load', task: 'fail', input: { times: 9, message: 'the bank said no' }, retry },
        { id: 'clean', task: 'noop', dependsOn: ['load'] },
        { id: 'send', task: 'noop', dependsOn: ['clean'] },
        { id: 'other', task: 'noop' },
      ],
    });
    await handle.result();
    const { executionId: id } = handle;
    const { failures, moreFailures, sentence } = await harness.engine.explain(id);
    expect(failures).toEqual([
      {
        ...{ nodeId: 'load', executionId: `${id}/load`, status: 'FAILED' },
        error: { code: 'AskedToFail', message: 'the bank said no' },
        ...{ attempts: 2, of: 2, waitsMs: [10], noMore: 'spent', skipped: 2 },
        sentence:
          'all 2 attempts were made, 10 ms of waits between them; 2 nodes were skipped because of it',
        next: expect.arrayContaining([
          { say: 'what it said', command: `tempograph logs ${id}/load` },
          { say: 'once its cause is mended', command: `tempograph rerun ${id} --from failed` },
        ]) as unknown,
      },
    ]);
    expect(moreFailures).toBe(0);
    expect(sentence).toMatch(/^load failed: AskedToFail: the bank said no; all 2 attempts/);
    const [node] = (await harness.engine.explain(`${id}/load`)).nodes;
    expect(node?.failure).toEqual(failures[0]);

    const { stdout, code } = await runCli(['explain', id], { env: envOf(harness) });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^ {2}load failed: AskedToFail: the bank said no; all 2 attempts/m);
    expect(stdout).toContain(`tempograph rerun ${id} --from failed`);
  });

  it('recommends for a batch, and for its items, what starts them anew: neither is run again', async () => {
    const { engine } = harness;
    const fails = { task: 'fail', input: { times: 9 }, retry: 'NONE' as const };
    const { successful } = await engine.scheduleTaskBatch([fails, { task: 'echo', input: 1 }]);
    const item = successful[0]?.executionId ?? '';
    const batch = item.slice(0, item.lastIndexOf('/'));
    await engine.handle(batch).result();
    const [node] = (await engine.explain(item)).nodes;
    for (const failure of [(await engine.explain(batch)).failures[0], node?.failure])
      expect(failure?.next.map(({ command }) => command)).toEqual([
        `tempograph logs ${item}`,
        expect.stringMatching(/^tempograph retry-preview /),
        'tempograph batch FILE',
      ]);
    await expect(engine.rerun(batch, { from: 'failed' })).rejects.toThrow('is a batch');
  });

  it.each([
    ['nope', null, ['tempograph worker --tasks FILE']],
    ['http', { url: 5 }, []],
  ])(
    'says how the lone task %s, which was refused with %j, is started with that corrected',
    async (task, input, before) => {
      const handle = await harness.engine.scheduleTask({ task, input });
      expect((await handle.result()).status).toBe('REJECTED');
      const [failure] = (await harness.engine.explain(handle.executionId)).failures;
      expect(failure?.next.map(({ command }) => command)).toEqual([
        ...before,
        'tempograph run TASK --input JSON',
      ]);
    },
  );

  it('says of a failed map what runs its failed items alone, and a dry run how many that is', async () => {
    const handle = await harness.engine.scheduleTaskGraph({
      name: 'many',
      tasks: [
        { id: 'list', task: 'echo', input: [0, 9, 0, 9, 0] },
        {
          ...{ id: 'each', task: 'fail', map: 'tasks.list.output', retry: 'NONE' },
          ...{ dependsOn: ['list'], input: { times: '${{ item }}' } },
        },
        { id: 'sum', task: 'noop', dependsOn: ['each'] },
      ],
    });
    await handle.result();
    const { executionId: id } = handle;
    const env = envOf(harness);
    const least = `tempograph rerun ${id} --from failed`;
    expect((await runCli(['explain', id], { env })).stdout).toContain(least);
    // Also where what is below the map is asked for: that is part of the same execution.
    expect((await runCli(['explain', `${id}/each`], { env })).stdout).toContain(least);
    const inside = await harness.engine.explain(`${id}/each`, { whole: true });
    expect(inside.failures[0]?.next.map(({ command }) => command)).toContain(least);

    const dryRun = async (from: string): Promise<string> =>
      (await runCli(['rerun', id, '--from', from, '--dry-run'], { env })).stdout;
    expect(await dryRun('failed')).toMatch(/^ {2}runs +each +ended FAILED; 2 of its 5 items run$/m);
    expect(await dryRun('each')).toMatch(/^ {2}runs +each +asked for; all of its 5 items run$/m);
    expect(await dryRun('list')).toMatch(
      /ended FAILED; 2 of its 5 items run, and others whose input or task is another one now$/m,
    );
    const { run } = await harness.engine.rerun(id, { from: 'failed', dryRun: true });
    expect(run[0]).toMatchObject({ nodeId: 'each', items: { run: 2, of: 5 } });
  });

  it('names the node that made the graph fail before one that may, and none where all may', async () => {
    const may = {
      id: 'audit',
      task: 'fail',
      input: { times: 9 },
      retry: 'NONE',
      allowFailure: true,
    };
    const must = { id: 'bill', task: 'fail', input: { times: 9 }, retry: 'NONE' };
    const spec = (tasks: object[]) => ({ name: 'both', tasks }) as unknown as GraphSpec;
    const failed = await harness.engine.scheduleTaskGraph(
      spec([may, { ...must, dependsOn: ['audit'] }]),
    );
    await failed.result();
    const { failures, sentence } = await failed.explain();
    expect(failures.map(({ nodeId, allowed }) => [nodeId, allowed])).toEqual([
      ['bill', undefined],
      ['audit', true],
    ]);
    expect(sentence).toMatch(/^bill failed/);
    const done = await harness.engine.scheduleTaskGraph(spec([may, { id: 'then', task: 'noop' }]));
    expect((await done.result()).status).toBe('COMPLETED');
    const { stdout } = await runCli(['explain', done.executionId], { env: envOf(harness) });
    expect(stdout).toMatch(/^ {2}audit failed: .*; it may fail, and its graph went on/m);
    expect(stdout).not.toContain('tempograph rerun');
  });

  it('names the node that was cancelled by itself, and what was skipped because of it', async () => {
    const handle = await harness.engine.scheduleTaskGraph({
      name: 'given up',
      tasks: [
        { id: 'hung', task: 'sleep', input: { ms: 3_600_000 } },
        { id: 'after', task: 'noop', dependsOn: ['hung'] },
      ],
    });
    await until(async () => (await handle.node('hung').status()).status === 'RUNNING');
    await handle.node('hung').cancel({ by: 'ada', reason: 'hangs' });
    await handle.result();
    const { failures } = await handle.explain();
    expect(failures).toMatchObject([{ nodeId: 'hung', status: 'CANCELLED', skipped: 1 }]);
    expect(failures[0]?.next.map(({ command }) => command)).toContain(
      `tempograph rerun ${handle.executionId} --from failed`,
    );
  });

  it('says who cancelled a graph and why, and where its time had gone', async () => {
    const handle = await harness.engine.scheduleTaskGraph({
      name: 'wrong-day',
      tasks: [{ id: 'load', task: 'sleep', input: { ms: 3_600_000 } }],
    });
    await until(async () => (await handle.node('load').status()).status === 'RUNNING');
    await handle.cancel({ by: 'ada', reason: 'the wrong day' });
    const result = await handle.result();
    expect(result).toMatchObject({
      ...{ error: null, cancelled: { by: 'ada', reason: 'the wrong day' } },
    });
    await expect(handle.resultOrThrow()).rejects.toMatchObject({
      code: 'CANCELLED',
      message: `${handle.executionId} ended CANCELLED by ada: the wrong day`,
      result: { status: 'CANCELLED' },
    });
    const { status, sentence } = await handle.explain();
    expect(status).toBe('CANCELLED');
    expect(sentence).toMatch(/^Was cancelled by ada: the wrong day\. .* went into work/);
  });

  it('tells of a graph that was refused as a whole, and of none that completed', async () => {
    const refused = await harness.engine.scheduleTaskGraph({
      name: 'wrong',
      tasks: ['a', 'b'].map((id) => ({ id, task: 'nobody-knows-it' })),
    });
    expect((await refused.result()).status).toBe('REJECTED');
    const { stdout } = await runCli(['status', refused.executionId], { env: envOf(harness) });
    expect(stdout).toMatch(/error +SPEC_INVALID: tasks\[0\].*; tasks\[1\]\.task: unknown/);
    expect((await refused.explain()).failures).toMatchObject([
      { nodeId: null, status: 'REJECTED', noMore: 'refused', error: { code: 'SPEC_INVALID' } },
    ]);
    const done = await harness.engine.scheduleTask({ task: 'noop' });
    await done.result();
    expect(await done.explain()).toMatchObject({ failures: [], moreFailures: 0 });
  });

  it('leads below a map whose item failed, where the item says why', async () => {
    const handle = await harness.engine.scheduleTaskGraph({
      name: 'many',
      tasks: [{ id: 'each', task: 'fail', map: { over: [9] }, input: { times: 9 }, retry: 'NONE' }],
    });
    await handle.result();
    const { executionId: id } = handle;
    const [failure] = (await harness.engine.explain(id)).failures;
    expect(failure).toMatchObject({ nodeId: 'each', noMore: 'inside' });
    expect(failure?.next[0]?.command).toBe(`tempograph explain ${id}/each`);
    const [node] = (await harness.engine.explain(`${id}/each`)).nodes;
    expect(node?.failure?.inside).toMatchObject([
      { nodeId: '0', executionId: `${id}/each/0`, noMore: 'off', attempts: 1, of: 1 },
    ]);
    expect(node?.failure?.next[0]?.command).toBe(`tempograph logs ${id}/each/0`);
  });
});
