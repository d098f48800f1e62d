import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { GraphSpec } from '../../src/index.js';
import { defineTask } from '../../src/registry.js';
import { openStore } from '../../src/store/store.js';
import { startHarness, type Harness } from '../support/engine.js';
import { until } from '../support/until.js';

describe('the end of a graph', () => {
  let atLast: () => void = () => undefined;
  const say = defineTask<{ text: string } | null, string>({
    name: 'say',
    light: true,
    run: async (input) => await Promise.resolve(input?.text ?? ''),
  });
  const last = defineTask<null, null>({
    name: 'last',
    run: async () => {
      atLast();
      return await Promise.resolve(null);
    },
  });
  let harness: Harness;
  beforeAll(async () => {
    harness = await startHarness({ tasks: [say, last] });
  });
  afterAll(() => harness.stop());

  const wide = (count: number, bytes: number): GraphSpec => ({
    name: 'wide',
    tasks: Array.from({ length: count }, (_, nth) => ({
      ...{ id: `n${nth}`, task: 'say', input: { text: `${nth} ${'x'.repeat(bytes)}` } },
    })),
  });
  /** What the engine had done for the execution itself, each with the workflow task that asked for it. */
  const ownWork = async (executionId: string): Promise<{ type: string; by: string }[]> => {
    const { events } = await harness.client.workflow.getHandle(executionId).fetchHistory();
    return (events ?? []).flatMap(({ activityTaskScheduledEventAttributes: scheduled }) => {
      const type = scheduled?.activityType?.name ?? '';
      const own = ['tempograph.record', 'tempograph.writeBlob', 'tempograph.joinBlobs'];
      return own.includes(type)
        ? [{ type, by: String(scheduled?.workflowTaskCompletedEventId) }]
        : [];
    });
  };

  it('takes one step where its manifest fits into a payload, and the manifest is kept with it', async () => {
    const handle = await harness.engine.scheduleTaskGraph(wide(300, 200));
    const { status, nodes } = await handle.result();
    expect(status).toBe('COMPLETED');
    expect(Object.keys(nodes)).toHaveLength(300);
    expect(nodes['n299']).toMatchObject({ output: `299 ${'x'.repeat(200)}` });
    const own = await ownWork(handle.executionId);
    expect(own.map(({ type }) => type)).toEqual(['tempograph.record']);
    const row = await harness.engine.getExecution(handle.executionId);
    expect(row).toMatchObject({ status: 'COMPLETED' });
  });

  it('takes two where it is larger: its pages are written side by side', async () => {
    const handle = await harness.engine.scheduleTaskGraph(wide(700, 1_000));
    const { status, nodes } = await handle.result();
    expect(status).toBe('COMPLETED');
    expect(Object.keys(nodes)).toHaveLength(700);
    expect(nodes['n699']).toMatchObject({ output: `699 ${'x'.repeat(1_000)}` });
    const own = await ownWork(handle.executionId);
    const pages = own.filter(({ type }) => type === 'tempograph.writeBlob');
    expect(pages.length).toBeGreaterThan(2);
    expect(new Set(pages.map(({ by }) => by)).size).toBe(1);
    expect(own.filter(({ type }) => type !== 'tempograph.writeBlob')).toEqual([
      { type: 'tempograph.record', by: expect.any(String) as string },
    ]);
  });

  it('keeps its manifest once the data folder is back, and its record does not wait for that', async () => {
    const blobs = join(harness.dataDir, 'blobs');
    atLast = () => {
      renameSync(blobs, `${blobs}.away`);
      writeFileSync(blobs, 'no folder');
    };
    const spec = wide(300, 200);
    const tasks = [
      ...spec.tasks,
      { id: 'last', task: 'last', dependsOn: spec.tasks.map(({ id }) => id) },
    ];
    const handle = await harness.engine.scheduleTaskGraph({ ...spec, tasks });
    await until(
      async () =>
        (await ownWork(handle.executionId)).some(({ type }) => type.endsWith('writeBlob')),
      'its manifest is written by itself',
    );
    const store = await openStore({ url: `${harness.dataDir}/store.db` });
    expect(await store.executions.get(handle.executionId)).toMatchObject({ status: 'COMPLETED' });
    await store.close();
    renameSync(blobs, `${blobs}.file`);
    renameSync(`${blobs}.away`, blobs);
    const { status, nodes } = await handle.result();
    expect(status).toBe('COMPLETED');
    expect(Object.keys(nodes)).toHaveLength(301);
  });
});
