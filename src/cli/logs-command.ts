/** `tempograph logs`: what the tasks of an execution have logged, and what they log. */
import type { FollowLogsOptions, LineLevel, LogLine } from '../index.js';
import { LINE_LEVELS } from '../domain/log-line.js';
import { option, wholeNumber, type CommandDefinition, type CommonOptions } from './command.js';
import { EXIT } from './exit.js';
import { interruptSignal } from './interrupts.js';
import { LogText } from './log-text.js';
import { assertThere } from './missing-node.js';
import { withReadingSession, type Session } from './session.js';
import { sinceOf } from './since.js';

const PAGE = 1_000;

interface LogsOptions extends CommonOptions {
  follow?: boolean;
  attempt?: number;
  level?: LineLevel;
  since?: string;
  limit?: number;
  after?: number;
}

export const logs: CommandDefinition<LogsOptions> = {
  name: 'logs',
  summary: 'Show what the tasks of an execution logged, and with --follow what they log',
  description:
    'What handlers and hooks say to ctx.log, and what programs write to standard output and error; oldest first. With ' +
    '--follow until the execution has ended. Needs the store.\nWith --json: a line for each line.',
  parameters: [['<id>', "the execution's id, or <execution>/<node>"]],
  options: [
    option('-f, --follow', 'go on with what they log; Ctrl-C stops'),
    option('--attempt <n>', 'of this attempt', wholeNumber('--attempt', 1, 1_000_000)),
    option('--level <level>', 'of this level and worse').choices(LINE_LEVELS),
    option('--since <time>', 'since a time or for how long: 2027-01-31T08:00:00Z, 10m'),
    option('--limit <n>', 'the last so many', wholeNumber('--limit', 1, 100_000)),
    option(
      '--after <position>',
      'only what came after this position',
      wholeNumber('--after', 0, Number.MAX_SAFE_INTEGER),
    ),
  ],
  examples: [
    ['tempograph logs nightly-3f2a -f', 'all that it logs, until it has ended'],
    ['tempograph logs nightly-3f2a/load --level warn', 'what went wrong in one node'],
    ['tempograph logs nightly-3f2a --limit 20 --json', 'the last 20 lines, for scripts'],
  ],
  run: async (out, options, [id = '']) =>
    await withReadingSession(out, options, async (session) => {
      const { signal, stop } = interruptSignal();
      const text = new LogText(out.style);
      let shown = 0;
      try {
        for await (const lines of together(linesOf(session, id, options, signal), options)) {
          shown += lines.length;
          if (!options.follow) text.prepare(lines);
          for (const line of lines) {
            out.jsonLine(line);
            if (!out.json) out.print(text.of(line));
          }
        }
        // What undid a node has lines and is none: <node>~undo.
        if (shown === 0 && !signal.aborted && !id.includes('~')) await assertThere(session, id);
        if (shown === 0 && !signal.aborted && !out.json)
          out.note(await nothingText(session, id, options));
        return signal.aborted ? EXIT.interrupted : EXIT.done;
      } finally {
        stop();
        await session.engine.shutdown();
      }
    }),
};

/** Why there are no lines: it has none at all, or none that the options let through. */
async function nothingText(session: Session, id: string, options: LogsOptions): Promise<string> {
  const { attempt, level, since, after } = options;
  if ([attempt, level, since, after].some((given) => given !== undefined))
    return `${id} has no such log lines; without --attempt, --level, --since and --after all of them are shown`;
  const record = await session.engine.getExecution(id).catch(() => undefined); // what undoes is none
  if (record?.startedAt === null)
    return record.endedAt === null
      ? `${id} has logged nothing: it has not begun to run`
      : `${id} has logged nothing: it never ran (${record.status})`;
  const so = record?.endedAt === null ? 'has logged nothing yet' : 'logged nothing';
  return `${id} ${so}, or what it logged was forgotten: lines are kept for 14 days, or as logRetention says`;
}

/** Lines that are there already in pages, so that their columns are aligned; those that are followed each by itself. */
async function* together(
  lines: AsyncIterable<LogLine>,
  { follow = false }: LogsOptions,
): AsyncGenerator<LogLine[], void> {
  let page: LogLine[] = [];
  for await (const line of lines) {
    page.push(line);
    if (!follow && page.length < PAGE) continue;
    yield page;
    page = [];
  }
  if (page.length > 0) yield page;
}

async function* linesOf(
  { engine }: Session,
  id: string,
  { follow = false, attempt, level, since, limit, after }: LogsOptions,
  signal: AbortSignal,
): AsyncGenerator<LogLine, void> {
  const query: FollowLogsOptions = {
    ...(attempt === undefined ? {} : { attempt }),
    ...(level === undefined ? {} : { level }),
    ...(since === undefined ? {} : { since: sinceOf(since) }),
    ...(after === undefined ? {} : { after }),
  };
  if (limit === undefined) return yield* engine.logs(id, { ...query, follow, signal });
  const { lines, next } = await lastOf({ engine }, id, query, limit);
  for (const line of lines) if (!signal.aborted) yield line;
  if (follow) yield* engine.logs(id, { ...query, after: next, signal });
}

/** The last lines, and where to go on after them. */
async function lastOf(
  { engine }: Pick<Session, 'engine'>,
  id: string,
  query: FollowLogsOptions,
  limit: number,
): Promise<{ lines: LogLine[]; next: number }> {
  const read = async (before: number, most: number) =>
    await engine.readLogs(id, { ...query, newest: true, before, limit: Math.min(PAGE, most) });
  const newest = await read(Infinity, limit);
  const pages = [newest.lines];
  let left = limit - newest.lines.length;
  for (let page = newest; page.more && left > 0; left -= page.lines.length) {
    page = await read(page.lines[0]?.position ?? 0, left);
    pages.unshift(page.lines);
  }
  return { lines: pages.flat(), next: newest.next };
}
