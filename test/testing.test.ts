import { z } from 'zod';
import { defineTask } from '../src/registry.js';
import { mock, startTestEngine, type TestEngine, type TestEngineOptions } from '../src/testing.js';
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

  it('takes typed mocks, adds their tasks, and gives calls by definition', async () => {
    const refund = defineTask({ name: 'refund', run: (_: { receipt: string }) => undefined });
    const { engine, calls } = await start({
      tasks: [charge],
      mocks: [
        mock(charge, ({ cents }) => ({ receipt: `of ${cents}` })),
        mock(refund, () => undefined),
      ],
    });
    const paid = await engine.scheduleTask({ task: charge, input: { cents: 7 } });
    expect((await paid.resultOrThrow()).output.receipt).toBe('of 7');
    const back = await engine.scheduleTask({ task: refund, input: { receipt: 'of 7' } });
    await back.resultOrThrow();
    expect(calls(charge).map(({ cents }) => cents)).toEqual([7]);
    expect(calls(refund)).toEqual([{ receipt: 'of 7' }]);
    expect(calls('noop')).toEqual([]);
    expect(() => calls('refudn')).toThrow('calls: no task is named "refudn" (');
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

  it.each([
    ['nearly a task', 'charge-crad', '(did you mean "charge-card"?)'],
    ['no task at all', 'refund', '(there is "charge-card"); a task that is new goes into tasks'],
    ['nearly a built-in one', 'slepe', '(did you mean "sleep"?)'],
  ])('refuses a mock beside tasks whose name is %s', async (_title, name, says) => {
    const refused = start({ tasks: [charge], mocks: { [name]: () => null } });
    await expect(refused).rejects.toMatchObject({
      code: 'CONFIGURATION',
      message: `mocks: no task is named "${name}" ${says}`,
    });
  });

  it('takes a short name whose letters changed places for a slip', async () => {
    const pay = defineTask({ name: 'pay', run: () => 'paid' });
    await expect(start({ tasks: [pay], mocks: { pya: () => 'mocked' } })).rejects.toThrow(
      'mocks: no task is named "pya" (did you mean "pay"?)',
    );
  });

  it('makes a task of each mock where no tasks are given', async () => {
    const { engine } = await start({ mocks: { refund: () => 'mocked' } });
    const { output } = await (await engine.scheduleTask({ task: 'refund' })).result();
    expect(output).toBe('mocked');
  });
});
