/** `tempograph schedule list|show|pause|resume|trigger|backfill|delete`. */
import type { Overlap, TriggerAnswer } from '../client.js';
import { option, wholeNumber, type CommandDefinition, type CommonOptions } from './command.js';
import { EXIT } from './exit.js';
import { utcTime } from './utc-time.js';
import { inOptionNames } from './option-names.js';
import { OPTION_NAMES, overlapOption } from './schedule-options.js';
import { printSchedule, printSchedules } from './schedule-text.js';
import { withSession } from './session.js';

/** Schedules that are listed at once. */
const MOST = 1_000;
const ID = [['<id>', "the schedule's id"]] as const;

interface ListOptions extends CommonOptions {
  project?: string;
  limit: number;
}

export const list: CommandDefinition<ListOptions> = {
  name: 'list',
  summary: 'List schedules',
  options: [
    option('--project <name>', 'only those of a project'),
    option('-n, --limit <n>', 'at most this many', wholeNumber('--limit', 1, MOST)).default(100),
  ],
  examples: [['tempograph schedule list --json', 'for scripts']],
  run: async (out, options) =>
    await withSession(options, async ({ engine }) => {
      const { limit, project } = options;
      const found = await engine.schedules.list({ limit, ...(project ? { project } : {}) });
      out.document(found);
      printSchedules(out, found.schedules);
      if (found.more) out.note(`more: ${limit < MOST ? `--limit ${MOST}` : '--project <name>'}`);
      return EXIT.done;
    }),
};

export const show: CommandDefinition = {
  name: 'show',
  summary: 'Show a schedule, its next times and its last executions',
  parameters: ID,
  examples: [['tempograph schedule show nightly', 'how it stands']],
  run: async (out, options, [id = '']) =>
    await withSession(options, async ({ engine }) => {
      const record = await engine.schedules.get(id);
      out.document(record);
      printSchedule(out, record);
      return EXIT.done;
    }),
};

interface NoteOptions extends CommonOptions {
  note?: string;
}

/** Pause and resume are one command with two ends. */
const switching = (verb: 'pause' | 'resume', summary: string): CommandDefinition<NoteOptions> => ({
  name: verb,
  summary,
  parameters: ID,
  options: [option('--note <text>', `a word for people (default: ${verb}d)`)],
  examples: [[`tempograph schedule ${verb} nightly --note "ask Ada"`, 'with a word for people']],
  run: async (out, options, [id = '']) =>
    await withSession(options, async ({ engine }) => {
      const note = options.note ?? `${verb}d`;
      await engine.schedules[verb](id, note);
      out.print(`${id} ${verb}d`);
      out.document({ id, paused: verb === 'pause', note });
      return EXIT.done;
    }),
});

export const pause = switching(
  'pause',
  'Let a schedule start nothing by the clock; a backfill goes on',
);
export const resume = switching('resume', 'Let a paused schedule go on');

interface TriggerOptions extends CommonOptions {
  overlap?: Overlap;
}

export const trigger: CommandDefinition<TriggerOptions> = {
  name: 'trigger',
  summary: 'Start one execution of a schedule now',
  description:
    'Exit code 0 when it was started or waits for another to end, 1 when it was skipped.',
  parameters: ID,
  options: [overlapOption("when one still runs (default: the schedule's own)")],
  examples: [['tempograph schedule trigger nightly --overlap allow-all', 'whatever runs']],
  run: async (out, options, [id = '']) =>
    await withSession(options, async ({ engine }) => {
      const { overlap } = options;
      const answer = await engine.schedules.trigger(id, overlap ? { overlap } : {});
      out.document({ id, ...answer });
      if (answer.outcome === 'skipped')
        out.note(`nothing started: an execution of ${id} runs; --overlap allow-all runs both`);
      else out.print(TRIGGERED[answer.outcome](answer.executionId));
      return answer.outcome === 'skipped' ? EXIT.failed : EXIT.done;
    }),
};

const TRIGGERED: Record<Exclude<TriggerAnswer['outcome'], 'skipped'>, (id: string) => string> = {
  started: (executionId) => `${executionId} started`,
  waiting: (executionId) => `${executionId} waits for the one that runs`,
};

interface BackfillOptions extends CommonOptions {
  from: string;
  to: string;
  overlap?: Overlap;
  dryRun?: boolean;
}

export const backfill: CommandDefinition<BackfillOptions> = {
  name: 'backfill',
  summary: 'Start an execution for every time of a schedule in a span that has passed',
  description:
    'At most 1,000. They go on while the schedule is paused; only deleting it stops those that have not begun.',
  parameters: ID,
  options: [
    option('--from <time>', 'such as 2027-01-31T00:00:00Z').makeOptionMandatory(),
    option('--to <time>', 'the last time that belongs to it').makeOptionMandatory(),
    overlapOption('when one still runs (default: buffer-all, one after another)'),
    option('--dry-run', 'say which, and start none'),
  ],
  examples: [
    [
      'tempograph schedule backfill nightly --from 2027-01-01T00:00:00Z --to 2027-01-07T23:59:59Z',
      'a week',
    ],
    [
      'tempograph schedule backfill nightly --from 2027-01-01T00:00:00Z --to 2027-01-07T23:59:59Z --dry-run',
      'how many that would be',
    ],
  ],
  run: async (out, options, [id = '']) =>
    await withSession(options, async ({ engine }) => {
      const { from, to, overlap, dryRun = false } = options;
      const span = { from, to, ...(overlap ? { overlap } : {}), ...(dryRun ? { dryRun } : {}) };
      const { times } = await inOptionNames(OPTION_NAMES, engine.schedules.backfill(id, span));
      out.document({ id, times, dryRun });
      const count = `${times.length} ${times.length === 1 ? 'start' : 'starts'}`;
      out.print(
        `${id}: ${count}, ${utcTime(times[0] ?? '')} to ${utcTime(times.at(-1) ?? '')}${dryRun ? '; none was begun' : ''}`,
      );
      return EXIT.done;
    }),
};

export const remove: CommandDefinition = {
  name: 'delete',
  summary: 'Delete a schedule; executions that it started go on',
  parameters: ID,
  examples: [['tempograph schedule delete nightly', '']],
  run: async (out, options, [id = '']) =>
    await withSession(options, async ({ engine }) => {
      await engine.schedules.delete(id);
      out.print(`${id} deleted`);
      out.document({ id, deleted: true });
      return EXIT.done;
    }),
};
