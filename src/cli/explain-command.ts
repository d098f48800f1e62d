/** `tempograph explain`: why an execution or a node waits, or where its time went. */
import type { CommandDefinition } from './command.js';
import { EXIT } from './exit.js';
import { explanationLines } from './explain-text.js';
import { orMissingNode } from './missing-node.js';
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
    }),
};
