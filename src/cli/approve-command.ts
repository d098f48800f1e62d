/** `tempograph approve` and `tempograph deny`: the answer to an approval node. */
import { userInfo } from 'node:os';
import { tellAnswer } from './answer.js';
import { option, type CommandDefinition, type CommonOptions } from './command.js';
import { withSession } from './session.js';
import { readValue } from './values.js';

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
  options: [
    ...WHO,
    option('--payload <json|@file>', 'what the answer brings; - is standard input'),
  ],
  examples: [
    ['tempograph approve release-3f2a/go', 'as the user of this machine'],
    ['tempograph approve release-3f2a/go --by ada --payload \'{"region":"eu"}\'', 'as somebody'],
  ],
  run: async (out, options, [id = '']) => {
    const payload =
      options.payload === undefined
        ? {}
        : { payload: await readValue('--payload', options.payload, out) };
    return await withSession(options, async (session) => {
      const answer = { ...given(options), ...payload };
      return await tellAnswer(out, session, id, session.engine.approve(id, answer));
    });
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
    await withSession(options, async (session) =>
      tellAnswer(out, session, id, session.engine.deny(id, given(options))),
    ),
};
