/** Reruns of what was edited or undone, and edits of reruns. */
import type { ExecutionHandle, GraphSpec } from '../../src/index.js';
import { defineTask } from '../../src/registry.js';
import { startHarness, type Harness } from '../support/engine.js';
import { Gates } from '../support/gates.js';
import { until } from '../support/until.js';

const ASKED = { reason: 'a change of mind', by: 'ada' };
const gates = new Gates();
const { gated } = gates;
const brokenUndo = defineTask({
  name: 'broken-undo',
  retry: 'NONE',
  run: () => {
    throw new Error('the bank says no');
  },
});

describe('a rerun', () => {
  let harness: Harness;
  beforeAll(async () => void (harness = await startHarness({ tasks: [gated, brokenUndo] })));
  afterAll(() => harness.stop());

  const run = (tasks: object[]) =>
    harness.engine.scheduleTaskGraph({ name: 'again', tasks: tasks as GraphSpec['tasks'] });
  const running = (handle: ExecutionHandle, id: string) =>
    until(async () => (await handle.node(id).status()).status === 'RUNNING', id);

  it('goes on with an edited graph that was terminated as it was at last', async () => {
    const first = await run([
      { id: 'a', task: 'gated', input: { gate: 'edited' } },
      { id: 'b', task: 'echo', dependsOn: ['a'], input: 'as submitted' },
      { id: 'c', task: 'gated', dependsOn: ['b'], input: { gate: 'later' } },
    ]);
    await running(first, 'a');
    const replace = [{ id: 'b', task: 'echo', dependsOn: ['a'], input: 'as edited' }];
    await first.edit({ ...ASKED, replace, add: [{ id: 'd', task: 'echo', input: 'added' }] });
    // What it does not take is no part of it.
    await first.edit({ ...ASKED, add: [{ id: 'd', task: 'echo', input: 'twice' }] });
    gates.open('edited');
    await running(first, 'c');
    await harness.client.workflow.getHandle(first.executionId).terminate();
    gates.open('later');
    const { nodes } = await (await harness.engine.rerun(first.executionId)).resultOrThrow();
    expect(nodes['b']).toMatchObject({
      output: 'as edited',
      reused: { executionId: first.executionId },
    });
    expect(nodes['d']?.output).toBe('added');
  });

  it('takes nodes that read what a kept one gave which nobody read before', async () => {
    const first = await run([
      { id: 'a', task: 'echo', input: { v: 1 } },
      { id: 'b', task: 'fail', retry: 'NONE' },
    ]);
    await first.result();
    const graph = {
      name: 'again',
      tasks: [
        { id: 'a', task: 'echo', input: { v: 1 } },
        { id: 'b', task: 'gated', input: { gate: 'kept' } },
      ],
    };
    const again = await harness.engine.rerun(first.executionId, { graph });
    await running(again, 'b');
    const input = '${{ tasks.a.output.v }}';
    const add = [{ id: 'c', task: 'echo', dependsOn: ['a'], input }];
    expect(await again.edit({ ...ASKED, add })).toMatchObject({ success: true });
    gates.open('kept');
    const { nodes, output } = await again.resultOrThrow();
    expect(nodes['c']?.output).toBe(1);
    expect(Object.keys(output as object).sort()).toEqual(['b', 'c']); // of the graph as it is now
    expect(nodes['a']?.reused).not.toBeNull();
  });

  it('says of a node whose undo failed that somebody has to look first', async () => {
    const first = await run([
      { id: 'a', task: 'echo', compensate: 'broken-undo' },
      { id: 'b', task: 'fail', dependsOn: ['a'], retry: 'NONE' },
    ]);
    expect((await first.result()).error?.code).toBe('COMPENSATION_FAILED');
    const plan = await harness.engine.rerun(first.executionId, { from: 'failed', dryRun: true });
    expect(plan.run.find(({ nodeId }) => nodeId === 'a')).toMatchObject({
      reason: 'undo_failed',
      text: expect.stringMatching(/^its undo failed: look whether/) as string,
    });
  });

  it.each(['m[99]', 'm/x', 's/zz'])('from %s, which was not there, is refused', async (from) => {
    const first = await run([
      { id: 'm', task: 'echo', map: { over: [1, 2] }, input: '${{ item }}' },
      { id: 's', graph: { name: 'inner', tasks: [{ id: 'x', task: 'noop' }] } },
    ]);
    await first.result();
    await expect(harness.engine.rerun(first.executionId, { from, dryRun: true })).rejects.toThrow(
      /there was no "(99|x|zz)"/,
    );
  });
});
