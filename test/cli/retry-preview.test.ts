import { buildCli, documentOf, runCli } from '../support/cli.js';

describe('tempograph retry-preview', () => {
  beforeAll(buildCli);

  const preview = async (...args: string[]) => await runCli(['retry-preview', ...args]);

  it.each([
    ['NONE', [], []],
    ['IMMEDIATE', ['--max-retries', '3'], [1, 1, 1]],
    ['FIXED_DELAY', ['--delay', '1s', '--max-retries', '4'], [1_000, 1_000, 1_000, 1_000]],
    [
      'EXPONENTIAL_BACKOFF',
      ['--delay', '1s', '--max-retries', '8'],
      [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000],
    ],
    [
      'FIBONACCI_BACKOFF',
      ['--delay', '1s', '--max-retries', '6'],
      [1_000, 1_000, 2_000, 3_000, 5_000, 8_000],
    ],
    ['DELAY_LIST', ['--delays', '1s,5s', '--max-retries', '4'], [1_000, 5_000, 5_000, 5_000]],
  ])('gives the waits of %s', async (strategy, args, waitsMs) => {
    const result = await preview('--strategy', strategy, ...args, '--json');
    expect(result).toMatchObject({ code: 0, stderr: '' });
    expect(documentOf(result)).toEqual({ waitsMs });
  });

  it('takes factor and cap, and none for no cap', async () => {
    const args = ['--delay', '1s', '--factor', '3', '--max-retries', '5', '--json'];
    expect(documentOf(await preview(...args, '--max-delay', '10s'))).toEqual({
      waitsMs: [1_000, 3_000, 9_000, 10_000, 10_000],
    });
    expect(documentOf(await preview(...args, '--max-delay', 'none'))).toEqual({
      waitsMs: [1_000, 3_000, 9_000, 27_000, 81_000],
    });
  });

  it('prints a table with the time waited so far, without colour', async () => {
    const { stdout } = await preview('--strategy', 'fixed-delay', '--delay', '2s');
    expect(stdout.split('\n')).toEqual([
      'AFTER ATTEMPT  WAIT  TOTAL',
      '1              2 s   2 s',
      '2              2 s   4 s',
      '3              2 s   6 s',
      'FIXED_DELAY: 4 attempts, 6 s of waiting',
      '',
    ]);
  });

  it('prints the range of each wait with jitter', async () => {
    const { stdout } = await preview('--delay', '4s', '--max-retries', '1', '--jitter');
    expect(stdout).toContain('1              4 s   3 s   5 s  4 s');
    expect(stdout).toContain('each wait ±25 %');
  });

  it.each([
    [['--strategy', 'EXPONENTIAL_BACKOF'], 'did you mean "EXPONENTIAL_BACKOFF"?'],
    [['--strategy', 'NONE', '--max-retries', '2'], 'strategy NONE means no retry'],
    [['--delay', 'soon'], '--delay: expected a duration'],
    [['--max-retries', '-1'], '--max-retries: expected a whole number from 0 to 1000'],
    [['--jitter', '2'], '--jitter: expected a number from 0 to 1, got "2"'],
    [['--delay', '10s', '--max-delay', '1s'], 'maxDelay (1 s) is below delay (10 s)'],
  ])('refuses %j with exit code 2', async (args, message) => {
    const result = await preview(...args);
    expect(result.code).toBe(2);
    expect(result.stderr).toContain(message);
    expect(result.stdout).toBe('');
  });
});
