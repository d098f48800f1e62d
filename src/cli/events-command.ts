/** `tempograph events`: what happened to executions, and what happens. */
import type { ExecutionEvent, IterateOptions } from '../client.js';
import { option, wholeNumber, type CommandDefinition, type CommonOptions } from './command.js';
import { oneLine } from './columns.js';
import { EXIT, UsageError } from './exit.js';
import { interruptSignal } from './interrupts.js';
import { assertThere } from './missing-node.js';
import { withReadingSession } from './session.js';

interface EventsOptions extends CommonOptions {
  follow?: boolean;
  project?: string;
  after?: number;
}

export const events: CommandDefinition<EventsOptions> = {
  name: 'events',
  summary: 'Show what happened to executions, and with --follow what happens',
  description:
    'Of an execution by the time at which it happened. With --follow (with an id until that execution has ended), with --json ' +
    'and without an id as the store heard of it, by position: what one execution tells is in order there, and a quick node ' +
    'tells all it has at once. Needs the store.\n' +
    'With --json: a line for each event; the last position is what --after goes on from.',
  parameters: [['[id]', 'an execution and its nodes; default: all']],
  options: [
    option('-f, --follow', 'go on with what happens; Ctrl-C stops'),
    option('--project <name>', 'only those of a project'),
    option(
      '--after <position>',
      'only what came after this position',
      wholeNumber('--after', 0, Number.MAX_SAFE_INTEGER),
    ),
  ],
  examples: [
    ['tempograph events nightly-3f2a', 'what has happened to it'],
    ['tempograph events --follow --json', 'everything from now on, for scripts'],
  ],
  run: async (out, options, [id]) => {
    if (id !== undefined && options.project !== undefined)
      throw new UsageError(
        '--project chooses among all executions, and an id is one of them; use one of the two',
      );
    return await withReadingSession(out, options, async (session) => {
      const { engine } = session;
      if (id !== undefined) await assertThere(session, id);
      const { signal, stop } = interruptSignal();
      // Only of one execution, and up to now, is it known that nothing earlier is still to come.
      const held: HeldLine[] | undefined =
        id === undefined || options.follow || out.json ? undefined : [];
      try {
        for await (const event of engine.events({ ...queryOf(options, id), signal })) {
          out.jsonLine(event);
          if (held) held.push({ at: event.at, line: eventLine(event) });
          else if (!out.json) out.print(eventLine(event));
        }
        for (const { line } of byTime(held ?? [])) out.print(line);
        return signal.aborted ? EXIT.interrupted : EXIT.done;
      } finally {
        stop();
        await engine.shutdown();
      }
    });
  },
};

/** A line that is printed once all are there; the events themselves may be many and large. */
interface HeldLine {
  at: string;
  line: string;
}

/** By the time; what has the same as it was heard of. Times are ISO in UTC, of one length. */
const byTime = (lines: readonly HeldLine[]): HeldLine[] =>
  lines.toSorted((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));

function queryOf({ follow = false, project, after }: EventsOptions, id: string | undefined) {
  const fromNow = follow && id === undefined;
  const query: IterateOptions = { follow };
  if (id !== undefined) query.executionId = id;
  if (project !== undefined) query.project = project;
  if (after !== undefined) query.after = after;
  else if (!fromNow) query.after = 0;
  return query;
}

/** `2027-01-31T08:00:00.000Z  failed             nightly-1/load  (attempt 1, Boom: no disk)`. */
export function eventLine({
  at,
  event,
  executionId,
  attempt,
  reason,
  error,
}: ExecutionEvent): string {
  const more = [
    ...(attempt === null ? [] : [`attempt ${attempt}`]),
    ...(reason === null ? [] : [reason]),
    ...(error ? [`${error.code}: ${error.message}`] : []),
  ].join(', ');
  const id = oneLine(executionId);
  return `${at}  ${event.padEnd(17)}  ${id}${more ? `  (${oneLine(more)})` : ''}`;
}
