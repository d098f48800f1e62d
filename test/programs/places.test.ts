/** Programs that wait for a place: they wait in their queue, where another worker can take them and no time is spent. */
import { existsSync } from 'node:fs';
import type { StartWorkerOptions } from '../../src/worker.js';
import { startHarness, type Harness } from '../support/engine.js';

const here = existsSync('/usr/bin/bwrap') && process.getuid?.() === 0;

(here ? describe : describe.skip)('a worker', () => {
  let harness: Harness | undefined;
  afterEach(async () => {
    await harness?.stop();
    harness = undefined;
  });

  const run = async (options: StartWorkerOptions, node: object) => {
    harness = await startHarness({ programs: ['process'], ...options });
    const tasks = Array.from({ length: 5 }, (_, index) => ({ id: `p${index}`, ...node }));
    const spec = { name: 'places', concurrency: 10, tasks };
    const handle = await harness.engine.scheduleTaskGraph(spec);
    const { nodes } = await handle.result();
    return Object.values(nodes);
  };
  /** The most attempts that ran at the same time. */
  const most = (nodes: Awaited<ReturnType<typeof run>>): number => {
    const edges = nodes.flatMap(({ startedAt, endedAt }) => [
      { at: Date.parse(startedAt ?? ''), by: 1 },
      { at: Date.parse(endedAt ?? ''), by: -1 },
    ]);
    let [running, peak] = [0, 0];
    for (const { by } of edges.sort((a, b) => a.at - b.at || a.by - b.by))
      peak = Math.max(peak, (running += by));
    return peak;
  };

  it('with one place takes one after the other, and none times out for having waited', async () => {
    const node = { process: { command: ['sleep', '2'] }, timeout: '6s', retry: 'NONE' };
    const nodes = await run({ maxPrograms: 1 }, node);
    expect(nodes.map(({ status }) => status)).toEqual(Array(5).fill('COMPLETED'));
  });

  const sleep = { process: { command: ['sleep', '1'] } };
  it('takes several at once where there are places', async () => {
    expect(most(await run({ maxPrograms: 5 }, sleep))).toBeGreaterThan(1);
  });

  it('takes no second one while its machine is busier than targetLoad, and all in the end', async () => {
    const nodes = await run({ maxPrograms: 5, targetLoad: { memory: 0.000_001 } }, sleep);
    expect(nodes.map(({ status }) => status)).toEqual(Array(5).fill('COMPLETED'));
    expect(most(nodes)).toBe(1);
  });

  it('names what is wrong with targetLoad', async () => {
    await expect(run({ targetLoad: { cpu: 80 } }, sleep)).rejects.toThrow(
      /targetLoad: expected \{ cpu, memory \}, each above 0 and at most 1.*got \{"cpu":80\}/,
    );
  });
});
