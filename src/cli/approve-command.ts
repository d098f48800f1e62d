/** `tempograph approve` and `tempograph deny`: the answer to an approval node. */
import { userInfo } from 'node:os';
import { tellAnswer } from './answer.js';
import { option, type CommandDefinition, type CommonOptions } from './command.js';
import { withSession } from './session.js';
import { readInput } from './values.js';

interface AnswerFlags extends CommonOptions {
  by?: string;
  note?: string;
  payload?: string;
}

const NODE: [string, string] = ['<execution/node>', 'the approval'];
const WHO = [
  option('--by <name>', 'who answers (default: the user of this machine)'),
  option('--note <text>', 'why; it stands in the output and in the status history'),
];

const given = ({ by, note }: AnswerFlags) => ({
  by: by ?? userInfo().username,
  ...(note === undefined ? {} : { note }),
});

export const approve: CommandDefinition<AnswerFlags> = {
  name: 'approve',
  summary: 'Say yes to an approval',
  description: 'Exit code 1 when nobody waits for the answer, or it is not taken.',
  parameters: [NODE],
  options: [...WHO, option('--payload <json>', 'what the answer brings: JSON, a file, or -')],
  examples: [
    ['tempograph approve release-3f2a/go', 'as the user of this machine'],
    ['tempograph approve release-3f2a/go --by ada --payload \'{"region":"eu"}\'', 'as somebody'],
  ],
  run: async (out, options, [id = '']) => {
    const payload =
      options.payload === undefined ? {} : { payload: await readInput(options.payload, out) };
    return await withSession(options, async ({ engine }) =>
      tellAnswer(out, await engine.approve(id, { ...given(options), ...payload })),
    );
  },
};

export const deny: CommandDefinition<AnswerFlags> = {
  name: 'deny',
  summary: 'Say no to an approval',
  description: 'Exit code 1 when nobody waits for the answer, or it is not taken.',
  parameters: [NODE],
  options: WHO,
  examples: [['tempograph deny release-3f2a/go --note "the tests are red"', 'with the reason']],
  run: async (out, options, [id = '']) =>
    await withSession(options, async ({ engine }) =>
      tellAnswer(out, await engine.deny(id, given(options))),
    ),
};
