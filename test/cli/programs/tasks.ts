/** Tasks for `--tasks`: one by name, one in an array, one as default. */
import { defineTask } from 'tempograph';
import { z } from 'zod';

export const shout = defineTask({
  name: 'shout',
  input: z.strictObject({ text: z.string() }),
  run: ({ text }) => text.toUpperCase(),
});

export const more = [
  defineTask({
    name: 'grumble',
    run: (_input, ctx) => {
      ctx.warn('not amused');
      return null;
    },
  }),
];

export default defineTask({ name: 'hush', run: () => 'hush' });
