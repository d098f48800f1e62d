/** Programs of every fate whose worker is killed again and again: a few in CI, 500 at night. */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TaskEngine } from '../../src/client.js';
import { TERMINAL_STATUSES } from '../../src/domain/status.js';
import { buildCli, startCli, type CliProcess } from './cli.js';
import { endOf, fatesGraph, HELD, leftoversOf } from './fates.js';
import { shared } from './shared.js';

/** A lost worker is found out by then, also on a busy machine, and its programs run again; whatever else ends one ends it for good. */
const LOSABLE = {
  heartbeatTimeout: '10s',
  retry: {
    ...{ maxRetries: 20, delay: '100ms', retryOn: ['WORKER_LOST'] },
    neverRetryOn: ['TIMEOUT', 'PROGRAM_FAILED', 'RESOURCE_EXHAUSTED'],
  },
};

/** @param kills SIGKILLs of the worker, spread over the graph; each time another one takes over */
export function describeKilledFates({ count, kills }: { count: number; kills: number }): void {
  (HELD ? describe : describe.skip)(`${count} programs, their worker killed ${kills} times`, () => {
    const folder = mkdtempSync(join(tmpdir(), 'fates-'));
    const workers: CliProcess[] = [];
    let engine: TaskEngine;
    const place = { dataDir: join(folder, 'data'), taskQueue: `fates-${randomUUID()}` };
    beforeAll(async () => {
      await buildCli();
      engine = await TaskEngine.connect({ address: shared().address, ...place });
    });
    afterAll(async () => {
      for (const { child } of workers) child.kill('SIGKILL');
      await engine.shutdown();
      rmSync(folder, { recursive: true, force: true });
    });
    const startWorker = async (): Promise<CliProcess> => {
      const worker = startCli(['worker'], {
        env: {
          TEMPORAL_ADDRESS: shared().address,
          TEMPOGRAPH_TASK_QUEUE: place.taskQueue,
          TEMPOGRAPH_DATA_DIR: place.dataDir,
          TEMPOGRAPH_PROGRAMS: 'process',
          TEMPOGRAPH_MAX_PROGRAMS: '6',
        },
      });
      workers.push(worker);
      await worker.saw('stdout', /worker polls/);
      return worker;
    };

    it('all end as they deserve, and nothing of the killed is left once another worker runs', async () => {
      let worker = await startWorker();
      const spec = { ...fatesGraph(count, LOSABLE), concurrency: 12 };
      const handle = await engine.scheduleTaskGraph(spec as never);
      let killed = 0;
      for await (const { counts } of handle.watch()) {
        const ended = TERMINAL_STATUSES.reduce((sum, status) => sum + (counts[status] ?? 0), 0);
        if (killed >= kills || ended < (count * (killed + 1)) / (kills + 1)) continue;
        killed++;
        worker.child.kill('SIGKILL');
        await worker.ended;
        worker = await startWorker();
      }
      expect(killed).toBe(kills);
      const { nodes } = await handle.result();
      expect(Object.keys(nodes)).toHaveLength(count);
      for (const [id, { status, output, error }] of Object.entries(nodes))
        expect({ id, status, output, error }).toMatchObject({ id, ...endOf(id) });
      const pids = workers.map(({ pid }) => pid);
      expect(leftoversOf(pids.slice(0, -1))).toEqual([]);
      worker.child.kill('SIGTERM');
      expect((await worker.ended).code).toBe(0);
      expect(leftoversOf(pids)).toEqual([]);
    });
  });
}
