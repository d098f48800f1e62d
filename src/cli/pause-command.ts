/** `tempograph pause` and `tempograph resume`: of an execution, or one node of it. */
import { userInfo } from 'node:os';
import { option, type CommandDefinition, type CommonOptions } from './command.js';
import { tellAnswer } from './answer.js';
import { withSession } from './session.js';

interface PauseFlags extends CommonOptions {
  hard?: boolean;
  note?: string;
}

const ID: [string, string] = ['<id>', "the execution's id, or <execution>/<node>"];
const NOTE = option('--note <text>', 'why; it stands in the status history');

export const pause: CommandDefinition<PauseFlags> = {
  name: 'pause',
  summary: 'Pause an execution, or one node of it',
  description:
    'Nothing new starts until it is resumed; what runs may end. With --hard, running attempts are asked to stop and go on from their last checkpoint. Exit code 1 when there is nothing to pause.',
  parameters: [ID],
  options: [option('--hard', 'also ask running attempts to stop at their last checkpoint'), NOTE],
  examples: [
    ['tempograph pause nightly-3f2a', 'let what runs end'],
    ['tempograph pause nightly-3f2a/fetch --hard --note "disk is full"', 'one node, at once'],
  ],
  run: async (out, options, [id = '']) =>
    await withSession(options, async ({ engine }) =>
      tellAnswer(
        out,
        await engine.pauseExecution(id, {
          mode: options.hard === true ? 'hard' : 'soft',
          by: userInfo().username,
          ...(options.note === undefined ? {} : { note: options.note }),
        }),
      ),
    ),
};

export const resume: CommandDefinition<PauseFlags> = {
  name: 'resume',
  summary: 'Let a paused execution or node go on',
  description: 'Exit code 1 when it is not paused.',
  parameters: [ID],
  options: [NOTE],
  examples: [['tempograph resume nightly-3f2a', 'what is ready starts again']],
  run: async (out, options, [id = '']) =>
    await withSession(options, async ({ engine }) =>
      tellAnswer(
        out,
        await engine.resumeExecution(id, {
          by: userInfo().username,
          ...(options.note === undefined ? {} : { note: options.note }),
        }),
      ),
    ),
};
