/** `tempograph task …`: the tasks of the catalogue, which people define and schedule by id. */
import type { CatalogueRun, CatalogueTask, CatalogueTaskStatus } from '../client.js';
import { isObject } from '../domain/json.js';
import { PRIORITIES, type Priority } from '../domain/priority.js';
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
  wholeNumber,
  type CommandDefinition,
  type CommandGroup,
  type CommonOptions,
} from './command.js';
import { oneOf } from './one-of.js';
import { EXIT, UsageError, type ExitCode } from './exit.js';
import { utcTime } from './utc-time.js';
import type { Output } from './output.js';
import { readPipeline, refused } from './pipeline-source.js';
import { printFacts, printTable } from './print-table.js';
import { withSession } from './session.js';
import { readValue } from './values.js';

interface TaskOptions extends CommonOptions {
  project?: string;
  id?: string;
  name?: string;
  description?: string;
  priority?: Priority;
  runs?: string;
  input?: string;
  graph?: string;
  program?: string;
  defaults?: string;
  expectedVersion?: number;
}

const ID = ['<id>', "the task's id in the catalogue"] as const;
const WHAT = [
  DESCRIPTION,
  option('--priority <priority>', PRIORITIES.join(', '), oneOf('--priority', PRIORITIES)),
  option('--runs <name>', 'the task that it runs, as workers know it'),
  option(
    '--program <json|@file>',
    'the program that it runs instead, as a node has it: {"container": {…}}, process or faas',
  ),
  option('-i, --input <json|@file>', 'the input of that task or program'),
  option('--graph <file>', 'the pipeline that it runs instead'),
  option('--defaults <json|@file>', 'options of its executions, weaker than what a run says'),
];
const version = (name: string) => wholeNumber(name, 1, Number.MAX_SAFE_INTEGER);

/** @throws UsageError, TaskError SPEC_INVALID */
async function fieldsOf(out: Output, options: TaskOptions) {
  const { description, priority, defaults } = options;
  const run = await runOf(out, options);
  const read = defaults === undefined ? undefined : await readValue('--defaults', defaults, out);
  if (read !== undefined && !isObject(read))
    throw new UsageError('--defaults: expected an object, such as {"timeout": "5m"}');
  return {
    ...(description === undefined ? {} : { description }),
    ...(priority === undefined ? {} : { priority }),
    ...(run === undefined ? {} : { run }),
    ...(read === undefined ? {} : { defaults: read }),
  };
}

async function runOf(
  out: Output,
  { runs, program, input, graph }: TaskOptions,
): Promise<CatalogueRun | undefined> {
  if ([runs, program, graph].filter((one) => one !== undefined).length > 1)
    throw new UsageError('--runs, --program and --graph each say what it runs; use one of them');
  if (graph !== undefined && input !== undefined)
    throw new UsageError(
      '--input is of the task or program that it runs; a pipeline takes parameters',
    );
  if (graph !== undefined) {
    const { name, spec, faults } = await readPipeline(graph, out);
    if (faults.length > 0) throw refused(name, faults);
    return { graph: spec };
  }
  const given = input === undefined ? {} : { input: await readValue('--input', input, out) };
  if (runs !== undefined) return { task: runs, ...given };
  if (program === undefined) {
    if (input === undefined) return undefined;
    throw new UsageError(
      '--input is of the task that --runs names, or of --program; say what it runs as well',
    );
  }
  const said = await readValue('--program', program, out);
  if (isObject(said)) return { ...said, ...given } as CatalogueRun; // the catalogue says what is wrong with it
  throw new UsageError('--program: expected an object, such as {"container": {"image": "alpine"}}');
}

const create: CommandDefinition<TaskOptions> = {
  name: 'create',
  summary: 'Define a task in a project',
  description:
    'What it runs may be said later (task update), or each time that it is run (run ID --workflow-type); it cannot be scheduled before.',
  parameters: [['<name>', 'unique in its project']],
  options: [
    option('--project <project>', 'what it belongs to, by id or name').makeOptionMandatory(),
    option('--id <id>', 'its id (default: made up)'),
    ...WHAT,
  ],
  examples: [
    ['tempograph project create Shop --id shop', 'a project with this id'],
    ['tempograph task create nightly --project shop --graph nightly.yaml', 'a pipeline'],
    [`tempograph task create hello --project shop --runs echo -i '"hello"'`, 'a task of workers'],
    [
      `tempograph task create report --project shop --program '{"container": {"image": "alpine", "command": ["date"]}}'`,
      'a container',
    ],
  ],
  run: async (out, options, [name = '']) => {
    const fields = await fieldsOf(out, options);
    const { id, project = '' } = options;
    const task = { name, ...fields, ...(id === undefined ? {} : { id }) };
    return await withSession(options, async (session) => {
      const projectId = await projectMeant(session, project);
      return tell(out, await session.engine.catalogue.tasks.create({ ...task, projectId }));
    });
  },
};

