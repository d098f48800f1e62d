import {
  defineTask,
  MaxRetriesExceededError,
  NonRetriableError,
  type RetryingOptions,
} from '../../src/index.js';
import { startHarness, type Harness } from '../support/engine.js';

const order: string[] = [];
/** Says when it ran, and ends as it is told. */
const step = defineTask<{ name?: string; fails?: string }>({
  name: 'step',
  run: (input) => {
    const { name = '', fails } = input;
    order.push(`${name} begins`);
    if (fails) throw Object.assign(new Error(fails), { code: fails, retriable: fails === 'AGAIN' });
    return { input };
  },
});

let harness: Harness;
beforeAll(async () => void (harness = await startHarness({ tasks: [step] })));
afterAll(() => harness.stop());
beforeEach(() => void order.splice(0));

describe('executeOperation', () => {
  it('runs once, and a failure is a result', async () => {
    expect(await harness.engine.executeOperation(step, { name: 'x' })).toMatchObject({
      ok: true,
      output: { input: { name: 'x' } },
    });
    expect(await harness.engine.executeOperation('step', { fails: 'AGAIN' })).toMatchObject({
      status: 'FAILED',
      attempts: 1,
      error: { code: 'AGAIN' },
    });
  });
});

describe('executeWithRetry', () => {
  it('tells each retry once, in order, with the wait', async () => {
    const told: unknown[] = [];
    const result = await harness.engine.executeWithRetry(
      'fail',
      { times: 3 },
      {
        initialWait: 1,
        backoffFactor: 3,
        jitter: false,
        retry: { unknownErrors: 'retry' },
        onRetry: ({ code }, attempt, waitMs) => void told.push([code, attempt, waitMs]),
      },
    );
    expect(result).toMatchObject({ ok: true, output: { attempt: 4 }, attempts: 4 });
    expect(told).toEqual([
      ['AskedToFail', 1, 1],
      ['AskedToFail', 2, 3],
      ['AskedToFail', 3, 9],
    ]);
  });

  it('caps the first wait as it does the others', async () => {
    const told: unknown[] = [];
    const retry = { unknownErrors: 'retry' } as const;
    const options = { initialWait: '2s', maxWait: 2, jitter: false, maxRetries: 2, retry };
    const onRetry = (_error: unknown, _attempt: number, waitMs: number) => void told.push(waitMs);
    await harness.engine.executeWithRetry('fail', { times: 2 }, { ...options, onRetry });
    expect(told).toEqual([2, 2]);
  });

  it.each([
    [{ initialWait: 'soon' }, 'initialWait: expected a duration'],
    [{ maxWait: -1 }, 'maxWait: expected a duration'],
    [{ maxRetries: 1.5 }, 'maxRetries: '],
    [{ backoffFactor: 0 }, 'backoffFactor: '],
    [{ jitter: 2 }, 'jitter: '],
  ])('refuses %j by the name that it was given', async (options, says) => {
    const refused = harness.engine.executeWithRetry('echo', null, options);
    await expect(refused).rejects.toMatchObject({
      code: 'SPEC_INVALID',
      message: expect.stringContaining(`1 fault:\n  ${says}`) as string,
    });
  });

  it('throws what a worker refuses the task for with the code of that', async () => {
    await expect(harness.engine.executeWithRetry('ekho')).rejects.toMatchObject({
      name: 'ExecutionError',
      code: 'SPEC_INVALID',
      message: expect.stringContaining('did you mean "echo"?') as string,
    });
  });

  it('throws when the retries are spent, and at once for what is not retried', async () => {
    const spent = await harness.engine
      .executeWithRetry('step', { fails: 'AGAIN' }, { maxRetries: 1, initialWait: '1s', jitter: 0 })
      .catch((error: unknown) => error as MaxRetriesExceededError);
    expect(spent).toBeInstanceOf(MaxRetriesExceededError);
    const { durationMs, executionTimeMs } = spent as MaxRetriesExceededError;
    expect(durationMs).toBeGreaterThanOrEqual(1_000 + (executionTimeMs ?? Infinity));
    expect(spent).toMatchObject({ lastError: { code: 'AGAIN', attempt: 2 } });
    await expect(
      harness.engine.executeWithRetry('step', { fails: 'NEVER' }, { initialWait: 1 }),
    ).rejects.toBeInstanceOf(NonRetriableError);
  });

  it.each<[string, RetryingOptions['retry'], number]>([
    ['not retried, as document 003 has it', undefined, 1],
    ['not retried though something else is said', { neverRetryOn: ['OTHER'] }, 1],
    ['retried where unknownErrors says so', { unknownErrors: 'retry' }, 2],
    ['retried where retryOn names it', { retryOn: ['AskedToFail'] }, 2],
    ['retried by a strategy that is named', { strategy: 'IMMEDIATE', unknownErrors: 'retry' }, 2],
  ])('an error on no list is %s', async (_how, retry, attempts) => {
    const { engine } = harness;
    const asked = { maxRetries: 1, ...(retry && { retry }) };
    const waits: { initialWait?: number } =
      typeof retry === 'object' && 'strategy' in retry ? {} : { initialWait: 1 };
    await expect(
      engine.executeWithRetry('fail', null, { ...asked, ...waits }),
    ).rejects.toMatchObject({ attemptErrors: { length: attempts } });
    const each = {
      maxRetries: 1,
      ...(waits.initialWait ? { delay: 1 } : {}),
      ...(retry as object),
    };
    const { x } = await engine.executeOperations([{ name: 'x', task: 'fail' }], { retry: each });
    expect(x?.attempts).toBe(attempts);
  });

  it('is asked by its rule with isRetriableError', async () => {
    const error = new TypeError('no');
    expect(await harness.engine.isRetriableError(error)).toBe(true);
    expect(await harness.engine.isRetriableError(error, { unknownErrors: 'fail' })).toBe(false);
  });

  it('gives onRetry an error, before the next attempt where the wait is a second', async () => {
    const seen: string[] = [];
    const failing = harness.engine.executeWithRetry(
      'step',
      { name: 'x', fails: 'AGAIN' },
      {
        ...{ maxRetries: 1, initialWait: '1s', jitter: false },
        onRetry: (error, attempt) => {
          expect(error).toBeInstanceOf(Error);
          expect(error).toMatchObject({ name: 'AGAIN', code: 'AGAIN' });
          seen.push(`${attempt}: ${error.message}, begun ${order.length}`);
        },
      },
    );
    await expect(failing).rejects.toBeInstanceOf(MaxRetriesExceededError);
    expect(seen).toEqual(['1: AGAIN, begun 1']);
  });
});
