/** Cancels of tasks that end elsewhere, where nobody hears of them: many at once, and one whose worker is gone. */
import { Client, Connection } from '@temporalio/client';
import { TaskEngine } from '../../src/client.js';
import { defineTask } from '../../src/index.js';
import { pendingAttempts } from '../../src/observe/handed-over.js';
import { startHarness } from '../support/engine.js';
import { shared } from '../support/shared.js';
import { until } from '../support/until.js';
import { WorkerScene } from '../support/worker-scene.js';

describe('a cancel of tasks that end elsewhere', () => {
  it('ends 600 that run and 60 that wait of one graph at once, with two steps', async () => {
    let begun = 0;
    const away = defineTask({ name: 'away', completion: 'external', run: () => void begun++ });
    const harness = await startHarness({ tasks: [away] });
    try {
      const { client, engine } = harness;
      const ids = Array.from({ length: 660 }, (_, n) => `n${n}`);
      const handle = await engine.scheduleTaskGraph({
        name: 'many',
        concurrency: 600,
        tasks: ids.map((id) => ({ id, task: 'away' })),
      });
      const { executionId } = handle;
      await until(() => begun === 600, 'the start of as many as may run', 150_000);
      await until(
        async () => {
          const pending = [...(await pendingAttempts(client, executionId, ids)).values()];
          return pending.filter(({ details }) => details?.handover).length === 600;
        },
        'the handover of those',
        150_000,
      );
      await handle.cancel();
      const { status, counts } = await handle.result();
      expect({ status, counts }).toEqual({ status: 'CANCELLED', counts: { CANCELLED: 660 } });
      const { events } = await client.workflow.getHandle(executionId).fetchHistory();
      const steps = (events ?? []).filter(
        ({ activityTaskScheduledEventAttributes: scheduled }) =>
          scheduled?.activityType?.name === 'tempograph.letGo',
      );
      expect(steps).toHaveLength(2);
    } finally {
      await harness.stop();
    }
  }, 400_000);

  it('ends one whose worker was killed before it handed the attempt over, long before its time-out', async () => {
    const scene = new WorkerScene(shared().address);
    const { address, taskQueue, dataDir } = scene;
    const engine = await TaskEngine.connect({ address, taskQueue, dataDir });
    const connection = await Connection.connect({ address });
    const client = new Client({ connection });
    try {
      const victim = await scene.startWorker();
      const handle = await engine.scheduleTaskGraph({
        name: 'lost',
        tasks: [{ id: 'a', task: 'gated-away', timeout: '1h' }],
      });
      const { executionId } = handle;
      const heard = async () => (await pendingAttempts(client, executionId, ['a'])).get('a');
      await until(async () => Boolean((await heard())?.details), 'its first beat');
      await scene.kill(victim);
      await scene.startWorker();
      await handle.cancel();
      const { nodes } = await handle.result();
      expect(nodes['a']).toMatchObject({ status: 'CANCELLED', attempts: 1 });
      expect(nodes['a']?.attemptHistory).toMatchObject([{ attempt: 1, outcome: 'WORKER_LOST' }]);
    } finally {
      await scene.end();
      await engine.shutdown();
      await connection.close();
    }
  }, 240_000);
});
