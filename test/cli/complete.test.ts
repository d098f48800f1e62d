import { z } from 'zod';
import { defineTask } from '../../src/registry.js';
import { buildCli, documentOf, envOf, runCli } from '../support/cli.js';
import { startHarness, type Harness } from '../support/engine.js';
import { until } from '../support/until.js';

describe('tempograph complete', () => {
  const begun: string[] = [];
  const elsewhere = defineTask({
    name: 'elsewhere',
    completion: 'external',
    output: z.strictObject({ frames: z.int() }),
    retry: 'NONE',
    run: (_input, { executionId }) => void begun.push(executionId),
  });
  let harness: Harness;
  beforeAll(async () => {
    await buildCli();
    harness = await startHarness({ tasks: [elsewhere] });
  });
  afterAll(() => harness.stop());

  const cli = async (...args: string[]) =>
    await runCli(['complete', ...args], { env: envOf(harness) });
  const start = async () => {
    const handle = await harness.engine.scheduleTaskGraph({
      name: 'completed by hand',
      tasks: [{ id: 'a', task: 'elsewhere' }],
    });
    const node = `${handle.executionId}/a`;
    await until(() => begun.includes(node), 'the attempt');
    return { handle, node };
  };

  it('ends a node with an output, once', async () => {
    const { handle, node } = await start();
    expect(documentOf(await cli(node, '--output', '{"frames":24}', '--json'))).toMatchObject({
      executionId: node,
      status: 'COMPLETED',
      attempt: 1,
    });
    expect((await handle.result()).nodes['a']?.output).toEqual({ frames: 24 });
    const again = await cli(node, '--output', '{"frames":25}');
    expect(again).toMatchObject({ code: 2, stderr: expect.stringContaining('ended') as string });
  });

  it('ends a node with an error, and one whose output is refused', async () => {
    const failed = await start();
    const { code, stdout } = await cli(failed.node, '--error', 'no license');
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: expect.stringContaining('is FAILED: no license') as string,
    });
    expect((await failed.handle.result()).nodes['a']?.error?.message).toBe('no license');
    const refused = await start();
    expect(await cli(refused.node, '--output', '{"frames":"many"}')).toMatchObject({ code: 1 });
    expect((await refused.handle.result()).nodes['a']?.error?.code).toBe('OUTPUT_INVALID');
  });

  it('refuses an output of 20,000 levels, after which the node can still be ended', async () => {
    const { handle, node } = await start();
    const deep = `${'['.repeat(20_000)}${']'.repeat(20_000)}`;
    const { code, stderr } = await cli(node, '--output', deep);
    expect(stderr).toContain('nested too deep; the limit is 64 levels');
    expect(stderr.length).toBeLessThan(500);
    expect(code).toBe(2);
    expect(await cli(node, '--output', '{"frames":24}')).toMatchObject({ code: 0 });
    expect((await handle.result()).status).toBe('COMPLETED');
  });

  it.each([
    [['x', '--output', '{', '--json'], 2, /expected JSON, got \{/],
    [['x', '--output', '1', '--error', 'no'], 2, /say one of the two/],
    [['no-such-execution'], 2, /no-such-execution/],
  ])('refuses %j', async (args, code, message) => {
    const { stderr, stdout, ...end } = await cli(...args);
    expect(end.code).toBe(code);
    expect(stderr + stdout).toMatch(message);
  });
});
