/** `tempograph submit`: `run` that does not watch. */
import type { CommandDefinition } from './command.js';
import { run } from './run-command.js';
import { TASKS_OPTION } from './task-modules.js';

const NOT_HERE = new Set([TASKS_OPTION.attributeName(), 'detach']);

export const submit: CommandDefinition = {
  name: 'submit',
  summary: 'Start a pipeline or a task, and print its id',
  description:
    'As run --detach. FILE|TASK is what it is for run.\n' +
    'Exit code 2 where a worker is there and refuses it, such as for a task that it does not know; without a worker nothing is waited for.',
  parameters: run.parameters ?? [],
  options: (run.options ?? []).filter((one) => !NOT_HERE.has(one.attributeName())),
  examples: [['ID=$(tempograph submit nightly.yaml)', 'in a script']],
  run: async (out, options, given) => await run.run(out, { ...options, detach: true }, given),
};
