/** Events that a sink did not take. Sinks belong to the settings, and so to no project. */
import { z } from 'zod';
import { TaskError } from '../domain/errors.js';
import { Why } from './calls.js';
import { route } from './route.js';
import { loose } from './shapes.js';

const Sink = z.string().min(1).max(64);
const LetterShape = z
  .object({
    sink: z.string(),
    event: loose('ExecutionEvent', 'As engine.events() gives it.'),
    tries: z.int().describe('how often it was sent in vain'),
    error: z.string().describe('what the last try ended with'),
    at: z.string().describe('ISO time when it was given up'),
    due: z.boolean().describe('it is to be sent again'),
  })
  .meta({ id: 'DeadLetter' });

export const letterRoutes = [
  route({
    id: 'listDeadLetters',
    method: 'GET',
    path: '/dead-letters',
    tag: 'system',
    summary: 'Events that a sink did not take, oldest first',
    scope: 'read',
    of: 'system',
    query: z.strictObject({
      sink: Sink.optional(),
      limit: z.coerce.number().int().min(1).max(1_000).optional(),
    }),
    answer: z.object({ deadLetters: z.array(LetterShape) }),
    handle: async ({ engine, query }) => {
      const letters = await engine.deadLetters.list(query as object);
      return {
        deadLetters: letters.map(({ at, ...rest }) => ({
          ...rest,
          at: new Date(at).toISOString(),
        })),
      };
    },
  }),
  route({
    id: 'retryDeadLetters',
    method: 'POST',
    path: '/dead-letters/retry',
    tag: 'system',
    summary: 'Have those of a sink sent again, all or some',
    scope: 'operate',
    of: 'system',
    body: Why.extend({
      sink: Sink,
      eventIds: z.array(z.string().min(1).max(1_000)).max(1_000).optional(),
    }),
    answer: z.object({ retried: z.int() }),
    handle: async (call) => {
      const { sink, eventIds, reason } = call.body;
      const retried = await call.engine.deadLetters.retry(sink, eventIds);
      await call.audit({ what: 'deadLetter.retry', target: sink, reason, details: { retried } });
      return { retried };
    },
  }),
  route({
    id: 'removeDeadLetter',
    method: 'DELETE',
    path: '/dead-letters/:sink/:eventId',
    tag: 'system',
    summary: 'Forget one',
    scope: 'operate',
    of: 'system',
    params: z.object({ sink: Sink, eventId: z.string().min(1).max(1_000) }),
    query: Why,
    answer: z.object({ sink: z.string(), eventId: z.string(), deleted: z.literal(true) }),
    handle: async (call) => {
      const { sink, eventId } = call.params;
      if (!(await call.engine.deadLetters.remove(sink, eventId)))
        throw new TaskError(
          'NOT_FOUND',
          `sink ${JSON.stringify(sink)} has no dead letter ${JSON.stringify(eventId)}`,
        );
      const { reason } = call.query;
      const details = { eventId };
      await call.audit({ what: 'deadLetter.remove', target: sink, reason, details });
      return { sink, eventId, deleted: true };
    },
  }),
];
