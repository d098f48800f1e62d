/** What killed workers left of files on their way, and the next worker. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ownName } from '../src/process-name.js';
import { startHarness } from './support/engine.js';
import { until } from './support/until.js';

describe('a worker that starts', () => {
  it('removes the copies of files that killed workers left, and says so', async () => {
    const harness = await startHarness();
    const { dataDir } = harness;
    const folders = [tmpdir(), join(dataDir, 'tmp'), join(dataDir, 'blobs')].map((place) =>
      join(place, ownName().split('-').with(4, '1').join('-')),
    );
    const used = join(dataDir, 'tmp', ownName());
    for (const folder of [...folders, used]) {
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, '0'), 'half of it');
    }
    await harness.startWorker();
    await until(() => !folders.some((folder) => existsSync(folder)), 'the sweep');
    expect(existsSync(used)).toBe(true);
    for (const folder of folders)
      expect(harness.lines).toContainEqual(expect.objectContaining({ folder }));
    await harness.stop();
  });
});
