/** `tempograph schedule …`: what runs at set times. */
import type { CommandGroup } from './command.js';
import { create } from './schedule-create-command.js';
import { update } from './schedule-update-command.js';
import { backfill, list, pause, remove, resume, show, trigger } from './schedule-verbs.js';

export const schedule: CommandGroup = {
  name: 'schedule',
  summary: 'Run pipelines and tasks at set times',
  commands: [create, update, list, show, pause, resume, trigger, backfill, remove],
  examples: [
    ['tempograph schedule create nightly nightly.yaml --cron "0 2 * * *"', 'every night'],
    ['tempograph schedule list --json', 'for scripts'],
    ['tempograph schedule create --help', 'every way to say when'],
  ],
};
