import { randomUUID } from 'node:crypto';
import { startHarness, type Harness } from '../support/engine.js';

describe('operator verbs from a raw client', () => {
  let harness: Harness;
  beforeAll(async () => void (harness = await startHarness()));
  afterAll(() => harness.stop());

  const start = (...args: unknown[]) =>
    harness.client.workflow.start('taskGraph', {
      args,
      taskQueue: harness.taskQueue,
      workflowId: `raw-${randomUUID()}`,
    });
  const failedTasks = async (workflowId: string): Promise<number> => {
    const { events } = await harness.client.workflow.getHandle(workflowId).fetchHistory();
    return (events ?? []).filter((event) => event.workflowTaskFailedEventAttributes).length;
  };

  it('are refused where they make no sense, with the shape, and no workflow task fails', async () => {
    const handle = await start({
      name: 'verbs',
      tasks: [{ id: 'a', task: 'noop', scheduledTime: '1h' }],
    });
    const asked = { reason: 'why', nodeId: 'a' };
    const node = { id: 'x', task: 'noop' };
    const junk: [string, unknown][] = [
      ...['retryNow', 'skip', 'complete', 'fail', 'setPriority', 'setConcurrency', 'edit'].flatMap(
        (verb): [string, unknown][] => [
          [verb, undefined],
          [verb, null],
          [verb, 42],
          [verb, [asked]],
          [verb, { nodeId: 'a' }],
          [verb, { ...asked, reason: '  ' }],
          [verb, { ...asked, reason: 'x'.repeat(1_001) }],
          [verb, { ...asked, reason: 5 }],
          [verb, { ...asked, by: {} }],
        ],
      ),
      ['retryNow', { reason: 'why' }],
      ['skip', { ...asked, nodeId: ['a'] }],
      ['skip', { ...asked, nodeId: 'a'.repeat(200) }],
      ['complete', asked],
      ['complete', { ...asked, value: 'x'.repeat(1_000_001) }],
      ['fail', asked],
      ['fail', { ...asked, message: '' }],
      ['setPriority', { ...asked, priority: 'high' }],
      ['setPriority', { ...asked, priority: 1 }],
      ['setConcurrency', { ...asked, concurrency: 0 }],
      ['setConcurrency', { ...asked, concurrency: 1.5 }],
      ['setConcurrency', { ...asked, concurrency: '3' }],
      ['setConcurrency', { ...asked, concurrency: 1_001 }],
      ['edit', asked],
      ['edit', { ...asked, add: [] }],
      ['edit', { ...asked, add: {} }],
      ['edit', { ...asked, add: [null] }],
      ['edit', { ...asked, add: [{ task: 'noop' }] }],
      ['edit', { ...asked, add: [node], ifVersion: 0 }],
      ['edit', { ...asked, add: [{ ...node, input: 'x'.repeat(1_000_001) }] }],
    ];
    for (const [verb, argument] of junk)
      await expect(handle.executeUpdate(verb, { args: [argument] })).rejects.toMatchObject({
        cause: { message: expect.stringContaining('expected {') as string },
      });
    const answer = (verb: string, request: object) =>
      handle.executeUpdate<{ success: boolean; message: string }, [object]>(verb, {
        args: [{ reason: 'why', ...request }],
      });
    expect(await answer('skip', { nodeId: '__proto__' })).toEqual({
      success: false,
      message: 'the graph has no node "__proto__"',
    });
    const deep = JSON.parse(`${'['.repeat(500)}${']'.repeat(500)}`) as unknown;
    for (const value of [deep, 'x'.repeat(900_000)])
      expect(typeof (await answer('complete', { nodeId: 'b', value })).message).toBe('string');
    for (const odd of [
      { id: '__proto__', task: 'nobody' },
      { id: 'a/b', task: 'noop' },
      { id: 'x', task: 5 },
      { id: 'x', task: 'noop', dependsOn: ['x'] },
      { id: 'x', task: 'noop', input: '${{ 1 + }}' },
      { id: 'x', approval: {} },
      { id: 'x', graph: { tasks: 5 } },
      { id: 'x', task: 'noop', input: deep },
    ])
      expect(await answer('edit', { add: [odd] })).toMatchObject({ success: false });
    expect(await answer('edit', { add: [node], replace: [{ id: 'a', task: 'noop' }] })).toEqual(
      expect.objectContaining({ success: true, graphVersion: 2 }),
    );
    expect(await handle.result()).toMatchObject({ status: 'COMPLETED', counts: { COMPLETED: 2 } });
    expect(await failedTasks(handle.workflowId)).toBe(0);
  });
});
