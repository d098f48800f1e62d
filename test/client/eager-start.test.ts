import { randomUUID } from 'node:crypto';
import { NativeConnection } from '@temporalio/worker';
import { TaskEngine } from '../../src/client.js';
import { enterLocalWorker } from '../../src/local-workers.js';
import { TaskRegistry } from '../../src/registry.js';
import { startHarness, type Harness } from '../support/engine.js';

describe('a lone task whose worker is in the same process', () => {
  let harness: Harness;
  beforeAll(async () => void (harness = await startHarness()));
  afterAll(() => harness.stop());

  const isEager = async (executionId: string): Promise<boolean> => {
    const { events } = await harness.client.workflow.getHandle(executionId).fetchHistory();
    const [first] = events ?? [];
    return first?.workflowExecutionStartedEventAttributes?.eagerExecutionAccepted === true;
  };

  it('is handed to it by the server at once', async () => {
    const handle = await harness.engine.scheduleTask({ task: 'echo', input: 'quick' });
    expect(await handle.result()).toMatchObject({ status: 'COMPLETED', output: 'quick' });
    expect(await isEager(handle.executionId)).toBe(true);
  });

  it('is not where it starts later', async () => {
    const scheduledTime = '100ms';
    const handle = await harness.engine.scheduleTask({ task: 'echo', input: 1, scheduledTime });
    expect(await handle.result()).toMatchObject({ status: 'COMPLETED' });
    expect(await isEager(handle.executionId)).toBe(false);
  });

  it('is not where that worker is one of another server, of which the queue has the same name', async () => {
    const taskQueue = `elsewhere-${randomUUID()}`;
    const { address, dataDir } = harness;
    const connection = await NativeConnection.connect({ address });
    const leave = enterLocalWorker({
      ...{ namespace: 'default', taskQueue, connection, namespaceId: 'of another server' },
      registry: new TaskRegistry([]),
    });
    const engine = await TaskEngine.connect({ address, dataDir, taskQueue });
    try {
      const { executionId } = await engine.scheduleTask({ task: 'echo' });
      expect(await isEager(executionId)).toBe(false);
      await engine.cancelExecution(executionId);
    } finally {
      leave();
      await engine.shutdown();
      await connection.close();
    }
  });

  it('is started as ever once that worker has stopped', async () => {
    const taskQueue = `stopped-${randomUUID()}`;
    const { address, dataDir } = harness;
    const worker = await harness.startWorker({ taskQueue });
    const engine = await TaskEngine.connect({ address, dataDir, taskQueue });
    try {
      expect((await (await engine.scheduleTask({ task: 'echo' })).result()).status).toBe(
        'COMPLETED',
      );
      await worker.shutdown();
      const { executionId } = await engine.scheduleTask({ task: 'echo' });
      expect(await isEager(executionId)).toBe(false);
    } finally {
      await engine.shutdown();
    }
  });
});
