/** The kill test over a list of seeds: a few in CI, 200 at night. */
import { killPlan } from './kill-plan.js';
import { killRun } from './kill-run.js';
import { KillScene } from './kill-scene.js';

/** @param seeds runs; `TEMPOGRAPH_KILL_SEEDS=4,7` takes these instead, to look once more at what failed */
export function describeKills(seeds: readonly number[]): void {
  const again = process.env['TEMPOGRAPH_KILL_SEEDS']?.split(',').map(Number);
  describe('after a SIGKILL of worker, store or server, or a terminated workflow', () => {
    let scene: KillScene;
    beforeAll(async () => {
      const started = await KillScene.start();
      if ('unavailable' in started) throw new Error(started.unavailable);
      scene = started;
    });
    afterAll(() => scene?.stop());

    it.each((again ?? seeds).map((seed) => [killPlan(seed).victim, seed] as const))(
      'nothing is lost, nothing is twice in the store, and statuses are Temporal’s (%s, TEMPOGRAPH_KILL_SEEDS=%i)',
      async (_victim, seed) => {
        expect(await killRun(scene, killPlan(seed))).toEqual([]);
      },
      240_000,
    );
  });
}
