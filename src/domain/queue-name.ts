import { z } from 'zod';

/** The name of a Temporal task queue: 1 to 200 characters, none of them a control character or half of one, and none of the server's own. */
export const QueueSchema = z
  .string()
  .min(1)
  .max(200)
  .regex(
    /^(?!\/_sys\/)[^\p{Cc}\p{Cs}]*$/u,
    'must not begin with "/_sys/" nor hold control characters',
  );
