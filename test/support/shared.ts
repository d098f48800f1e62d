/** What the global set-up made, for the test files that run in other processes. */

export const SHARED = 'TEMPOGRAPH_TEST_SHARED';

export interface SharedSetup {
  /** The workflow bundle's file. */
  bundle: string;
  /** The time-skipping server's executable. */
  timeSkipping: string;
  /** The dev server's executable. */
  binary: string;
  /** A dev server that every test file shares: use task queues and ids of your own. */
  address: string;
}

export function shared(): SharedSetup {
  const value = process.env[SHARED];
  if (!value) throw new Error('the global set-up of the "temporal" jest project has not run');
  return JSON.parse(value) as SharedSetup;
}
