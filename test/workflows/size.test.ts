import { Client, Connection } from '@temporalio/client';
import { defineTask } from '../../src/registry.js';
import { startHarness, type Harness } from '../support/engine.js';

const total = defineTask<string[], number>({
  name: 'total',
  run: (texts) => texts.reduce((sum, text) => sum + text.length, 0),
});

describe('large values', () => {
  let harness: Harness;
  beforeAll(async () => void (harness = await startHarness({ tasks: [total] })));
  afterAll(() => harness.stop());

  it('lets one node read 300 outputs of 7,000 characters, whose sum no payload could hold', async () => {
    const text = 'x'.repeat(7_000);
    const producers = Array.from({ length: 300 }, (_, index) => ({
      id: `n${index}`,
      task: 'echo',
      input: '${{ params.text }}',
    }));
    const handle = await harness.engine.scheduleTaskGraph({
      name: 'fan in',
      params: { text: { default: text } },
      concurrency: 100,
      tasks: [
        ...producers,
        {
          id: 'sum',
          task: 'total',
          dependsOn: producers.map(({ id }) => id),
          input: producers.map(({ id }) => `\${{ tasks.${id}.output }}`),
        },
      ],
    });
    const { status, output } = await handle.result();
    expect({ status, output }).toEqual({ status: 'COMPLETED', output: { sum: 300 * 7_000 } });
    const client = new Client({
      connection: await Connection.connect({ address: harness.address }),
    });
    const { historySize } = await client.workflow.getHandle(handle.executionId).describe();
    expect(historySize).toBeLessThan(3_000_000); // inline everywhere it would be over 6 MB
    await client.connection.close();
  });

  it('carries 60 KB of metadata by reference, and the handler sees it', async () => {
    const seen: unknown[] = [];
    const look = defineTask({
      name: 'look',
      run: (_input, { metadata }) => void seen.push(metadata),
    });
    const own = await startHarness({ tasks: [look] });
    try {
      const metadata = { note: 'y'.repeat(60_000) };
      const handle = await own.engine.scheduleTaskGraph(
        { name: 'noted', tasks: [{ id: 'a', task: 'look', metadata: { own: 1 } }] },
        { metadata },
      );
      expect((await handle.result()).status).toBe('COMPLETED');
      expect(seen).toEqual([{ ...metadata, own: 1 }]);
    } finally {
      await own.stop();
    }
  });
});
