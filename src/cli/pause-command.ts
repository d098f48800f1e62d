/** `tempograph pause` and `tempograph resume`: of an execution, or one node of it. */
import { userInfo } from 'node:os';
import { option, type CommandDefinition, type CommonOptions } from './command.js';
import { tellAnswer } from './answer.js';
import { withSession } from './session.js';

/** Who asks, and why. */
export interface WhoFlags extends CommonOptions {
  reason?: string;
  by?: string;
}

interface PauseFlags extends WhoFlags {
  hard?: boolean;
  note?: string;
}

const ID: [string, string] = ['<id>', "the execution's id, or <execution>/<node>"];
const REASON = option('--reason <text>', 'why; it stands in the status history');
const BY = option('--by <name>', 'who asks (default: the user of this machine)');
const WHO = [REASON, option('--note <text>', 'the same as --reason'), BY];
/** The options of a verb that may be given a reason. */
export const MAY_SAY_WHY = [REASON, BY];

export const whoOf = ({ by, reason }: WhoFlags) => ({
  by: by ?? userInfo().username,
  ...(reason === undefined ? {} : { reason }),
});

const who = ({ note, reason = note, ...flags }: PauseFlags) =>
  whoOf({ ...flags, ...(reason === undefined ? {} : { reason }) });

export const pause: CommandDefinition<PauseFlags> = {
  name: 'pause',
  summary: 'Pause an execution, or one node of it',
  description:
    'Nothing new starts until it is resumed; what runs may end. With --hard, running attempts are asked to stop and go on from their last checkpoint. Exit code 1 when there is nothing to pause.',
  parameters: [ID],
  options: [option('--hard', 'also ask running attempts to stop at their last checkpoint'), ...WHO],
  examples: [
    ['tempograph pause nightly-3f2a', 'let what runs end'],
    ['tempograph pause nightly-3f2a/fetch --hard --note "disk is full"', 'one node, at once'],
  ],
  run: async (out, options, [id = '']) =>
    await withSession(options, async (session) => {
      const asked = { mode: options.hard === true ? 'hard' : 'soft', ...who(options) } as const;
      return await tellAnswer(out, session, id, session.engine.pauseExecution(id, asked));
    }),
};

export const resume: CommandDefinition<PauseFlags> = {
  name: 'resume',
  summary: 'Let a paused execution or node go on',
  description: 'Exit code 1 when it is not paused.',
  parameters: [ID],
  options: WHO,
  examples: [['tempograph resume nightly-3f2a', 'what is ready starts again']],
  run: async (out, options, [id = '']) =>
    await withSession(options, async (session) =>
      tellAnswer(out, session, id, session.engine.resumeExecution(id, who(options))),
    ),
};
