import { startTestEngine, type TestEngine } from '../../src/testing.js';
import { shared } from '../support/shared.js';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

describe('waits under time skipping', () => {
  let test: TestEngine;

  beforeAll(async () => {
    const { timeSkipping, bundle } = shared();
    test = await startTestEngine({
      serverPath: timeSkipping,
      temporal: { workflowBundle: { codePath: bundle } },
    });
  });
  afterAll(() => test.stop());

  it('spends a five-hour exponential backoff, a three-day timer and a Fibonacci retry in moments, each wait as said', async () => {
    const handle = await test.engine.scheduleTaskGraph({
      name: 'long waits',
      tasks: [
        {
          id: 'backoff',
          task: 'fail',
          input: { times: 3 },
          retry: {
            strategy: 'EXPONENTIAL_BACKOFF',
            delay: '5h',
            factor: 2,
            maxDelay: null,
            maxRetries: 3,
          },
        },
        { id: 'timer', task: 'noop', dependsOn: ['backoff'], scheduledTime: '3d' },
        {
          id: 'fibonacci',
          task: 'fail',
          dependsOn: ['timer'],
          input: { times: 5 },
          retry: { strategy: 'FIBONACCI_BACKOFF', delay: '2m', maxDelay: null, maxRetries: 5 },
        },
      ],
    });
    const { status, nodes, durationMs } = await handle.result();
    expect(status).toBe('COMPLETED');
    expect(nodes['backoff']?.attempts).toBe(4);
    expect(nodes['backoff']?.attemptHistory.map((attempt) => attempt.waitMs)).toEqual([
      5 * HOUR,
      10 * HOUR,
      20 * HOUR,
      undefined,
    ]);
    expect(nodes['fibonacci']?.attemptHistory.map((attempt) => attempt.waitMs)).toEqual(
      [2, 2, 4, 6, 10, undefined].map((minutes) => minutes && minutes * 60_000),
    );
    const expected = 35 * HOUR + 3 * DAY + 24 * 60_000;
    expect(durationMs).toBeGreaterThanOrEqual(expected);
    expect(durationMs).toBeLessThan(expected + 10 * 60_000); // the test server rounds, and the clock runs while handlers do
  });

  it('leaves short waits to the server, exact to the strategy, without an event for each', async () => {
    const handle = await test.engine.scheduleTask({
      task: 'fail',
      input: { times: 3 },
      retry: { strategy: 'FIXED_DELAY', delay: '40s', maxRetries: 3 },
      executionId: 'short-waits',
    });
    const { status, durationMs } = await handle.result();
    expect(status).toBe('COMPLETED');
    expect(durationMs).toBeGreaterThanOrEqual(120_000);
    const { history } = await test.env.client.workflow
      .getHandle('short-waits')
      .fetchHistory()
      .then((h) => ({ history: h.events ?? [] }));
    expect(history.filter((event) => event.activityTaskScheduledEventAttributes)).toHaveLength(1);
    expect(history.filter((event) => event.timerStartedEventAttributes)).toHaveLength(0);
  });

  it('ends TIMEOUT when totalTimeout leaves no time for another attempt', async () => {
    const handle = await test.engine.scheduleTask({
      task: 'fail',
      retry: { strategy: 'FIXED_DELAY', delay: '2h', maxRetries: 10 },
      totalTimeout: '5h',
    });
    const result = await handle.result();
    expect(result.status).toBe('TIMEOUT');
    expect(result.nodes['task']?.attempts).toBe(3);
  });

  it('ends a graph TIMEOUT at its deadline, cancelling what waits', async () => {
    const handle = await test.engine.scheduleTaskGraph({
      name: 'late',
      deadline: '1h',
      tasks: [
        { id: 'soon', task: 'noop' },
        { id: 'never', task: 'noop', scheduledTime: '2h' },
      ],
    });
    const { status, nodes } = await handle.result();
    expect(status).toBe('TIMEOUT');
    expect(nodes['soon']?.status).toBe('COMPLETED');
    expect(nodes['never']).toMatchObject({ status: 'CANCELLED', reason: 'deadline' });
  });
});
