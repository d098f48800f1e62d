/** `tempograph node …`: what may be asked of one node of a running execution. */
import { userInfo } from 'node:os';
import type { VerbOptions } from '../client/operator.js';
import type { Answer } from '../workflows/messages.js';
import type { CommandEngine } from '../remote/surface.js';
import { PRIORITIES } from '../domain/priority.js';
import { tellAnswer } from './answer.js';
import {
  option,
  type CommandDefinition,
  type CommandGroup,
  type CommonOptions,
} from './command.js';
import { oneOf } from './one-of.js';
import { UsageError } from './exit.js';
import { withSession } from './session.js';
import { readValue } from './values.js';

/** What every verb takes. */
export interface AskedFlags extends CommonOptions {
  reason?: string;
  by?: string;
  requestId?: string;
}

export const ASKED = [
  option('--reason <text>', 'why; it stands in the status history (required)'),
  option('--by <name>', 'who asks (default: the user of this machine)'),
  option('--request-id <key>', 'the same key is asked once, however often it is sent'),
];

const NODE: [string, string] = ['<execution/node>', 'the node, such as nightly-3f2a/load'];
const EXIT_1 = 'Exit code 1, with the reason, where its state does not allow it.';

/** @throws UsageError where no reason is given */
export function askedOf({ reason, by, requestId }: AskedFlags): VerbOptions {
  if (reason === undefined || reason.trim() === '')
    throw new UsageError('--reason: say why; it stands in the status history');
  return {
    reason,
    by: by ?? userInfo().username,
    ...(requestId === undefined ? {} : { requestId }),
  };
}

interface VerbText {
  name: string;
  summary: string;
  description: string;
  more?: readonly [flags: string, description: string];
  examples: CommandDefinition['examples'];
}

type Ask = (
  engine: CommandEngine,
  id: string,
  options: VerbOptions,
  more: string,
) => Promise<Answer>;

function verb(text: VerbText, ask: Ask): CommandDefinition<AskedFlags> {
  const { name, summary, description, more, examples } = text;
  return {
    ...{ name, summary, examples, options: ASKED },
    description: `${description} ${EXIT_1}`,
    parameters: more ? [NODE, more] : [NODE],
    run: async (out, options, [id = '', given = '']) => {
      const asked = askedOf(options);
      return await withSession(options, async (session) =>
        tellAnswer(out, session, id, ask(session.engine, id, asked, given)),
      );
    },
  };
}

const retry = verb(
  {
    name: 'retry',
    summary: 'Try a node now that waits for a time',
    description:
      'Of a retry, a start time, an open circuit or a worker that knows its task; the attempts so far are counted.',
    examples: [['tempograph node retry nightly-3f2a/load --reason "the disk is free again"', '']],
  },
  (engine, id, options) => engine.retryNow(id, options),
);

const skip = verb(
  {
    name: 'skip',
    summary: 'End a node SKIPPED that has not begun',
    description: 'What depends on it sees that it was skipped.',
    examples: [['tempograph node skip nightly-3f2a/mail --reason "a holiday"', '']],
  },
  (engine, id, options) => engine.skipNode(id, options),
);

const complete: CommandDefinition<AskedFlags> = {
  name: 'complete',
  summary: 'End a node COMPLETED with an output',
  description: `The output has to be what the task's schema takes; an attempt that runs is stopped first. ${EXIT_1}`,
  parameters: [NODE, ['[output]', 'JSON, @file, or - for standard input; null when left out']],
  options: ASKED,
  examples: [
    [
      'tempograph node complete nightly-3f2a/count \'{"rows":7}\' --reason "counted by hand"',
      'with what it would have given',
    ],
  ],
  run: async (out, options, [id = '', output]) => {
    const asked = askedOf(options);
    const value = output === undefined ? null : await readValue('output', output, out);
    return await withSession(options, async (session) =>
      tellAnswer(out, session, id, session.engine.completeNode(id, value, asked)),
    );
  },
};

const fail = verb(
  {
    name: 'fail',
    summary: 'End a node FAILED',
    description: 'With code OPERATOR: it is not retried. An attempt that runs is stopped first.',
    more: ['<message>', 'what went wrong'],
    examples: [['tempograph node fail nightly-3f2a/load "bad source" --reason "ticket 7"', '']],
  },
  (engine, id, options, message) => engine.failNode(id, message, options),
);

const priority = verb(
  {
    name: 'priority',
    summary: 'Change when a node goes among those that are ready',
    description: 'Of an execution without a node: of all its nodes that have not begun.',
    more: ['<priority>', 'LOW, MEDIUM, HIGH or CRITICAL'],
    examples: [['tempograph node priority nightly-3f2a/load HIGH --reason "mail waits"', '']],
  },
  (engine, id, options, to) => engine.setPriority(id, oneOf('priority', PRIORITIES)(to), options),
);

export const node: CommandGroup = {
  name: 'node',
  summary: 'Retry, skip, complete or fail a node of a running execution, or change its priority',
  commands: [retry, skip, complete, fail, priority],
  examples: [
    ['tempograph node retry nightly-3f2a/load --reason "the disk is free again"', 'at once'],
    ['tempograph node skip nightly-3f2a/mail --reason "a holiday"', 'what has not begun'],
  ],
};
