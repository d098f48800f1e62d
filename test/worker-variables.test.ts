import { startHarness } from './support/engine.js';

describe('startWorker', () => {
  it('warns in its log, once, of a variable that nothing reads, and says which is meant', async () => {
    process.env['TEMPOGRAPH_MAX_THREDS'] = '3';
    const harness = await startHarness();
    await harness.startWorker();
    delete process.env['TEMPOGRAPH_MAX_THREDS'];
    await harness.stop();
    const told = harness.lines.filter(({ msg }) => String(msg).includes('TEMPOGRAPH_MAX_THREDS'));
    expect(told).toMatchObject([
      { level: 40, msg: expect.stringContaining('did you mean TEMPOGRAPH_MAX_THREADS?') as string },
    ]);
  });
});
