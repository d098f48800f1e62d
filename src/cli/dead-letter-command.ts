/** `tempograph dead-letter …`: events that a sink did not take. */
import {
  option,
  wholeNumber,
  type CommandDefinition,
  type CommandGroup,
  type CommonOptions,
} from './command.js';
import { EXIT } from './exit.js';
import { utcTime } from './utc-time.js';
import { printTable } from './print-table.js';
import { withReadingSession, withSession } from './session.js';

interface ListOptions extends CommonOptions {
  sink?: string;
  limit?: number;
}

const SINK = ['<sink>', "the sink's name"] as const;

const list: CommandDefinition<ListOptions> = {
  name: 'list',
  summary: 'List events that a sink did not take, oldest first',
  options: [
    option('--sink <name>', 'only of one sink'),
    option('-n, --limit <n>', 'at most this many (default: 100)', wholeNumber('--limit', 1, 1_000)),
  ],
  examples: [['tempograph dead-letter list --sink ops', 'with what the last try ended with']],
  run: async (out, options) =>
    await withReadingSession(out, options, async ({ engine }) => {
      const { sink, limit } = options;
      const deadLetters = await engine.deadLetters.list({
        ...(sink === undefined ? {} : { sink }),
        ...(limit === undefined ? {} : { limit }),
      });
      out.document({ deadLetters });
      const rows = deadLetters.map((one) => [
        ...[utcTime(new Date(one.at).toISOString()), one.sink, one.event.id, one.event.event],
        ...[one.event.executionId, String(one.tries), one.due ? 'to be sent again' : one.error],
      ]);
      const titles = ['GIVEN UP', 'SINK', 'ID', 'EVENT', 'EXECUTION', 'TRIES', 'ERROR'];
      printTable(out, titles, rows, 'every event was taken');
      return EXIT.done;
    }),
};

const retry: CommandDefinition = {
  name: 'retry',
  summary: 'Have events of a sink sent again',
  parameters: [SINK, ['[event...]', 'ids of events (default: all of the sink)']],
  examples: [['tempograph dead-letter retry ops', 'all of them']],
  run: async (out, options, [sink = '', ...ids]) =>
    await withSession(options, async ({ engine }) => {
      const retried = await engine.deadLetters.retry(sink, ids.length > 0 ? ids : undefined);
      out.print(`${retried} ${retried === 1 ? 'event is' : 'events are'} sent again`);
      out.document({ retried });
      return EXIT.done;
    }),
};

const remove: CommandDefinition = {
  name: 'delete',
  summary: 'Forget an event that a sink did not take',
  description: 'Exit code 1 when there is none.',
  parameters: [SINK, ['<event>', "the event's id"]],
  examples: [['tempograph dead-letter delete ops evt_3f2a', '']],
  run: async (out, options, [sink = '', id = '']) =>
    await withSession(options, async ({ engine }) => {
      const removed = await engine.deadLetters.remove(sink, id);
      if (removed) out.print(`${id} forgotten`);
      else out.note(`${sink} has no such event ${JSON.stringify(id)}`);
      out.document({ removed });
      return removed ? EXIT.done : EXIT.failed;
    }),
};

export const deadLetter: CommandGroup = {
  name: 'dead-letter',
  summary: 'Look at events that a sink did not take, and have them sent again',
  commands: [list, retry, remove],
  examples: [
    ['tempograph dead-letter list', 'of every sink'],
    ['tempograph dead-letter retry ops', 'all of one sink'],
  ],
};
