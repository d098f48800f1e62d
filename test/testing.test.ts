import { z } from 'zod';
import { defineTask } from '../src/registry.js';
import { startTestEngine, type TestEngine, type TestEngineOptions } from '../src/testing.js';
import { shared } from './support/shared.js';

const charge = defineTask({
  name: 'charge-card',
  input: z.object({ cents: z.int().positive() }),
  output: z.object({ receipt: z.string() }),
  retry: { strategy: 'FIXED_DELAY', delay: '1h', maxRetries: 2 },
  run: () => {
    throw new Error('would charge a real card');
  },
});

describe('startTestEngine', () => {
  let test: TestEngine | undefined;
  afterEach(() => test?.stop());

  const start = async (options: TestEngineOptions): Promise<TestEngine> => {
    const { timeSkipping, bundle } = shared();
    test = await startTestEngine({
      ...options,
      serverPath: timeSkipping,
      temporal: { workflowBundle: { codePath: bundle } },
    });
    return test;
  };

  it('puts a mock where the handler was, keeping schemas and retries, and remembers the calls', async () => {
    const { engine, calls } = await start({
      tasks: [charge],
      mocks: {
        'charge-card': (_input: { cents: number }, { attempt }) => {
          if (attempt < 3) throw new Error('bank is down');
          return { receipt: `r${attempt}` };
        },
      },
    });
    const handle = await engine.scheduleTask({ task: charge, input: { cents: 500 } });
    const { output, durationMs } = await handle.result();
    expect(output).toEqual({ receipt: 'r3' });
    expect(durationMs).toBeGreaterThanOrEqual(2 * 3_600_000);
    expect(calls('charge-card')).toEqual([{ cents: 500 }, { cents: 500 }, { cents: 500 }]);
  });

  it('skips a `sleep` of a day', async () => {
    const { engine } = await start({});
    const result = await (
      await engine.scheduleTask({
        task: 'sleep',
        input: { ms: 86_400_000 },
        timeout: '2d',
        heartbeatTimeout: '2d',
      })
    ).result();
    expect(result).toMatchObject({ status: 'COMPLETED', output: { sleptMs: 86_400_000 } });
  });

  it('refuses a mock whose name is nearly a task', async () => {
    await expect(start({ tasks: [charge], mocks: { 'charge-crad': () => null } })).rejects.toThrow(
      'did you mean "charge-card"?',
    );
  });
});
