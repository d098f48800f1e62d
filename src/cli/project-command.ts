/** `tempograph project …`: the projects of the catalogue. */
import type { Project } from '../client.js';
import { projectMeant } from './catalogue-meant.js';
import {
  DESCRIPTION,
  PAGE_OPTIONS,
  pageOf,
  removal,
  RESTORE,
  type PageOptions,
} from './catalogue-options.js';
import {
  option,
  type CommandDefinition,
  type CommandGroup,
  type CommonOptions,
} from './command.js';
import { EXIT, UsageError, type ExitCode } from './exit.js';
import { utcTime } from './utc-time.js';
import type { Output } from './output.js';
import { printFacts, printTable } from './print-table.js';
import { withSession, type Session } from './session.js';

interface ProjectOptions extends CommonOptions {
  id?: string;
  name?: string;
  description?: string;
  restore?: boolean;
}

const PROJECT = [['<project>', 'its id, or its name']] as const;

/** A command that answers with a project. */
function verb(
  definition: Omit<CommandDefinition<ProjectOptions>, 'run'>,
  act: (
    projects: Session['engine']['catalogue']['projects'],
    given: string,
    options: ProjectOptions,
  ) => Promise<Project>,
): CommandDefinition<ProjectOptions> {
  return {
    ...definition,
    run: async (out, options, [given = '']) =>
      await withSession(options, async (session) => {
        const { projects } = session.engine.catalogue;
        const named = definition.parameters === PROJECT ? projectMeant(session, given) : given;
        return tell(out, await act(projects, await named, options));
      }),
  };
}

const create = verb(
  {
    name: 'create',
    summary: 'Make a project',
    parameters: [['<name>', 'unique']],
    options: [option('--id <id>', 'its id (default: made up)'), DESCRIPTION],
    examples: [['tempograph project create shop --id shop', '']],
  },
  (projects, name, { id, description }) =>
    projects.create({
      name,
      ...(id === undefined ? {} : { id }),
      ...(description === undefined ? {} : { description }),
    }),
);

const list: CommandDefinition<PageOptions> = {
  name: 'list',
  summary: 'List projects',
  options: PAGE_OPTIONS,
  examples: [['tempograph project list --json', 'for scripts']],
  run: async (out, options) =>
    await withSession(options, async ({ engine }) => {
      const page = await engine.catalogue.projects.list(pageOf(options));
      out.document(page);
      const rows = page.items.map(({ id, name, description, updatedAt }) => [
        ...[id, name, utcTime(updatedAt), description],
      ]);
      printTable(
        out,
        ['ID', 'NAME', 'CHANGED', 'DESCRIPTION'],
        rows,
        'no such project; "tempograph project create <name>" makes one',
      );
      if (page.nextCursor !== undefined) out.note(`more: --cursor ${page.nextCursor}`);
      return EXIT.done;
    }),
};

const show = verb(
  {
    name: 'show',
    summary: 'Show a project',
    parameters: PROJECT,
    examples: [['tempograph project show shop', '']],
  },
  (projects, id) => projects.get(id),
);

const update = verb(
  {
    name: 'update',
    summary: 'Change the name or the description of a project',
    parameters: PROJECT,
    options: [option('--name <name>', 'unique'), DESCRIPTION],
    examples: [['tempograph project update shop --name "The shop"', '']],
  },
  (projects, id, { name, description }) => {
    if (name === undefined && description === undefined)
      throw new UsageError('expected --name or --description: there is nothing to change');
    return projects.update(id, {
      ...(name === undefined ? {} : { name }),
      ...(description === undefined ? {} : { description }),
    });
  },
);

const archive = verb(
  {
    name: 'archive',
    summary: 'Hide a project from lists; nothing new is scheduled from it',
    parameters: PROJECT,
    options: [RESTORE],
    examples: [
      ['tempograph project archive shop', ''],
      ['tempograph project archive shop --restore', 'it is there again'],
    ],
  },
  (projects, id, { restore = false }) => projects.archive(id, !restore),
);

const remove = removal('projects', {
  summary: 'Delete a project that has nothing',
  parameters: PROJECT,
  examples: [['tempograph project delete shop', '']],
});

export const project: CommandGroup = {
  name: 'project',
  summary: 'Keep projects in the catalogue',
  commands: [create, list, show, update, archive, remove],
  examples: [
    ['tempograph project create shop --id shop', 'make one'],
    ['tempograph project list', 'every one'],
  ],
};

function tell(out: Output, made: Project): ExitCode {
  out.document(made);
  printFacts(out, made.id, [
    ['name', made.name],
    ['description', made.description],
    ['archived', made.archived ? 'yes' : null],
    ['created', utcTime(made.createdAt)],
    ['changed', utcTime(made.updatedAt)],
  ]);
  return EXIT.done;
}
