/** `tempograph explain`: why an execution or a node waits, or where its time went. */
import type { CommandDefinition, CommonOptions } from './command.js';
import { TaskError } from '../domain/errors.js';
import { shellWord } from '../domain/shell-word.js';
import { EXIT } from './exit.js';
import { explanationLines } from './explain-text.js';
import { orMissingNode } from './missing-node.js';
import { serverOf } from './server-option.js';
import { withSession } from './session.js';

export const explain: CommandDefinition = {
  name: 'explain',
  summary: 'Say why an execution or a node waits; of one that has ended, where its time went',
  description:
    'Every node that neither runs nor has ended is listed, with what it waits for, and what ends that wait at the latest.',
  parameters: [['<id>', "the execution's id, or <execution>/<node>"]],
  examples: [
    ['tempograph explain nightly-3f2a', 'the execution and all that waits in it'],
    ['tempograph explain nightly-3f2a/load', 'one node, however it stands'],
    ['tempograph explain nightly-3f2a --json', 'reasons with their numbers, for scripts'],
  ],
  run: async (out, options, [id = '']) =>
    await withSession(options, async (session) => {
      const explanation = await orMissingNode(session, id, session.engine.explain(id));
      out.document(explanation);
      const { style } = out;
      const width = out.live ? out.width : Infinity;
      for (const line of explanationLines(explanation, id, { style, width })) out.print(line);
      return EXIT.done;
    }).catch((error: unknown) => {
      throw withWhatIsStored(error, id, options);
    }),
};

/** How it stood the store knows too. */
function withWhatIsStored(error: unknown, id: string, options: CommonOptions): unknown {
  if (!(error instanceof TaskError) || error.code !== 'UNREACHABLE' || serverOf(options))
    return error;
  return new TaskError(
    'UNREACHABLE',
    `${error.message}; why something waits only Temporal and the workers know, and "tempograph status ${shellWord(id)}" shows how the store last had it`,
    { cause: error },
  );
}
