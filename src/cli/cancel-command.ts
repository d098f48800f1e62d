/** `tempograph cancel`: asks an execution, or one node of it, to stop. */
import { tellAnswer } from './answer.js';
import { option, type CommandDefinition } from './command.js';
import { EXIT, UsageError, type ExitCode } from './exit.js';
import type { Output } from './output.js';
import { MAY_SAY_WHY, whoOf, type WhoFlags } from './pause-command.js';
import { withSession } from './session.js';

type CancelFlags = WhoFlags & { session?: string };

export const cancel: CommandDefinition<CancelFlags> = {
  name: 'cancel',
  summary: 'Cancel an execution, one node of it, or all of a session',
  description: 'Exit code 0 when it was asked to stop, 1 when there is nothing to stop.',
  parameters: [['[id]', "the execution's id, or <execution>/<node>"]],
  options: [
    option('--session <id>', 'every execution of the session that has not ended, instead of one'),
    ...MAY_SAY_WHY,
  ],
  examples: [
    ['tempograph cancel nightly-3f2a --reason "wrong date"', 'the whole execution'],
    ['tempograph cancel nightly-3f2a/fetch', 'one node'],
    ['tempograph cancel --session chat-42', 'whatever runs of a session'],
  ],
  run: async (out, { session, ...options }, [id]) => {
    if ((id === undefined) === (session === undefined))
      throw new UsageError('cancel: expected either the id of an execution or --session');
    const who = whoOf(options);
    return await withSession(options, async (opened) =>
      id === undefined
        ? tellSession(out, session ?? '', await opened.engine.cancelSession(session ?? '', who))
        : await tellAnswer(out, opened, id, opened.engine.cancelExecution(id, who)),
    );
  },
};

function tellSession(out: Output, session: string, asked: readonly string[]): ExitCode {
  out.document({ success: asked.length > 0, session, cancelled: asked });
  for (const id of asked) out.print(`${id} was asked to stop`);
  if (asked.length > 0) return EXIT.done;
  out.note(`nothing of the session ${session} is open`);
  return EXIT.failed;
}
