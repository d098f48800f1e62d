import { setTimeout as wait } from 'node:timers/promises';
import { defineTask } from '../../src/registry.js';
import { startHarness, type Harness } from '../support/engine.js';
import type { NodeResult } from '../../src/client.js';
import type { RetryInput } from '../../src/index.js';

/** Waits between the end of an attempt and the start of the next, as the worker saw them. */
function gaps({ attemptHistory }: NodeResult): number[] {
  return attemptHistory
    .slice(1)
    .map(
      (next, index) =>
        Date.parse(next.startedAt) - Date.parse(attemptHistory[index]?.endedAt ?? ''),
    );
}

describe('retry strategies on a real server', () => {
  let harness: Harness;
  const started: number[] = [];
  /** Its first two attempts neither end in time nor listen. */
  const deaf = defineTask({
    name: 'deaf',
    run: async () => {
      started.push(Date.now());
      if (started.length < 3) await wait(1_200);
    },
  });
  beforeAll(async () => void (harness = await startHarness({ tasks: [deaf] })));
  afterAll(() => harness.stop());

  const run = async (retry: RetryInput, times: number): Promise<NodeResult> => {
    const handle = await harness.engine.scheduleTask({ task: 'fail', input: { times }, retry });
    const { status, nodes } = await handle.result();
    expect(status).toBe('COMPLETED');
    return nodes['task'] as NodeResult;
  };

  it.each<[string, RetryInput, number[]]>([
    ['IMMEDIATE', { strategy: 'IMMEDIATE', maxRetries: 3 }, [1, 1, 1]],
    ['FIXED_DELAY', { strategy: 'FIXED_DELAY', delay: 200, maxRetries: 3 }, [200, 200, 200]],
    [
      'EXPONENTIAL_BACKOFF',
      { delay: 100, factor: 3, maxDelay: 800, maxRetries: 3 },
      [100, 300, 800],
    ],
    [
      'FIBONACCI_BACKOFF',
      { strategy: 'FIBONACCI_BACKOFF', delay: 150, maxRetries: 4 },
      [150, 150, 300, 450],
    ],
    ['DELAY_LIST', { delays: [50, 400, 120] }, [50, 400, 120]],
  ])(
    '%s decides each wait and no attempt starts before it has passed',
    async (_name, retry, expected) => {
      const node = await run(retry, expected.length);
      expect(node.attemptHistory.slice(0, -1).map(({ waitMs }) => waitMs)).toEqual(expected);
      gaps(node).forEach((gap, index) =>
        expect(gap).toBeGreaterThanOrEqual((expected[index] ?? 0) - 5),
      );
    },
  );

  it('jitter spreads the waits within its fraction', async () => {
    const node = await run({ strategy: 'FIXED_DELAY', delay: 100, jitter: 0.5, maxRetries: 6 }, 6);
    const waits = node.attemptHistory.slice(0, -1).map(({ waitMs = 0 }) => waitMs);
    for (const wait of waits) {
      expect(wait).toBeGreaterThanOrEqual(50);
      expect(wait).toBeLessThanOrEqual(150);
    }
    expect(new Set(waits).size).toBeGreaterThan(1);
  });

  it('falls back to the nearest server policy for an attempt that times out unheard', async () => {
    started.length = 0;
    const handle = await harness.engine.scheduleTask({
      task: 'deaf',
      timeout: '300ms',
      retry: { strategy: 'FIBONACCI_BACKOFF', delay: 400, maxRetries: 2 },
    });
    const { status, nodes } = await handle.result();
    expect(status).toBe('COMPLETED');
    const history = nodes['task']?.attemptHistory ?? [];
    expect(history.map(({ outcome }) => outcome)).toEqual(['TIMEOUT', 'TIMEOUT', 'COMPLETED']);
    const starts = started.map((time, index) => time - (started[index - 1] ?? time)).slice(1);
    // A busy worker may enter the handler that much after the server has begun to count.
    const lateMs = 120;
    expect(starts[0]).toBeGreaterThanOrEqual(300 + 400 - lateMs); // timeout + delay
    expect(starts[1]).toBeGreaterThanOrEqual(300 + 400 * 1.618 - lateMs); // timeout + delay × 1.618
  });

  it('NONE makes one attempt', async () => {
    const { nodes } = await (
      await harness.engine.scheduleTask({ task: 'fail', retry: 'NONE' })
    ).result();
    expect(nodes['task']?.attempts).toBe(1);
  });
});
