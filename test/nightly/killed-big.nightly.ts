import { statSync } from 'node:fs';
import { TaskEngine } from '../../src/client.js';
import { BURST_NODES } from '../../src/domain/burst.js';
import { shared } from '../support/shared.js';
import { until } from '../support/until.js';
import { WorkerScene } from '../support/worker-scene.js';

const LAYERS = 1_000;
const WIDTH = 100;
const NODES = LAYERS * WIDTH;
const KILLS = 5;
/** Attempts that a worker has at once: what a kill can interrupt of nodes with activities of their own. */
const SLOTS = 100;

const tasks = Array.from({ length: NODES }, (_, index) => ({
  id: `n${index}`,
  task: 'noted',
  ...(index < WIDTH ? {} : { dependsOn: [`n${index - WIDTH}`] }),
}));

/** Runs the graph, its worker killed {@link KILLS} times on the way; each line says `node attempt`. */
async function runKilled(light: boolean) {
  const scene = new WorkerScene(shared().address);
  const { address, taskQueue, dataDir } = scene;
  const engine = await TaskEngine.connect({ address, taskQueue, dataDir });
  const written = (): number => statSync(scene.runsFile, { throwIfNoEntry: false })?.size ?? 0;
  try {
    let worker = await scene.startWorker();
    const defaults = { heartbeatTimeout: '5s' };
    const handle = await engine.scheduleTaskGraph(
      { name: 'killed', concurrency: WIDTH, defaults, tasks },
      { light },
    );
    for (let kill = 1; kill <= KILLS; kill++) {
      const enough = (kill * NODES * 'n50000 1\n'.length) / (KILLS + 1);
      await until(() => written() > enough, `kill ${kill} of ${KILLS}`, 600_000);
      await scene.kill(worker);
      worker = await scene.startWorker();
    }
    const { status, counts, nodes: views } = await handle.result();
    const interrupted = Object.values(views).filter(({ attempts }) => attempts > 1).length;
    const lines = scene.runs();
    const nodes = lines.map((line) => line.split(' ')[0]);
    const again = lines.length - new Set(nodes).size;
    return { status, counts, lines, ran: new Set(nodes).size, again, interrupted };
  } finally {
    await scene.end();
    await engine.shutdown();
  }
}

describe('a graph of 100,000 nodes whose worker is killed five times', () => {
  it('loses no node, and runs none again but those that a kill interrupted', async () => {
    const { status, counts, lines, ran, again, interrupted } = await runKilled(false);
    expect({ status, counts, ran }).toEqual({
      ...{ status: 'COMPLETED', counts: { COMPLETED: NODES } },
      ran: NODES,
    });
    expect(new Set(lines).size).toBe(lines.length); // no attempt twice
    expect(again).toBeLessThanOrEqual(KILLS * SLOTS);
    expect(interrupted).toBeGreaterThanOrEqual(again);
    console.log(`${interrupted} nodes were interrupted, ${again} of them after their work`);
  });

  it('loses no light node, and runs again a burst for each kill at most', async () => {
    const { status, counts, ran, again } = await runKilled(true);
    expect({ status, counts, ran }).toEqual({
      ...{ status: 'COMPLETED', counts: { COMPLETED: NODES } },
      ran: NODES,
    });
    expect(again).toBeLessThanOrEqual(KILLS * BURST_NODES);
    console.log(`${again} light nodes ran again`);
  });
});
