/** What of the pipeline is TypeScript. */
import { defineTask } from 'tempograph';
import { z } from 'zod';

export const cleanText = defineTask({
  name: 'clean-text',
  input: z.object({ text: z.string() }),
  output: z.object({ text: z.string() }),
  run: ({ text }) => ({
    text: text
      .toLowerCase()
      .replace(/[^a-z]+/g, ' ')
      .trim(),
  }),
});

export const describeText = defineTask({
  name: 'describe-text',
  input: z.object({
    words: z.object({ count: z.number(), distinct: z.number() }),
    longest: z.string(),
    frequent: z.array(z.string()),
    mood: z.string(),
  }),
  output: z.string(),
  run: ({ words: { count, distinct }, longest, frequent, mood }) =>
    `${count} words, ${distinct} of them different; most often "${frequent.join('", "')}"; the longest is "${longest}"; ${mood}`,
});
