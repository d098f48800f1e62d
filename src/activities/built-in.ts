/** The built-in tasks: always there, in every worker. */
import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';
import { defineTask, type AnyTask } from '../registry.js';
import { httpTask } from './http-task.js';

const noop = defineTask({
  name: 'noop',
  description: 'Does nothing. Its output is null.',
  run: () => null,
});

const echo = defineTask({
  name: 'echo',
  description: 'Its output is its input.',
  run: (input) => input,
});

/** Waits in the worker; a start time or a long wait that should hold no slot is `scheduledTime`. */
const sleep = defineTask({
  name: 'sleep',
  description: 'Waits { ms } milliseconds, in a slot of the worker.',
  input: z.strictObject({
    ms: z
      .number()
      .min(0)
      .max(24 * 3_600_000),
  }),
  run: async ({ ms }, { signal }) => {
    await wait(ms, undefined, { signal });
    return { sleptMs: ms };
  },
});

const fail = defineTask({
  name: 'fail',
  description:
    'Fails its first { times } attempts (all of them by default) with { type, message }, then gives { attempt }.',
  input: z
    .strictObject({
      times: z.int().min(0).default(1_000_000),
      message: z.string().default('failed as asked'),
      type: z.string().min(1).default('AskedToFail'),
    })
    .nullable()
    .transform(
      (input) => input ?? { times: 1_000_000, message: 'failed as asked', type: 'AskedToFail' },
    ),
  run: ({ times, message, type }, { attempt }) => {
    if (attempt > times) return { attempt };
    throw Object.assign(new Error(message), { name: type, code: type });
  },
});

/** The tasks that every worker has. */
export const BUILT_IN_TASKS: readonly AnyTask[] = [noop, echo, sleep, fail, httpTask];
