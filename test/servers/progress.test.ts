import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { progressReporter, type ServerProgress } from '../../src/servers/progress.js';

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

describe('progressReporter', () => {
  it('repeats what is going on every 3 s, with the latest numbers, until it has settled', async () => {
    const reports: ServerProgress[] = [];
    const report = progressReporter((progress) => reports.push(progress));
    let done = () => {};
    let packages = 0;

    const work = report.during(
      'build',
      () => `${packages} compiled`,
      () => new Promise<void>((resolve) => (done = resolve)),
    );
    packages = 700;
    jest.advanceTimersByTime(6_000);
    done();
    await work;
    jest.advanceTimersByTime(60_000);

    expect(reports).toEqual([
      { step: 'build', message: '0 compiled', elapsedMs: 0 },
      { step: 'build', message: '700 compiled', elapsedMs: 3_000 },
      { step: 'build', message: '700 compiled', elapsedMs: 6_000 },
    ]);
  });
});
