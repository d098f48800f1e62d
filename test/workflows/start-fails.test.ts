/** The first step of an execution fails for a while: whoever asks is answered, and it goes on by itself. */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { defineTask } from '../../src/index.js';
import { startHarness, type Harness } from '../support/engine.js';
import { until } from '../support/until.js';

describe('an execution whose first step fails', () => {
  let harness: Harness;
  const echo = defineTask({ name: 'echo', run: (input) => input });

  beforeAll(async () => void (harness = await startHarness({ tasks: [echo] })));
  afterAll(() => harness.stop());

  it('answers while the step is tried again, says why in the log, and completes once it succeeds', async () => {
    const { engine, client, dataDir, lines } = harness;
    const blobs = join(dataDir, 'blobs');
    writeFileSync(blobs, 'where a folder is to be');
    const handle = await engine.scheduleTaskGraph({
      name: 'begins-late',
      tasks: [{ id: 'each', task: 'echo', map: { over: [1, 2] } }],
    });
    await until(async () => {
      const { raw } = await client.workflow.getHandle(handle.executionId).describe();
      return raw.pendingActivities?.some((one) => (one.attempt ?? 0) > 1) ?? false;
    });
    await expect(handle.status()).resolves.toMatchObject({ status: 'PENDING' });
    const node = `${handle.executionId}/each`;
    for (const id of [handle.executionId, node])
      await expect(engine.handle(id).artifacts()).resolves.toEqual([]);
    const failed = lines.filter(({ executionId }) => executionId === handle.executionId);
    expect(failed.map(({ msg }) => msg)).toContainEqual(
      expect.stringMatching(/^tempograph\.prepare failed, attempt 1: ENOTDIR/),
    );
    rmSync(blobs);
    await expect(handle.result()).resolves.toMatchObject({ status: 'COMPLETED' });
  });
});
