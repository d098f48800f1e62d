import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { TaskEngine } from '../src/client.js';
import { launchDevServer, type DevServer } from '../src/servers/dev-server.js';
import { shared } from './support/shared.js';
import { until } from './support/until.js';
import { WorkerScene } from './support/worker-scene.js';

/** A chain whose third node stays until a gate is opened. */
const graph = {
  name: 'recovery',
  defaults: { heartbeatTimeout: '1s' },
  tasks: [
    { id: 'first', task: 'noted', input: 1 },
    { id: 'beside', task: 'noted', input: 2 },
    {
      id: 'gated',
      task: 'gated',
      dependsOn: ['first', 'beside'],
      input: '${{ tasks.first.output + tasks.beside.output }}',
    },
    { id: 'last', task: 'noted', dependsOn: ['gated'], input: '${{ tasks.gated.output.input }}' },
  ],
};

async function pendingAttempt(address: string, executionId: string) {
  const connection = await Connection.connect({ address });
  try {
    const { raw } = await new Client({ connection }).workflow.getHandle(executionId).describe();
    return raw.pendingActivities?.find(({ activityId }) => activityId === 'gated');
  } finally {
    await connection.close();
  }
}

describe('recovery', () => {
  it('goes on after a worker is killed: no finished node runs again, the interrupted one shows two attempts', async () => {
    const scene = new WorkerScene(shared().address);
    const engine = await TaskEngine.connect({
      address: scene.address,
      taskQueue: scene.taskQueue,
      dataDir: scene.dataDir,
    });
    try {
      const victim = await scene.startWorker();
      const handle = await engine.scheduleTaskGraph(graph);
      await until(() => scene.runs().includes('gated 1'));
      // Its checkpoint is not safe before the server has the heartbeat.
      await until(async () =>
        Boolean((await pendingAttempt(scene.address, handle.executionId))?.heartbeatDetails),
      );
      await scene.kill(victim);
      await scene.startWorker();
      await until(() => scene.runs().includes('gated 2'));
      scene.open();
      const { status, nodes } = await handle.result();
      expect(status).toBe('COMPLETED');
      expect(scene.runs().sort()).toEqual(['beside 1', 'first 1', 'gated 1', 'gated 2', 'last 1']);
      expect(nodes['gated']).toMatchObject({
        attempts: 2,
        output: { input: 3, before: { reachedBy: 1 } },
      });
      expect(nodes['gated']?.attemptHistory.map(({ outcome }) => outcome)).toEqual([
        'WORKER_LOST',
        'COMPLETED',
      ]);
      expect(nodes['first']?.attempts).toBe(1);
      const told: unknown[][] = [];
      for await (const { event, attempt, reason } of engine.events({
        ...{ executionId: `${handle.executionId}/gated`, follow: false },
      }))
        told.push([event, attempt, reason]);
      // What a worker had not yet written when it was killed is in no event.
      const lost = told.findIndex(([event]) => event === 'retrying');
      expect(told.slice(lost)).toEqual([
        ['retrying', 1, 'worker_lost'],
        ['preparing', 2, null],
        ['started', 2, null],
        ['completed', 2, null],
      ]);
    } finally {
      await scene.end();
      await engine.shutdown();
    }
  });

  it('gives a node up that lost more workers than maxLostWorkers, whatever its error lists say', async () => {
    const scene = new WorkerScene(shared().address);
    const { address, taskQueue, dataDir } = scene;
    const engine = await TaskEngine.connect({ address, taskQueue, dataDir });
    try {
      const victim = await scene.startWorker();
      const retry = { maxRetries: 50, delay: '10ms', retryOn: ['WORKER_LOST'] };
      const deadly = {
        id: 'gated',
        task: 'gated',
        heartbeatTimeout: '1s',
        maxLostWorkers: 0,
        retry,
      };
      const handle = await engine.scheduleTaskGraph({ name: 'deadly', tasks: [deadly] });
      await until(() => scene.runs().includes('gated 1'));
      await scene.kill(victim);
      await scene.startWorker();
      const { status, nodes } = await handle.result();
      expect(status).toBe('FAILED');
      expect(nodes['gated']?.error).toMatchObject({
        code: 'WORKER_LOST',
        message: '1 worker was lost while it ran this node; it is given up (maxLostWorkers is 0)',
      });
      expect(nodes['gated']?.attempts).toBe(2);
      expect(scene.runs()).toEqual(['gated 1']);
    } finally {
      await scene.end();
      await engine.shutdown();
    }
  });

  it('goes on after the dev server is killed and restarted on its file: no finished node runs again, the interrupted one shows two attempts', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tempograph-server-'));
    const dbFile = join(folder, 'temporal.db');
    let server: DevServer = await launchDevServer(shared().binary, { dbFile });
    const port = Number(server.address.split(':')[1]);
    const scene = new WorkerScene(server.address);
    let engine = await TaskEngine.connect({
      address: scene.address,
      taskQueue: scene.taskQueue,
      dataDir: scene.dataDir,
    });
    try {
      const worker = await scene.startWorker();
      const { executionId } = await engine.scheduleTaskGraph(graph);
      await until(() => scene.runs().includes('gated 1'));
      worker.kill('SIGSTOP'); // else it is chance whether a heartbeat reaches the new server in time
      process.kill(server.pid, 'SIGKILL');
      await server.exited;
      await engine.shutdown();
      server = await launchDevServer(shared().binary, { dbFile, port });
      engine = await TaskEngine.connect({
        address: scene.address,
        taskQueue: scene.taskQueue,
        dataDir: scene.dataDir,
      });
      await until(async () => (await pendingAttempt(scene.address, executionId))?.attempt === 2);
      worker.kill('SIGCONT');
      await until(() => scene.runs().includes('gated 2'));
      scene.open();
      const { status, nodes } = await engine.handle(executionId).result();
      expect(status).toBe('COMPLETED');
      expect(scene.runs().sort()).toEqual(['beside 1', 'first 1', 'gated 1', 'gated 2', 'last 1']);
      expect(nodes['gated']?.attempts).toBe(2);
      expect(nodes['gated']?.attemptHistory.at(-1)?.outcome).toBe('COMPLETED');
      expect(nodes['last']?.output).toBe(3);
    } finally {
      await scene.end();
      await engine.shutdown();
      await server.stop();
    }
  });
});
