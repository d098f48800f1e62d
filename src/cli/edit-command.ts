/** `tempograph concurrency` and `tempograph edit`: changes of a graph that runs. */
import type { GraphEdit } from '../client/operator.js';
import { isObject, preview } from '../domain/json.js';
import { parseText } from '../domain/pipeline.js';
import { tellAnswer } from './answer.js';
import { option, wholeNumber, type CommandDefinition } from './command.js';
import { EXIT, UsageError } from './exit.js';
import { ASKED, askedOf, type AskedFlags } from './node-command.js';
import { readText, refused } from './pipeline-source.js';
import { withSession } from './session.js';

const EXECUTION: [string, string] = ['<execution>', "the execution's id"];
const parseNumber = wholeNumber('concurrency', 1, 1_000);

export const concurrency: CommandDefinition<AskedFlags> = {
  name: 'concurrency',
  summary: 'Change how many nodes of an execution run at once',
  description:
    'What runs goes on. Exit code 1, with the reason, where its state does not allow it.',
  parameters: [EXECUTION, ['<n>', 'nodes at once, 1 to 1,000']],
  options: ASKED,
  examples: [['tempograph concurrency nightly-3f2a 2 --reason "the database is slow"', '']],
  run: async (out, options, [id = '', given = '']) => {
    const asked = askedOf(options);
    const most = parseNumber(given);
    return await withSession(options, async (session) =>
      tellAnswer(out, session, id, session.engine.setConcurrency(id, most, asked)),
    );
  },
};

interface EditFlags extends AskedFlags {
  ifVersion?: number;
}

export const edit: CommandDefinition<EditFlags> = {
  name: 'edit',
  summary: 'Add nodes to a running graph, and replace those that have not begun',
  description:
    'The file, YAML or JSON, holds "add" and "replace", lists of tasks as a pipeline has them. All of it is taken in, or nothing: exit code 1 with every fault.',
  parameters: [EXECUTION, ['<file>', 'what to add and to replace; - for standard input']],
  options: [
    ...ASKED,
    option(
      '--if-version <n>',
      'only where the graph still has this version (see status --json)',
      wholeNumber('--if-version', 1, Number.MAX_SAFE_INTEGER),
    ),
  ],
  examples: [
    ['tempograph edit nightly-3f2a more.yaml --reason "one more region"', 'add: [{ id, task, … }]'],
  ],
  run: async (out, options, [id = '', path = '']) => {
    const asked = askedOf(options);
    const change = await readEdit(path, out);
    const { ifVersion } = options;
    const request = { ...change, ...asked, ...(ifVersion === undefined ? {} : { ifVersion }) };
    return await withSession(options, async ({ engine }) => {
      const { success, message, ...more } = await engine.editGraph(id, request);
      if (success) out.print(message);
      else out.note(message);
      out.document({ success, message, ...more });
      return success ? EXIT.done : EXIT.failed;
    });
  },
};

/** @throws TaskError SPEC_INVALID for a text that is none, UsageError for one that says something else */
async function readEdit(
  path: string,
  out: Parameters<CommandDefinition['run']>[0],
): Promise<Pick<GraphEdit, 'add' | 'replace'>> {
  const name = path === '-' ? '(standard input)' : path;
  let text: string;
  try {
    text = await readText(path, out);
  } catch (error) {
    throw new UsageError(`${name}: ${(error as Error).message}`);
  }
  const { spec, faults } = parseText(text);
  if (faults.length > 0) throw refused(name, faults);
  const others = isObject(spec) ? Object.keys(spec).filter((key) => !FIELDS.has(key)) : [];
  const lists = isObject(spec) ? Object.values(spec as object) : [];
  if (!isObject(spec) || others.length > 0 || !lists.every((list) => Array.isArray(list)))
    throw new UsageError(
      `${name}: expected "add" and "replace", lists of tasks, got ${preview(others[0] ?? spec)}`,
    );
  return spec;
}

const FIELDS = new Set(['add', 'replace']);
