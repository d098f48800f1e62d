/** `tempograph schedule update`: another time, or something else that runs. */
import type { CommandDefinition } from './command.js';
import { EXIT, UsageError } from './exit.js';
import { inOptionNames } from './option-names.js';
import {
  OPTION_NAMES,
  scheduleOptions,
  timesOf,
  type ScheduleCommandOptions,
} from './schedule-options.js';
import { readChanges } from './schedule-target.js';
import { printSchedule } from './schedule-text.js';
import { withSession } from './session.js';
import { givesParams } from './values.js';

export const update: CommandDefinition<ScheduleCommandOptions> = {
  name: 'update',
  summary: 'Change when a schedule runs, or what',
  description:
    'What is not said stays. Any of --cron, --every, --calendar and --at replaces all times. FILE|TASK replaces ' +
    'what runs, and parameters that the new pipeline still has keep their values.\n' +
    'Executions that run go on as they are.',
  parameters: [
    ['<id>', "the schedule's id"],
    ['[file|task]', "a pipeline's file, or a task's name (default: what it runs)"],
  ],
  options: scheduleOptions('update'),
  examples: [
    ['tempograph schedule update nightly --cron "0 3 * * *"', 'an hour later'],
    ['tempograph schedule update nightly nightly.yaml', 'the file as it is now'],
    ['tempograph schedule update nightly -p day=Monday --limit none', 'one parameter, no limit'],
  ],
  run: async (out, options, [id = '', what]) => {
    const times = timesOf(options);
    const { input, project, session, priority } = options;
    const isSaid = [what, input, project, session, priority].some((one) => one !== undefined);
    if (!isSaid && Object.keys(times).length === 0 && !givesParams(options))
      throw new UsageError(
        `nothing to change of ${JSON.stringify(id)}: give a file or a task to run, or options such as --cron; see tempograph schedule update --help`,
      );
    return await withSession(options, async ({ engine }) => {
      const changes = await readChanges(out, await engine.schedules.get(id), what, options);
      const record = await inOptionNames(
        OPTION_NAMES,
        engine.schedules.update(id, { ...changes, ...times }),
      );
      out.document(record);
      printSchedule(out, record);
      return EXIT.done;
    });
  },
};
