/** `tempograph cache …`: results that tasks with `cache` have left. */
import {
  option,
  type CommandDefinition,
  type CommandGroup,
  type CommonOptions,
} from './command.js';
import { EXIT, UsageError } from './exit.js';
import { withSession } from './session.js';

interface InvalidateOptions extends CommonOptions {
  task?: string;
  taskVersion?: string;
  project?: string;
  key?: string;
  all?: boolean;
}

const invalidate: CommandDefinition<InvalidateOptions> = {
  name: 'invalidate',
  summary: 'Forget kept results: what asks for them next does the work again',
  description: 'Those that all given options fit. Work that is under way is not stopped.',
  options: [
    option('--task <name>', 'only of a task'),
    option('--task-version <version>', "only of this version of the task's code"),
    option('--project <name>', 'only of a project'),
    option('--key <key>', 'only the one with this key; needs --task'),
    option('--all', 'every one of them'),
  ],
  examples: [
    ['tempograph cache invalidate --task fetch', 'of one task'],
    ['tempograph cache invalidate --task fetch --key 2027-01-31', 'one result'],
  ],
  run: async (out, { task, taskVersion, project, key, all, ...options }) => {
    const filter = {
      ...(task === undefined ? {} : { task }),
      ...(taskVersion === undefined ? {} : { version: taskVersion }),
      ...(project === undefined ? {} : { project }),
      ...(key === undefined ? {} : { key }),
    };
    if (Object.keys(filter).length === 0 && all !== true)
      throw new UsageError(
        'expected --task, --project or another option, or --all for every result',
      );
    if (Object.keys(filter).length > 0 && all === true)
      throw new UsageError('--all is every result; leave out the other options, or --all');
    return await withSession(options, async ({ engine }) => {
      const invalidated = await engine.cache.invalidate(filter);
      out.print(`${invalidated} ${invalidated === 1 ? 'result' : 'results'} forgotten`);
      out.document({ invalidated });
      return EXIT.done;
    });
  },
};

export const cache: CommandGroup = {
  name: 'cache',
  summary: 'Forget results that are kept',
  commands: [invalidate],
  examples: [['tempograph cache invalidate --task fetch', 'of one task']],
};
