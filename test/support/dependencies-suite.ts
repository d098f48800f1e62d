/** Executions that wait for others, started in random order, with a worker that is killed. */
import { TaskEngine } from '../../src/client.js';
import { shared } from './shared.js';
import { until } from './until.js';
import { WorkerScene } from './worker-scene.js';

/** A generator whose numbers are the same in every run. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32;
    return state / 2 ** 32;
  };
}

/** @param count of executions */
export function describeDependencies(count: number): void {
  describe(`dependencies across ${count} executions`, () => {
    it('started in random order, all end and none before what it waits for, though the worker is killed twice', async () => {
      const random = seeded(7);
      const below = (n: number): number => Math.floor(random() * n);
      const scene = new WorkerScene(shared().address);
      const id = (n: number): string => `${scene.taskQueue}-${n}`;
      const dependencies = Array.from({ length: count }, (_, n) =>
        n === 0 ? [] : [...new Set(Array.from({ length: below(4) }, () => below(n)))],
      );
      const order = Array.from({ length: count }, (_, n) => n);
      for (let at = count - 1; at > 0; at--) {
        const other = below(at + 1);
        [order[at], order[other]] = [order[other] as number, order[at] as number];
      }
      const engine = await TaskEngine.connect({
        address: scene.address,
        taskQueue: scene.taskQueue,
        dataDir: scene.dataDir,
      });
      try {
        let worker = await scene.startWorker();
        const start = async (n: number): Promise<void> => {
          await engine.scheduleTask({
            task: 'named',
            input: { name: String(n) },
            executionId: id(n),
            dependencies: (dependencies[n] ?? []).map(id),
            awaitUnknown: true,
          });
        };
        const killAfter = async (runs: number): Promise<void> => {
          await until(() => scene.runs().length >= runs, `${runs} runs`, 240_000);
          await scene.kill(worker);
          worker = await scene.startWorker();
        };
        for (const n of order.slice(0, count / 2)) await start(n);
        await killAfter(Math.ceil(count / 20));
        for (const n of order.slice(count / 2)) await start(n);
        await killAfter(count / 2);
        const results = await Promise.all(
          order.map(async (n) => await engine.handle(id(n)).result()),
        );
        expect(results.map(({ status }) => status)).toEqual(order.map(() => 'COMPLETED'));
        const runs = scene.runs().map(Number);
        const early = dependencies.flatMap((before, n) =>
          before.filter((dependency) => runs.lastIndexOf(dependency) > runs.indexOf(n)),
        );
        expect(early).toEqual([]);
        expect(new Set(runs).size).toBe(count);
      } finally {
        await scene.end();
        await engine.shutdown();
      }
    }, 900_000);
  });
}
