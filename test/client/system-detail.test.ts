import { TaskEngine } from '../../src/client.js';
import { defineTask } from '../../src/registry.js';
import { startHarness, type Harness } from '../support/engine.js';

describe('systemDetail', () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await startHarness({
      tasks: [defineTask({ name: 'ours', run: () => 1 })],
      maxConcurrentActivities: 7,
    });
  });
  afterAll(() => harness.stop());

  it('tells of server, workers, modes, jobs and limits', async () => {
    await (await harness.engine.scheduleTask({ task: 'ours' })).result();
    await harness.engine.scheduleTask({
      task: 'ours',
      scheduledTime: '2h',
      executionId: 'system-detail-later',
    });
    const detail = await harness.engine.systemDetail();
    expect(detail).toMatchObject({
      versions: { tempograph: expect.any(String) as string, server: expect.any(String) as string },
      taskQueue: harness.taskQueue,
      queue: { backlog: 0 },
      queues: ['', '-process', '-container', '-faas'].map((runner) => ({
        queue: harness.taskQueue + runner,
        workers: expect.any(Number) as number,
        backlog: 0,
      })),
      warnings: [],
      circuits: [],
    });
    expect(detail.workers).toEqual([
      {
        identity: expect.stringContaining(String(process.pid)) as string,
        lastSeen: expect.any(String) as string,
        detail: expect.objectContaining({
          pid: process.pid,
          slots: 7,
          overrunning: [],
          tasks: expect.arrayContaining(['ours', 'echo']) as string[],
        }) as unknown,
      },
    ]);
    expect(detail.modes['in-process']).toBe(1);
    expect(detail.jobs?.open).toBe(1);
    await harness.engine.cancelExecution('system-detail-later');
  });

  it('names the address of the client that was given, whatever the environment says', async () => {
    const { client, taskQueue, dataDir, address } = harness;
    const engine = await TaskEngine.connect({ client, taskQueue, dataDir });
    expect((await engine.systemDetail()).address).toBe(address);
    await engine.shutdown();
  });

  it('without a worker that answers, gives the rest and says what it could not ask', async () => {
    await harness.worker.shutdown();
    const detail = await harness.engine.systemDetail();
    expect(detail.versions.server).not.toBeNull();
    expect(detail.workers.every((worker) => worker.detail === null)).toBe(true);
    expect(detail.modes).toEqual({});
  });
});
