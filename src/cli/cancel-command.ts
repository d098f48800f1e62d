/** `tempograph cancel`: asks an execution, or one node of it, to stop. */
import type { CommandDefinition } from './command.js';
import { tellAnswer } from './answer.js';
import { MAY_SAY_WHY, whoOf, type WhoFlags } from './pause-command.js';
import { withSession } from './session.js';

export const cancel: CommandDefinition<WhoFlags> = {
  name: 'cancel',
  summary: 'Cancel an execution, or one node of it',
  description: 'Exit code 0 when it was asked to stop, 1 when there is nothing to stop.',
  parameters: [['<id>', "the execution's id, or <execution>/<node>"]],
  options: MAY_SAY_WHY,
  examples: [
    ['tempograph cancel nightly-3f2a --reason "wrong date"', 'the whole execution'],
    ['tempograph cancel nightly-3f2a/fetch', 'one node'],
  ],
  run: async (out, options, [id = '']) =>
    await withSession(options, async ({ engine }) =>
      tellAnswer(out, await engine.cancelExecution(id, whoOf(options))),
    ),
};
