/** A worker that is killed in the midst of the engine's own work. */
import { join } from 'node:path';
import Libsql from 'libsql';
import { Client, Connection } from '@temporalio/client';
import { TaskEngine } from '../src/client.js';
import { shared } from './support/shared.js';
import { until } from './support/until.js';
import { WorkerScene } from './support/worker-scene.js';

async function setup() {
  const scene = new WorkerScene(shared().address);
  const { address, taskQueue, dataDir } = scene;
  const engine = await TaskEngine.connect({ address, taskQueue, dataDir });
  const connection = await Connection.connect({ address });
  const client = new Client({ connection });
  const isUnderWay = async (executionId: string, type: string): Promise<boolean> => {
    const { raw } = await client.workflow.getHandle(executionId).describe();
    return (raw.pendingActivities ?? []).some(
      ({ activityType, lastStartedTime }) => activityType?.name === type && lastStartedTime != null,
    );
  };
  const end = async (): Promise<void> => {
    await scene.end();
    await engine.shutdown();
    await connection.close();
  };
  return { scene, engine, client, isUnderWay, end };
}

describe('a worker that is killed in the midst of the engine’s own work', () => {
  it('holds the end of an execution up for seconds, not for all of the time that writing it down may take', async () => {
    const { scene, engine, client, isUnderWay, end } = await setup();
    let lock: InstanceType<typeof Libsql> | undefined;
    try {
      const victim = await scene.startWorker();
      const { executionId } = await engine.scheduleTaskGraph({
        name: 'recorded',
        tasks: [{ id: 'only', task: 'gated', input: 1 }],
      });
      await until(() => scene.runs().includes('only 1'));
      lock = new Libsql(join(scene.dataDir, 'store.db'));
      lock.exec('PRAGMA busy_timeout = 20000');
      lock.exec('BEGIN IMMEDIATE'); // the end cannot be written now
      scene.open();
      await until(() => isUnderWay(executionId, 'tempograph.record'));
      await scene.kill(victim);
      lock.exec('ROLLBACK');
      await scene.startWorker();
      const handle = client.workflow.getHandle(executionId);
      await until(async () => (await handle.describe()).status.name === 'COMPLETED', 'its end');
      expect(scene.runs()).toEqual(['only 1']);
    } finally {
      lock?.close();
      await end();
    }
  });
});