const list: CommandDefinition<PageOptions & { project?: string }> = {
  name: 'list',
  summary: 'List the tasks of the catalogue',
  options: [
    option('--project <project>', 'only those of a project, by id or name'),
    ...PAGE_OPTIONS,
  ],
  examples: [['tempograph task list --project shop', 'those of one project']],
  run: async (out, options) =>
    await withSession(options, async (session) => {
      const { project } = options;
      const query = {
        ...pageOf(options),
        ...(project === undefined ? {} : { projectId: await projectMeant(session, project) }),
      };
      const page = await session.engine.catalogue.tasks.list(query);
      out.document(page);
      printTasks(out, page.items);
      if (page.nextCursor !== undefined) out.note(`more: --cursor ${page.nextCursor}`);
      return EXIT.done;
    }),
};

const show: CommandDefinition<CommonOptions & { version?: number }> = {
  name: 'show',
  summary: 'Show a task of the catalogue, and how it last went',
  parameters: [ID],
  options: [option('--version <n>', 'as it was (default: as it is)', version('--version'))],
  examples: [['tempograph task show hello', '']],
  run: async (out, options, [id = '']) =>
    await withSession(options, async ({ engine }) =>
      tell(out, await engine.catalogue.tasks.get(id, options.version)),
    ),
};

const versions: CommandDefinition = {
  name: 'versions',
  summary: 'List the versions of a task',
  parameters: [ID],
  examples: [['tempograph task versions hello', '']],
  run: async (out, options, [id = '']) =>
    await withSession(options, async ({ engine }) => {
      const found = await engine.catalogue.tasks.versions(id);
      out.document({ versions: found });
      printTasks(out, found);
      return EXIT.done;
    }),
};

const update: CommandDefinition<TaskOptions> = {
  name: 'update',
  summary: 'Change a task of the catalogue: a new version of it',
  parameters: [ID],
  options: [
    option('--name <name>', 'unique in its project'),
    ...WHAT,
    option(
      '--expected-version <n>',
      'only where it still has this version',
      version('--expected-version'),
    ),
  ],
  examples: [['tempograph task update hello --priority HIGH', '']],
  run: async (out, options, [id = '']) => {
    const { name, expectedVersion } = options;
    const changes = { ...(await fieldsOf(out, options)), ...(name === undefined ? {} : { name }) };
    if (Object.keys(changes).length === 0)
      throw new UsageError(
        'there is nothing to change; tempograph task update --help lists what may be',
      );
    return await withSession(options, async ({ engine }) =>
      tell(
        out,
        await engine.catalogue.tasks.update(id, {
          ...changes,
          ...(expectedVersion === undefined ? {} : { expectedVersion }),
        }),
      ),
    );
  },
};

const archive: CommandDefinition<CommonOptions & { restore?: boolean }> = {
  name: 'archive',
  summary: 'Hide a task from lists; nothing new is scheduled from it',
  parameters: [ID],
  options: [RESTORE],
  examples: [['tempograph task archive hello', '']],
  run: async (out, options, [id = '']) =>
    await withSession(options, async ({ engine }) =>
      tell(out, await engine.catalogue.tasks.archive(id, options.restore !== true)),
    ),
};

const remove = removal('tasks', {
  summary: 'Delete a task of the catalogue that no execution refers to',
  parameters: [ID],
  examples: [['tempograph task delete hello', '']],
});

export const task: CommandGroup = {
  name: 'task',
  summary: 'Keep tasks in the catalogue, to be scheduled by id',
  commands: [create, list, show, versions, update, archive, remove],
  examples: [
    ['tempograph task create nightly --project shop --graph nightly.yaml', 'define one'],
    ['tempograph task show nightly', 'how it last went'],
  ],
};

function runsText(run: CatalogueTask['run']): string {
  if (run === null) return 'nothing yet';
  if ('task' in run) return run.task;
  if ('graph' in run) return `graph ${run.graph.name}`;
  if ('container' in run) return `container ${run.container.image}`;
  return 'process' in run ? 'process' : 'faas';
}

function printTasks(out: Output, tasks: readonly CatalogueTask[]): void {
  const rows = tasks.map((one) => [
    ...[one.id, one.name, one.projectId, String(one.version), runsText(one.run)],
    utcTime(one.updatedAt),
  ]);
  printTable(
    out,
    ['ID', 'NAME', 'PROJECT', 'VERSION', 'RUNS', 'CHANGED'],
    rows,
    'no such task; "tempograph task create <name> --project <project>" makes one',
  );
}

function tell(out: Output, one: CatalogueTask | CatalogueTaskStatus): ExitCode {
  out.document(one);
  const last = 'lastExecution' in one ? one.lastExecution : null;
  printFacts(out, one.id, [
    ['name', one.name],
    ['project', one.projectId],
    ['description', one.description],
    ['version', String(one.version)],
    ['runs', runsText(one.run)],
    ['priority', one.priority],
    ['archived', one.archived ? 'yes' : null],
    ['changed', utcTime(one.updatedAt)],
    ['last', last && `${last.executionId} ${last.status}`],
  ]);
  return EXIT.done;
}
