import { defineTask } from '../src/registry.js';
import { startHarness } from './support/engine.js';
import { until } from './support/until.js';

describe('a worker that stops', () => {
  it('leaves an attempt behind that ignores its signal, and says so', async () => {
    let begun = false;
    let free = (): void => undefined;
    const deaf = defineTask({
      name: 'deaf',
      run: () => {
        begun = true;
        return new Promise<string>((resolve) => (free = () => resolve('too late')));
      },
    });
    const harness = await startHarness({
      tasks: [deaf],
      shutdownGrace: '1s',
      temporal: { shutdownForceTime: '2s' },
    });
    const handle = await harness.engine.scheduleTask({ task: 'deaf' });
    await until(() => begun, 'the attempt');
    await harness.worker.shutdown();
    expect(harness.lines).toContainEqual(
      expect.objectContaining({ msg: expect.stringContaining('were left behind') as string }),
    );
    await harness.client.workflow.getHandle(handle.executionId).terminate('the test is over');
    free();
    await harness.stop();
  });
});
