/** With TEMPOGRAPH_TEST_RETRIES, a test that fails is tried again once its block is done: see second-try-reporter.mjs. */
import { jest } from '@jest/globals';

const retries = Number(process.env.TEMPOGRAPH_TEST_RETRIES ?? 0);
if (retries > 0) jest.retryTimes(retries, { logErrorsBeforeRetry: true });
