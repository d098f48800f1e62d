/** Programs that wait for a place: they wait in their queue, where another worker can take them and no time is spent. */
import { existsSync } from 'node:fs';
import { startHarness, type Harness } from '../support/engine.js';

const here = existsSync('/usr/bin/bwrap') && process.getuid?.() === 0;

(here ? describe : describe.skip)('a worker with one place for programs', () => {
  let harness: Harness;
  beforeAll(
    async () => void (harness = await startHarness({ programs: ['process'], maxPrograms: 1 })),
  );
  afterAll(() => harness.stop());

  it('takes one after the other, and none times out for having waited', async () => {
    const tasks = Array.from({ length: 5 }, (_, index) => ({
      ...{ id: `p${index}`, process: { command: ['sleep', '2'] } },
      ...{ timeout: '6s', retry: 'NONE' },
    }));
    const spec = { name: 'places', concurrency: 10, tasks };
    const handle = await harness.engine.scheduleTaskGraph(spec as never);
    const { nodes } = await handle.result();
    expect(Object.values(nodes).map(({ status }) => status)).toEqual(Array(5).fill('COMPLETED'));
  });
});
