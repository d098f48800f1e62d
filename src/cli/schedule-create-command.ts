/** `tempograph schedule create`: what runs, and when. */
import type { CommandDefinition } from './command.js';
import { EXIT } from './exit.js';
import { inOptionNames } from './option-names.js';
import {
  OPTION_NAMES,
  scheduleOptions,
  timesOf,
  type ScheduleCommandOptions,
} from './schedule-options.js';
import { readTarget } from './schedule-target.js';
import { printSchedule } from './schedule-text.js';
import { withSession } from './session.js';

export const create: CommandDefinition<ScheduleCommandOptions> = {
  name: 'create',
  summary: 'Run a pipeline or a task at set times',
  description:
    'FILE|TASK is a pipeline in YAML or JSON (- is standard input), or a task.\n' +
    'Times add up; --cron, --every, --calendar and --at may be repeated.\n' +
    'Each execution is called ID-<time>. A worker must poll the task queue then.',
  parameters: [
    ['<id>', "the schedule's id"],
    ['<file|task>', "a pipeline's file, or a task's name"],
  ],
  options: scheduleOptions('create'),
  examples: [
    ['tempograph schedule create nightly nightly.yaml --cron "0 2 * * *"', 'every night'],
    ['tempograph schedule create beat echo --every 10m --jitter 30s', 'one task'],
    ['tempograph schedule create q1 report.yaml --at 2027-04-01T08:00:00Z -p quarter=1', 'once'],
  ],
  run: async (out, options, [id = '', what = '']) => {
    const target = await readTarget(out, what, options);
    return await withSession(options, async ({ engine }) => {
      const record = await inOptionNames(
        OPTION_NAMES,
        engine.schedules.create({ id, ...target, ...timesOf(options) }),
      );
      out.document(record);
      printSchedule(out, record);
      return EXIT.done;
    });
  },
};
