/** `tempograph batch`: many tasks at once, each with an execution id of its own. */
import type { BatchItem, CatalogueItem } from '../client.js';
import { preview } from '../domain/json.js';
import { parseText } from '../domain/pipeline.js';
import { PRIORITIES, type Priority } from '../domain/priority.js';
import { option, type CommandDefinition, type CommonOptions } from './command.js';
import { oneOf } from './one-of.js';
import { EXIT, UsageError } from './exit.js';
import type { Output } from './output.js';
import { readText, refused } from './pipeline-source.js';
import { printTable } from './print-table.js';
import { withSession } from './session.js';

interface BatchFlags extends CommonOptions {
  project?: string;
  session?: string;
  priority?: Priority;
  key?: string;
}

export const batch: CommandDefinition<BatchFlags> = {
  name: 'batch',
  summary: 'Start many tasks at once, never all or nothing',
  description:
    'The file, YAML or JSON, is a list of { task, input, … }, or { taskId, … } of the catalogue. What an item says wins over the options here.\n' +
    'Exit code 1 when any of them could not be started; the others are.',
  parameters: [['<file>', 'the list; - for standard input']],
  options: [
    option('--project <name>', 'the project that they belong to'),
    option('--session <id>', 'the session that they belong to'),
    option('--priority <priority>', PRIORITIES.join(', '), oneOf('--priority', PRIORITIES)),
    option('--key <key>', 'sent again with the same key, it starts none'),
  ],
  examples: [
    ['tempograph batch items.yaml --project shop', '- { task: echo, input: 1 }'],
    ['generate | tempograph batch - --json', 'in a script'],
  ],
  run: async (out, options, [file = '']) => {
    const items = await itemsOf(out, file);
    const { project, session, priority, key } = options;
    return await withSession(options, async ({ engine }) => {
      const answer = await engine.scheduleTaskBatch(items, {
        ...(project === undefined ? {} : { project }),
        ...(session === undefined ? {} : { sessionId: session }),
        ...(priority === undefined ? {} : { priority }),
        ...(key === undefined ? {} : { idempotencyKey: key }),
      });
      out.document(answer);
      const { successful, failed } = answer;
      const rows = successful.map(({ taskId, executionId }) => [executionId, taskId]);
      printTable(out, ['EXECUTION', 'TASK'], rows, 'none was started');
      for (const { index, taskId, error } of failed)
        out.note(`[${index}] ${taskId}: ${error.code}: ${error.message}`);
      return failed.length === 0 ? EXIT.done : EXIT.failed;
    });
  },
};

/** @throws TaskError SPEC_INVALID for a text that is none, UsageError for one that is no list */
async function itemsOf(out: Output, file: string): Promise<(BatchItem | CatalogueItem)[]> {
  const name = file === '-' ? '(standard input)' : file;
  let text: string;
  try {
    text = await readText(file, out);
  } catch (error) {
    throw new UsageError(`${name}: ${(error as Error).message}`);
  }
  const { spec, faults } = parseText(text);
  if (faults.length > 0) throw refused(name, faults);
  if (Array.isArray(spec)) return spec as unknown as (BatchItem | CatalogueItem)[];
  throw new UsageError(
    `${name}: expected a list such as [{ task: echo, input: 1 }], got ${preview(spec)}`,
  );
}
