/** With TEMPOGRAPH_TEST_RETRIES, a test that fails is tried again once its block is done: see second-try-reporter.mjs. */
import { setFlagsFromString } from 'node:v8';
import { jest } from '@jest/globals';

const retries = Number(process.env.TEMPOGRAPH_TEST_RETRIES ?? 0);
if (retries > 0) jest.retryTimes(retries, { logErrorsBeforeRetry: true });

// scripts/verify.mjs gives this process room for young objects. It has that now, and its threads must not have it: one
// whose memory is bounded would end the process with it.
setFlagsFromString('--max-semi-space-size=0');
