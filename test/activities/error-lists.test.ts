import { defineTask } from '../../src/registry.js';
import { startHarness, type Harness } from '../support/engine.js';
import { until } from '../support/until.js';

class QuotaError extends Error {}

const fails = defineTask<{ code: string }>({
  name: 'fails',
  retry: { strategy: 'IMMEDIATE', maxRetries: 1 },
  run: ({ code }) => {
    throw Object.assign(new Error('no'), { code });
  },
});

describe('the run-time error lists', () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await startHarness({ tasks: [fails] });
  });
  afterAll(() => harness.stop());

  /** Attempts of a task that fails with an error of this code, one retry allowed. */
  const attempts = async (code: string, options: object = {}): Promise<number | undefined> => {
    const handle = await harness.engine.scheduleTask({ task: fails, input: { code }, ...options });
    return (await handle.result()).nodes['task']?.attempts;
  };
  const becomes = async (code: string, expected: number, options: object = {}): Promise<void> =>
    await until(async () => (await attempts(code, options)) === expected, `${code}: ${expected}`);
  const named = { retry: { strategy: 'IMMEDIATE', maxRetries: 1, retryOn: ['OTHER'] } };

  it('add a never-retried error that every worker hears of, and take it off again', async () => {
    await harness.startWorker();
    expect(await attempts('E_BILL')).toBe(2);
    expect(await harness.engine.addNeverRetryError('E_BILL')).toBe(true);
    expect(await harness.engine.addNeverRetryError('E_BILL')).toBe(false);
    await becomes('E_BILL', 1);
    expect(await harness.engine.removeNeverRetryError('E_BILL')).toBe(true);
    expect(await harness.engine.removeNeverRetryError('E_BILL')).toBe(false);
    await becomes('E_BILL', 2);
  });

  it('add a retriable error to policies that name others', async () => {
    expect(await attempts('E_SLOW', named)).toBe(1);
    await harness.engine.addRetriableError('E_SLOW');
    await becomes('E_SLOW', 2, named);
    expect(await attempts('E_OTHER', named)).toBe(1);
    await harness.engine.removeRetriableError('E_SLOW');
    await becomes('E_SLOW', 1, named);
  });

  it('take off what is retried by default, until it is added again', async () => {
    const { engine, worker } = harness;
    const reset = Object.assign(new Error('gone'), { code: 'ECONNRESET' });
    expect(await engine.removeRetriableError('ECONNRESET')).toBe(true);
    expect(await engine.removeRetriableError('ECONNRESET')).toBe(false);
    expect(await engine.isRetriableError(reset)).toBe(false);
    await becomes('ECONNRESET', 1);
    await until(async () => !(await worker.isRetriableError(reset)), 'the worker has heard');
    const own = { strategy: 'IMMEDIATE', maxRetries: 1, retryOn: ['ECONNRESET'] };
    expect(await attempts('ECONNRESET', { retry: own })).toBe(2);
    expect(await worker.addRetriableError('ECONNRESET')).toBe(true);
    await becomes('ECONNRESET', 2);
  });

  it('put the never list before the retriable one, and the retriable one before our own', async () => {
    await harness.worker.addRetriableError('INPUT_INVALID');
    await becomes('INPUT_INVALID', 2);
    await harness.worker.addNeverRetryError('INPUT_INVALID');
    await becomes('INPUT_INVALID', 1);
    await harness.worker.removeRetriableError('INPUT_INVALID');
    await harness.worker.removeNeverRetryError('INPUT_INVALID');
  });

  it('are kept by project where one is named', async () => {
    await harness.engine.addNeverRetryError('E_PLAN', { project: 'red' });
    await becomes('E_PLAN', 1, { project: 'red' });
    expect(await attempts('E_PLAN', { project: 'blue' })).toBe(2);
    expect(await attempts('E_PLAN')).toBe(2);
  });

  it('are asked by isRetriableError on the engine and on a worker', async () => {
    const { engine, worker } = harness;
    const error = new QuotaError('too much');
    expect(await engine.isRetriableError(error)).toBe(true);
    await engine.addNeverRetryError(QuotaError);
    expect(await engine.isRetriableError(error)).toBe(false);
    await until(async () => !(await worker.isRetriableError(error)));
    await engine.removeNeverRetryError('QuotaError');
    await until(() => worker.isRetriableError(error));
    await expect(engine.addNeverRetryError(Error)).rejects.toThrow('a class of errors other than');
  });

  it('are a worker’s own without a store', async () => {
    const alone = await startHarness({ tasks: [fails], storeUrl: 'none' });
    try {
      await alone.worker.addNeverRetryError('E_OWN');
      const handle = await alone.engine.scheduleTask({ task: fails, input: { code: 'E_OWN' } });
      expect((await handle.result()).nodes['task']?.attempts).toBe(1);
      expect(await alone.worker.removeNeverRetryError('E_OWN')).toBe(true);
      expect(await alone.worker.isRetriableError({ code: 'E_OWN' })).toBe(true);
    } finally {
      await alone.stop();
    }
  });
});
